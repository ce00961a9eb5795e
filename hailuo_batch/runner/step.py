"""One step from top to bottom: intend → submit → accept → wait → fetch → probe → keep → name.

The order is the promise. What may cost money is written down before it happens, and the task id before anything else is
done with it. Writes are shielded: a worker that is cancelled does not leave half a record.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from hailuo_batch.core.attempt import Artifact, Move, Stage
from hailuo_batch.core.capability import Route
from hailuo_batch.core.failure import ALLOWS, Failure, Kind
from hailuo_batch.core.fingerprint import preimage
from hailuo_batch.core.naming import render_name
from hailuo_batch.core.plan import Action, Step, Why
from hailuo_batch.core.price import Money
from hailuo_batch.core.provenance import provenance
from hailuo_batch.errors import RefusedError, StoreError
from hailuo_batch.ports import Driver, Facts, Intent, Ledger, Named, Order, Probe, Produced, Renders, Store, Task

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A clip that is in the store; `unnamed` says why it could not be given all its readable names."""

    artifact: Artifact
    provider: str
    cost: Money | None
    unnamed: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """All that a step is carried out with; `order` tells a driver what a step needs on this machine."""

    campaign: str
    sketch: bool
    run: int | None
    ledger: Ledger
    store: Store
    renders: Renders
    drivers: Mapping[str, Driver]
    probe: Probe
    order: Callable[[Step], Order]
    artifact: Callable[[str], Artifact | None]  # facts of an artifact that is in the store, by digest
    closed: dict[str, Failure] = field(default_factory=dict)  # providers that are asked no more, and why


async def carry_out(step: Step, bench: Bench) -> Kept | Failure:
    """Brings one step's clip into the store and gives it its names; what went wrong comes back as a value."""
    try:
        kept = await _reuse(step, bench) if step.action is Action.REUSE else await _obtain(step, bench)
    except StoreError as error:
        return Failure(kind=Kind.NO_ROOM, why=f"{error.summary}: {error.why}", remedy=error.remedy)
    if isinstance(kept, Failure):
        return kept
    try:
        await _name(step, kept, bench)
    except (StoreError, RefusedError) as error:
        unnamed = Failure(kind=Kind.UNNAMED, why=f"{error.summary}: {error.why}", remedy=error.remedy)
        return replace(kept, unnamed=unnamed)
    return kept


async def _reuse(step: Step, bench: Bench) -> Kept | Failure:
    standing = step.standing
    artifact = bench.artifact(standing.digest) if standing is not None and standing.digest is not None else None
    if standing is None or artifact is None:
        return Failure(kind=Kind.CORRUPT, why="the ledger does not know this clip", remedy="hailuo-batch verify")
    return Kept(artifact=artifact, provider=standing.provider, cost=standing.cost)


async def _obtain(step: Step, bench: Bench) -> Kept | Failure:
    if step.why is Why.NAMED:
        return await _taken_back(step, bench)
    order = bench.order(step)
    sent = await _sent(step, order, bench)
    if isinstance(sent, Failure):
        return sent
    attempt, stage, task, provider = sent.attempt, sent.stage, sent.task, sent.provider
    driver = bench.drivers.get(provider)
    if driver is None:
        why = f"task {task.id} is at {provider}, which is no provider of this project any more"
        remedy = f"Bring the table of {provider} back to hailuo.yaml; nothing is bought again."
        return Failure(kind=Kind.PENDING, why=why, remedy=remedy)
    produced = await driver.wait(order, task)
    if isinstance(produced, Failure):
        # Money: only a kind that ends the task does so here; whatever else stands in the way, the task may be running
        # or made, and is followed again by the next run. It is never asked for a second time.
        if stage is Stage.SUBMITTED and ALLOWS[produced.kind].ends_task:
            await _durably(bench.ledger.move(attempt, Move.FAIL, Facts(failure=produced)))
        return produced
    if stage is Stage.SUBMITTED:
        await _durably(bench.ledger.move(attempt, Move.PRODUCE, Facts(cost=produced.cost)))
    if produced.cost is None and step.action is Action.FETCH and step.standing is not None:
        produced = replace(produced, cost=step.standing.cost)  # told when it was made, and not again
    kept = await _fetched(attempt, provider, driver, order, produced, bench)
    if isinstance(kept, Failure) and kept.kind is Kind.EXPIRED:
        fresh = await driver.wait(order, task)  # the gateway is asked for a fresh link, once
        if isinstance(fresh, Produced):
            return await _fetched(attempt, provider, driver, order, replace(fresh, cost=produced.cost), bench)
    return kept


