"""Submits a step: limiter → reserve → intend → submit → accept; after a definite refusal, to the next provider.

What may cost money is recorded before it happens, and the task's id before anything else is done with it. Only the kind
of a failure decides whether a call may be resent. Does not wait for a clip.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from functools import partial
from time import time

from hailuo_batch.core.attempt.attempt import Move, Stage
from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, Failure, FailureKind
from hailuo_batch.core.plan.known_task import KnownTask
from hailuo_batch.core.plan.plan import Step, StepReason
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.core.request.fingerprint import preimage
from hailuo_batch.errors import CapReachedError, HeldElsewhereError, LedgerError
from hailuo_batch.ports import NEVER_LEFT, DriverRequest, Facts, Intent, ProviderTask
from hailuo_batch.runner.context import RunContext
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """An attempt that a provider has accepted: its stage, its task, and the provider."""

    attempt: int
    stage: Stage
    task: ProviderTask
    provider: str
    fallback_reason: str = ""  # why the provider that was to make it did not, when it is another


async def submit_step(step: Step, driver_request: DriverRequest, context: RunContext) -> Submitted | Failure:
    """The attempt with its task: the one that is there, or a new one at the first provider that takes it.

    The attempt holds a place at its provider's limiter; the code that follows the task releases it.
    """
    if step.known_task is not None:
        return await _adopt_task(step, step.known_task, context)
    if step.is_resumed:
        return await _resume_attempt(step, context)
    last = Failure(kind=FailureKind.UNABLE, why="no provider offers this")
    # Money: what was intended at one provider before a crash is never submitted to another.
    others = () if step.why is StepReason.INTERRUPTED else step.route.fallbacks
    for route in (step.route, *others):
        answer = await _submit_to_provider(step, route, driver_request, context)
        if isinstance(answer, Submitted):
            return answer if route is step.route else replace(answer, fallback_reason=last.why)
        last = _combine_failures(last, answer)
        # Money: the request goes to another only when it is proved that this one accepted nothing.
        if not FAILURE_POLICIES[answer.kind].next_provider:
            break
    return last


def _combine_failures(before: Failure, answer: Failure) -> Failure:
    """The failure to report; where a cap leaves no room for the next provider, why that one was needed comes first."""
    if answer.kind is not FailureKind.OVER_CAP or not FAILURE_POLICIES[before.kind].stops_provider:
        return answer
    return replace(before, why=f"{before.why}; of the next provider: {answer.why}")


async def _resume_attempt(step: Step, context: RunContext) -> Submitted:
    """The attempt of an earlier run, to be followed on."""
    standing = step.standing
    assert standing is not None  # noqa: S101 - the caller has checked
    age = context.task_ages.get(standing.attempt)
    context.on_start(step, standing.provider, age or 0.0)
    stage = standing.stage
    if stage is Stage.STORED:
        stage = await context.ledger.move(standing.attempt, Move.MISS)
    if limiter := context.limiters.get(standing.provider):
        limiter.add_running_task()
    task = ProviderTask(id=standing.task or "", age=None if age is None else age * context.speed)
    return Submitted(attempt=standing.attempt, stage=stage, task=task, provider=standing.provider)


async def _adopt_task(step: Step, known: KnownTask, context: RunContext) -> Submitted:
    """The attempt of a task that was bought without this ledger, to be followed on."""
    context.on_start(step, known.provider, 0.0)
    # Money: it counts under the caps, and is recorded before anything else is done with it.
    context.reservations.count_known_task(step)
    attempt = await context.ledger.adopt_task(
        make_intent(step, step.route, context), known.task, f"known from {known.source}"
    )
    if limiter := context.limiters.get(known.provider):
        limiter.add_running_task()
    return Submitted(attempt=attempt, stage=Stage.SUBMITTED, task=ProviderTask(id=known.task), provider=known.provider)


async def _submit_to_provider(
    step: Step, route: Route, driver_request: DriverRequest, context: RunContext
) -> Submitted | Failure:
    """Submits to one provider, and resends while it is proved that nothing was accepted and patience lasts."""
    limiter = context.limiters.get(route.provider)
    if limiter is None:  # drawn on this machine
        context.on_start(step, route.provider, 0.0)
        return await _submit_once(
            step, route, driver_request, await _record_intent(step, route, None, context), context
        )
    waited, attempt = 0.0, None
    while (shut := await limiter.acquire(partial(context.on_wait, None))) is None:
        # Money: what it may cost is set aside before anything is sent, and given back only when nothing was accepted.
        price = context.reservations.expected_price(step, route.estimate, route.provider)
        route = replace(route, estimate=price)
        if shut := context.reservations.reserve(step, route.estimate, route.provider):
            limiter.cancel_submit()
            return shut
        try:
            context.on_start(step, route.provider, 0.0)
            attempt = await _record_intent(step, route, attempt, context)
            answer = await _submit_once(step, route, driver_request, attempt, context)
        except BaseException:
            limiter.cancel_submit()
            raise
        if isinstance(answer, Submitted):
            limiter.record_acceptance()
            return answer
        limiter.release()
        pause = limiter.record_refusal(answer, f"{step.take_names[0].label} (in doubt)")
        waited += pause
        if not FAILURE_POLICIES[answer.kind].resend:
            return answer
        if waited > limiter.patience:
            limiter.record_give_up(answer)
            return answer
        context.on_postpone(step, route.provider, answer, pause)
    return shut


async def _record_intent(step: Step, route: Route, attempt: int | None, context: RunContext) -> int:
    """The number of the attempt. Money: the intent is durable before the one call that may cost something."""
    is_resend = attempt is not None and step.why is not StepReason.INTERRUPTED  # it belongs to the same attempt
    intent = make_intent(step, route, context)
    try:
        if is_resend and attempt is not None:
            await context.ledger.move(attempt, Move.RESEND)
            return attempt
        return await context.ledger.record_intent(intent)
    except (HeldElsewhereError, CapReachedError):
        context.reservations.cancel(step)  # nothing was sent, and `run_step` says why
        raise
    except asyncio.CancelledError:
        # The write is done all the same. Recorded once more, the intent says which attempt it is.
        with suppress(LedgerError):
            written = attempt if is_resend and attempt is not None else await context.ledger.record_intent(intent)
            await _record_never_left(step, route, written, context)
        raise


async def _record_never_left(step: Step, route: Route, attempt: int, context: RunContext) -> None:
    """The run was stopped before anything was sent: no doubt is left. Where it cannot be recorded, the doubt stays."""
    failure = Failure(kind=FailureKind.NOT_SENT, why="the run was stopped before it was sent")
    with suppress(LedgerError):
        await _record_failure(step, route, attempt, failure, context)


async def _submit_once(
    step: Step, route: Route, driver_request: DriverRequest, attempt: int, context: RunContext
) -> Submitted | Failure:
    try:
        # Money: of a machine that slept since its intent, others may have settled that this was never sent.
        send_before = time() + context.intent_seconds
        answer = await context.drivers[route.provider].submit(
            replace(driver_request, attempt=attempt, send_before=send_before)
        )
    except asyncio.CancelledError as stopped:
        if NEVER_LEFT in stopped.args:
            await _record_never_left(step, route, attempt, context)
        raise
    if isinstance(answer, Failure):
        return await _record_failure(step, route, attempt, answer, context)
    if route.provider in context.limiters and (other := context.task_ids.claim(route.provider, answer.id, attempt)):
        failure = await _shared_task_failure(route, answer, other, context)
        return await _record_failure(step, route, attempt, failure, context)
    if answer.quote is not None:
        # Money: it counts at once, so that no other submit gets room that is not there.
        context.reservations.record_quote(step, answer.quote, route.provider)
        context.on_quote(step, route, answer.quote)
    try:
        # Money: the task id is durable before anything else is done with it.
        facts = Facts(task=answer.id, quote=answer.quote, request_id=answer.request_id or None)
        stage = await context.ledger.move(attempt, Move.ACCEPT, facts)
    except LedgerError as error:
        return _unrecorded_task_failure(step, route, answer, error)
    return Submitted(attempt=attempt, stage=stage, task=answer, provider=route.provider)


async def _record_failure(step: Step, route: Route, attempt: int, answer: Failure, context: RunContext) -> Failure:
    if answer.kind is FailureKind.FLAKY:
        # Money: a submit is not a read: one that failed may still have been accepted.
        answer = replace(answer, kind=FailureKind.UNKNOWN_OUTCOME)
    if step.why is StepReason.INTERRUPTED and not route.free:
        if FAILURE_POLICIES[answer.kind].resend:
            context.reservations.release(step)
            return answer  # it stays intended, and goes out again under the same key
        if not FAILURE_POLICIES[answer.kind].leaves_doubt:
            # Money: a no to the second sending says nothing about the first, whose answer a crash may have cut off.
            answer = replace(answer, kind=FailureKind.UNKNOWN_OUTCOME)
    doubt = FAILURE_POLICIES[answer.kind].leaves_doubt
    if not doubt:
        context.reservations.release(step)
    move = Move.LOSE_SIGHT if doubt else Move.REFUSE
    await context.ledger.move(attempt, move, Facts(failure=answer))
    return answer


async def _shared_task_failure(route: Route, task: ProviderTask, other: int, context: RunContext) -> Failure:
    """Money: one task makes one clip. Whether the second submit was charged too is for a person to find out."""
    owner = next((each for each in await context.ledger.attempts() if each.id == other), None)
    take = f" ({owner.campaign}/{owner.shot}#{owner.take})" if owner is not None else ""
    why = f"{route.provider} gave it task {task.id}, which is the task of attempt {other}{take}"
    remedy = (
        f"Nothing more is submitted to {route.provider} in this run. Check your account there: were both charged, and "
        "under which ids? Then settle this take with `resolve`."
    )
    return Failure(kind=FailureKind.SHARED_TASK, why=why, remedy=remedy)


def _unrecorded_task_failure(step: Step, route: Route, task: ProviderTask, error: LedgerError) -> Failure:
    """Money: the id is nowhere but here; it is shown, and nothing more is sent."""
    take = step.take_names[0].label
    trouble = f"{error.summary} ({error.why})"
    why = f"{route.provider} accepted it as task {task.id}, which could not be recorded: {trouble}"
    return Failure(
        kind=FailureKind.UNRECORDED,
        why=why,
        remedy="Note the task id. When the ledger works again, run:",
        command=("resolve", take, "--task", task.id, "--reason", "the run printed it"),
    )


def shared_ledger_failure(error: HeldElsewhereError | CapReachedError) -> Failure:
    """Why a shared ledger refused a write: it is a matter of this step alone, and the run goes on."""
    kind = FailureKind.OVER_CAP if isinstance(error, CapReachedError) else FailureKind.HELD
    return Failure(kind=kind, why=f"{error.summary}: {error.why}" if error.why else error.summary, remedy=error.remedy)


def make_intent(step: Step, route: Route, context: RunContext) -> Intent:
    """What is recorded before a submit."""
    assert step.request is not None  # noqa: S101 - a step without a request is never carried out
    return Intent(
        fingerprint=step.fingerprint,
        preimage=preimage(step.request).decode(),
        provider=route.provider,
        campaign=context.campaign,
        shot=step.uses[0].shot.id,
        take=step.uses[0].take,
        tags=step.tags,
        run=context.run,
        estimate=route.estimate,
    )
