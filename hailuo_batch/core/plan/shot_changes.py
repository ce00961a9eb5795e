"""Two states of a shot list → what changed from one to the other, and what it would cost. No ledger is needed.

A shot that starts from another has a frame of a clip that nobody has bought yet. Here that frame is known by the
request behind the clip: so a request that changes, changes all that start from it, and nothing else does.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from hailuo_batch.core.manifest.document import FileFrame, Frame, ShotFrame, UrlFrame
from hailuo_batch.core.manifest.frame_links import frame_sources
from hailuo_batch.core.manifest.shot import Shot, ShotNeeds
from hailuo_batch.core.models import Model
from hailuo_batch.core.money import Money, sum_by_currency
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.core.redaction import redact_text
from hailuo_batch.core.request.fingerprint import fingerprint
from hailuo_batch.core.request.request import ImageRef, make_request
from hailuo_batch.values import dataclass


class Change(StrEnum):
    """What became of a shot."""

    ADDED = "added"
    CHANGED = "changed"  # its request, or the number of its takes
    FOLLOWS = "follows"  # only the shot that it starts from changed
    RENAMED = "renamed"  # the same request under another id: its clip stays
    EDITED = "edited"  # what is in no request: its clip stays
    REMOVED = "removed"


class _Value(NamedTuple):
    """A field as it is compared, and as people read it."""

    key: object
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedShot:
    """A shot of one of the two lists that are compared; `marks` are the fingerprints of its takes, each clip once."""

    shot: Shot
    request: Mapping[str, _Value]
    others: Mapping[str, _Value]
    marks: tuple[str, ...]
    route: Route


ComparedShots = Mapping[str, ComparedShot]  # by id, in the order of the film


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field; an empty text is "not there"."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipSum:
    """So many clips, what their price list says, and how many have no known price."""

    clips: int = 0
    cost: tuple[Money, ...] = ()
    unpriced: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotChange:
    """One shot that is not as it was. `chain` are the shots that it starts from and that change; `new` is to buy."""

    change: Change
    shot: str
    was: str = ""  # its id before, where that is another
    fields: tuple[FieldChange, ...] = ()
    chain: tuple[str, ...] = ()
    new: ClipSum = ClipSum()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChanges:
    """All changes of a shot list; `before` and `after` sum all its clips, `new` those that only `after` has."""

    changes: tuple[ShotChange, ...]
    before: ClipSum
    after: ClipSum
    new: ClipSum

    def count(self, *kinds: Change) -> int:
        """How many shots changed in one of these ways."""
        return sum(each.change in kinds for each in self.changes)


def describe_shots(
    shots: Sequence[Shot], *, model: Model, images: Mapping[Frame, ImageRef], routes: Mapping[ShotNeeds, Route]
) -> ComparedShots:
    """The shots with their fingerprints; `images` are the frames that are files or addresses."""
    made: dict[str, ComparedShot] = {}
    for shot in _sort_by_dependency(shots):
        first, last = (_frame_ref(end, images, made) for end in (shot.frames.first, shot.frames.last))
        request = make_request(shot, 1, model=model, first=first, last=last)
        made[shot.id] = ComparedShot(
            shot=shot,
            request={
                **{name: _Value(value, _value_text(name, value)) for name, value in request.members.items()},
                "first": _frame_value(shot.frames.first, first),
                "last": _frame_value(shot.frames.last, last),
                "take": _Value(1, "1"),
                "takes": _Value(shot.takes, str(shot.takes)),
            },
            others=dict(_list_others(shot, routes[shot.needs])),
            marks=tuple(fingerprint(replace(request, take=take)) for take in range(1, shot.takes + 1)),
            route=routes[shot.needs],
        )
    return {shot.id: made[shot.id] for shot in shots}


def compare_shots(before: ComparedShots, after: ComparedShots, known: Collection[str] = ()) -> ListChanges:
    """What changed. `known` are fingerprints that other lists had before: what moved here is bought already."""
    had = {*known, *(mark for state in before.values() for mark in state.marks)}
    names = _find_renames(before, after)
    counted: set[str] = set()
    changes = []
    for shot_id, state in after.items():
        past = before.get(names.get(shot_id, shot_id))
        if past is not None and _is_same(past, state) and shot_id not in names:
            continue
        new = [mark for mark in dict.fromkeys(state.marks) if mark not in had and mark not in counted]
        counted.update(new)
        changes.append(_describe_change(shot_id, names, state, before, after, _sum_marks(new, state)))
    gone = [shot_id for shot_id in before if shot_id not in after and shot_id not in names.values()]
    changes += [ShotChange(change=Change.REMOVED, shot=shot_id) for shot_id in gone]
    return ListChanges(
        changes=tuple(changes),
        before=_sum_states(before.values()),
        after=_sum_states(after.values()),
        new=_add_sums(each.new for each in changes),
    )


def _describe_change(
    shot_id: str,
    names: Mapping[str, str],
    state: ComparedShot,
    before: ComparedShots,
    after: ComparedShots,
    new: ClipSum,
) -> ShotChange:
    was = names.get(shot_id, "")
    past = before.get(was or shot_id)
    if past is None:
        return ShotChange(change=Change.ADDED, shot=shot_id, new=new)
    fields = tuple(_compare_fields(past, state))
    chain = tuple(dict.fromkeys(_find_changed_givers(state, before, after, names)))
    own = [each.name for each in fields if each.name in state.request or each.name in past.request]
    if was:
        change = Change.RENAMED
    elif past.marks == state.marks:
        change = Change.EDITED
    else:
        change = Change.CHANGED if own else Change.FOLLOWS
    return ShotChange(change=change, shot=shot_id, was=was, fields=fields, chain=chain, new=new)


def _is_same(past: ComparedShot, state: ComparedShot) -> bool:
    return past.marks == state.marks and not any(_compare_fields(past, state))


def _compare_fields(past: ComparedShot, state: ComparedShot) -> Iterator[FieldChange]:
    nothing = _Value(None, "")
    for old, new in ((past.request, state.request), (past.others, state.others)):
        for name in dict.fromkeys((*old, *new)):
            one, other = old.get(name, nothing), new.get(name, nothing)
            if one.key != other.key:
                yield FieldChange(name=name, before=one.text, after=other.text)


def _find_changed_givers(
    state: ComparedShot, before: ComparedShots, after: ComparedShots, names: Mapping[str, str]
) -> Iterator[str]:
    """The shots that it starts from, and that are not what they were."""
    for giver in frame_sources(state.shot).values():
        past = before.get(names.get(giver, giver))
        if past is not None and giver in after and past.marks[:1] != after[giver].marks[:1]:
            yield giver


def _find_renames(before: ComparedShots, after: ComparedShots) -> dict[str, str]:
    """New id → old id of shots whose request has another id now; of several with one request, in their order."""
    gone: dict[str, list[str]] = {}
    for shot_id, state in before.items():
        if shot_id not in after:
            gone.setdefault(state.marks[0], []).append(shot_id)
    renames = {}
    for shot_id, state in after.items():
        if shot_id not in before and (olds := gone.get(state.marks[0])):
            renames[shot_id] = olds.pop(0)
    return renames


def _sum_states(states: Iterable[ComparedShot]) -> ClipSum:
    counted: set[str] = set()
    sums = []
    for state in states:
        marks = [mark for mark in dict.fromkeys(state.marks) if mark not in counted]
        counted.update(marks)
        sums.append(_sum_marks(marks, state))
    return _add_sums(sums)


def _sum_marks(marks: Sequence[str], state: ComparedShot) -> ClipSum:
    price, free = state.route.estimate, state.route.free
    cost = sum_by_currency([price] * len(marks)) if price is not None and not free else ()
    return ClipSum(clips=len(marks), cost=cost, unpriced=len(marks) if price is None and not free else 0)


def _add_sums(sums: Iterable[ClipSum]) -> ClipSum:
    every = tuple(sums)
    return ClipSum(
        clips=sum(each.clips for each in every),
        cost=sum_by_currency(money for each in every for money in each.cost),
        unpriced=sum(each.unpriced for each in every),
    )


def _sort_by_dependency(shots: Sequence[Shot]) -> Sequence[Shot]:
    """Givers first; in a ring, which is a problem of its own, as they are written."""
    known = {shot.id: shot for shot in shots}
    sorter = TopologicalSorter({shot.id: frame_sources(shot).values() for shot in shots})
    try:
        return [known[shot_id] for shot_id in sorter.static_order() if shot_id in known]
    except CycleError:
        return shots


def _frame_ref(end: Frame | None, images: Mapping[Frame, ImageRef], made: ComparedShots) -> ImageRef | None:
    if isinstance(end, ShotFrame):
        giver = made.get(end.shot)
        return ImageRef(digest=f"clip of {giver.marks[0] if giver else end.shot}", frame=end.frame)
    return None if end is None else images.get(end)


def _frame_value(end: Frame | None, image: ImageRef | None) -> _Value:
    """A frame of another shot is compared by that shot's id: its request is a change of that shot."""
    if isinstance(end, ShotFrame):
        return _Value(end, f"{end.frame} frame of {end.shot}")
    if end is None:
        return _Value(None, "")
    digest = "" if image is None else image.digest
    return _Value(digest, f"{_frame_name(end)} ({_short(digest)})" if digest else _frame_name(end))


