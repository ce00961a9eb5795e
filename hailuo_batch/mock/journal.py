"""What the mock remembers: every request and every charge, in memory and, if asked, line by line in a file.

Keys and signatures never get in, and pictures only by their length.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import TextIO

_LONGEST = 4000  # letters of a text that is no picture
_SHOWN = 40  # letters of a data URI


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request. `status` is None when no answer went out; `key`: it carried an Authorization header."""

    number: int
    at: float  # the mock's seconds since the epoch, when it came
    method: str
    path: str
    host: str
    gateway: str
    call: str
    task: str
    status: int | None
    fault: str
    charged: bool
    key: bool
    headers: Mapping[str, str]
    body: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One order that was booked. `payload` is a digest: equal payloads to one gateway have equal ones."""

    at: float
    gateway: str
    task: str
    amount: Decimal
    currency: str
    payload: str
    prompt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One callback: where it went, and the status that came back (None: nobody answered, or nobody was asked)."""

    at: float
    gateway: str
    task: str
    url: str
    message: Mapping[str, object]
    status: int | None
    why: str = ""


class Record:
    """Keeps entries and charges in the order they came."""

    def __init__(self) -> None:
        self.requests: list[Entry] = []
        self.charges: list[Charge] = []
        self.callbacks: list[Sent] = []
        self._file: TextIO | None = None

    def open(self, path: Path) -> None:
        """From now on, each is a line of JSON at the end of this file too."""
        self._file = path.open("a", encoding="utf-8", errors="backslashreplace", buffering=1)

    def request(self, entry: Entry) -> None:
        """Keeps a request."""
        self.requests.append(entry)
        self._write("request", entry)

    def charge(self, charge: Charge) -> None:
        """Keeps a charge."""
        self.charges.append(charge)
        self._write("charge", charge)

    def callback(self, sent: Sent) -> None:
        """Keeps a callback."""
        self.callbacks.append(sent)
        self._write("callback", sent)

    def close(self) -> None:
        """Closes the file; what is in memory stays."""
        if self._file:
            self._file.close()
            self._file = None

    def _write(self, what: str, value: Entry | Charge | Sent) -> None:
        if self._file:
            line = json.dumps({"what": what, **asdict(value)}, ensure_ascii=False, default=str)
            self._file.write(f"{line}\n")


def shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers without the key."""
    shown = dict(headers)
    for name in shown:
        if name.lower() in _SECRET:
            shown[name] = "***"
    return shown


_SECRET = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})


def shown_path(raw: str) -> str:
    """A path without a link's signature."""
    head, mark, _ = raw.partition("sig=")
    return f"{head}{mark}***" if mark else raw


def shown_body(value: object) -> object:
    """A body with pictures by their length only."""
    try:
        return _shown(value)
    except RecursionError:
        return "… (nested too deep)"


def _shown(value: object) -> object:
    if isinstance(value, str):
        return value if len(value) <= _SHOWN else _shown_text(value)
    if isinstance(value, dict):  # what JSON is made of; asking for a Mapping takes ten times as long
        return {str(name): _shown(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_shown(part) for part in value]
    return value


def _shown_text(text: str) -> str:
    if text.startswith("data:"):
        return f"{text[:_SHOWN]}… ({len(text)} letters)"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} letters)"
