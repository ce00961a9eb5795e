"""Which steps that wait for a frame can go on when a clip is there."""

from collections.abc import Iterable, Mapping

from hailuo_batch.core.plan.plan import Action, Plan, PlanInputs, Step
from hailuo_batch.core.plan.planner import find_unlocked_steps

RUNNABLE_ACTIONS = frozenset({Action.REUSE, Action.SUBMIT, Action.RESUME, Action.FETCH})


class FrameUnlocks:
    """Which waiting steps are unlocked by which shot."""

    def __init__(self, waiting: Iterable[Step], inputs: PlanInputs, digests: Mapping[str, str]) -> None:
        self._inputs = inputs
        self._digests = dict(digests)
        self._waiting_by_shot: dict[str, list[Step]] = {}
        for step in waiting:
            for giver in step.waits_for:
                self._waiting_by_shot.setdefault(giver, []).append(step)

    def unlock(self, step: Step, digest: str) -> tuple[Step, ...]:
        """The steps that can go on now that this one's clip is in the store."""
        shots = [use.shot.id for use in step.uses if use.gives_frames]
        self._digests.update(dict.fromkeys(shots, digest))
        waiting = [step for shot in shots for step in self._waiting_by_shot.pop(shot, ())]
        found = find_unlocked_steps(waiting, self._inputs, self._digests) if waiting else ()
        return tuple(
            step for step in found if step.action in RUNNABLE_ACTIONS
        )  # one may be in doubt since an earlier run


def giver_digests(plan: Plan) -> dict[str, str]:
    """The digests of clips that give frames and are there already, by shot."""
    there = ((step, step.standing) for step in plan.select_steps(Action.REUSE))
    return {
        use.shot.id: standing.digest
        for step, standing in there
        if standing is not None and standing.digest is not None
        for use in step.uses
        if use.gives_frames
    }
