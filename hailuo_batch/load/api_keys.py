"""A provider's API key: from the environment, else from the system's keyring. Never from a file."""

import os
from collections.abc import Mapping

KEYRING_SERVICE = "hailuo-batch"  # as in: keyring set hailuo-batch MINIMAX_API_KEY


def read_api_key(variable: str, environment: Mapping[str, str] = os.environ) -> str:
    """The key that stands under this name; "" when there is none.

    >>> read_api_key("MINIMAX_API_KEY", {"MINIMAX_API_KEY": " abc "})
    'abc'
    """
    return environment.get(variable, "").strip() or _read_keyring(variable)


def _read_keyring(variable: str) -> str:
    """What the keyring has; a machine without one, or with one that is locked, has nothing."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return ""
    try:
        return (keyring.get_password(KEYRING_SERVICE, variable) or "").strip()
    except KeyringError:
        return ""
