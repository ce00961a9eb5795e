"""What aliases add to a file, so that one of a thousand bytes cannot become a tree of a thousand million values.

Does not decide what is too much, or where: the builder of the tree does.
"""

from itertools import islice
from typing import Any


class AliasCounter:
    """How many nodes the aliases of one file add; long texts count as several nodes.

    A node is walked once, and never further than what may still be added, so all walks together are short.
    """

    __slots__ = ("_count", "_measured", "allowed")

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        self._count = 0
        self._measured: dict[int, tuple[object, int, int]] = {}  # by id; the object is held so that none takes its id

    @property
    def is_exceeded(self) -> bool:
        """Whether more was added than is allowed."""
        return self._count > self.allowed

    def add(self, target: Any) -> int:
        """Counts one more use of a value; says how many lists and mappings it goes deep."""
        size, height = self._measure(target)
        self._count += size
        return height

    def _measure(self, target: Any) -> tuple[int, int]:
        if target.__class__ is not dict and target.__class__ is not list:
            return _node_weight(target), 0
        if id(target) not in self._measured:
            size, height = self._walk(target, self.allowed - self._count)
            self._measured[id(target)] = (target, size, height)
        _, size, height = self._measured[id(target)]
        return size, height

    def _walk(self, target: Any, limit: int) -> tuple[int, int]:
        size = height = 0
        waiting = [(target, 0)]
        while waiting and size <= limit:
            value, depth = waiting.pop()
            height = max(height, depth)
            known = self._measured.get(id(value))
            if known is not None:
                size, height = size + known[1], max(height, depth + known[2])
                continue
            size += _node_weight(value)
            if value.__class__ is dict or value.__class__ is list:
                inner = value.values() if value.__class__ is dict else value
                waiting.extend((child, depth + 1) for child in islice(inner, limit + 1))
        return size, height


def _node_weight(value: object) -> int:
    return 1 + len(value) // 256 if isinstance(value, str) else 1
