"""The `Retry-After` header: seconds, or a date of HTTP. A date needs a clock, so `now` comes from whoever has one.

The forms are those of RFC 9110, sections 5.6.7 and 10.2.3, read 2026-11-20.
"""

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE_PATTERN = re.compile(
    r"(?:[a-z]+, ?)?(\d{1,2})[ -]([a-z]{3})[ -](\d{4}) (\d{2}):(\d{2}):(\d{2})(?: gmt| utc)?", re.IGNORECASE
)
MAX_WAIT_SECONDS = 24 * 3600.0  # nobody means more


def parse_wait_seconds(header: str | None) -> float | None:
    """The seconds that a header asks to wait when it says them as a number.

    >>> [parse_wait_seconds(text) for text in ("30", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT", None)]
    [30.0, 1.5, None, None]
    """
    if header is None:
        return None
    text = header.strip()
    return min(float(text), MAX_WAIT_SECONDS) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) else None


def parse_retry_after(header: str | None, *, now: float) -> float | None:
    """The seconds to wait, for a number as for a date; `now` is seconds since the epoch. A date gone by is 0.

    >>> [parse_retry_after(f"Thu, 01 Jan 1970 00:0{minute}:00 GMT", now=60) for minute in (2, 0)]
    [60.0, 0.0]
    """
    if header is None:
        return None
    seconds = parse_wait_seconds(header)
    match = _DATE_PATTERN.fullmatch(header.strip()) if seconds is None else None
    if match is None or match[2].lower() not in _MONTHS:
        return seconds
    day, month, year = int(match[1]), _MONTHS.index(match[2].lower()) + 1, int(match[3])
    then = _days_since_epoch(year, month, day) * 86400 + int(match[4]) * 3600 + int(match[5]) * 60 + int(match[6])
    return min(max(0.0, float(then - now)), MAX_WAIT_SECONDS)


def _days_since_epoch(year: int, month: int, day: int) -> int:
    """Days since the epoch, counting years from March so that the leap day comes last."""
    since, place = (year, month - 3) if month > 2 else (year - 1, month + 9)
    return 365 * since + since // 4 - since // 100 + since // 400 + (153 * place + 2) // 5 + day - 719469
