"""Who sits here and what time it is, for what a person decides; it is for people to read, and proves nothing."""

import getpass
from datetime import UTC, datetime
from pathlib import Path

from hailuo_batch.ports import Clock

_UNKNOWN_USER = "unknown"


def login_name() -> str:
    """The name that this machine knows the user by; `unknown` where it has none."""
    try:
        return getpass.getuser().encode("utf-8", "replace").decode()[:200] or _UNKNOWN_USER
    except (OSError, KeyError, ImportError):
        return _UNKNOWN_USER


def reviewer_name(folder: Path) -> str:
    """Who decides about shots: the name that git has of the user, else the login name."""
    from hailuo_batch.load.git_identity import read_git_identity

    return read_git_identity(folder).name or login_name()


def utc_timestamp(clock: Clock) -> str:
    """Now in UTC, to the second, as ISO 8601 writes it."""
    return datetime.fromtimestamp(int(clock.now()), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
