"""The chains of a run: shots that start from a frame of another one, while the run goes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from hailuo_batch.core.pacing.remaining_time import chain_lengths, chain_seconds
from hailuo_batch.core.plan.plan import Step


class RunChains:
    """Which shots are still to come one after the other."""

    def __init__(self, waiting: Iterable[Step] = ()) -> None:
        self._followers: defaultdict[str, list[Step]] = defaultdict(list)
        givers = dict[str, tuple[str, ...]]()
        for step in waiting:
            givers |= dict.fromkeys(_frame_shots(step), step.waits_for)
            for giver in step.waits_for:
                self._followers[giver].append(step)
        self._lengths = chain_lengths(givers)

    def add_clip(self, step: Step) -> None:
        """Its followers can begin."""
        for shot in _frame_shots(step):
            self._lengths.pop(shot, None)

    def drop_followers(self, step: Step) -> list[Step]:
        """The steps that will not begin in this run, as the clip that they start from did not come."""
        dropped = dict[int, Step]()
        shots = [*_frame_shots(step)]
        for shot in shots:  # grows while it is read
            self._lengths.pop(shot, None)
            for follower in self._followers.pop(shot, ()):
                if id(follower) not in dropped:
                    dropped[id(follower)] = follower
                    shots += _frame_shots(follower)
        return [*dropped.values()]

    def remaining_seconds(self, begun: Mapping[str, float], *, render: float) -> float:
        """Seconds until the longest chain ends; `begun` is how long shots have been under way."""
        return chain_seconds(self._lengths, begun, render=render)


def _frame_shots(step: Step) -> Iterable[str]:
    """The shots to whose followers it gives frames."""
    return (use.shot.id for use in step.uses if use.gives_frames)
