"""Which account of a gateway buys: a keyed hash of the API key, never the key itself.

The journal of purchases has it, so that a task is known to be another account's. The key of the hash is made once for
each user, and stays on this machine.
"""

import hmac
import secrets
from contextlib import suppress
from pathlib import Path

from hailuo_batch.app.running.setup import RunSetup
from hailuo_batch.core.world import World
from hailuo_batch.files.folder import Folder
from hailuo_batch.load.gateway_keys import read_gateway_key
from hailuo_batch.load.user_state import find_user_state

_SECRET_BYTES = 32
_LENGTH = 16  # hex digits: enough to tell accounts of one user apart


def read_accounts(setup: RunSetup) -> dict[str, str]:
    """The account of each gateway that may be asked, by its name; nothing for what is drawn or rehearsed."""
    if setup.workspace.world is not World.REAL or setup.is_local:
        return {}
    keys = {
        provider.name: read_gateway_key(setup.project, provider.name)
        for provider in setup.providers
        if not provider.is_local
    }
    secret = _read_secret(find_user_state() / "account.key")
    return {
        name: hmac.digest(secret, f"{name}\n{key}".encode(), "sha256").hex()[:_LENGTH]
        for name, key in keys.items()
        if key
    }


def read_shared_account(setup: RunSetup, gateway: str) -> str:
    """The account of a gateway as machines that share a ledger know it: the same hash for the same key on each.

    Keys are long and random, so that nobody finds one by trying.
    """
    key = read_gateway_key(setup.project, gateway) or ""
    return hmac.digest(b"hailuo-batch shared account", f"{gateway}\n{key}".encode(), "sha256").hex()[:_LENGTH]


def _read_secret(file: Path) -> bytes:
    """The key of the hash; made at the first purchase. One that cannot be kept serves this run."""
    new = secrets.token_bytes(_SECRET_BYTES)
    try:
        with Folder(file.parent).open(make=True, mode=0o700) as folder:
            with suppress(FileExistsError), folder.create(file.name, 0o600) as made:
                made.write(new)
            return folder.read(file.name, _SECRET_BYTES)
    except OSError:
        return new
