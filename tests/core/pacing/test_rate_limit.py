from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailuo_batch.core.pacing.rate_limit import (
    FIRST_WAIT,
    INITIAL_UNANSWERED,
    MAX_WAIT,
    MIN_SHARE,
    WINDOW_SECONDS,
    RateState,
    accept_submit,
    add_task,
    fail_submit,
    remove_task,
    start_submit,
    submit_delay,
    throttle,
)

RATES = st.one_of(st.integers(1, 30).map(float), st.floats(0.2, 30.0))
ROOMS = st.one_of(st.none(), st.integers(1, 5))
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.just(0.0)),
        st.tuples(st.just("pass"), st.floats(0.0, 90.0)),
        st.tuples(st.just("throttled"), st.one_of(st.none(), st.floats(0.0, 200.0))),
        st.tuples(st.just("taken"), st.just(0.0)),
        st.tuples(st.just("ended"), st.just(0.0)),
    ),
    max_size=80,
)


class Story:
    """A provider that is asked by the rules: as soon as `wait` says so, and never sooner."""

    def __init__(self, pace: RateState) -> None:
        self.pace, self.now, self.sent = pace, 1000.0, list[float]()
        self.not_before = 0.0
        self.shares = [pace.share]

    def tell(self, event: str, seconds: float | None) -> None:
        match event:
            case "send":
                pause = submit_delay(self.pace, self.now)
                if pause is None:
                    return
                self.now += pause
                while left := submit_delay(self.pace, self.now):  # a clock has no more digits than a float
                    self.now += max(left, 1e-6)
                self.pace = start_submit(self.pace, self.now)
                self.sent.append(self.now)
                assert self.now >= self.not_before
            case "pass":
                self.now += seconds or 0.0
            case "throttled":
                self.pace = throttle(self.pace, self.now, seconds)
                self.not_before = max(self.not_before, self.now + (seconds or 0.0))
            case "taken":
                self.pace = accept_submit(self.pace)
            case "ended" if self.pace.running:
                self.pace = remove_task(self.pace)
        self.shares.append(self.pace.share)


@settings(deadline=None)
@given(RATES, ROOMS, EVENTS)
def test_no_window_of_a_minute_holds_more_submits_than_the_limit(
    rate: float, room: int | None, events: list[tuple[str, float | None]]
):
    story = Story(RateState(per_minute=rate, max_running=room, max_unanswered=10_000))
    for event, seconds in events:
        story.tell(event, seconds)
        assert room is None or story.pace.running <= room
        assert MIN_SHARE <= story.pace.share <= 1.0
    for begin in story.sent:
        inside = sum(begin <= at < begin + WINDOW_SECONDS for at in story.sent)
        assert inside <= max(1, int(rate))


@settings(deadline=None)
@given(st.floats(0.0, 1000.0), EVENTS)
def test_what_a_provider_asks_to_wait_is_obeyed(asked: float, events: list[tuple[str, float | None]]):
    story = Story(RateState(max_unanswered=10_000))
    story.tell("throttled", asked)
    for event, seconds in events:
        story.tell(event, seconds)  # holds each submit against the latest time that was asked for
    assert submit_delay(throttle(RateState(), 10.0, asked), 10.0) == pytest.approx(asked)


@given(st.lists(st.floats(0.0, 0.99 * FIRST_WAIT), min_size=1, max_size=50))
def test_many_answers_to_calls_that_were_under_way_halve_the_pace_once(moments: list[float]):
    pace = throttle(RateState(per_minute=60), 100.0, FIRST_WAIT)
    for moment in sorted(moments):
        pace = throttle(pace, 100.0 + moment, FIRST_WAIT)
    assert pace.share == 0.5
    assert pace.throttles == 1


@given(st.integers(0, 40), st.integers(0, 40))
def test_it_comes_back_slowly_and_wholly(throttles: int, first: int):
    pace, now = RateState(per_minute=60), 0.0
    for _ in range(throttles):
        now += 1000.0
        pace = throttle(pace, now, None)
    low = pace.share
    for _ in range(first):
        pace = accept_submit(pace)
    assert pace.share == pytest.approx(min(1.0, low + first / 20))
    for _ in range(20):
        pace = accept_submit(pace)
    assert pace.share == 1.0
    assert pace.throttles == (0 if throttles or first else pace.throttles)


