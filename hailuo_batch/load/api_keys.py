"""A provider's API key: from the environment, else from the system's keyring. Never from a file."""

import os
from collections.abc import Mapping
from functools import lru_cache
from queue import Empty, Queue
from threading import Thread

from hailuo_batch.core.redaction import KEY_PLACEHOLDER, SHORTEST_KEY, redact_key

KEYRING_SERVICE = "hailuo-batch"  # as in: keyring set hailuo-batch MINIMAX_API_KEY
KEYRING_SECONDS = 30.0  # somebody may have to type a password
_PROBE = "probe"  # a name without a key


def read_api_key(variable: str, environment: Mapping[str, str] = os.environ) -> str:
    """The key that stands under this name; "" when there is none.

    >>> read_api_key("MINIMAX_API_KEY", {"MINIMAX_API_KEY": " abc "})
    'abc'
    """
    return environment.get(variable, "").strip() or _read_keyring(variable)


def read_set_keys(environment: Mapping[str, str] = os.environ) -> list[tuple[str, str]]:
    """The keys of gateways that the environment has, with the names of their variables.

    >>> read_set_keys({"MINIMAX_API_KEY": " abcdefghij ", "ACME_API_KEY": "test", "HOME": "/root"})
    [('MINIMAX_API_KEY', 'abcdefghij')]
    """
    keys = ((name, value.strip()) for name, value in environment.items() if name.upper().endswith("_API_KEY"))
    return [(name, value) for name, value in keys if len(value) >= SHORTEST_KEY]


def find_key(key: str, data: bytes) -> int | None:
    """Where a text holds a key, also percent-encoded or as JSON escapes; None when it does not."""
    place = data.find(key.encode())
    if place >= 0 or not (b"%" in data or b"\\" in data):
        return place if place >= 0 else None
    text = data.decode(errors="replace")
    before, found, _ = redact_key(key, text).partition(KEY_PLACEHOLDER)
    return len(before.encode()) if found and KEY_PLACEHOLDER not in text else None


@lru_cache(maxsize=1)
def find_keyring_fault() -> str:
    """Why the system's keyring cannot be used; "" when it can, and when there is none. Found out once."""
    return _read_in_time(_PROBE)[1]


def _read_keyring(variable: str) -> str:
    """What the keyring has; a machine without one, or with one that cannot be used, has nothing."""
    return "" if find_keyring_fault() else _read_in_time(variable)[0]


def _read_in_time(variable: str) -> tuple[str, str]:
    """What the keyring has under a name, and its fault; it may wait for a window that nobody sees."""
    answers: Queue[tuple[str, str]] = Queue()
    Thread(target=lambda: answers.put(_read_now(variable)), daemon=True).start()
    try:
        return answers.get(timeout=KEYRING_SECONDS)
    except Empty:
        return "", f"the keyring did not answer within {KEYRING_SECONDS:g} s"


def _read_now(variable: str) -> tuple[str, str]:
    try:
        import keyring
    except ImportError:
        return "", ""
    except Exception as error:  # noqa: BLE001 - each system's part of it raises errors of its own
        return "", f"the keyring cannot be used ({type(error).__name__})"
    try:
        return (keyring.get_password(KEYRING_SERVICE, variable) or "").strip(), ""
    except Exception as error:  # noqa: BLE001 - the same
        return "", f"the keyring cannot be used ({type(error).__name__})"
