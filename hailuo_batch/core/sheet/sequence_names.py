"""Which sequence a cell means: by id, by title, or a new one."""

import re
from collections.abc import Iterable

from hailuo_batch.core.manifest.document import Sequence

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


class SequenceNames:
    """The sequences of a manifest, and those that a table adds: a text that is no id becomes the title of `sq010`."""

    def __init__(self, sequences: Iterable[Sequence]) -> None:
        known = tuple(sequences)
        self._ids = {each.id for each in known}
        self._by_title = {each.title: each.id for each in known if each.title}
        self.added: dict[str, str] = {}  # ids and titles

    def find(self, text: str) -> str:
        """The id for a cell; nothing for an empty one."""
        name = text.strip()
        if not name or name in self._ids or name in self.added:
            return name
        if name in self._by_title:
            return self._by_title[name]
        new = name if _ID.match(name) else self._next_id()
        self.added[new] = "" if new == name else name
        self._by_title[name] = new
        return new

    def _next_id(self) -> str:
        numbers = range(10, 10 * (len(self._ids) + len(self.added)) + 20, 10)
        return next(name for number in numbers if (name := f"sq{number:03}") not in {*self._ids, *self.added})
