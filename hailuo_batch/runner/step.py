"""One step from top to bottom: submit → poll → download → probe → keep → name.

The order is the guarantee. `submit.py` has the submit, `download.py` how a rendered clip comes to the store.
"""

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from hailuo_batch import __version__
from hailuo_batch.core.attempt.attempt import Move, Stage
from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, Failure, FailureKind
from hailuo_batch.core.plan.plan import Action, Step
from hailuo_batch.core.plan.provenance import ClipOrigin, make_provenance
from hailuo_batch.core.plan.render_names import render_name
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.errors import CapReachedError, HeldElsewhereError, LedgerError, RefusedError, StoreError
from hailuo_batch.ports import DriverRequest, Facts, RenderName
from hailuo_batch.runner.context import RunContext
from hailuo_batch.runner.download import FinishedTask, StoredClip, add_way_out, download_clip, may_be_lost
from hailuo_batch.runner.limiter import Limiter
from hailuo_batch.runner.submit import Submitted, make_intent, shared_ledger_failure, submit_step


async def run_step(step: Step, context: RunContext) -> StoredClip | Failure:
    """Brings one step's clip into the store and gives it its names; what went wrong comes back as a value."""
    try:
        kept = await _reuse_clip(step, context) if step.action is Action.REUSE else await _obtain_clip(step, context)
    except (HeldElsewhereError, CapReachedError) as error:
        return shared_ledger_failure(error)
    except (StoreError, LedgerError) as error:
        return Failure(kind=FailureKind.NO_ROOM, why=f"{error.summary}: {error.why}", remedy=error.remedy)
    if isinstance(kept, Failure) or step.orphan is not None:
        return kept
    try:
        await _name_clip(step, kept, context)
    except (StoreError, RefusedError, LedgerError) as error:
        unnamed = Failure(kind=FailureKind.UNNAMED, why=f"{error.summary}: {error.why}", remedy=error.remedy)
        return replace(kept, naming_failure=unnamed)
    # Last, since it changes nothing: whatever is seen in it, the clip is kept and has its names.
    return kept if step.action is Action.REUSE else replace(kept, measures=await context.measure(step, kept.clip))


async def _reuse_clip(step: Step, context: RunContext) -> StoredClip | Failure:
    standing = step.standing
    clip = context.find_clip(standing.digest) if standing is not None and standing.digest is not None else None
    if clip is None and step.accepted is not None and standing is not None and standing.digest is not None:
        # The review names a clip whose ledger is gone: the clip itself says what it is.
        probed = await context.probe(await context.store.local_copy(standing.digest), standing.digest)
        if isinstance(probed, Failure):
            return probed
        clip = probed
    if standing is None or clip is None:
        why = "the ledger does not know this clip"
        return Failure(
            kind=FailureKind.CORRUPT, why=why, remedy="To check the store and the ledger:", command=("verify",)
        )
    return StoredClip(clip=clip, provider=standing.provider, cost=standing.cost)


async def _obtain_clip(step: Step, context: RunContext) -> StoredClip | Failure:
    if step.source is not None:
        context.on_start(step, step.named_clip.provider if step.named_clip is not None else step.route.provider, 0.0)
        return await _restore_clip(step, context)
    order = replace(await context.make_driver_request(step), on_wait=partial(context.on_wait, step))
    answer = await submit_step(step, order, context)
    if isinstance(answer, Failure):
        return answer
    context.on_accept(step, answer.provider, answer.task.id)
    with ExitStack() as place:
        if limiter := context.limiters.get(answer.provider):
            place.callback(limiter.release)
        kept = await _follow_task(step, order, answer, context)
        if limiter is not None:
            _record_delivery(step, answer, kept, limiter, context)
        return kept


def _record_delivery(
    step: Step, submitted: Submitted, kept: StoredClip | Failure, limiter: Limiter, context: RunContext
) -> None:
    """Money: whether more is bought at a provider depends on whether its clips arrive."""
    is_counted = not step.is_resumed or context.is_recent(step)
    if not isinstance(kept, Failure):
        limiter.record_clip(is_counted=is_counted)
    elif is_counted and kept.kind is not FailureKind.STOPPED:
        limiter.record_loss(f"task {submitted.task.id} ({step.take_names[0].label})", kept)


