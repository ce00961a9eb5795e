"""One step from top to bottom: ask → wait → fetch → probe → keep → name.

The order is the promise. How a provider is asked stands in `submit.py`; here is what becomes of a task.
"""

from contextlib import ExitStack
from dataclasses import dataclass, replace

from hailuo_batch.core.attempt.attempt import Artifact, Move, Stage
from hailuo_batch.core.attempt.failure import ALLOWS, Failure, Kind
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import Action, Step, Why
from hailuo_batch.core.plan.provenance import provenance
from hailuo_batch.core.plan.render_names import render_name
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.errors import LedgerError, RefusedError, StoreError
from hailuo_batch.ports import Driver, Facts, Named, Order, Produced
from hailuo_batch.runner.context import Bench
from hailuo_batch.runner.submit import Sent, intent_for, sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A clip that is in the store; `unnamed` says why it could not be given all its readable names, and `instead` why
    another provider than planned made it.
    """

    artifact: Artifact
    provider: str
    cost: Money | None
    instead: str = ""
    unnamed: Failure | None = None


async def carry_out(step: Step, bench: Bench) -> Kept | Failure:
    """Brings one step's clip into the store and gives it its names; what went wrong comes back as a value."""
    try:
        kept = await _reuse(step, bench) if step.action is Action.REUSE else await _obtain(step, bench)
    except (StoreError, LedgerError) as error:
        return Failure(kind=Kind.NO_ROOM, why=f"{error.summary}: {error.why}", remedy=error.remedy)
    if isinstance(kept, Failure) or step.stray:
        return kept
    try:
        await _name(step, kept, bench)
    except (StoreError, RefusedError, LedgerError) as error:
        unnamed = Failure(kind=Kind.UNNAMED, why=f"{error.summary}: {error.why}", remedy=error.remedy)
        return replace(kept, unnamed=unnamed)
    return kept


async def _reuse(step: Step, bench: Bench) -> Kept | Failure:
    standing = step.standing
    artifact = bench.artifact(standing.digest) if standing is not None and standing.digest is not None else None
    if artifact is None and step.accepted is not None and standing is not None and standing.digest is not None:
        # The review names a clip whose ledger is gone: the clip itself says what it is.
        probed = await bench.probe(bench.store.path(standing.digest), standing.digest)
        if isinstance(probed, Failure):
            return probed
        artifact = probed
    if standing is None or artifact is None:
        return Failure(kind=Kind.CORRUPT, why="the ledger does not know this clip", remedy="hailuo-batch verify")
    return Kept(artifact=artifact, provider=standing.provider, cost=standing.cost)


async def _obtain(step: Step, bench: Bench) -> Kept | Failure:
    if step.why in {Why.NAMED, Why.LOCKED}:
        bench.started(step)
        return await _taken_back(step, bench)
    order = bench.order(step)
    answer = await sent(step, order, bench)
    if isinstance(answer, Failure):
        return answer
    with ExitStack() as place:
        if gate := bench.gates.get(answer.provider):
            place.callback(gate.leave)
        return await _followed(step, order, answer, bench)


async def _followed(step: Step, order: Order, task: Sent, bench: Bench) -> Kept | Failure:
    driver = bench.drivers.get(task.provider)
    if driver is None:
        why = f"task {task.task.id} is at {task.provider}, which is no provider of this project any more"
        remedy = f"Bring the table of {task.provider} back to hailuo.yaml; nothing is bought again."
        return Failure(kind=Kind.PENDING, why=why, remedy=remedy)
    produced = await driver.wait(order, task.task)
    gate = bench.gates.get(task.provider)
    if isinstance(produced, Failure):
        # Money: only a kind that ends the task does so here; whatever else stands in the way, the task may be running
        # or made, and is followed again by the next run. It is never asked for a second time.
        if task.stage is Stage.SUBMITTED and ALLOWS[produced.kind].ends_task:
            await bench.ledger.move(task.attempt, Move.FAIL, Facts(failure=produced))
        if gate is not None:
            gate.failed(produced)
        return produced
    if gate is not None:
        gate.made()
    if task.stage is Stage.SUBMITTED:
        await bench.ledger.move(task.attempt, Move.PRODUCE, Facts(cost=produced.cost))
        bench.purse.correct(step, produced.cost)
    if produced.cost is None and step.action is Action.FETCH and step.standing is not None:
        produced = replace(produced, cost=step.standing.cost)  # told when it was made, and not again
    kept = await _fetched(task, driver, order, produced, bench)
    if isinstance(kept, Failure) and kept.kind is Kind.EXPIRED:
        # The gateway is asked for a fresh link, once and at once: the clip is made.
        fresh = await driver.wait(order, replace(task.task, fresh=False))
        if isinstance(fresh, Produced):
            return await _fetched(task, driver, order, replace(fresh, cost=produced.cost), bench)
    return kept


