"""Exact lengths: a whole number of seconds stays one, so that no older fingerprint changes."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.manifest.lengths import drawn_seconds, has_part_second, make_duration, part_seconds


@given(st.integers(1, 60))
def test_a_whole_number_of_seconds_is_that_number(seconds: int) -> None:
    for written in (Decimal(seconds), Decimal(f"{seconds}.000"), Decimal(f"{seconds}.0004")):
        assert make_duration(written) == seconds
    assert not has_part_second(seconds)
    assert drawn_seconds(seconds, {}) == seconds


@given(st.integers(1, 60_000).filter(lambda thousandths: thousandths % 1000))
def test_a_part_of_a_second_reads_back_as_it_was_written(thousandths: int) -> None:
    duration = make_duration(Decimal(thousandths) / 1000)
    assert isinstance(duration, str)
    assert has_part_second(duration)
    assert part_seconds(duration) == Decimal(thousandths) / 1000
    assert drawn_seconds(duration, {}) == thousandths / 1000


def test_the_portable_words_are_no_part_of_a_second() -> None:
    assert not has_part_second("short")
    assert not has_part_second("long")
    assert drawn_seconds("short", {"short": (5, 6)}) == 6
