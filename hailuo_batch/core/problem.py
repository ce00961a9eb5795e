"""One thing wrong in what the user wrote, as a value.

A problem knows its path in the document (`("shots", 3, "duration")`), not its line: lines are looked up only
when there is a problem to show (`load/document.py`). Nothing here reads a file.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum

DocumentPath = tuple[str | int, ...]

# How keys are called that must not stand in a file; what stands behind such a name is never shown.
SECRET_NAME = re.compile(r"api[_-]?key|token|secret|password|passwd|authorization|bearer", re.IGNORECASE)


class Severity(StrEnum):
    """How much a problem stops."""

    ERROR = "error"  # nothing is planned or sent
    WARNING = "warning"  # shown, and the way goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in a file: line and column count from 1; `text` is that line as it stands there."""

    file: str
    line: int
    column: int
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong (`summary`, fixed words), in whose words (`why`), and what to do (`remedy`).

    `code` is stable and in brackets behind the summary, so that people can search for it. `on_key` asks for the
    place of the key instead of its value.
    """

    code: str
    summary: str
    why: str
    remedy: str = ""
    path: DocumentPath = ()
    on_key: bool = False
    place: Place | None = None
    severity: Severity = Severity.ERROR

    def with_place(self, place: Place | None) -> "Problem":
        """The same problem, with its place in the file."""
        return replace(self, place=place)


_MAX_COMPARED_LENGTH = 100  # letters: comparing takes the square of the length


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question that names the nearest known word, or nothing when none is near.

    >>> did_you_mean("promt", ["prompt", "frames"])
    'Did you mean "prompt"?'
    >>> did_you_mean("zebra", ["prompt", "frames"])
    ''
    """
    originals = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold()[:_MAX_COMPARED_LENGTH], originals, n=1, cutoff=0.6)
    return f'Did you mean "{originals[near[0]]}"?' if near else ""
