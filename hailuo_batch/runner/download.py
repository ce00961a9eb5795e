"""From a finished task to a clip in the store: download → probe → keep.

A link that is dead is asked for anew. A file that is not a whole video was paid for all the same: it is kept aside, and
downloaded again a few times. Nothing here submits.
"""

from contextlib import ExitStack
from dataclasses import replace

from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, Failure, FailureKind
from hailuo_batch.core.attempt.quote import counted_estimate
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.attempt.rejected import RejectedClip
from hailuo_batch.core.measures import ClipMeasures
from hailuo_batch.core.models import is_local
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.ports import Driver, DriverRequest, Produced
from hailuo_batch.runner.context import RunContext
from hailuo_batch.runner.submit import Submitted
from hailuo_batch.values import dataclass

RETRY_SECONDS = (5.0, 30.0)  # before each further download of a file that was not a whole video


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredClip:
    """A clip that is in the store; `naming_failure` says why it could not be given all its readable names, and
    `fallback_reason` why another provider than planned made it. `measures` say what was seen in it.
    """

    clip: Clip
    provider: str
    cost: Money | None
    fallback_reason: str = ""
    naming_failure: Failure | None = None
    attempt: AttemptRecord | None = None  # as it was stored, when that was in this run
    request_id: str = ""  # the provider's id of the submit, when it was in this run
    measures: ClipMeasures | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedTask:
    """A task whose clip can be downloaded, and by whom."""

    submitted: Submitted
    produced: Produced
    driver: Driver
    driver_request: DriverRequest


async def download_clip(step: Step, task: FinishedTask, context: RunContext) -> StoredClip | Failure:
    """The clip in the store. One that cannot be fetched or is not whole stays `produced`, to be fetched again."""
    earlier = [each for each in context.rejected.list_all() if each.task == task.submitted.task.id]
    for pause in (0.0, *RETRY_SECONDS):
        if pause:
            await context.sleep(pause)
        answer = await _download_alive(step, task, context)
        if isinstance(answer, StoredClip):
            for clip in earlier:  # it is no longer the only copy
                context.rejected.remove(clip)
        if not isinstance(answer, RejectedClip):
            return answer
        if any(each.digest == answer.digest for each in earlier):
            return _same_file_failure(answer, step, task)
        earlier.append(answer)
    return _rejected_failure(earlier[-1])


async def _download_alive(step: Step, task: FinishedTask, context: RunContext) -> StoredClip | RejectedClip | Failure:
    """One download; where the link is dead, one more by a fresh link, at once: the clip is ready."""
    answer = await _download_once(step, task, task.produced, context)
    if not isinstance(answer, Failure) or answer.kind is not FailureKind.EXPIRED:
        return answer
    fresh = await task.driver.wait(task.driver_request, replace(task.submitted.task, is_new=False))
    if isinstance(fresh, Failure):
        why = f"{answer.why}, and {task.submitted.provider} gives no fresh one: {fresh.why}"
        answer = replace(answer, why=why)
    else:
        answer = await _download_once(step, task, replace(fresh, cost=task.produced.cost), context)
    if isinstance(answer, Failure) and answer.kind is FailureKind.EXPIRED:
        return add_way_out(answer, step, task.submitted, task.produced.cost)
    return answer


async def _download_once(
    step: Step, task: FinishedTask, produced: Produced, context: RunContext
) -> StoredClip | RejectedClip | Failure:
    submitted, file = task.submitted, context.store.temporary_path()
    with ExitStack() as leftovers:
        leftovers.callback(file.unlink, missing_ok=True)
        failure = await task.driver.download(task.driver_request, produced, file)
        if failure is not None:
            return failure
        clip = await context.probe(file, "")
        if isinstance(clip, Failure):
            if is_local(submitted.provider) or not file.stat().st_size:
                return clip
            # Money: it was paid for, and may be all that there will ever be.
            return await context.rejected.keep(file, _describe(step, submitted, clip, context))
        digest = await context.store.keep(file)
        leftovers.pop_all()  # it was moved
    whole = replace(clip, digest=digest)
    record = await context.ledger.keep_clip(submitted.attempt, whole)
    return StoredClip(
        clip=whole,
        provider=submitted.provider,
        cost=produced.cost,
        fallback_reason=submitted.fallback_reason,
        attempt=record,
        request_id=submitted.task.request_id,
    )


def _describe(step: Step, submitted: Submitted, failure: Failure, context: RunContext) -> RejectedClip:
    first = step.take_names[0]
    return RejectedClip(
        digest="",
        fingerprint=step.fingerprint,
        campaign=context.campaign,
        shot=first.shot,
        take=first.take,
        provider=submitted.provider,
        task=submitted.task.id,
        why=failure.why,
    )


def _rejected_failure(clip: RejectedClip) -> Failure:
    why = f"{clip.why} It is kept aside as {clip.file}"
    return Failure(
        kind=FailureKind.CORRUPT, why=why, remedy="The next run, or `fetch`, downloads it again while its link lives."
    )


def _same_file_failure(clip: RejectedClip, step: Step, task: FinishedTask) -> Failure:
    """The gateway's own file is not whole: a further download would bring the same bytes."""
    why = f"{clip.why} The same bytes came twice: this is {clip.provider}'s file, kept aside as {clip.file}"
    failure = Failure(
        kind=FailureKind.CORRUPT, why=why, remedy=f"Play it, and report task {clip.task} to {clip.provider}."
    )
    return add_way_out(failure, step, task.submitted, task.produced.cost)


def add_way_out(failure: Failure, step: Step, submitted: Submitted, cost: Money | None) -> Failure:
    """The same failure with what to do where the clip may never come: it is given up for what it cost."""
    quote = submitted.task.quote if step.standing is None else step.standing.quote
    counted = counted_estimate(step.estimate, quote)
    price = f"{cost} was charged for it" if cost is not None else f"It counts as {counted or 'an unknown amount'}"
    remedy = (
        f"{failure.remedy or 'The next run, or `fetch`, polls it again.'} If it never comes, give it up. {price}, and "
        "the next run buys it again:"
    )
    label = f"{step.take_names[0].label}@{submitted.attempt}"
    command = ("resolve", label, "--write-off", "--reason", "no whole clip comes")
    return replace(failure, remedy=remedy, command=command)


def may_be_lost(failure: Failure) -> bool:
    """Whether a poll's failure says that a clip which was rendered is no longer there."""
    return FAILURE_POLICIES[failure.kind].ends_task or failure.kind is FailureKind.EXPIRED
