"""Places in a JSON tree, written as dotted paths: `input.0.params.duration`, `output.*.content.*:video.url`.

A number is a member of a list, `*` is every member, and `*:video` every member with those first whose `type` is that
word. Reading is lenient where gateways are: where a list is expected, a value that is none stands for its only
member. Nothing here raises for what a gateway sent.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def find_values(tree: object, path: str) -> tuple[object, ...]:
    """Every value at a place, in order; what is missing or null is left out.

    >>> find_values({"videos": [{"url": "a"}, {"url": None}, {"url": "b"}]}, "videos.*.url")
    ('a', 'b')
    >>> find_values({"data": {"task_id": "t1"}}, "data.0.task_id")
    ('t1',)
    """
    found: tuple[object, ...] = (tree,)
    for part in _split_path(path):
        only = found[0] if len(found) == 1 else None
        if isinstance(only, dict) and part[:1] != "*":  # nearly always, and in a tenth of the time
            found = (only[part],) if part in only else tuple(_child_values(only, part))
        else:
            found = tuple(below for value in found for below in _child_values(value, part))
        if not found:
            return ()
    return found if None not in found else tuple(value for value in found if value is not None)


def find_first(tree: object, paths: tuple[str, ...]) -> object:
    """The first value that stands at one of several places, or None."""
    for place in paths:
        if found := find_values(tree, place):
            return found[0]
    return None


def set_value(tree: dict[str, Any], path: str, value: object) -> None:
    """Writes a value into a tree that is being built; members of a list are written in their order.

    >>> body = {}
    >>> set_value(body, "input.0.params.prompt", "fog"); set_value(body, "input.0.params.duration", 6); body
    {'input': [{'params': {'prompt': 'fog', 'duration': 6}}]}
    """
    spot: Any = tree
    parts: list[str | int] = [int(part) if part.isdecimal() else part for part in path.split(".")]
    for part, after in pairwise(parts):
        fresh: object = [] if isinstance(after, int) else {}
        spot = _ensure_member(spot, part, fresh)
    _ensure_member(spot, parts[-1], value)


def encode_segment(text: str) -> str:
    """A text as one segment of a URL's path, percent-encoded.

    >>> encode_segment("a/b?c")
    'a%2Fb%3Fc'
    >>> encode_segment("..")
    '%2E%2E'
    """
    plain = _UNRESERVED if text.strip(".") else frozenset()  # dots alone would be a step in the path
    if plain.issuperset(text):
        return text
    return "".join(
        letter if letter in plain else "".join(f"%{byte:02X}" for byte in letter.encode()) for letter in text
    )


@lru_cache(maxsize=1024)
def _split_path(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def _child_values(value: object, part: str) -> Iterator[object]:
    if part.startswith("*"):
        members = value if isinstance(value, list) else [value]
        yield from sorted(members, key=lambda member: _member_type(member) != part[2:]) if part[1:] else members
    elif part.isdecimal() and not (isinstance(value, dict) and part in value):
        members = value if isinstance(value, list) else [value]
        yield from members[int(part) : int(part) + 1]
    elif isinstance(value, dict) and part in value:
        yield value[part]


def _member_type(member: object) -> object:
    return member.get("type") if isinstance(member, dict) else None


def _ensure_member(spot: Any, part: str | int, fresh: object) -> Any:
    """The member of a mapping or a list, which is set to `fresh` when it is not there yet."""
    if isinstance(part, str):
        return spot.setdefault(part, fresh)
    if part >= len(spot):
        spot.append(fresh)
    return spot[min(part, len(spot) - 1)]
