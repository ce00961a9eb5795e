"""How many takes are bought before clips come home: a table, and a provider that does what Hypothesis thinks of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.pacing.slow_start import (
    FIRST_TAKES,
    LOSS_THRESHOLD,
    REFUSAL_THRESHOLD,
    LostTake,
    SlowStart,
    add_take,
    begin_slow_start,
    delivery_failure,
    lose_take,
    remove_take,
    store_take,
)


def lost(kind: FailureKind = FailureKind.EXPIRED, name: str = "task 1 (a#1)") -> LostTake:
    return LostTake(name=name, failure=Failure(kind=kind, why=f"so it is: {kind}"))


def buy_all(state: SlowStart) -> SlowStart:
    """Buys until the window is full."""
    while state.may_buy:
        state = add_take(state)
    return state


def lose(state: SlowStart, kinds: "list[FailureKind]") -> SlowStart:
    for number, kind in enumerate(kinds):
        state = lose_take(add_take(state), lost(kind, f"task {number} (s{number}#1)"))
    return state


def test_four_go_first_and_each_clip_doubles_the_window_up_to_the_limit():
    state, bought = buy_all(begin_slow_start(50, delivered_within_a_day=False)), []
    while not state.is_over:
        bought.append(state.not_stored)
        state = store_take(state)
        state = state if state.is_over else buy_all(state)
    assert bought == [FIRST_TAKES, 8, 16, 32]
    assert state.may_buy


def test_who_delivered_within_a_day_starts_at_full_speed():
    state = begin_slow_start(50, delivered_within_a_day=True)
    for _ in range(1000):
        assert state.may_buy
        state = add_take(state)


@pytest.mark.parametrize("limit", [1, 2, FIRST_TAKES])
def test_where_few_may_run_at_once_one_clip_is_enough_and_none_is_not(limit: int):
    state = lose(begin_slow_start(limit, delivered_within_a_day=False), [FailureKind.EXPIRED] * FIRST_TAKES)
    assert not state.may_buy
    assert store_take(add_take(begin_slow_start(limit, delivered_within_a_day=False))).is_over


def test_a_take_that_was_not_bought_gives_its_place_back():
    state = buy_all(begin_slow_start(50, delivered_within_a_day=False))
    assert remove_take(state).may_buy
    assert not lose_take(state, lost()).may_buy


def test_a_clip_of_an_earlier_day_counts_as_delivery_and_takes_no_place_away():
    state = buy_all(begin_slow_start(50, delivered_within_a_day=False))
    state = store_take(state, is_counted=False)
    assert (state.under_way, state.window) == (FIRST_TAKES, 2 * FIRST_TAKES)


def test_with_no_clip_the_provider_is_closed_when_nothing_is_under_way_and_the_takes_are_named():
    state = buy_all(begin_slow_start(50, delivered_within_a_day=False))
    for number in range(FIRST_TAKES):
        assert delivery_failure(state, "minimax") is None, "one of them may still come home"
        state = lose_take(state, lost(FailureKind.CORRUPT, f"task {number} (s{number}#1)"))
    closed = delivery_failure(state, "minimax")
    assert closed is not None
    assert closed.kind is FailureKind.CLOSED
    assert closed.why == "none of the last 4 takes submitted to minimax was stored, so nothing more is submitted there"
    assert closed.remedy == (
        "They are:\n    task 0 (s0#1)\n    task 1 (s1#1)\n    task 2 (s2#1)\n    task 3 (s3#1)\n"
        "The last reason: so it is: corrupt. When that is mended, run again:"
    )


STREAKS = {  # what came last, and whether buying goes on, of a provider that delivered
    "losses, one less": ([FailureKind.EXPIRED] * (LOSS_THRESHOLD - 1), True),
    "losses": ([FailureKind.EXPIRED] * LOSS_THRESHOLD, False),
    "losses of several kinds": ([FailureKind.EXPIRED, FailureKind.BROKEN, FailureKind.CORRUPT] * 2, False),
    "refused outputs, some": ([FailureKind.CLIP_REFUSED] * (REFUSAL_THRESHOLD - 1), True),
    "refused outputs, many": ([FailureKind.CLIP_REFUSED] * REFUSAL_THRESHOLD, False),
    "refused and lost": ([FailureKind.CLIP_REFUSED] * 6 + [FailureKind.BROKEN] * (LOSS_THRESHOLD - 1), True),
    "running still": ([FailureKind.PENDING] * 3 * REFUSAL_THRESHOLD, True),
    "in doubt": ([FailureKind.UNKNOWN_OUTCOME] * 3 * REFUSAL_THRESHOLD, True),
}


@pytest.mark.parametrize("name", STREAKS)
def test_takes_in_a_row_without_a_clip_end_submits(name: str):
    kinds, goes_on = STREAKS[name]
    state = begin_slow_start(50, delivered_within_a_day=True)
    closed = delivery_failure(lose(state, kinds), "minimax")
    assert (closed is None) == goes_on
    if closed is not None:
        assert f"{len(kinds)} takes in a row" in closed.why
        assert f"task {len(kinds) - 1} " in closed.remedy


def test_a_clip_between_losses_begins_anew():
    state, few = begin_slow_start(50, delivered_within_a_day=True), [FailureKind.BROKEN] * (LOSS_THRESHOLD - 1)
    for _ in range(3):
        state = store_take(add_take(lose(state, few)))
    assert delivery_failure(lose(state, few), "minimax") is None


ENDS = st.sampled_from(["stored", "stored", "refused", *FailureKind])


@given(st.integers(1, 60), st.integers(0, 6), st.lists(ENDS, max_size=200))
def test_never_more_than_the_window_is_bought_and_not_stored_and_nobody_waits_for_ever(
    limit: int, earlier: int, ends: list[str]
):
    """Buys whenever it may, while the tasks end as they like; some were under way before."""
    state = begin_slow_start(limit, delivered_within_a_day=False)
    stored, not_home = 0, earlier
    for _ in range(earlier):
        state = add_take(state)
    for end in ends:
        while not state.is_over and state.may_buy:
            state, not_home = add_take(state), not_home + 1
        assert state.is_over or not_home <= max(state.window, earlier)
        assert stored or not_home <= max(FIRST_TAKES, earlier), "no clip, no more than the first takes"
        if state.is_over:
            return
        if delivery_failure(state, "minimax") is not None:
            return
        assert state.under_way, "else all would wait, and for nothing"
        match end:
            case "stored":
                state, stored, not_home = store_take(state), stored + 1, not_home - 1
            case "refused":
                state, not_home = remove_take(state), not_home - 1
            case _:
                state = lose_take(state, lost(FailureKind(end)))


@given(st.integers(1, 1000))
def test_with_every_clip_coming_home_the_window_opens_soon(limit: int):
    state, clips = begin_slow_start(limit, delivered_within_a_day=False), 0
    while not state.is_over:
        state, clips = store_take(add_take(state)), clips + 1
    assert clips <= 10
