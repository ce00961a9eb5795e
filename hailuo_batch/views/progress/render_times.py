"""How long clips are under way: those of this run, and before there are enough of them those of earlier runs."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from hailuo_batch.core.pacing.remaining_time import UsualTime, usual_time
from hailuo_batch.core.plan.plan import Step

_ENOUGH = 20  # clips of this run, after which earlier ones no longer count
_SLOWEST = 1.5  # times the middle, while few are known
_Kind = tuple[str, str, str]  # provider, resolution, length


class RenderTimes:
    """What is known of each kind of clip."""

    def __init__(self, known: Iterable[UsualTime] = ()) -> None:
        self._known = {(each.provider, each.resolution, each.duration): each for each in known}
        self._times: defaultdict[_Kind, list[float]] = defaultdict(list)
        self._usual: dict[_Kind, UsualTime] = dict(self._known)

    def add(self, step: Step, provider: str, seconds: float) -> None:
        """Adds the time from the submit of a clip to its storage, in seconds."""
        kind = _find_kind(step, provider)
        times = self._times[kind]
        times.append(seconds)
        own = usual_time(*kind, times)
        if len(times) >= _ENOUGH:
            self._usual[kind] = own
            return
        # The first that end are the fastest of those that run: what they say of the slowest is too little.
        known = self._known.get(kind) or replace(own, at_most=own.seconds * _SLOWEST)
        self._usual[kind] = replace(known, at_most=max(known.at_most, own.at_most))

    def usual(self, step: Step, provider: str) -> UsualTime | None:
        """How long such a clip takes; None while nothing is known of any that is like it."""
        found = self._usual.get(_find_kind(step, provider))
        return found or self.of_provider(provider)

    def of_provider(self, provider: str = "") -> UsualTime | None:
        """How long the clips of a provider take, of whatever kind: the slowest of them; "" is any provider."""
        mine = [each for each in self._usual.values() if provider in {"", each.provider}]
        return max(mine, key=lambda each: each.at_most, default=None)


def _find_kind(step: Step, provider: str) -> _Kind:
    shot = step.uses[0].shot if step.uses else None
    return (provider, "", "") if shot is None else (provider, shot.resolution, str(shot.duration))
