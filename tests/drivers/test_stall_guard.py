"""How slowly a file may come, by a clock that the test turns."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.drivers.stall_guard import LEAST_RATE, LONGEST_SECONDS, WINDOW_SECONDS, StallGuard


def told(comes: Iterable[tuple[float, int]]) -> list[str]:
    """What is said when bytes come after so many seconds each."""
    now = 0.0

    def elapsed() -> float:
        return now

    flow = StallGuard(elapsed)
    words = []
    for seconds, size in comes:
        now += seconds
        words.append(flow.check_rate(size))
    return words


def test_a_byte_a_second_is_too_slow_after_a_minute_and_not_before():
    words = told([(1.0, 1)] * 60)
    assert words == [*[""] * 59, "the download is too slow: 60 bytes in 60 s"]


def test_a_file_that_comes_just_fast_enough_may_come():
    assert not any(told([(1.0, LEAST_RATE)] * 600))


def test_a_fast_beginning_does_not_pay_for_a_slow_end():
    words = told([(1.0, 10_000_000), *[(1.0, 1)] * 65])
    assert not any(words[:60])
    assert any(words[60:63])


def test_a_pause_within_a_window_is_made_up_for_by_what_comes_after_it():
    assert not any(told([(50.0, 1), (5.0, LEAST_RATE * 60)] * 10))


def test_no_download_lasts_longer_than_half_an_hour_however_fast_it_is():
    words = told([(1.0, 1_000_000)] * 1801)
    assert not any(words[:-1])
    assert words[-1] == "the download was not finished after 30 minutes"


def test_a_machine_that_slept_is_no_slow_host():
    night = 8 * 3600.0
    assert not any(told([(1.0, LEAST_RATE), (night, 1), *[(1.0, LEAST_RATE)] * 600]))
    assert any(told([(1.0, LEAST_RATE), (night, 1), *[(1.0, 1)] * 61])), "a slow host is one after it too"


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(0, 400_000)), max_size=200))
def test_a_rate_that_is_complained_of_is_one_that_some_window_has(comes: list[tuple[float, int]]):
    words = told(comes)
    first = next((place for place, each in enumerate(words) if each), None)
    if first is None:
        return
    ends = [sum(seconds for seconds, _ in comes[: place + 1]) for place in range(first + 1)]
    slow = any(
        ends[first] - (ends[place - 1] if place else 0.0) >= WINDOW_SECONDS
        and sum(size for _, size in comes[place : first + 1]) < LEAST_RATE * WINDOW_SECONDS
        for place in range(first + 1)
    )
    assert slow or ends[first] > LONGEST_SECONDS