def _frame_name(end: FileFrame | UrlFrame) -> str:
    if isinstance(end, UrlFrame):
        return redact_text(end.url)
    return f"{end.folder}/{end.path}" if end.folder else end.path


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:8] if digest.startswith("sha256:") else digest


def _list_others(shot: Shot, route: Route) -> Iterator[tuple[str, _Value]]:
    """What is in no request, where it is written."""
    yield from _list_frame_paths(shot)
    yield "provider", _Value(route.provider, route.provider)
    yield "price", _Value(route.estimate, "" if route.estimate is None else str(route.estimate))
    texts = {
        "cut": "" if shot.cut is None else f"{shot.cut.start}-{shot.cut.end} s",
        "sequence": shot.sequence,
        "tags": ", ".join(shot.tags),
        "notes": shot.notes,
        **{name: str(value) for name, value in shot.meta},
    }
    yield from ((name, _Value(text, text)) for name, text in texts.items() if text)


def _list_frame_paths(shot: Shot) -> Iterator[tuple[str, _Value]]:
    for name, end in (("first", shot.frames.first), ("last", shot.frames.last)):
        if isinstance(end, FileFrame | UrlFrame):
            yield f"{name} path", _Value(_frame_name(end), _frame_name(end))


def _value_text(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value} s" if name == "duration" and isinstance(value, int) else str(value)
