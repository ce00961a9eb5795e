"""`${name}` in what the user writes: filled in from variables and the matrix, `$$` for a dollar sign.

A name that cannot be filled in raises `UnfilledError`, which the room's callers turn into a `Problem` with its place.
"""

import re
from collections.abc import Mapping

from hailuo_batch.core.manifest import Scalar
from hailuo_batch.core.problem import Path, Problem, did_you_mean

LONGEST_TEXT = 20_000  # characters, after names are filled in: a stop for names that multiply

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

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        if match[1] is None:
            raise UnfilledError(
                "name-syntax", "name not closed", f'"${{" without "}}" in {clip(text)!r}.', "Write $$ for $."
            )
        try:
            return names[match[1]]
        except KeyError:
            why = f'"${{{match[1]}}}" is neither under vars nor in the matrix. {did_you_mean(match[1], names)}'.strip()
            raise UnfilledError("name-unknown", "unknown name", why, "Add it under vars, or write $$ for $.") from None

    filled = _NAME.sub(value, text)
    if len(filled) > LONGEST_TEXT:
        why = f"With its names filled in, {clip(text)!r} is longer than {LONGEST_TEXT:,} characters."
        raise UnfilledError("text-long", "text too long", why)
    return filled


def variables(raw: Mapping[str, Scalar]) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """Values as text; a variable may use others, in any order, and not itself."""
    done: dict[str, str] = {}
    problems = []

    def resolve(name: str, under_way: tuple[str, ...]) -> str:
        if name in under_way:
            way = " → ".join((*under_way[under_way.index(name) :], name))
            raise UnfilledError("name-cycle", "variable uses itself", f"{way}.")
        if name not in done:
            written = text(raw[name])
            used = dict.fromkeys(match for match in _NAME.findall(written) if match in raw)
            done[name] = fill(written, {use: resolve(use, (*under_way, name)) for use in used})
        return done[name]

    for name in raw:
        try:
            resolve(name, ())
        except UnfilledError as wrong:
            problems.append(wrong.at(("vars", name)))
            done[name] = ""  # named once is enough: its users are not blamed too
    return done, tuple(problems)


def text(value: Scalar) -> str:
    """A variable's value as it stands in a prompt: `true`, `6`, `0.5`.

    >>> text(True), text(6), text("a cap")
    ('true', '6', 'a cap')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)


def clip(words: str) -> str:
    """Words short enough for a message."""
    return words if len(words) <= 60 else words[:57] + "…"
