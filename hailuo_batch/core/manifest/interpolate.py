"""`${name}` in what the user writes: filled in from variables and the matrix, `$$` for a dollar sign.

A name that cannot be filled in raises `InterpolationError`, which the room's callers turn into a `Problem` with its
place.
"""

import re
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import Scalar
from hailuo_batch.core.problem import DocumentPath, Problem, Rule, did_you_mean

MAX_TEXT_LENGTH = 20_000  # characters, after names are filled in: a stop for names that multiply
MAX_VARIABLES_LENGTH = 20_000_000  # of all variables together

_INVISIBLE = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u00ad\U000e0000-\U000e007f]")
_NAME = re.compile(r"\$\$|\$\{([^{}]*)\}|\$\{")


class InterpolationError(Exception):
    """A text that cannot be used as written; becomes a problem at its place, and never leaves `core`."""

    def __init__(self, rule: Rule, why: str, remedy: str = "", *, word: str = "", known: Iterable[str] = ()) -> None:
        super().__init__(rule.summary)
        self.rule, self.why, self.remedy = rule, why, remedy
        self._word, self._known = word, known

    def to_problem(self, path: DocumentPath, suggest: Callable[[str, Iterable[str]], str] = did_you_mean) -> Problem:
        """The same, as a problem at a place of the document; `suggest` finds the known word that is nearest."""
        near = suggest(self._word, self._known) if self._word else ""
        return Problem(rule=self.rule, why=self.why, remedy=near or self.remedy, path=path)


def fill_placeholders(text: str, values: Mapping[str, str]) -> str:
    """The text with each `${name}` replaced and `$$` made a dollar sign; any other `$` stays."""
    if "$" not in text:
        return text

    added = 0

    def value(match: re.Match[str]) -> str:
        nonlocal added
        found = _placeholder_value(match, text, values)
        added += len(found)
        if added > MAX_TEXT_LENGTH:  # checked while it grows: a text may name a long variable a million times
            raise _text_too_long(text)
        return found

    filled = _NAME.sub(value, text)
    if len(filled) > MAX_TEXT_LENGTH:
        raise _text_too_long(text)
    return filled


def _placeholder_value(match: re.Match[str], text: str, values: Mapping[str, str]) -> str:
    if match[0] == "$$":
        return "$"
    if match[1] is None:
        why = f'{quote_text(text)} has "${{" without "}}".'
        raise InterpolationError(rules.NAME_SYNTAX, why, "Close it, or write $$ for a dollar sign.")
    try:
        return values[match[1]]
    except KeyError:
        why = f"{quote_text(match[0])} is neither under vars nor in the matrix."
        remedy = "Add it under vars, or write $$ for a dollar sign."
        raise InterpolationError(rules.NAME_UNKNOWN, why, remedy, word=match[1], known=values) from None


def _text_too_long(text: str) -> InterpolationError:
    why = f"with its names filled in, {quote_text(text)} is longer than {MAX_TEXT_LENGTH:,} characters."
    return InterpolationError(rules.TEXT_LONG, why, "Use fewer names in it, or shorter ones.")


def resolve_variables(raw: Mapping[str, Scalar]) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """Values as text; a variable may use others, in any order, and not itself."""
    written = {name: scalar_text(value) for name, value in raw.items()}
    uses = {name: _find_variables(words, raw) for name, words in written.items()}
    order, rings = _sort_by_use(uses)
    problems = [_cycle_problem(ring) for ring in rings]
    broken = {name for ring in rings for name in ring}
    done: dict[str, str] = {}
    names = ChainMap(done, written)  # what is used is done by then; the rest is there for hints
    left = MAX_VARIABLES_LENGTH
    for name in order:
        if name in broken or not broken.isdisjoint(uses[name]):
            broken.add(name)  # one report is enough: its users are not blamed too
            continue
        try:
            done[name] = fill_placeholders(written[name], names)
        except InterpolationError as wrong:
            problems.append(wrong.to_problem(("vars", name)))
            broken.add(name)
            continue
        left -= len(done[name])
        if left < 0:
            problems.append(_variables_too_long(name))
            broken.update(name for name in order if name not in done)
            break
    return {name: name if name in broken else done[name] for name in raw}, tuple(problems)


def _variables_too_long(name: str) -> Problem:
    why = f"the variables have more than {MAX_VARIABLES_LENGTH:,} characters together, once filled in."
    remedy = "Use fewer names in them, or shorter ones."
    return Problem(rule=rules.TEXT_LONG, why=why, remedy=remedy, path=("vars", name))


def _find_variables(text: str, raw: Mapping[str, Scalar]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in _NAME.findall(text) if name in raw)) if "$" in text else ()


def _sort_by_use(uses: Mapping[str, tuple[str, ...]]) -> tuple[list[str], list[list[str]]]:
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


def _cycle_problem(cycle: list[str]) -> Problem:
    names = [*cycle[:8], "…"] if len(cycle) > 8 else cycle
    way = " → ".join((*names, cycle[0]))
    why = f"{way}: a variable cannot be filled in from itself."
    return Problem(
        rule=rules.NAME_CYCLE, why=why, remedy="Take one of these names out of its value.",
        path=("vars", cycle[0]),
    )  # fmt: skip


def scalar_text(value: Scalar) -> str:
    """A variable's value as it stands in a prompt: `true`, `6`, `0.5`.

    >>> scalar_text(True), scalar_text(6), scalar_text("a cap")
    ('true', '6', 'a cap')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)


def quote_text(text: str) -> str:
    """Words in quotes, on one line and short enough for a message.

    >>> quote_text("a cap"), quote_text("x" * 90)[-6:]
    ('"a cap"', 'xxxx…"')
    """
    line = _INVISIBLE.sub(lambda found: found[0].encode("unicode_escape").decode(), " ".join(text.split()))
    return f'"{line}"' if len(line) <= 60 else f'"{line[:57]}…"'
