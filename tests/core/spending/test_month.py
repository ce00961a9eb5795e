from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.spending.month import utc_month


@given(st.floats(0, 3.2e10))
def test_a_month_is_that_of_the_calendar(at: float) -> None:
    assert utc_month(at) == datetime.fromtimestamp(at, UTC).strftime("%Y-%m")


def test_the_last_moment_of_a_year_is_of_that_year() -> None:
    midnight = datetime(2027, 1, 1, tzinfo=UTC).timestamp()
    assert (utc_month(midnight - 0.001), utc_month(midnight)) == ("2026-12", "2027-01")
