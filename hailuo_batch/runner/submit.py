"""How a provider is asked for a clip: turn → reserve → intend → submit → accept, and on to another after a definite no.

What may cost money is written down before it happens, and the task's id before anything else is done with it. What may
be sent again is decided by the kind of failure alone. Nothing here waits for a clip.
"""

from dataclasses import dataclass, replace

from hailuo_batch.core.attempt.attempt import Move, Stage
from hailuo_batch.core.attempt.failure import ALLOWS, Failure, Kind
from hailuo_batch.core.plan.plan import Action, Step, Why
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.core.request.fingerprint import preimage
from hailuo_batch.errors import LedgerError
from hailuo_batch.ports import Facts, Intent, Order, Task
from hailuo_batch.runner.context import Bench


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An attempt that a provider has taken: where it stands, its task, and who has it."""

    attempt: int
    stage: Stage
    task: Task
    provider: str
    instead: str = ""  # why the provider that was to make it did not, when it is another


async def sent(step: Step, order: Order, bench: Bench) -> Sent | Failure:
    """The attempt with its task: the one that is there, or a new one at the first provider that takes it.

    The attempt has a place at its provider's gate, which whoever follows the task gives back.
    """
    if step.standing is not None and step.action in {Action.RESUME, Action.FETCH}:
        return await _known(step, bench)
    last = Failure(kind=Kind.REFUSED, why="nobody sells this")
    # Money: what was intended at one provider before a crash is no leave to ask another.
    others = () if step.why is Why.INTERRUPTED else step.route.others
    for route in (step.route, *others):
        answer = await _at(step, route, order, bench)
        if isinstance(answer, Sent):
            return answer if route is step.route else replace(answer, instead=last.why)
        last = answer
        # Money: another is asked only when it is proved that this one accepted nothing.
        if not ALLOWS[answer.kind].next_provider:
            break
    return last


async def _known(step: Step, bench: Bench) -> Sent:
    """The attempt of an earlier run, to be followed on."""
    standing = step.standing
    assert standing is not None  # noqa: S101 - the caller has looked
    bench.started(step)
    stage = standing.stage
    if stage is Stage.STORED:
        stage = await bench.ledger.move(standing.attempt, Move.MISS)
    if gate := bench.gates.get(standing.provider):
        gate.join()
    return Sent(attempt=standing.attempt, stage=stage, task=Task(id=standing.task or ""), provider=standing.provider)


async def _at(step: Step, route: Route, order: Order, bench: Bench) -> Sent | Failure:
    """Asks one provider, again and again while it is proved that nothing was accepted and patience lasts."""
    gate = bench.gates.get(route.provider)
    if gate is None:  # drawn on this machine
        bench.started(step)
        return await _asked(step, route, order, await _intended(step, route, None, bench), bench)
    waited, attempt = 0.0, None
    while (shut := await gate.enter()) is None:
        # Money: what it may cost is set aside before anything is sent, and given back only when nothing was accepted.
        if shut := bench.purse.reserve(step, route.estimate, route.provider):
            gate.unsent()
            return shut
        try:
            bench.started(step)
            attempt = await _intended(step, route, attempt, bench)
            answer = await _asked(step, route, order, attempt, bench)
        except BaseException:
            gate.unsent()
            raise
        if isinstance(answer, Sent):
            gate.taken()
            return answer
        gate.leave()
        pause = gate.refused(answer)
        waited += pause
        if not ALLOWS[answer.kind].resend:
            return answer
        bench.held(route.provider, answer.why, pause)
        if waited > gate.patience:
            gate.gave_up(answer)
            return answer
    return shut


async def _intended(step: Step, route: Route, attempt: int | None, bench: Bench) -> int:
    """The number of the attempt. Money: the intent is durable before the one call that may cost something."""
    if attempt is not None and step.why is not Why.INTERRUPTED:  # the same call again: it belongs to the same attempt
        await bench.ledger.move(attempt, Move.RESEND)
        return attempt
    return await bench.ledger.intend(intent_for(step, route, bench))


async def _asked(step: Step, route: Route, order: Order, attempt: int, bench: Bench) -> Sent | Failure:
    answer = await bench.drivers[route.provider].submit(replace(order, attempt=attempt))
    if isinstance(answer, Failure):
        return await _not_accepted(step, route, attempt, answer, bench)
    try:
        # Money: the task id is durable before anything else is done with it.
        stage = await bench.ledger.move(attempt, Move.ACCEPT, Facts(task=answer.id))
    except LedgerError as error:
        return _unrecorded(step, route, answer, error)
    return Sent(attempt=attempt, stage=stage, task=answer, provider=route.provider)


async def _not_accepted(step: Step, route: Route, attempt: int, answer: Failure, bench: Bench) -> Failure:
    if answer.kind is Kind.FLAKY:
        # Money: a submit is no reading call: one that came to nothing may have been accepted all the same.
        answer = replace(answer, kind=Kind.UNCLEAR)
    if step.why is Why.INTERRUPTED and not route.free:
        if ALLOWS[answer.kind].resend:
            bench.purse.give_back(step)
            return answer  # it stays intended, and goes out again under the same key
        # Money: a no to the second sending says nothing about the first, whose answer a crash may have cut off.
        answer = replace(answer, kind=Kind.UNCLEAR)
    doubt = answer.kind is Kind.UNCLEAR
    if not doubt:
        bench.purse.give_back(step)
    move = Move.LOSE_SIGHT if doubt else Move.REFUSE
    await bench.ledger.move(attempt, move, Facts(failure=answer))
    return answer


def _unrecorded(step: Step, route: Route, task: Task, error: LedgerError) -> Failure:
    """Money: the id is nowhere but here; it is shown, and nothing more is sent."""
    use = step.uses[0]
    trouble = f"{error.summary} ({error.why})"
    why = f"{route.provider} accepted it as task {task.id}, which could not be written down: {trouble}"
    settle = f'hailuo-batch resolve {use.shot.id}#{use.take} --task {task.id} --reason "the run printed it"'
    remedy = f"Note the id. When the ledger works again:\n    {settle}"
    return Failure(kind=Kind.UNRECORDED, why=why, remedy=remedy)


def intent_for(step: Step, route: Route, bench: Bench) -> Intent:
    """What is written down before a provider is asked."""
    assert step.request is not None  # noqa: S101 - a step without a request is never carried out
    return Intent(
        fingerprint=step.fingerprint,
        preimage=preimage(step.request).decode(),
        provider=route.provider,
        campaign=bench.campaign,
        shot=step.uses[0].shot.id,
        take=step.uses[0].take,
        tags=step.tags,
        run=bench.run,
        estimate=route.estimate,
    )
