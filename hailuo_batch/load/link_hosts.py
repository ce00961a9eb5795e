"""The hosts that gateways' links led to, kept in the user's state folder: names only, never a link.

A later run resolves them before it buys. Deleting the file makes a run learn them again.
"""

import json
from collections.abc import Iterable
from contextlib import suppress

from hailuo_batch.errors import InputError
from hailuo_batch.files.folder import Folder
from hailuo_batch.load.user_state import find_user_state

_FILE = "link-hosts.json"
_LARGEST = 1024**2  # bytes
_MOST = 8  # hosts of one gateway; the last ones count


class LinkHosts:
    """What is known of the hosts; reading and writing never stop a run."""

    def __init__(self) -> None:
        self._known = _read()

    def list_hosts(self, gateways: Iterable[str]) -> tuple[str, ...]:
        """The hosts of some gateways' links, each once."""
        return tuple(dict.fromkeys(host for name in gateways for host in self._known.get(name, ())))

    def add(self, gateway: str, host: str) -> None:
        """Keeps a host for the next runs."""
        known = self._known.get(gateway, [])
        if host and host not in known:
            self._known[gateway] = [*known, host][-_MOST:]
            _write(self._known)


def _read() -> dict[str, list[str]]:
    with suppress(OSError, ValueError, InputError), Folder(find_user_state()).open() as folder:
        found = json.loads(folder.read(_FILE, _LARGEST))
        return {str(name): [str(host) for host in hosts] for name, hosts in found["hosts"].items()}
    return {}


def _write(known: dict[str, list[str]]) -> None:
    data = json.dumps({"version": 1, "hosts": known}, indent=2, sort_keys=True).encode()
    with suppress(OSError, InputError), Folder(find_user_state()).open(make=True, mode=0o700) as folder:
        folder.replace_content(_FILE, data, mode=0o600)
