"""Shots that start from frames of other shots: who must exist, who is waited for, and that no chain is a ring."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import NO_FRAMES, ShotFrame
from hailuo_batch.core.manifest.interpolate import quote_text
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.problem import DocumentPath, Problem, did_you_mean

_MAX_HINTS = 3  # each compares all shots


def frame_sources(shot: Shot) -> dict[str, str]:
    """By end (`first`, `last`), the shot whose frame is needed there."""
    if shot.frames is NO_FRAMES:
        return {}
    ends = {"first": shot.frames.first, "last": shot.frames.last}
    return {end: frame.shot for end, frame in ends.items() if isinstance(frame, ShotFrame)}


def sort_by_dependency(shots: Sequence[Shot]) -> Sequence[Shot]:
    """The shots in an order in which frames are known before they are needed."""
    if all(shot.frames is NO_FRAMES for shot in shots):
        return shots
    known = {shot.id: shot for shot in shots}
    sorter = TopologicalSorter({shot.id: frame_sources(shot).values() for shot in shots})
    return [known[shot_id] for shot_id in sorter.static_order() if shot_id in known]


def frame_link_problems(shots: Sequence[Shot], ids: Collection[str]) -> Iterator[Problem]:
    """Each frame of a shot that does not exist, and a chain that leads back to itself.

    `ids` are ids as the manifest has them, filled in or not: a shot with a problem of its own is not missing.
    """
    needs = {shot.id: needed for shot in shots if (needed := frame_sources(shot))}
    if not needs:
        return
    known = {shot.id: shot for shot in shots}
    reported: set[DocumentPath] = set()
    for shot in shots:
        for end, other in needs.get(shot.id, {}).items():
            path = ("shots", shot.index, "frames", end, "shot")
            if other in known or other in ids or path in reported:
                continue
            reported.add(path)  # the shots of one matrix share the mistake
            why = f'shot "{shot.id}" takes a frame of shot {quote_text(other)}, which is not in this manifest.'
            hint = did_you_mean(other, known) if len(reported) <= _MAX_HINTS else ""
            remedy = hint or "Write the id of a shot of this manifest."
            yield Problem(rule=rules.FRAME_SHOT, why=why, remedy=remedy, path=path, shot=shot.id)
    if ring := _find_cycle(needs):
        names = [*ring[:4], "…", *ring[-3:]] if len(ring) > 8 else ring
        why = f"{' → '.join(names)}: each starts from the one before, so none can be first."
        at_first = ("shots", known[ring[0]].index, "frames")
        remedy = "Give one of them another frame."
        yield Problem(rule=rules.FRAME_CYCLE, why=why, remedy=remedy, path=at_first, shot=ring[0])


def omitted_giver_problems(shots: Sequence[Shot], omitted: Collection[str]) -> Iterator[Problem]:
    """Each frame of a planned shot that only an omitted one has: nobody would render it."""
    for shot in shots if omitted else ():
        for end, other in frame_sources(shot).items() if shot.id not in omitted else ():
            if other in omitted:
                why = f'shot "{shot.id}" takes a frame of shot {quote_text(other)}, which is omitted.'
                remedy = (
                    f'Omit "{shot.id}" too, or take back the omission of {quote_text(other)}, or use another frame.'
                )
                path = ("shots", shot.index, "frames", end, "shot")
                yield Problem(rule=rules.FRAME_OMITTED, why=why, remedy=remedy, path=path, shot=shot.id)


def _find_cycle(sources: Mapping[str, Mapping[str, str]]) -> list[str]:
    try:
        TopologicalSorter({shot: ends.values() for shot, ends in sources.items()}).prepare()
    except CycleError as cycle:
        ring: list[str] = cycle.args[1]
        return ring
    return []
