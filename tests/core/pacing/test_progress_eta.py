import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.pacing.poll_schedule import LogNormal, PollPace, estimate_ready_age, poll_pause, ready_share
from hailuo_batch.core.pacing.progress_eta import (
    MIN_PROGRESS,
    ProgressSample,
    compute_eta,
    compute_etas,
    overrun_ratio,
    predict_remaining,
)

FEW, MANY = LogNormal(mean=0.0, deviation=0.05), LogNormal(mean=0.0, deviation=1.0)


def told(*looks: tuple[float, float | None]) -> tuple[ProgressSample, ...]:
    return tuple(ProgressSample(age=age, progress=progress) for age, progress in looks)


def left(*looks: tuple[float, float | None]) -> float | None:
    made = compute_eta(told(*looks))
    return None if made is None else made.seconds_left


def test_one_look_promises_as_if_progress_had_moved_evenly_from_the_beginning():
    assert left((50.0, 0.25)) == 150.0


def test_two_looks_promise_by_what_moved_between_them_so_that_a_queue_counts_no_more():
    assert left((60.0, 0.0), (90.0, 0.5)) == 30.0
    assert left((60.0, 0.2), (90.0, 0.6)) == 30.0


def test_a_progress_that_stands_still_promises_ever_more():
    assert left((60.0, 0.2), (90.0, 0.6), (120.0, 0.6)) == pytest.approx(60.0)


@pytest.mark.parametrize(
    "looks",
    [
        (),
        ((60.0, None),),
        ((60.0, 0.0),),
        ((60.0, MIN_PROGRESS / 2),),
        ((60.0, 1.0),),
        ((0.0, 0.5),),
        ((60.0, 0.4), (90.0, None)),
    ],
)
def test_what_has_not_moved_or_is_not_told_promises_nothing(looks: tuple[tuple[float, float | None], ...]):
    assert left(*looks) is None


def test_a_progress_that_goes_back_is_measured_from_where_it_was_lower():
    assert left((10.0, 0.1), (20.0, 0.9), (60.0, 0.6)) == pytest.approx(40.0)


LOOKS = st.lists(
    st.builds(ProgressSample, age=st.floats(0.0, 2000.0), progress=st.none() | st.floats(0.0, 1.0)), max_size=12
).map(lambda looks: sorted(looks, key=lambda each: each.age))


@given(LOOKS)
def test_whatever_a_gateway_tells_a_promise_is_a_time_that_can_be_waited_for(looks: list[ProgressSample]):
    for made in compute_etas(looks):
        assert 0 <= made.seconds_left < math.inf
        assert made.age in {each.age for each in looks}
        found = predict_remaining(made, FEW, None)
        assert found is None or 0 < poll_pause(found, 0.0, PollPace(10.0)) < math.inf


@given(LOOKS)
def test_a_task_makes_one_promise_of_each_kind(looks: list[ProgressSample]):
    kinds = [made.kind for made in compute_etas(looks)]
    assert len(kinds) == len(set(kinds))


def test_how_a_promise_was_kept_is_the_ratio_of_both_times():
    made = compute_eta(told((50.0, 0.25)))
    assert made is not None
    assert overrun_ratio(made, 200.0) == 1.0
    assert overrun_ratio(made, 125.0) == 0.5
    assert overrun_ratio(made, 50.0) == 0.0, "it was ready before it was promised: nothing is learnt"


def test_a_promise_is_believed_as_far_as_promises_were_kept():
    made = compute_eta(told((50.0, 0.25)))
    assert made is not None
    exact = predict_remaining(made, FEW, None)
    halved = predict_remaining(made, LogNormal(mean=math.log(0.5), deviation=0.05), None)
    assert exact is not None
    assert halved is not None
    assert math.exp(exact.mean) == pytest.approx(150, rel=0.03)
    assert math.exp(halved.mean) == pytest.approx(75, rel=0.03)


def test_promises_that_were_not_kept_are_worth_less_than_what_clips_of_the_kind_took():
    made = compute_eta(told((50.0, 0.25)))
    known = LogNormal(mean=math.log(200), deviation=0.2)
    assert made is not None
    assert predict_remaining(made, MANY, known) is None
    assert predict_remaining(made, FEW, known) is not None
    assert predict_remaining(made, None, known) is None, "nobody knows yet how they are kept"


def test_a_clip_found_between_two_looks_was_ready_in_the_middle_when_nothing_is_known():
    assert estimate_ready_age(None, 100.0, 120.0) == 110.0


def test_a_clip_found_at_a_late_first_look_was_ready_when_its_kind_usually_is():
    known = LogNormal(mean=math.log(150), deviation=0.05)
    assert 140 < estimate_ready_age(known, 0.0, 160.0) < 160
    assert estimate_ready_age(known, 0.0, 20.0) == 10.0, "what cannot be by all that is known is halved"


@given(st.floats(2.0, 7.0), st.floats(0.05, 1.5), st.floats(0.0, 2000.0), st.floats(0.1, 500.0))
def test_a_clip_was_ready_between_the_looks_that_found_it(mean: float, deviation: float, begin: float, gap: float):
    found = estimate_ready_age(LogNormal(mean=mean, deviation=deviation), begin, begin + gap)
    assert begin - 1e-3 * gap <= found <= begin + gap * 1.001


def test_half_of_the_clips_are_ready_at_their_median():
    assert ready_share(LogNormal(mean=math.log(150), deviation=0.3), 150.0) == pytest.approx(0.5)
