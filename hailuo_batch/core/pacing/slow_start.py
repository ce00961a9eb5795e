"""How many takes may be bought at one provider before their clips are home. Pure: values in, values out.

A provider that accepts everything may still deliver nothing: a firewall before its clips, a broken model. So a few
takes go first, and the number that may be bought and not stored doubles with each clip that is stored. It ends at what
may run there at once. A provider that delivered within a day needs no such start.
"""

from dataclasses import replace

from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, Failure, FailureKind
from hailuo_batch.values import dataclass

FIRST_TAKES = 4  # bought before one is stored
DELIVERY_SECONDS = 86_400.0  # a clip that was stored within a day says that clips arrive
LOSS_THRESHOLD = 5  # takes in a row without a clip
# Prompts of one campaign resemble each other, so a few refusals say little of the next take. Many do.
REFUSAL_THRESHOLD = 20
_REFUSALS = frozenset({FailureKind.CLIP_REFUSED, FailureKind.PROMPT_REFUSED})
# After these, a clip may still arrive.
_NO_VERDICT = {FailureKind.PENDING, FailureKind.UNRECORDED} | {
    kind for kind, policy in FAILURE_POLICIES.items() if policy.leaves_doubt
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LostTake:
    """A take that was bought, or may have been, and whose clip did not come; `name` is for messages."""

    name: str
    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowStart:
    """How far one provider is trusted to deliver. `limit` is the window at which the slow start is over."""

    limit: int
    window: int = FIRST_TAKES  # takes that may be bought and not stored
    under_way: int = 0  # bought, or being bought, and may still be stored in this run
    lost: tuple[LostTake, ...] = ()
    is_over: bool = False
    streak: tuple[LostTake, ...] = ()  # lost since the last clip that was stored

    @property
    def not_stored(self) -> int:
        """Takes that were bought, or may have been, and are not stored."""
        return self.under_way + len(self.lost)

    @property
    def may_buy(self) -> bool:
        """Whether one more take may be bought now."""
        return self.is_over or self.not_stored < self.window


def begin_slow_start(limit: int, *, delivered_within_a_day: bool) -> SlowStart:
    """The state at the begin of a run.

    >>> begin_slow_start(50, delivered_within_a_day=False).may_buy
    True
    """
    return SlowStart(limit=limit, is_over=delivered_within_a_day)


def add_take(state: SlowStart) -> SlowStart:
    """A take is being bought, or one that was bought before is followed on."""
    return replace(state, under_way=state.under_way + 1)


def remove_take(state: SlowStart) -> SlowStart:
    """The take was not bought after all: that is proved."""
    return replace(state, under_way=max(0, state.under_way - 1))


def store_take(state: SlowStart, *, is_counted: bool = True) -> SlowStart:
    """A clip is stored: twice as many may go. `is_counted`: the take was among those under way."""
    state = remove_take(state) if is_counted else state
    window = min(2 * state.window, max(state.window, state.limit))
    if not state.is_over and window < state.limit:
        return replace(state, window=window, streak=())
    return replace(state, window=window, streak=(), lost=(), is_over=True)


def lose_take(state: SlowStart, take: LostTake) -> SlowStart:
    """A take under way ended without a clip, or nobody can say how it ends."""
    state = remove_take(state)
    streak = state.streak if take.failure.kind in _NO_VERDICT else (*state.streak, take)
    return replace(state, streak=streak, lost=state.lost if state.is_over else (*state.lost, take))


def delivery_failure(state: SlowStart, provider: str) -> Failure | None:
    """Why no more takes are bought at a provider, when clips do not come; None while they may."""
    if not state.may_buy and state.under_way == 0:
        return _make_failure(f"none of the last {len(state.lost)} takes submitted to {provider} was stored", state.lost)
    refused = sum(take.failure.kind in _REFUSALS for take in state.streak)
    if len(state.streak) - refused >= LOSS_THRESHOLD or len(state.streak) >= REFUSAL_THRESHOLD:
        why = f"{len(state.streak)} takes in a row at {provider} brought no clip"
        return _make_failure(why, state.streak)
    return None


def _make_failure(why: str, lost: tuple[LostTake, ...]) -> Failure:
    tasks = "".join(f"\n    {take.name}" for take in lost)
    remedy = f"They are:{tasks}\nThe last reason: {lost[-1].failure.why}. When that is mended, run again:"
    closed = f"{why}, so nothing more is submitted there"
    return Failure(kind=FailureKind.CLOSED, why=closed, remedy=remedy, command=("run",))