async def _follow_task(
    step: Step, driver_request: DriverRequest, submitted: Submitted, context: RunContext
) -> StoredClip | Failure:
    driver = context.drivers.get(submitted.provider)
    if driver is None:
        why = f"task {submitted.task.id} is at {submitted.provider}, which is no longer a provider of this project"
        remedy = f"Restore the table of {submitted.provider} in hailuo.yaml. Nothing is bought again."
        return Failure(kind=FailureKind.PENDING, why=why, remedy=remedy)
    produced = await driver.wait(driver_request, submitted.task)
    if isinstance(produced, Failure):
        # Money: only a kind that ends the task does so here; after any other, the task may be running
        # or finished, and the next run polls it again. It is never submitted a second time.
        if submitted.stage is Stage.SUBMITTED and FAILURE_POLICIES[produced.kind].ends_task:
            await context.ledger.move(submitted.attempt, Move.FAIL, Facts(failure=produced))
        if submitted.stage is Stage.PRODUCED and may_be_lost(produced):
            cost = step.standing.cost if step.standing is not None else None
            return add_way_out(produced, step, submitted, cost)
        return produced if step.known_task is None else _name_way_out(step, produced)
    if submitted.stage is Stage.SUBMITTED:
        await context.ledger.move(submitted.attempt, Move.PRODUCE, Facts(cost=produced.cost))
        context.reservations.record_actual_cost(step, produced.cost)
    context.on_produce(step, submitted.provider)
    if produced.cost is None and step.action is Action.FETCH and step.standing is not None:
        produced = replace(produced, cost=step.standing.cost)  # reported when it was rendered, and not again
    task = FinishedTask(submitted=submitted, produced=produced, driver=driver, driver_request=driver_request)
    return await download_clip(step, task, context)


def _name_way_out(step: Step, failure: Failure) -> Failure:
    """What a person does about a known task whose provider does not say how it is: it may not know it at all."""
    if failure.kind is not FailureKind.UNKNOWN_OUTCOME or step.known_task is None:
        return failure
    settle = f"If the account never had task {step.known_task.task}, settle it, and the next run buys it:"
    command = ("resolve", step.take_names[0].label, "--never-sent", "--reason", "not in the account")
    return replace(failure, remedy=f"{failure.remedy}\n{settle}".strip(), command=command)


async def _restore_clip(step: Step, context: RunContext) -> StoredClip | Failure:
    """The clip that a readable name or the lock still has, restored: it was paid for, and is not bought again."""
    named, standing = step.named_clip, step.standing
    assert named is not None  # noqa: S101 - the plan says NAMED or LOCKED only with one
    if named.copy and not await context.store.restore(Path(named.copy), named.digest):
        why = f"{named.copy} is not the clip that its name says"
        return Failure(
            kind=FailureKind.CORRUPT, why=why, remedy="Check the store of that project, with `verify` there."
        )
    if named.file and not await context.store.restore(context.renders.path(named.file), named.digest):
        remedy = f"Move {named.file} and its .json out of renders/, then run again."
        return Failure(
            kind=FailureKind.CORRUPT, why=f"{named.file} is not the clip that its .json names", remedy=remedy
        )
    clip = await context.probe(await context.store.local_copy(named.digest), named.digest)
    if isinstance(clip, Failure):
        return clip
    if standing is not None and standing.stage is Stage.STORED:
        await context.ledger.move(standing.attempt, Move.MISS)
        await context.ledger.move(standing.attempt, Move.KEEP, Facts(clip=clip))
    else:
        # An unknown cost counts at today's price: a cap must not forget it with the missing ledger.
        ways = (step.route, *step.route.fallbacks)
        price = named.cost or next((way.estimate for way in ways if way.provider == named.provider), None)
        route = Route(provider=named.provider, estimate=price)
        await context.ledger.restore_clip(make_intent(step, route, context), clip, named.cost)
    return StoredClip(clip=clip, provider=named.provider, cost=named.cost)


async def _read_origin(step: Step, stored: StoredClip, file: Path, context: RunContext) -> ClipOrigin:
    if (attempt := stored.attempt) is None:
        attempts = await context.ledger.attempts([step.clip_fingerprint])
        attempt = next((each for each in attempts if each.stage is Stage.STORED), None)
    return ClipOrigin(
        attempt=attempt,
        tool=f"hailuo-batch {__version__}",
        marks=context.read_marks(file),
        request_id=stored.request_id,
    )


async def _name_clip(step: Step, stored: StoredClip, context: RunContext) -> None:
    """Gives the clip a readable name for each shot that uses it."""
    assert step.request is not None  # noqa: S101 - a step without a request is never carried out
    source = await context.store.local_copy(stored.clip.digest)
    origin = None if context.sketch else await _read_origin(step, stored, source, context)
    given = []
    for use in step.uses:
        file = render_name(context.campaign, use, sketch=context.sketch)
        provenance = make_provenance(
            campaign=context.campaign,
            use=use,
            # What an accepted clip comes from is the question that it was made for.
            request=step.request if step.accepted is None else step.accepted.request,
            fingerprint=step.clip_fingerprint,
            clip=stored.clip,
            provider=stored.provider,
            cost=stored.cost,
            sketch=context.sketch,
            rehearsal=context.rehearsal,
            origin=origin,
        )
        await context.renders.place(source, file, provenance)
        given.append(
            RenderName(
                file=file,
                campaign=context.campaign,
                shot=use.shot.id,
                version=use.version,
                take=use.take,
                fingerprint=step.fingerprint,
                sketch=context.sketch,
            )
        )
    await context.ledger.record_names(given)
