"""Values, keys and items of a YAML file, put in, replaced and taken out where they are written.

A value that others share (an anchor) is not changed: a `SharedValueError` sends whoever wants to to the file.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hailuo_batch.load.yaml.render import render_lines, render_text, render_value
from hailuo_batch.load.yaml.spans import Span, Splices, read_spans

_REMEDY = "Change it in the manifest."


class SharedValueError(Exception):
    """What would change is written for others too, or elsewhere; its text is a sentence."""


class NodeEditor:
    """One file, with the changes that were made so far."""

    def __init__(self, text: str) -> None:
        self.splices = Splices(text)
        self.root = read_spans(text.encode(), text)
        self._opened: set[str] = set()
        self._added: list[tuple[Span, str, Mapping[str, Any]]] = []  # items of lists, written at the end
        self._aliases = {each.anchor for each in _walk(self.root) if each.kind == "alias"}

    def mark(self) -> tuple[int, int]:
        """Where `undo` goes back to."""
        return self.splices.mark(), len(self._added)

    def undo(self, mark: tuple[int, int]) -> None:
        """Forgets what came since."""
        self.splices.undo(mark[0])
        del self._added[mark[1] :]

    def write_items(self) -> None:
        """Writes the items that were added to lists, behind all that is written at the same place by then."""
        lists: dict[tuple[int, str], tuple[Span, list[Mapping[str, Any]]]] = {}
        for holder, name, item in self._added:
            lists.setdefault((id(holder), name), (holder, []))[1].append(item)
        new = {}
        for (number, name), (holder, items) in lists.items():
            written = holder.find(name)
            if written is not None and written.items:
                self._extend_list(written, items)
            else:
                new[number, name] = holder, items
        for (_, name), (holder, items) in new.items():  # a list that is there may end where they begin
            self._add_list(holder, name, items)
        self._added.clear()

    def require_own(self, span: Span, what: str) -> None:
        """Raises where a change would reach other shots too."""
        if span.kind == "alias":
            raise SharedValueError(
                f"{what} is written elsewhere, at the anchor &{span.anchor}. Change it in the manifest."
            )
        if span.kind not in {"map", "list"}:
            raise SharedValueError(f"{what} is not written as a mapping. {_REMEDY}")
        if span.anchor and span.anchor in self._aliases:
            raise SharedValueError(
                f"other shots take {what} from the anchor &{span.anchor}. Change it in the manifest."
            )

    def set_value(self, holder: Span, name: str, value: Any) -> None:
        """Writes the value of a key; None takes the key out."""
        place = holder.place(name)
        if place is None:
            if value is None:
                raise SharedValueError(f"{name} comes from elsewhere (a merge key <<). Take it away in the manifest.")
            self._add_key(holder, name, value)
        elif value is None:
            self.require_unshared(holder.items[place], name)
            self.remove_key(holder, place)
        else:
            self._replace(holder, place, value)

    def add_item(self, holder: Span, name: str, item: Mapping[str, Any]) -> None:
        """One more item of a list below a mapping, which is made where there is none; see `write_items`."""
        written = holder.find(name)
        if written is not None:
            self.require_own(written, name)
        self._added.append((holder, name, item))

    def _add_list(self, holder: Span, name: str, items: Sequence[Mapping[str, Any]]) -> None:
        if (place := holder.place(name)) is not None:  # an empty list
            self._replace(holder, place, list(items))
            return
        if holder.flow:
            self._add_to_flow(holder, f"{name}: {render_value(list(items))}")
            return
        indent = " " * self.splices.column(holder.start)
        place = self.splices.next_line(holder.end)
        lines = "".join(f"{indent}  - {render_value(item)}\n" for item in items)
        self.splices.replace(place, place, f"{indent}{name}:\n{lines}")

    def _extend_list(self, written: Span, items: Sequence[Mapping[str, Any]]) -> None:
        if written.flow:
            self._add_to_flow(written, ", ".join(map(render_value, items)))
            return
        indent = " " * self.splices.column(written.start)
        place = self.splices.next_line(written.end)
        self.splices.replace(place, place, "".join(f"{indent}- {render_value(item)}\n" for item in items))

    def insert_item(self, root: Span, name: str, item: Mapping[str, Any], place: int | None) -> None:
        """One more item of a list at the top, behind another one or before all."""
        holder = root.find(name) or Span(kind="list", start=0, end=0)
        key = root.keys[root.place(name) or 0]
        colon = self.splices.text.index(":", key.end) + 1
        if holder.flow and holder.items:
            if place is None:
                self.splices.replace(holder.items[0].start, holder.items[0].start, f"{render_value(item)}, ")
            else:
                end = holder.items[place].end
                self.splices.replace(end, end, f", {render_value(item)}")
            return
        if not holder.items:
            if name not in self._opened:  # the empty list goes
                self.splices.replace(colon, max(colon, holder.end), "")
            self._opened.add(name)
            end = max(colon, holder.end)
            self.splices.replace(end, end, f"\n  - {block_lines(item, 4)}")
            return
        dash, inner = self.splices.column(holder.start), self.splices.column(holder.items[0].start)
        gap = "\n" if self._has_gaps(holder) else ""
        lines = render_value(item) if all(each.flow for each in holder.items) else block_lines(item, inner)
        words = f"{' ' * dash}-{' ' * (inner - dash - 1)}{lines}\n"
        at = self.splices.next_line(colon) if place is None else self.splices.next_line(holder.items[place].end)
        self.splices.replace(at, at, words + gap if place is None else gap + words)

    def remove_item(self, holder: Span, place: int) -> None:
        """Takes an item out of a list, and the comment directly above it, which is about it."""
        entry = holder.items[place]
        if holder.flow:
            self._cut_item(holder, holder.items, place)
            return
        start = self.splices.line_start(self.splices.text.rindex("-", 0, entry.start + 1))
        while start and self.splices.text[self.splices.line_start(start - 1) : start].lstrip().startswith("#"):
            start = self.splices.line_start(start - 1)
        self.splices.replace(start, self.splices.next_line(entry.end), "")

    def remove_key(self, holder: Span, place: int) -> None:
        """Takes out a key by its place."""
        key, value = holder.keys[place], holder.items[place]
        if holder.flow:
            self._cut_item(holder, holder.keys, place)
            return
        start = self.splices.line_start(key.start)
        if not self.splices.text[start : key.start].strip():
            self.splices.replace(start, self.splices.next_line(max(key.end, value.end)), "")
        elif place + 1 < len(holder.keys):  # the first one, behind a dash
            self.splices.replace(key.start, holder.keys[place + 1].start, "")

    def require_unshared(self, span: Span, what: str) -> None:
        """Raises where others take a value from it, or from something in it."""
        anchors = (each.anchor for each in _walk(span) if each.kind != "alias" and each.anchor in self._aliases)
        if shared := next(anchors, ""):
            raise SharedValueError(f"other shots take {what} from the anchor &{shared}. {_REMEDY}")

    def _replace(self, holder: Span, place: int, value: Any) -> None:
        key, old = holder.keys[place], holder.items[place]
        self.require_unshared(old, key.value)
        splices = self.splices
        if old.start == old.end or (old.kind in {"map", "list"} and not old.flow):
            colon = splices.text.index(":", key.end) + 1
            indent = " " * splices.column(old.start)
            is_block_list = old.kind == "list" and isinstance(value, list)
            words = "".join(f"\n{indent}- {render_value(each, flow=False)}" for each in value) if is_block_list else ""
            splices.replace(colon, max(colon, old.end), words or f" {render_value(value, flow=holder.flow)}")
            return
        splices.replace(old.start, old.end, self._render(holder, old, value))

    def _render(self, holder: Span, old: Span, value: Any) -> str:
        if not isinstance(value, str):
            return render_value(value, flow=holder.flow)
        is_block = old.style in {"|", ">"}
        line_ends_here = is_block or not self.splices.text[old.end : self.splices.next_line(old.end)].strip()
        if not holder.flow and line_ends_here:
            lines = render_lines(value, self.splices.column(holder.start) + 2)
            if lines is not None:
                return lines
        return render_text(value, style=old.style, flow=holder.flow)

    def _add_key(self, holder: Span, name: str, value: Any) -> None:
        written = render_value(name)
        if holder.flow:
            member = f"{written}: {render_value(value)}"
            self._add_to_flow(holder, member)
            return
        indent = self.splices.column(holder.start)
        place = self.splices.next_line(holder.end)
        self.splices.replace(place, place, f"{' ' * indent}{_member(written, value, indent)}\n")

    def _add_to_flow(self, holder: Span, words: str) -> None:
        if holder.items:
            end = max(holder.items[-1].end, holder.keys[-1].end if holder.keys else 0)
            self.splices.replace(end, end, f", {words}")
        else:
            self.splices.replace(holder.end - 1, holder.end - 1, words)

    def _cut_item(self, holder: Span, starts: Sequence[Span], place: int) -> None:
        """Takes out of a flow collection what begins there, and the comma beside it."""
        end = max(starts[place].end, holder.items[place].end)
        if place:
            self.splices.replace(holder.items[place - 1].end, end, "")
        else:
            self.splices.replace(starts[0].start, starts[1].start if len(starts) > 1 else end, "")

    def _has_gaps(self, holder: Span) -> bool:
        """Whether blank lines are between the first entries."""
        if len(holder.items) < 2:
            return False
        between = self.splices.text[holder.items[0].end : holder.items[1].start]
        return any(not line.strip() for line in between.split("\n")[1:-1])


def _walk(span: Span) -> Iterable[Span]:
    todo = [span]
    while todo:
        each = todo.pop()
        yield each
        todo += each.keys
        todo += each.items


def block_lines(item: Mapping[str, Any], indent: int) -> str:
    """A mapping as lines, the first of which stands behind a dash."""
    return f"\n{' ' * indent}".join(_member(render_value(name), value, indent) for name, value in item.items())


def _member(name: str, value: Any, indent: int) -> str:
    if isinstance(value, str):
        return f"{name}: {render_lines(value, indent + 2) or render_text(value)}"
    if name == "meta" and isinstance(value, Mapping):
        lines = (f"\n{' ' * (indent + 2)}{_member(render_value(key), each, indent + 2)}" for key, each in value.items())
        return f"{name}:{''.join(lines)}"
    return f"{name}: {render_value(value)}"
