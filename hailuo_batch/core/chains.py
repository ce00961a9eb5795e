"""Shots that start from frames of other shots: who must exist, who is waited for, and that no chain is a ring."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from hailuo_batch.core.manifest import NO_FRAMES, ShotFrame
from hailuo_batch.core.problem import Problem, did_you_mean
from hailuo_batch.core.shot import Shot


def waits_for(shot: Shot) -> dict[str, str]:
    """By end (`first`, `last`), the shot whose frame is needed there."""
    if shot.frames is NO_FRAMES:
        return {}
    ends = {"first": shot.frames.first, "last": shot.frames.last}
    return {end: frame.shot for end, frame in ends.items() if isinstance(frame, ShotFrame)}


def references(shots: Sequence[Shot], written: Collection[str]) -> Iterator[Problem]:
    """Each frame of a shot that does not exist, and a chain that leads back to itself.

    `written` are the ids as the manifest has them: a shot with a problem of its own is not missing.
    """
    needs = {shot.id: needed for shot in shots if (needed := waits_for(shot))}
    if not needs:
        return
    known = {shot.id: shot for shot in shots}
    for shot in shots:
        for end, other in needs.get(shot.id, {}).items():
            if other not in known and other not in written:
                why = f'shot "{shot.id}" takes a frame of shot "{other}", which is not in this manifest.'
                path = ("shots", shot.index, "frames", end)
                remedy = did_you_mean(other, known)
                yield Problem(code="frame-shot", summary="unknown shot", why=why, remedy=remedy, path=path)
    if ring := _ring(needs):
        why = f"{' → '.join(ring)}: each starts from the one before, so none can be first."
        at_first = ("shots", known[ring[0]].index, "frames")
        yield Problem(code="frame-cycle", summary="shots in a ring", why=why, path=at_first)


def _ring(needs: Mapping[str, Mapping[str, str]]) -> list[str]:
    try:
        TopologicalSorter({shot: set(ends.values()) for shot, ends in needs.items()}).prepare()
    except CycleError as cycle:
        ring: list[str] = cycle.args[1]
        return ring
    return []
