"""What a person decides about shots and takes, as values: which kind of decision, of which take, and in which words.

`core/plan/judging.py` puts them into a review. Who decides, and when, comes with them there.
"""

from enum import StrEnum

from hailuo_batch.values import dataclass


class ChoiceKind(StrEnum):
    """What can be decided; each is the name of its command."""

    SELECT = "select"  # the take that is used
    APPROVE = "approve"
    REJECT = "reject"
    OMIT = "omit"  # the shot is left out
    NOTE = "note"  # words about a shot, or about a take of it
    RETAKE = "retake"  # one more take


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One decision. `shot` is an id, or a pattern of several shots (`pack-*`, `tag:hero`, `seq:sq010`).

    `take` None is the shot itself, or its only take with a clip where the kind is about a clip.
    """

    kind: ChoiceKind
    shot: str
    take: int | None = None
    why: str = ""  # the reason of a rejection, an omission or a retake
    text: str = ""  # the words of a note; with a retake, the note that comes with it
    is_undo: bool = False  # takes back the newest such decision of the shot or take