async def _taken_back(step: Step, bench: Bench) -> Kept | Failure:
    """The clip that a readable name still has, back in the store: it was paid for, and is not asked for again."""
    named, standing = step.named, step.standing
    assert named is not None  # noqa: S101 - the plan says NAMED only with a name
    file = bench.renders.path(named.file)
    if not await bench.store.take_back(file, named.digest):
        remedy = f"Move {named.file} and its .json out of renders/, then run again."
        return Failure(kind=Kind.CORRUPT, why=f"{named.file} is not the clip that its .json names", remedy=remedy)
    artifact = await bench.probe(bench.store.path(named.digest), named.digest)
    if isinstance(artifact, Failure):
        return artifact
    if standing is not None and standing.stage is Stage.STORED:
        attempt = standing.attempt
        await _durably(bench.ledger.move(attempt, Move.MISS))
    else:
        attempt = await _durably(
            bench.ledger.intend(_intent(step, Route(provider=named.provider, estimate=named.cost), bench))
        )
        await _durably(bench.ledger.move(attempt, Move.ACCEPT, Facts(task="")))
        await _durably(bench.ledger.move(attempt, Move.PRODUCE, Facts(cost=named.cost)))
    await _durably(bench.ledger.move(attempt, Move.KEEP, Facts(artifact=artifact)))
    return Kept(artifact=artifact, provider=named.provider, cost=named.cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """An attempt that a provider has taken: where it stands, its task, and who has it."""

    attempt: int
    stage: Stage
    task: Task
    provider: str


async def _sent(step: Step, order: Order, bench: Bench) -> _Sent | Failure:
    """The attempt with its task: the one that is there, or a new one at the first provider that takes it."""
    standing = step.standing
    if standing is not None and step.action in {Action.RESUME, Action.FETCH}:
        stage = standing.stage
        if stage is Stage.STORED:
            stage = await _durably(bench.ledger.move(standing.attempt, Move.MISS))
        task = Task(id=standing.task or "")
        return _Sent(attempt=standing.attempt, stage=stage, task=task, provider=standing.provider)
    last = Failure(kind=Kind.REFUSED, why="nobody sells this")
    # Money: what was intended at one provider before a crash is no leave to ask another.
    others = () if step.why is Why.INTERRUPTED else step.route.others
    for route in (step.route, *others):
        answer = bench.closed.get(route.provider) or await _asked(step, route, order, bench)
        if isinstance(answer, _Sent):
            return answer
        last = answer
        if ALLOWS[answer.kind].stops_provider:
            bench.closed[route.provider] = answer
        # Money: another is asked only when it is proved that this one accepted nothing.
        if not ALLOWS[answer.kind].next_provider:
            break
    return last


async def _asked(step: Step, route: Route, order: Order, bench: Bench) -> _Sent | Failure:
    # Money: the intent is durable before the one call that may cost something.
    attempt = await _durably(bench.ledger.intend(_intent(step, route, bench)))
    answer = await bench.drivers[route.provider].submit(replace(order, attempt=attempt))
    if isinstance(answer, Failure) and step.why is Why.INTERRUPTED and not route.free:
        # Money: a no to the second sending says nothing about the first, whose answer a crash may have cut off.
        answer = replace(answer, kind=Kind.UNCLEAR)
    if isinstance(answer, Failure):
        move = Move.LOSE_SIGHT if answer.kind is Kind.UNCLEAR else Move.REFUSE
        await _durably(bench.ledger.move(attempt, move, Facts(failure=answer)))
        return answer
    # Money: the task id is durable before anything else is done with it.
    stage = await _durably(bench.ledger.move(attempt, Move.ACCEPT, Facts(task=answer.id)))
    return _Sent(attempt=attempt, stage=stage, task=answer, provider=route.provider)


async def _fetched(
    attempt: int, provider: str, driver: Driver, order: Order, produced: Produced, bench: Bench
) -> Kept | Failure:
    """The clip in the store. A clip that cannot be fetched or is not whole stays `produced`, to be fetched again."""
    file = bench.store.incoming()
    try:
        failure = await driver.fetch(order, produced, file)
        if failure is not None:
            return failure
        artifact = await bench.probe(file, "")
        if isinstance(artifact, Failure):
            return artifact
        digest = await bench.store.keep(file)
    finally:
        file.unlink(missing_ok=True)
    whole = replace(artifact, digest=digest)
    await _durably(bench.ledger.move(attempt, Move.KEEP, Facts(artifact=whole)))
    return Kept(artifact=whole, provider=provider, cost=produced.cost)


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
            request=step.request,
            fingerprint=step.fingerprint,
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
    await _durably(bench.ledger.name(given))


def _intent(step: Step, route: Route, bench: Bench) -> Intent:
    assert step.request is not None  # noqa: S101 - a step without a request is never carried out
    return Intent(
        fingerprint=step.fingerprint,
        preimage=preimage(step.request).decode(),
        provider=route.provider,
        campaign=bench.campaign,
        shot=step.uses[0].shot.id,
        take=step.uses[0].take,
        tags=step.uses[0].shot.tags,
        run=bench.run,
        estimate=route.estimate,
    )


async def _durably(write: Coroutine[Any, Any, T]) -> T:
    """A write that goes through even when the worker is cancelled meanwhile."""
    return await asyncio.shield(asyncio.ensure_future(write))
