"""What this machine last saw of a shared ledger's server, and whether the server may have lost purchases since.

It is kept in the user's own folder. What another machine has compared and settled counts here too: the ledger has it.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from hailuo_batch.files.folder import Folder
from hailuo_batch.values import dataclass

FOLDER = "shared-ledgers"
_LARGEST = 10_000  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenServer:
    """A server as it was at some moment of its own clock; `lsn` is how far its log was."""

    ledger: str
    system: str
    timeline: str
    lsn: str
    at: float


def make_seen(server: Mapping[str, Any]) -> SeenServer:
    """What is kept of `read_server()`."""
    names = ("ledger", "system", "timeline", "lsn")
    return SeenServer(**{name: str(server[name]) for name in names}, at=float(server["now"]))


def find_server_change(seen: SeenServer | None, server: Mapping[str, Any]) -> str:
    """Why the ledger may lack what was written before, in words; "" when it cannot.

    >>> seen = SeenServer(ledger="a", system="1", timeline="1", lsn="0/20", at=9.0)
    >>> now = {"ledger": "a", "system": "1", "timeline": "1", "lsn": "0/1F", "known": True, "settled_at": None}
    >>> find_server_change(seen, now)
    'lacks what was written: its log is at 0/1F, and was at 0/20'
    """
    if not server["known"]:
        return f"is on a server that took over (system {server['system']}, timeline {server['timeline']})"
    if seen is None or (server["settled_at"] is not None and server["settled_at"] > seen.at):
        return ""
    if seen.ledger != server["ledger"]:
        return "is another ledger than this machine knew there"
    is_same_log = (seen.system, seen.timeline) == (server["system"], server["timeline"])
    if is_same_log and _parse_lsn(server["lsn"]) < _parse_lsn(seen.lsn):
        return f"lacks what was written: its log is at {server['lsn']}, and was at {seen.lsn}"
    return ""


def read_seen_server(state: Path, place: str) -> SeenServer | None:
    """What was last seen of the ledger at `place`; None where it never was, or cannot be read."""
    folder = Folder(state / FOLDER, trusted=state.parent)
    with suppress(OSError, ValueError, TypeError), folder.open() as ours:
        return SeenServer(**json.loads(ours.read(_file_name(place), _LARGEST)))
    return None


def write_seen_server(state: Path, place: str, seen: SeenServer) -> None:
    """Remembers it. Where that cannot be written, the ledger's own list of servers still tells of a fail-over."""
    data = json.dumps(asdict(seen), indent=2).encode()
    with suppress(OSError), Folder(state / FOLDER, trusted=state.parent).open(make=True, mode=0o700) as ours:
        ours.replace_content(_file_name(place), data, durable=True, mode=0o600)


def _file_name(place: str) -> str:
    return sha256(place.encode()).hexdigest()[:32] + ".json"


def _parse_lsn(written: str) -> tuple[int, int]:
    high, _, low = written.partition("/")
    return int(high, 16), int(low, 16)
