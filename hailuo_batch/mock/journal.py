"""What the mock remembers: every request and every charge, in memory and, with a file name, line by line in a file.

Keys and signatures never get in, and pictures only by their length.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TextIO

from hailuo_batch.values import dataclass

_MAX_TEXT = 4000  # letters of a text that is no picture
_DATA_URI_LETTERS = 40  # letters of a data URI


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEntry:
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
class ChargeEntry:
    """One order that was booked. `payload` is a digest: equal payloads to one gateway have equal ones."""

    at: float
    gateway: str
    task: str
    amount: Decimal
    currency: str
    payload: str
    prompt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackEntry:
    """One callback: where it went, and the status that came back (None: there was no answer, or no call)."""

    at: float
    gateway: str
    task: str
    url: str
    message: Mapping[str, object]
    status: int | None
    why: str = ""


class Journal:
    """Keeps entries and charges in the order they came."""

    def __init__(self) -> None:
        self.requests: list[RequestEntry] = []
        self.charges: list[ChargeEntry] = []
        self.callbacks: list[CallbackEntry] = []
        self._file: TextIO | None = None

    def open(self, path: Path) -> None:
        """From now on, each is a line of JSON at the end of this file too."""
        self._file = path.open("a", encoding="utf-8", errors="backslashreplace", buffering=1)

    def add_request(self, entry: RequestEntry) -> None:
        """Keeps a request."""
        self.requests.append(entry)
        self._write("request", entry)

    def add_charge(self, charge: ChargeEntry) -> None:
        """Keeps a charge."""
        self.charges.append(charge)
        self._write("charge", charge)

    def add_callback(self, callback: CallbackEntry) -> None:
        """Keeps a callback."""
        self.callbacks.append(callback)
        self._write("callback", callback)

    def close(self) -> None:
        """Closes the file; what is in memory stays."""
        if self._file:
            self._file.close()
            self._file = None

    def _write(self, what: str, value: RequestEntry | ChargeEntry | CallbackEntry) -> None:
        if self._file:
            line = json.dumps({"what": what, **asdict(value)}, ensure_ascii=False, default=str)
            self._file.write(f"{line}\n")


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers without the key."""
    shown = dict(headers)
    for name in shown:
        if name.lower() in _SECRET_HEADERS:
            shown[name] = "***"
    return shown


_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})


def redact_path(raw: str) -> str:
    """A path without a link's signature."""
    head, mark, _ = raw.partition("sig=")
    return f"{head}{mark}***" if mark else raw


def shorten_body(value: object) -> object:
    """A body with pictures by their length only."""
    try:
        return _shorten(value)
    except RecursionError:
        return "… (nested too deep)"


def _shorten(value: object) -> object:
    if isinstance(value, str):
        return value if len(value) <= _DATA_URI_LETTERS else _shorten_text(value)
    if isinstance(value, dict):  # what JSON is made of; asking for a Mapping takes ten times as long
        return {str(name): _shorten(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_shorten(part) for part in value]
    return value


def _shorten_text(text: str) -> str:
    if text.startswith("data:"):
        return f"{text[:_DATA_URI_LETTERS]}… ({len(text)} letters)"
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}… ({len(text)} letters)"
