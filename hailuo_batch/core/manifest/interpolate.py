"""`${name}` in what the user writes: filled in from variables and the matrix, `$$` for a dollar sign.

A name that cannot be filled in raises `UnfilledError`, which the room's callers turn into a `Problem` with its place.
"""

import re
from collections import ChainMap
from collections.abc import Mapping

from hailuo_batch.core.manifest.document import Scalar
from hailuo_batch.core.problem import Path, Problem, did_you_mean

LONGEST_TEXT = 20_000  # characters, after names are filled in: a stop for names that multiply
LONGEST_VARIABLES = 20_000_000  # of all variables together

_NAME = re.compile(r"\$\$|\$\{([^{}]*)\}|\$\{")


class UnfilledError(Exception):
    """A text that cannot be used as written; becomes a problem at its place, and never leaves `core`."""

    def __init__(self, code: str, summary: str, why: str, remedy: str = "") -> None:
        super().__init__(summary)
        self.code, self.summary, self.why, self.remedy = code, summary, why, remedy

    def at(self, path: Path) -> Problem:
        """The same, as a problem at a place of the document."""
        return Problem(code=self.code, summary=self.summary, why=self.why, remedy=self.remedy, path=path)


def fill(text: str, names: Mapping[str, str]) -> str:
    """The text with each `${name}` replaced and `$$` made a dollar sign; any other `$` stays."""
    if "$" not in text:
        return text

    added = 0

    def value(match: re.Match[str]) -> str:
        nonlocal added
        found = _value(match, text, names)
        added += len(found)
        if added > LONGEST_TEXT:  # looked at while it grows: a text may name a long variable a million times
            raise _too_long(text)
        return found

    filled = _NAME.sub(value, text)
    if len(filled) > LONGEST_TEXT:
        raise _too_long(text)
    return filled


def _value(match: re.Match[str], text: str, names: Mapping[str, str]) -> str:
    if match[0] == "$$":
        return "$"
    if match[1] is None:
        why = f'{quoted(text)} has "${{" without "}}".'
        raise UnfilledError("name-syntax", "name not closed", why, "Close it, or write $$ for a dollar sign.")
    try:
        return names[match[1]]
    except KeyError:
        why = f"{quoted(match[0])} is neither under vars nor in the matrix."
        hint = did_you_mean(match[1], names) or "Add it under vars, or write $$ for a dollar sign."
        raise UnfilledError("name-unknown", "unknown name", why, hint) from None


def _too_long(text: str) -> UnfilledError:
    why = f"with its names filled in, {quoted(text)} is longer than {LONGEST_TEXT:,} characters."
    return UnfilledError("text-long", "text too long", why, "Use fewer names in it, or shorter ones.")


def variables(raw: Mapping[str, Scalar]) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """Values as text; a variable may use others, in any order, and not itself."""
    written = {name: text(value) for name, value in raw.items()}
    uses = {name: _used(words, raw) for name, words in written.items()}
    order, rings = _used_first(uses)
    problems = [_problem_of(ring) for ring in rings]
    broken = {name for ring in rings for name in ring}
    done: dict[str, str] = {}
    names = ChainMap(done, written)  # what is used is done by then; the rest is there for hints
    left = LONGEST_VARIABLES
    for name in order:
        if name in broken or not broken.isdisjoint(uses[name]):
            broken.add(name)  # told once is enough: its users are not blamed too
            continue
        try:
            done[name] = fill(written[name], names)
        except UnfilledError as wrong:
            problems.append(wrong.at(("vars", name)))
            broken.add(name)
            continue
        left -= len(done[name])
        if left < 0:
            problems.append(_too_many(name))
            broken.update(name for name in order if name not in done)
            break
    return {name: name if name in broken else done[name] for name in raw}, tuple(problems)


def _too_many(name: str) -> Problem:
    why = f"the variables have more than {LONGEST_VARIABLES:,} characters together, once filled in."
    remedy = "Use fewer names in them, or shorter ones."
    return Problem(code="text-long", summary="text too long", why=why, remedy=remedy, path=("vars", name))


def _used(words: str, raw: Mapping[str, Scalar]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in _NAME.findall(words) if name in raw)) if "$" in words else ()


def _used_first(uses: Mapping[str, tuple[str, ...]]) -> tuple[list[str], list[list[str]]]:
    """The names, each after those it uses, and the rings. Without recursion, since chains may be long."""
    order: dict[str, None] = {}
    rings: list[list[str]] = []
    caught: set[str] = set()
    for start in uses:
        way = {start: iter(uses[start])} if start not in order else {}
        while way:
            name = next(reversed(way))
            used = next(way[name], None)
            if used is None:
                del way[name]
                order[name] = None
            elif used in way:
                ring = list(way)[list(way).index(used) :]
                if caught.isdisjoint(ring):
                    rings.append(ring)
                    caught.update(ring)
            elif used not in order:
                way[used] = iter(uses[used])
    return list(order), rings


def _problem_of(ring: list[str]) -> Problem:
    names = [*ring[:8], "…"] if len(ring) > 8 else ring
    way = " → ".join((*names, ring[0]))
    why = f"{way}: a variable cannot be filled in from itself."
    return Problem(
        code="name-cycle", summary="variable uses itself", why=why, remedy="Take one of these names out of its value.",
        path=("vars", ring[0]),
    )  # fmt: skip


def text(value: Scalar) -> str:
    """A variable's value as it stands in a prompt: `true`, `6`, `0.5`.

    >>> text(True), text(6), text("a cap")
    ('true', '6', 'a cap')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)


def quoted(words: str) -> str:
    """Words in quotes, on one line and short enough for a message.

    >>> quoted("a cap"), quoted("x" * 90)[-6:]
    ('"a cap"', 'xxxx…"')
    """
    line = " ".join(words.split())
    return f'"{line}"' if len(line) <= 60 else f'"{line[:57]}…"'
