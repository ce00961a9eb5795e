import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.attempt.failure import Failure, Kind
from hailuo_batch.core.pacing.circuit_breaker import TIMES, Streak, closing, struck

OF_ONE_SHOT = {Kind.PROMPT_REFUSED, Kind.CLIP_REFUSED, Kind.PENDING, Kind.OVER_CAP, Kind.STALE, Kind.STOPPED}
BAD = Failure(kind=Kind.REFUSED, why="minimax refused a parameter: model not found", remedy="Write another model.")


def after(*failures: Failure) -> Streak:
    streak = Streak()
    for failure in failures:
        streak = struck(streak, failure)
    return streak


def test_the_same_error_five_times_in_a_row_closes_and_says_why_and_what_to_do():
    assert closing(after(*[BAD] * (TIMES - 1)), "minimax") is None
    closed = closing(after(*[BAD] * TIMES), "minimax")
    assert closed is not None
    assert closed.kind is Kind.CLOSED
    assert closed.why == "minimax gave the same error 5 times in a row: minimax refused a parameter: model not found"
    assert closed.remedy == "Write another model."


def test_another_error_in_between_begins_anew():
    other = Failure(kind=Kind.BROKEN, why="it broke")
    assert closing(after(*[BAD] * (TIMES - 1), other, *[BAD] * (TIMES - 1)), "minimax") is None


def test_the_same_words_of_another_kind_are_another_error():
    assert after(BAD, Failure(kind=Kind.BROKEN, why=BAD.why)).times == 1


def test_ids_and_figures_inside_the_words_make_no_other_error():
    failures = [Failure(kind=Kind.BROKEN, why=f"task {n}a3f9{n:04x}beef failed after {n} s") for n in range(TIMES)]
    assert closing(after(*failures), "vtrix") is not None


@pytest.mark.parametrize("kind", sorted(OF_ONE_SHOT))
def test_what_is_said_of_one_shot_says_nothing_of_the_next(kind: Kind):
    failure = Failure(kind=kind, why="not this one")
    assert closing(after(*[failure] * 3 * TIMES), "minimax") is None
    assert after(BAD, failure, BAD).times == 2, "and it neither lengthens nor ends a streak"


def test_an_error_without_advice_gets_some():
    closed = closing(after(*[Failure(kind=Kind.UNCLEAR, why="no answer")] * TIMES), "odkkk")
    assert closed is not None
    assert closed.remedy == "Run again when it works there."


@given(st.lists(st.tuples(st.sampled_from(sorted(set(Kind) - OF_ONE_SHOT)), st.sampled_from("ab")), max_size=40))
def test_a_streak_is_as_long_as_the_same_error_came_last(story: list[tuple[Kind, str]]):
    streak = after(*(Failure(kind=kind, why=why) for kind, why in story))
    times = 0
    for each in reversed(story):
        if each != story[-1]:
            break
        times += 1
    assert streak.times == times
    assert (closing(streak, "minimax") is not None) == (times >= TIMES)
