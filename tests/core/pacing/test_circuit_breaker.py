import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.pacing.circuit_breaker import FAILURE_THRESHOLD, FailureStreak, add_failure, breaker_failure

OF_ONE_SHOT = {
    FailureKind.UNABLE,
    FailureKind.PROMPT_REFUSED,
    FailureKind.CLIP_REFUSED,
    FailureKind.PENDING,
    FailureKind.OVER_CAP,
    FailureKind.HELD,
    FailureKind.STALE,
    FailureKind.STOPPED,
}
BAD = Failure(
    kind=FailureKind.REFUSED, why="minimax refused a parameter: model not found", remedy="Write another model."
)


def after(*failures: Failure) -> FailureStreak:
    streak = FailureStreak()
    for failure in failures:
        streak = add_failure(streak, failure)
    return streak


def test_the_same_error_five_times_in_a_row_closes_and_says_why_and_what_to_do():
    assert breaker_failure(after(*[BAD] * (FAILURE_THRESHOLD - 1)), "minimax") is None
    closed = breaker_failure(after(*[BAD] * FAILURE_THRESHOLD), "minimax")
    assert closed is not None
    assert closed.kind is FailureKind.CLOSED
    assert closed.why == "minimax gave the same error 5 times in a row: minimax refused a parameter: model not found"
    assert closed.remedy == "Write another model."


def test_another_error_in_between_begins_anew():
    other = Failure(kind=FailureKind.BROKEN, why="it broke")
    assert (
        breaker_failure(after(*[BAD] * (FAILURE_THRESHOLD - 1), other, *[BAD] * (FAILURE_THRESHOLD - 1)), "minimax")
        is None
    )


def test_the_same_words_of_another_kind_are_another_error():
    assert after(BAD, Failure(kind=FailureKind.BROKEN, why=BAD.why)).count == 1


def test_ids_and_figures_inside_the_words_make_no_other_error():
    failures = [
        Failure(kind=FailureKind.BROKEN, why=f"task {n}a3f9{n:04x}beef failed after {n} s")
        for n in range(FAILURE_THRESHOLD)
    ]
    assert breaker_failure(after(*failures), "vtrix") is not None


@pytest.mark.parametrize("kind", sorted(OF_ONE_SHOT))
def test_what_is_said_of_one_shot_says_nothing_of_the_next(kind: FailureKind):
    failure = Failure(kind=kind, why="not this one")
    assert breaker_failure(after(*[failure] * 3 * FAILURE_THRESHOLD), "minimax") is None
    assert after(BAD, failure, BAD).count == 2, "and it neither lengthens nor ends a streak"


def test_an_error_without_advice_gets_some():
    closed = breaker_failure(
        after(*[Failure(kind=FailureKind.UNKNOWN_OUTCOME, why="no answer")] * FAILURE_THRESHOLD), "odkkk"
    )
    assert closed is not None
    assert closed.remedy == "Run again when odkkk works again."


@given(st.lists(st.tuples(st.sampled_from(sorted(set(FailureKind) - OF_ONE_SHOT)), st.sampled_from("ab")), max_size=40))
def test_a_streak_is_as_long_as_the_same_error_came_last(story: list[tuple[FailureKind, str]]):
    streak = after(*(Failure(kind=kind, why=why) for kind, why in story))
    times = 0
    for each in reversed(story):
        if each != story[-1]:
            break
        times += 1
    assert streak.count == times
    assert (breaker_failure(streak, "minimax") is not None) == (times >= FAILURE_THRESHOLD)
