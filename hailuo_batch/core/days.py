"""Days of the calendar in UTC: prices have dates and grow old, and costs are grouped by month. Reads no clock."""

_SECONDS = 86_400
_SINCE_MARCH_OF_YEAR_0 = 719_468  # days before the epoch; counted from March, a leap day is the last of its year
_FOUR_CENTURIES = 146_097  # days: the calendar repeats itself after them


def utc_day(at: float) -> str:
    """The day (ISO) of a time in seconds since the epoch.

    >>> utc_day(0.0), utc_day(1_709_251_199.0), utc_day(1_709_251_200.0)
    ('1970-01-01', '2024-02-29', '2024-03-01')
    """
    cycle, day = divmod(int(at // _SECONDS) + _SINCE_MARCH_OF_YEAR_0, _FOUR_CENTURIES)
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day_of_year = day - (365 * year + year // 4 - year // 100)
    since_march = (5 * day_of_year + 2) // 153
    turned = since_march >= 10  # January and February are of the next year
    month = since_march - 9 if turned else since_march + 3
    return f"{cycle * 400 + year + turned:04d}-{month:02d}-{day_of_year - (153 * since_march + 2) // 5 + 1:02d}"


def utc_time(at: float) -> str:
    """A time in seconds since the epoch as ISO 8601, to the second.

    >>> utc_time(1_709_251_199.9)
    '2024-02-29T23:59:59Z'
    """
    minutes, seconds = divmod(int(at) % _SECONDS, 60)
    return f"{utc_day(at)}T{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}Z"


def days_since(day: str, now: float) -> int:
    """How many days ago a day (ISO) was at a moment in seconds since the epoch.

    >>> days_since("1970-01-01", 86_400.0 * 3 + 5), days_since("2024-02-29", 1_709_251_200.0)
    (3, 1)
    """
    return int(now // _SECONDS) - _day_number(day)


def _day_number(day: str) -> int:
    year, month, number = map(int, day.split("-"))
    cycle, year_of_cycle = divmod(year - (month < 3), 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + number - 1
    day_of_cycle = year_of_cycle * 365 + year_of_cycle // 4 - year_of_cycle // 100 + day_of_year
    return cycle * _FOUR_CENTURIES + day_of_cycle - _SINCE_MARCH_OF_YEAR_0
