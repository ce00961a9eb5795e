"""The month of a moment, in UTC: costs are grouped by it. Reads no clock."""

_DAY = 86_400  # seconds
_SINCE_MARCH_OF_YEAR_0 = 719_468  # days before the epoch; counted from March, a leap day is the last of its year
_FOUR_CENTURIES = 146_097  # days: the calendar repeats itself after them


def utc_month(at: float) -> str:
    """The month of a time in seconds since the epoch.

    >>> utc_month(0.0), utc_month(1_709_251_199.0), utc_month(1_709_251_200.0)
    ('1970-01', '2024-02', '2024-03')
    """
    cycle, day = divmod(int(at // _DAY) + _SINCE_MARCH_OF_YEAR_0, _FOUR_CENTURIES)
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day_of_year = day - (365 * year + year // 4 - year // 100)
    since_march = (5 * day_of_year + 2) // 153
    turned = since_march >= 10  # January and February are of the next year
    return f"{cycle * 400 + year + turned:04d}-{since_march - 9 if turned else since_march + 3:02d}"
