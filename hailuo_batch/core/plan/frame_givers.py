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


def choose_giver(steps: Sequence[Step], inputs: PlanInputs) -> Sequence[Step]:
    """A shot's steps, take by take, with the selected take as the one that gives its frames, if the selection holds."""
    selection = inputs.selections[steps[0].uses[0].shot.id]
    if selection.take > len(steps) or known_digest(steps[selection.take - 1], inputs) != selection.clip:
        return steps
    return [replace(step, uses=tuple(replace(use, giver=selection.take) for use in step.uses)) for step in steps]


def giver_digest(steps: Sequence[Step], inputs: PlanInputs) -> str:
    """The digest of the clip that gives a shot's frames, if there is one."""
    return known_digest(steps[steps[0].uses[0].giver - 1], inputs)


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
