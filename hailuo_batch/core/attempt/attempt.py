"""The stages of an attempt and the moves between them, as one table; a pair that is not in it is a bug.

    intended → submitted → produced → stored        and aside: in_doubt, failed, cancelled

`intended` is written down before the one call that may cost money; an attempt found there after a crash was either
never sent or sent without an answer, and only the provider's rules say which of the two may be assumed.
"""

from dataclasses import field
from enum import StrEnum

from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, FailureKind
from hailuo_batch.core.money import Money
from hailuo_batch.values import dataclass


class Stage(StrEnum):
    """The stage of an attempt."""

    INTENDED = "intended"  # written down, about to be sent
    SUBMITTED = "submitted"  # the provider gave a task id
    PRODUCED = "produced"  # the clip is made, and not kept yet
    STORED = "stored"  # the clip is in the store, checked
    IN_DOUBT = "in_doubt"  # sent, and no answer proves anything
    FAILED = "failed"  # ended without a clip
    CANCELLED = "cancelled"  # settled by a person: never sent, written off, or its clip removed


LIVE_STAGES = frozenset({Stage.INTENDED, Stage.SUBMITTED, Stage.PRODUCED, Stage.IN_DOUBT, Stage.STORED})


class Move(StrEnum):
    """What happens to an attempt."""

    ACCEPT = "accept"  # the provider took it: a task id
    REFUSE = "refuse"  # the provider said no, or it is proved that nothing was sent
    RESEND = "resend"  # what is proved not to have been accepted is about to be sent again
    LOSE_SIGHT = "lose_sight"  # the answer to a submit proves nothing
    PRODUCE = "produce"  # the provider says the clip is made
    FAIL = "fail"  # the task ended without a clip
    KEEP = "keep"  # the clip is checked and in the store
    MISS = "miss"  # a kept clip is gone from the store
    FIND = "find"  # a person says so: this is its task
    SETTLE = "settle"  # a person says so: it was never sent
    WRITE_OFF = "write_off"  # a person gives up what may have been paid for
    DISCARD = "discard"  # a person has the kept clip removed


MOVES: dict[tuple[Stage, Move], Stage] = {
    (Stage.INTENDED, Move.ACCEPT): Stage.SUBMITTED,
    (Stage.INTENDED, Move.REFUSE): Stage.FAILED,
    (Stage.INTENDED, Move.LOSE_SIGHT): Stage.IN_DOUBT,
    (Stage.FAILED, Move.RESEND): Stage.INTENDED,
    (Stage.SUBMITTED, Move.PRODUCE): Stage.PRODUCED,
    (Stage.SUBMITTED, Move.FAIL): Stage.FAILED,
    (Stage.PRODUCED, Move.KEEP): Stage.STORED,
    (Stage.PRODUCED, Move.FAIL): Stage.FAILED,
    (Stage.STORED, Move.MISS): Stage.PRODUCED,
    (Stage.IN_DOUBT, Move.FIND): Stage.SUBMITTED,
    (Stage.IN_DOUBT, Move.SETTLE): Stage.CANCELLED,
    (Stage.IN_DOUBT, Move.WRITE_OFF): Stage.CANCELLED,
    (Stage.SUBMITTED, Move.FIND): Stage.SUBMITTED,  # only of an id that a person gave: app/resolve.py sees to it
    (Stage.SUBMITTED, Move.SETTLE): Stage.CANCELLED,  # likewise
    (Stage.SUBMITTED, Move.WRITE_OFF): Stage.CANCELLED,
    (Stage.PRODUCED, Move.WRITE_OFF): Stage.CANCELLED,
    (Stage.STORED, Move.DISCARD): Stage.CANCELLED,
}


def move_sources(move: Move) -> tuple[frozenset[Stage], Stage]:
    """The stages from which a move is allowed, and the one that it leads to.

    >>> move_sources(Move.ACCEPT)[1]
    <Stage.SUBMITTED: 'submitted'>
    """
    (target,) = {after for (_, each), after in MOVES.items() if each is move}
    return frozenset(stage for stage, each in MOVES if each is move), target


def next_stage(stage: Stage, move: Move) -> Stage:
    """The stage that a move leads to.

    >>> next_stage(Stage.INTENDED, Move.ACCEPT)
    <Stage.SUBMITTED: 'submitted'>
    """
    try:
        return MOVES[stage, move]
    except KeyError:
        raise AssertionError(f"an attempt that is {stage} cannot {move}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A verified MP4: digest (`sha256:…`), size in bytes, frame size in pixels, length in seconds, frame count.

    `trailing` is how many of its bytes are behind its last part, as a probe of the file says; no ledger keeps it.
    """

    digest: str
    size: int
    width: int
    height: int
    seconds: float
    frames: int
    codec: str
    trailing: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The attempt that counts for one fingerprint: the live one if there is one, else the last that ended."""

    attempt: int
    stage: Stage
    provider: str
    task: str | None = None
    digest: str | None = None
    cost: Money | None = None
    quote: Money | None = None  # the price that the provider named at the submit
    kind: FailureKind | None = None  # of the failure that ended it
    why: str = ""
    refused_by: tuple[str, ...] = ()  # who refused the submit for good, in this or an earlier attempt
    since: float | None = None  # for one that is intended: since when, in seconds since the epoch
    holder: str | None = None  # who works on it now in another checkout: "ana on desk-2 since 14:02 UTC"
    kept_by: str | None = None  # who stored its clip in another checkout: "ana on desk-2"


def update_refusals(
    refused_by: tuple[str, ...], provider: str, kind: FailureKind | None, task: str | None
) -> tuple[str, ...]:
    """Who refused a submit, after one more attempt: a provider that has accepted it since is not among them."""
    if task:
        return tuple(each for each in refused_by if each != provider)
    is_refusal = kind is not None and FAILURE_POLICIES[kind].final and provider not in refused_by
    return (*refused_by, provider) if is_refusal else refused_by
