"""One thing wrong in what the user wrote, as a value.

A problem knows its path in the document (`("shots", 3, "duration")`), not its line. `load/document.py` finds the line
when there is a problem to show. Does no I/O.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import field, replace
from difflib import get_close_matches
from enum import StrEnum
from heapq import nlargest
from operator import add

from hailuo_batch.values import dataclass

DocumentPath = tuple[str | int, ...]

# Names of keys that must not be in a file; the value behind such a name is never shown.
SECRET_NAME = re.compile(r"api[_-]?key|token|secret|password|passwd|authorization|bearer", re.IGNORECASE)


class Severity(StrEnum):
    """How much a problem stops."""

    ERROR = "error"  # nothing is planned or sent
    WARNING = "warning"  # shown, and the way goes on


class RuleArea(StrEnum):
    """What a rule is about; the parts of docs/problems.md."""

    YAML = "The file as YAML"
    VALUES = "Keys and values"
    TEXTS = "Names, styles and prompts"
    SHOTS = "Shots"
    FRAMES = "Frames"
    PROVIDERS = "Gateways"
    INCLUDES = "Included files"
    PROJECT = "The project"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What can be wrong in one way; all of them are in `rules.py`.

    A rule is its id: that is stable and follows the summary in brackets, so that people can search for it.
    `meaning` and `remedy` are one sentence each, true of every problem with this rule.
    """

    id: str
    area: RuleArea = field(compare=False)
    summary: str = field(compare=False)  # fixed words, without names
    meaning: str = field(compare=False)
    remedy: str = field(compare=False)
    severity: Severity = field(default=Severity.ERROR, compare=False)

    def case(self, summary: str) -> "Rule":
        """The same rule with the words of one of its cases.

        >>> from hailuo_batch.core.rules import YAML_SYNTAX
        >>> YAML_SYNTAX.case("colon missing") == YAML_SYNTAX
        True
        """
        return replace(self, summary=summary)

    def as_warning(self) -> "Rule":
        """The same rule where it stops nothing."""
        return replace(self, severity=Severity.WARNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in a file: line and column count from 1; `text` is that line verbatim."""

    file: str
    line: int
    column: int
    text: str = ""
    included_by: tuple[str, ...] = ()  # `film.yaml:4`: who includes the file, who includes that one, and so on


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Which rule is broken, how in the user's words (`why`), and what to do here (`remedy`).

    `on_key` asks for the place of the key instead of its value.
    """

    rule: Rule
    why: str
    remedy: str = ""
    path: DocumentPath = ()
    on_key: bool = False
    other_path: DocumentPath = ()  # what it contradicts; named when that is in another file
    place: Place | None = None
    count: int = 1  # of how many places it is true; `place` is the first of them
    more_lines: tuple[int, ...] = ()  # the lines of the next ones
    shot: str = field(default="", compare=False)  # the id of the shot, or of its entry; of many the first

    @property
    def summary(self) -> str:
        """What is wrong, in fixed words."""
        return self.rule.summary

    @property
    def severity(self) -> Severity:
        """How much it stops."""
        return self.rule.severity

    def with_place(self, place: Place | None) -> "Problem":
        """The same problem, with its place in the file."""
        return replace(self, place=place)

    def about(self, shot: str) -> "Problem":
        """The same problem, with the id of the shot that it is about."""
        return replace(self, shot=shot)


def name_shots(problems: Iterable[Problem], ids: Callable[[int], str]) -> Iterator[Problem]:
    """The same problems, each about a shot; `ids` finds the id of an entry where a problem does not have it."""
    for problem in problems:
        match problem.path:
            case ("shots", int(index), *_) if not problem.shot:
                yield problem.about(ids(index))
            case _:
                yield problem


_NEAR = 0.75  # a letter too many, too few, wrong or moved; "narration" is no misspelt "duration"
_LEAST_BEGINNING = 4  # letters of a name that was not written to its end
_MAX_COMPARED_LENGTH = 100  # letters: comparing takes the square of the length
_MAX_COMPARED = 20  # names
_MAX_HINTS = 50  # words of a file; no more problems are shown


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question that names the nearest known word, or nothing when none is near.

    >>> did_you_mean("promt", ["prompt", "frames"])
    'Did you mean "prompt"?'
    >>> did_you_mean("zebra", ["prompt", "frames"])
    ''
    """
    originals = {name.casefold(): name for name in known}
    wanted = word.casefold()[:_MAX_COMPARED_LENGTH]
    near = get_close_matches(wanted, _most_alike(wanted, originals), n=1, cutoff=_NEAR)
    near = near or [name for name in originals if len(word) >= _LEAST_BEGINNING and name.startswith(word.casefold())]
    return f'Did you mean "{originals[near[0]]}"?' if near else ""


class Suggestions:
    """`did_you_mean` for the problems of one file: each word once, and not for more words than are shown."""

    __slots__ = ("_hints",)

    def __init__(self) -> None:
        self._hints: dict[str, str] = {}

    def suggest(self, word: str, known: Iterable[str]) -> str:
        """The hint for a word, which is the same wherever it comes again."""
        if word not in self._hints and len(self._hints) < _MAX_HINTS:
            self._hints[word] = did_you_mean(word, known)
        return self._hints.get(word, "")


def _most_alike(word: str, names: Collection[str]) -> Collection[str]:
    """Of many names, the few that share most pairs of letters with a word: comparing as difflib does takes longer."""
    if len(names) <= _MAX_COMPARED:
        return names
    pairs = set(map(add, word, word[1:]))
    return nlargest(_MAX_COMPARED, names, key=lambda name: len(pairs.intersection(map(add, name, name[1:]))))