def test_pauses_that_nobody_named_grow_to_a_minute_and_begin_anew_after_a_yes():
    pace, now, pauses = RateState(), 0.0, []
    for _ in range(9):
        now += 1000.0
        pace = throttle(pace, now, None)
        pauses.append(submit_delay(pace, now))
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, MAX_WAIT, MAX_WAIT, MAX_WAIT]
    pace = throttle(accept_submit(pace), now + 1000.0, None)
    assert submit_delay(pace, now + 1000.0) == FIRST_WAIT


def test_a_shorter_pause_does_not_undo_a_longer_one():
    pace = throttle(throttle(RateState(), 0.0, 100.0), 1.0, 2.0)
    assert submit_delay(pace, 1.0) == 99.0


def test_without_a_limit_nothing_is_held_back_or_remembered():
    pace = RateState(max_unanswered=10_000)
    for now in range(100):
        assert submit_delay(pace, float(now)) == 0.0
        pace = start_submit(pace, float(now))
    assert pace == RateState(running=100, unanswered=100, max_unanswered=10_000)


def test_few_are_under_way_before_one_is_accepted_then_twice_as_many_with_each():
    pace = RateState()
    for _ in range(INITIAL_UNANSWERED):
        assert submit_delay(pace, 0.0) == 0.0
        pace = start_submit(pace, 0.0)
    assert submit_delay(pace, 0.0) is None
    pace = accept_submit(pace)
    assert (pace.unanswered, pace.max_unanswered, submit_delay(pace, 0.0)) == (
        INITIAL_UNANSWERED - 1,
        2 * INITIAL_UNANSWERED,
        0.0,
    )
    refused = fail_submit(pace, is_outcome_known=True)
    assert (refused.unanswered, refused.max_unanswered) == (INITIAL_UNANSWERED - 2, 2 * INITIAL_UNANSWERED), (
        "a clear no is an answer"
    )


def test_each_answer_that_proves_nothing_halves_how_many_are_under_way_down_to_one():
    pace = RateState()
    for left in (INITIAL_UNANSWERED // 2, INITIAL_UNANSWERED // 4, 1, 1):
        pace = fail_submit(start_submit(pace, 0.0), is_outcome_known=False)
        assert pace.max_unanswered == max(1, left)
    assert submit_delay(pace, 0.0) == 0.0
    assert submit_delay(start_submit(pace, 0.0), 0.0) is None


def test_a_place_is_free_when_a_task_has_ended():
    pace = start_submit(start_submit(RateState(max_running=2), 0.0), 0.0)
    assert submit_delay(pace, 0.0) is None
    assert submit_delay(remove_task(pace), 0.0) == 0.0


def test_tasks_of_an_earlier_run_take_places_and_do_not_wait():
    pace = add_task(add_task(add_task(RateState(max_running=2))))
    assert pace.running == 3
    assert submit_delay(remove_task(pace), 0.0) is None
    assert submit_delay(remove_task(remove_task(pace)), 0.0) == 0.0


def test_throttling_leaves_fewer_places_and_always_one():
    assert submit_delay(replace(RateState(max_running=8, share=0.25), running=2), 0.0) is None
    assert submit_delay(replace(RateState(max_running=8, share=0.25), running=1), 0.0) == 0.0
    assert submit_delay(RateState(max_running=8, share=MIN_SHARE), 0.0) == 0.0


def test_less_than_one_a_minute_is_one_in_so_many_minutes():
    pace = start_submit(RateState(per_minute=0.5), 100.0)
    assert submit_delay(pace, 100.0) == 120.0
    assert submit_delay(pace, 220.0) == 0.0


def test_the_submits_that_are_remembered_do_not_grow_without_end():
    pace, now = RateState(per_minute=10, max_unanswered=10_000), 0.0
    for _ in range(1000):
        now += submit_delay(pace, now) or 0.0
        pace = start_submit(pace, now)
    assert len(pace.submit_times) <= 10 / MIN_SHARE
    assert now == pytest.approx(1000 / 10 * 61, rel=0.02)
