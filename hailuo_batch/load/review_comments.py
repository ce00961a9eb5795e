"""Decisions written into a review that has comments of its own: every line that a person wrote stays where it was.

ruamel.yaml keeps the lines between two entries with the upper one, but people write them about the lower one. So they
are lifted off before anything is added, and put back above what they were written about.
"""

from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from typing import Any

from hailuo_batch.load.sidecar import quote_yaml

Entry = Mapping[str, str | int]  # one decision, member by member
Entries = Mapping[str, Mapping[str, Entry | tuple[Entry, ...]]]  # by shot and by key; of a list, all its entries

BLOCK_KEYS = frozenset({"retakes", "accepted"})  # an entry of these has a line for each member; others have one line
_SINGLE_KEYS = ("selected", "omitted")
_IDENTITY = {  # the members that make an entry of a list the same entry
    "retakes": ("take",),
    "accepted": ("request",),
    "judged": ("take",),
    "notes": ("take", "by", "at", "text"),
}
_PLAIN_MEMBERS = frozenset({"request", "clip", "made_for"})  # never quoted
_AFTER = 2  # where ruamel.yaml has the comment behind a value, among those of its key
Spot = tuple[Any, Any]  # a mapping or list, and a key or index of it


def edit_text(text: str, entries: Entries) -> str | None:
    """The text with these decisions and no others; None where it cannot be edited so."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 30
    yaml.indent(mapping=2, sequence=4, offset=2)
    target = StringIO()
    try:
        tree = yaml.load(text)
        spots = list(_spots(tree))
        identities = [_identity(spot) for spot in spots]
        lines = [(_lift_lines(spot), place + 1) for place, spot in enumerate(spots) if _is_leaf(spot)]
        _edit_shots(tree, entries)
        for words, place in lines:
            if words:
                _put_lines(tree, words, identities[place:])
        yaml.dump(tree, target)
    except (YAMLError, TypeError, ValueError, AttributeError, LookupError):
        return None
    return target.getvalue()


def _edit_shots(tree: Any, entries: Entries) -> None:
    from ruamel.yaml.comments import CommentedMap

    if not tree.get("shots"):
        tree["shots"] = CommentedMap()
    shots = tree["shots"]
    for shot in [shot for shot in shots if shot not in entries and shots[shot]]:  # an empty one is somebody's own
        del shots[shot]
    for shot, lists in entries.items():
        if shot not in shots:  # in the order of ids, and not first: what is written above the first is about that one
            shots.insert(max(bisect(list(shots), shot), min(1, len(shots))), shot, CommentedMap())
        for key in _SINGLE_KEYS:
            _edit_entry(shots[shot], key, lists.get(key))
        for key in _IDENTITY:
            _edit_list(shots[shot], key, lists.get(key, ()))


def _edit_entry(shot: Any, key: str, wanted: Any) -> None:
    if wanted is None:
        shot.pop(key, None)
        return
    if key not in shot:
        shot[key] = _new_entry(key)
    _update(shot[key], wanted)


def _edit_list(shot: Any, key: str, wanted: Any) -> None:
    from ruamel.yaml.comments import CommentedSeq

    def identity(entry: Entry) -> tuple[str, ...]:
        return tuple(str(entry.get(member, "")) for member in _IDENTITY[key])

    left = {identity(entry): entry for entry in wanted}
    if not left:
        shot.pop(key, None)
        return
    entries = shot.setdefault(key, CommentedSeq())
    for index in reversed(range(len(entries))):
        entry = left.pop(identity(entries[index]), None)
        if entry is None:
            del entries[index]
        else:
            _update(entries[index], entry)
    for entry in left.values():
        entries.append(_new_entry(key))
        _update(entries[-1], entry)


def _new_entry(key: str) -> Any:
    from ruamel.yaml.comments import CommentedMap

    entry = CommentedMap()
    if key not in BLOCK_KEYS:
        entry.fa.set_flow_style()
    return entry


def _update(written: Any, entry: Entry) -> None:
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    for member in [member for member in written if member not in entry]:
        del written[member]
    for member, value in entry.items():
        if member not in written or str(written[member]) != str(value):
            plain = isinstance(value, int) or quote_yaml(value) == value or member in _PLAIN_MEMBERS
            written[member] = value if plain else DoubleQuotedScalarString(str(value))


def _spots(node: Any) -> Iterator[Spot]:
    """Every key and every item, in the order of the file."""
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        yield node, key
        if not _is_leaf((node, key)):
            yield from _spots(node[key])


def _is_leaf(spot: Spot) -> bool:
    value = spot[0][spot[1]]
    return not value or not hasattr(value, "fa") or value.fa.flow_style() is True


def _identity(spot: Spot) -> tuple[int, str]:
    holder, key = spot
    return (id(holder), key) if isinstance(holder, dict) else (id(holder[key]), "")


def _lift_lines(spot: Spot) -> str:
    """Takes off the lines below a value; what stands behind it in its own line stays."""
    holder, key = spot
    comment = holder.ca.items.get(key, [])
    place = _AFTER if isinstance(holder, dict) else 0
    if len(comment) <= place or comment[place] is None:
        return "" if isinstance(holder, dict) or key != len(holder) - 1 else _lift_end(holder)
    own, _, lines = comment[place].value.partition("\n")
    if own.strip():
        comment[place].value = f"{own}\n"
    else:
        comment[place] = None
    return str(lines)


def _lift_end(entries: Any) -> str:
    """Takes off the lines below a list whose last entry is on one line: ruamel.yaml keeps them with the list."""
    tokens, entries.ca.end = entries.ca.end or (), []
    return "".join(f"{' ' * token.column if token.value.strip() else ''}{token.value}" for token in tokens)


def _put_lines(tree: Any, lines: str, followers: Iterable[tuple[int, str]]) -> None:
    """Puts lines above the first of these that is still there, else at the end."""
    from ruamel.yaml.error import CommentMark
    from ruamel.yaml.tokens import CommentToken

    spots = list(_spots(tree))
    places = {_identity(spot): place for place, spot in enumerate(spots)}
    end = next((places[each] for each in followers if each in places), len(spots))
    leaves = [spot for spot in spots[:end] if _is_leaf(spot) and spot[0][spot[1]] != {}]  # nothing is shown behind {}
    holder, key = leaves[-1]
    place = _AFTER if isinstance(holder, dict) else 0
    comment = holder.ca.items.setdefault(key, [None] * 4 if place else [None] * 2)
    if comment[place] is None:
        comment[place] = CommentToken("\n", CommentMark(0), None)
    comment[place].value += lines
