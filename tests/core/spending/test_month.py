from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.spending.month import month_of


@given(st.floats(0, 3.2e10))
def test_a_month_is_that_of_the_calendar(at: float) -> None:
    assert month_of(at) == datetime.fromtimestamp(at, UTC).strftime("%Y-%m")


def test_the_last_moment_of_a_year_is_of_that_year() -> None:
    midnight = datetime(2027, 1, 1, tzinfo=UTC).timestamp()
    assert (month_of(midnight - 0.001), month_of(midnight)) == ("2026-12", "2027-01")
