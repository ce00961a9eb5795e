"""What people say of the clips of a shot, as values: which one is used, which are good, what is left out, and notes.

A judgement is about one clip, by its digest. A take whose request changed has another clip, of which nothing was said.
"""

from enum import StrEnum

from hailuo_batch.values import dataclass


class Verdict(StrEnum):
    """What a person decided about a clip."""

    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The take that is used in the edit, in chains and in exports, and its clip's digest."""

    take: int
    clip: str
    by: str
    at: str  # UTC, ISO 8601, as everywhere here


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict about the clip of a take."""

    take: int
    clip: str
    verdict: Verdict
    by: str
    at: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Omission:
    """A shot that is left out of the campaign: it is not planned, and not bought."""

    by: str
    at: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewNote:
    """What somebody wrote about a shot, or about one of its takes (0: about the shot)."""

    by: str
    at: str
    text: str
    take: int = 0


class ShotState(StrEnum):
    """Where a shot stands, in the words of Kitsu; it follows from the takes and the judgements and is kept nowhere."""

    TODO = "todo"  # no take of it has a clip, and none is under way
    WIP = "wip"  # a take is submitted and not downloaded yet
    WFA = "wfa"  # waiting for approval: there is a clip, and nobody judged it
    RETAKE = "retake"  # its clips were rejected, or one more take was requested, and that is not there yet
    DONE = "done"  # a clip of it is approved
    OMITTED = "omitted"
