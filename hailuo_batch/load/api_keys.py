"""A provider's API key: from the environment, else from the system's keyring. Never from a file."""

import os
from collections.abc import Mapping

SERVICE = "hailuo-batch"  # as in: keyring set hailuo-batch MINIMAX_API_KEY


def key_of(variable: str, environment: Mapping[str, str] = os.environ) -> str:
    """The key that stands under this name; "" when there is none.

    >>> key_of("MINIMAX_API_KEY", {"MINIMAX_API_KEY": " abc "})
    'abc'
    """
    return environment.get(variable, "").strip() or _from_keyring(variable)


def _from_keyring(variable: str) -> str:
    """What the keyring has; a machine without one, or with one that is locked, has nothing."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return ""
    try:
        return (keyring.get_password(SERVICE, variable) or "").strip()
    except KeyringError:
        return ""
