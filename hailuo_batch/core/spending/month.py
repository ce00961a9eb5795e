"""The month of a moment, in UTC: costs are grouped by it. Reads no clock."""

from hailuo_batch.core.days import utc_day


def utc_month(at: float) -> str:
    """The month of a time in seconds since the epoch.

    >>> utc_month(0.0), utc_month(1_709_251_199.0), utc_month(1_709_251_200.0)
    ('1970-01', '2024-02', '2024-03')
    """
    return utc_day(at)[: len("2024-02")]
