"""Why a step is there, and what is to be said of its take besides, in words."""

from collections.abc import Iterable, Iterator, Sequence

from hailuo_batch.core.attempt.attempt import Stage, Standing
from hailuo_batch.core.attempt.quote import counted_estimate
from hailuo_batch.core.attempt.rejected import RejectedClip
from hailuo_batch.core.marks import Mark
from hailuo_batch.core.plan.plan import Step, StepReason


def describe_reason(step: Step, causes: Sequence[str] = ()) -> str:
    """Why a step is there, with the names that belong to it; `causes` are the changed shots that it waits for."""
    if causes and step.previous_fingerprint:
        through = "" if set(step.waits_for) <= set(causes) else f" (through {', '.join(step.waits_for)})"
        return f"chain: {', '.join(causes)} changed{through}"
    if step.waits_for:
        return f"it starts from {', '.join(step.waits_for)}, {_frame_state(step)}"
    if step.known_task is not None:
        return f"{step.why} ({step.known_task.source})"
    if step.accepted is not None and step.accepted.why:
        return f"{step.why}: {step.accepted.why}"
    return str(step.why) if step.standing is None else _describe_standing(step.why, step.standing)


def _describe_standing(why: StepReason, standing: Standing) -> str:
    """Why a step is there, with what is known of its attempt."""
    if why is StepReason.HELD:
        return f"being made by {standing.holder}"
    if why is StepReason.STORED_ELSEWHERE:
        return f"{standing.kept_by} has its clip, which is not in this store"
    return f"{why}: {standing.why}" if standing.why and standing.stage is Stage.FAILED else str(why)


def _frame_state(step: Step) -> str:
    """Why the frames that a step waits for are not here: what had a clip before is not "not rendered"."""
    if step.fingerprint:
        return "whose clip is not in this store"
    return "which must be rendered again" if step.is_frame_renewed else "not rendered yet"


def list_remarks(step: Step, marks: Iterable[Mark], rejected: Iterable[RejectedClip]) -> Iterator[str]:
    """What is to be said of a take besides: its clip's marks, what came before it, and a price that was named."""
    if step.why is StepReason.ACCEPTED:
        yield describe_reason(step)
    yield from (mark.why for mark in marks)
    for each in rejected:
        yield f"what came is not a whole video, and is kept aside as {each.file}"
    yield from _quote_remarks(step)


def _quote_remarks(step: Step) -> tuple[str, ...]:
    """That a provider named a higher price than ours, while what it charged is not known."""
    standing = step.standing
    if standing is None or standing.quote is None or standing.cost is not None or (estimate := step.estimate) is None:
        return ()
    if counted_estimate(estimate, standing.quote) == estimate:
        return ()
    return (f"{standing.provider} named a price of {standing.quote} at the submit, where our estimate is {estimate}",)
