"""Who sits here and what time it is, for what a person decides; it is for people to read, and proves nothing."""

import getpass
from datetime import UTC, datetime

from hailuo_batch.ports import Clock

_UNKNOWN_USER = "unknown"


def login_name() -> str:
    """The name that this machine knows the user by; `unknown` where it has none."""
    try:
        return getpass.getuser().encode("utf-8", "replace").decode()[:200] or _UNKNOWN_USER
    except (OSError, KeyError, ImportError):
        return _UNKNOWN_USER


def utc_timestamp(clock: Clock) -> str:
    """Now in UTC, to the second, as ISO 8601 writes it."""
    return datetime.fromtimestamp(int(clock.now()), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