async def _taken_back(step: Step, bench: Bench) -> Kept | Failure:
    """The clip that a readable name or the lock still has, known again: it was paid for, and is not asked for anew."""
    named, standing = step.named, step.standing
    assert named is not None  # noqa: S101 - the plan says NAMED or LOCKED only with one
    if named.file and not await bench.store.take_back(bench.renders.path(named.file), named.digest):
        remedy = f"Move {named.file} and its .json out of renders/, then run again."
        return Failure(kind=Kind.CORRUPT, why=f"{named.file} is not the clip that its .json names", remedy=remedy)
    artifact = await bench.probe(bench.store.path(named.digest), named.digest)
    if isinstance(artifact, Failure):
        return artifact
    if standing is not None and standing.stage is Stage.STORED:
        await bench.ledger.move(standing.attempt, Move.MISS)
        await bench.ledger.move(standing.attempt, Move.KEEP, Facts(artifact=artifact))
    else:
        # What nobody told is counted at today's price: a cap must not forget it with the ledger that knew.
        ways = (step.route, *step.route.others)
        price = named.cost or next((way.estimate for way in ways if way.provider == named.provider), None)
        route = Route(provider=named.provider, estimate=price)
        await bench.ledger.bring_back(intent_for(step, route, bench), artifact, named.cost)
    return Kept(artifact=artifact, provider=named.provider, cost=named.cost)


async def _fetched(task: Sent, driver: Driver, order: Order, produced: Produced, bench: Bench) -> Kept | Failure:
    """The clip in the store. A clip that cannot be fetched or is not whole stays `produced`, to be fetched again."""
    file = bench.store.incoming()
    with ExitStack() as leftovers:
        leftovers.callback(file.unlink, missing_ok=True)
        failure = await driver.fetch(order, produced, file)
        if failure is not None:
            return failure
        artifact = await bench.probe(file, "")
        if isinstance(artifact, Failure):
            return artifact
        digest = await bench.store.keep(file)
        leftovers.pop_all()  # it was moved
    whole = replace(artifact, digest=digest)
    await bench.ledger.move(task.attempt, Move.KEEP, Facts(artifact=whole))
    return Kept(artifact=whole, provider=task.provider, cost=produced.cost, instead=task.instead)


async def _name(step: Step, kept: Kept, bench: Bench) -> None:
    """Gives the clip a readable name for each shot that asked for it."""
    assert step.request is not None  # noqa: S101 - a step without a request is never carried out
    source = bench.store.path(kept.artifact.digest)
    given = []
    for use in step.uses:
        file = render_name(bench.campaign, use, sketch=bench.sketch)
        origin = provenance(
            campaign=bench.campaign,
            use=use,
            # What an accepted clip comes from is the question that it was made for.
            request=step.request if step.accepted is None else step.accepted.request,
            fingerprint=step.answered,
            artifact=kept.artifact,
            provider=kept.provider,
            cost=kept.cost,
            sketch=bench.sketch,
        )
        await bench.renders.place(source, file, origin)
        given.append(
            Named(
                file=file,
                campaign=bench.campaign,
                shot=use.shot.id,
                version=use.version,
                take=use.take,
                fingerprint=step.fingerprint,
                sketch=bench.sketch,
            )
        )
    await bench.ledger.name(given)
