"""Which take of a shot gives its frames: the selected one while its clip is the one that was selected, else the first.

A selection is about a clip. Where the request of the take changed, its clip is another one, and the selection says
nothing of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.plan.plan import Plan, PlanInputs, Step, StepReason

_FIRST_TAKE = 1


def known_digest(step: Step, inputs: PlanInputs) -> str:
    """The digest of the step's clip, also when the store does not have it: what is chained from it is known then."""
    if step.standing is not None and step.standing.stage is Stage.STORED and step.standing.digest:
        return step.standing.digest
    if step.named_clip is not None:
        return step.named_clip.digest
    return (
        inputs.locked_clips[step.fingerprint].digest
        if step.why in {StepReason.LOCKED_ELSEWHERE, StepReason.LOCKED}
        else ""
    )


def choose_giver(shot: str, steps: Sequence[Step], inputs: PlanInputs) -> tuple[Sequence[Step], str]:
    """A shot's steps, take by take, with the take that gives its frames; and the digest of its clip, if it has one."""
    selection = inputs.selections.get(shot)
    if selection is None or selection.take > len(steps):
        return steps, known_digest(steps[0], inputs)
    digest = known_digest(steps[selection.take - 1], inputs)
    if digest != selection.clip:
        return steps, known_digest(steps[0], inputs)
    return tuple(_with_giver(step, selection.take) for step in steps), digest


def _with_giver(step: Step, take: int) -> Step:
    return replace(step, uses=tuple(replace(use, giver=take) for use in step.uses))


def list_other_givers(steps: Iterable[Step]) -> dict[str, int]:
    """The takes that give frames, by shot, where it is not the first."""
    return {use.shot.id: use.giver for step in steps for use in step.uses if use.giver != _FIRST_TAKE}


def list_selected(plan: Plan) -> Iterator[tuple[Step, str, int]]:
    """Each selection that holds: the step of the selected take, its shot and its number."""
    wanted = {(name, each.take): each.clip for name, each in plan.inputs.selections.items()}
    for step in plan.steps if wanted else ():
        for use in step.uses:
            clip = wanted.get((use.shot.id, use.take))
            if clip is not None and known_digest(step, plan.inputs) == clip:
                yield step, use.shot.id, use.take
