"""`--trace FILE` and `-v`: what standard logging hears of a command, as lines of JSON in a file and as text on stderr.

Both handlers belong to the logger `hailuo_batch` and go with the command. Neither raises: a trace that can no longer be
written is given up, stderr says so once, and the command goes on. This file is loaded only when one of them is wanted.
"""

import json
import logging
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import click

from hailuo_batch import __version__
from hailuo_batch.core.redaction import SHORTEST_KEY, redact_key, redact_text
from hailuo_batch.core.trace import BugLine, EndLine, StartLine, TraceLine, trace_members
from hailuo_batch.errors import InputError
from hailuo_batch.views.format import safe_text

_LOGGER = "hailuo_batch"
_SECRET_ENDINGS = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")  # of variables' names


def start_trace(command: str, file: str | None, verbosity: int) -> Callable[[int], None]:
    """Listens to a command from here on, until what comes back is called with the command's exit code."""
    logger, handlers = logging.getLogger(_LOGGER), list[logging.Handler]()
    if file is not None:
        handlers.append(TraceHandler(file))
    if verbosity:
        handlers.append(_StderrHandler(logging.INFO if verbosity == 1 else logging.DEBUG))
    level = logger.level
    logger.setLevel(min(handler.level or logging.DEBUG for handler in handlers))
    for handler in handlers:
        logger.addHandler(handler)
    python, system = platform.python_version(), platform.platform()
    logger.debug(StartLine(command=command, version=__version__, python=python, system=system))

    def end(code: int) -> None:
        logger.debug(EndLine(exit=int(code)))
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
        logger.setLevel(level)

    return end


def report_bug(traceback: str) -> str:
    """A traceback without secrets, which a trace gets too."""
    shown = redact_text(_hide_in_text(traceback, _secret_values()))
    logging.getLogger(_LOGGER).debug(BugLine(traceback=shown))
    return shown


class TraceHandler(logging.Handler):
    """Appends a line of JSON for each record to a file that only its owner may read."""

    def __init__(self, file: str) -> None:
        super().__init__()
        self._keys = _secret_values()
        try:
            self._number: int | None = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            why = f"The system says: {error.strerror}."
            remedy = "Name another file after --trace or in HAILUO_TRACE."
            raise InputError(f"the trace {file} cannot be written", why=why, remedy=remedy) from None

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the record at once, whole; nothing that goes wrong here reaches the command."""
        if self._number is None:
            return
        with suppress(Exception):
            try:
                rest = self._format_line(record)
                while rest:
                    rest = rest[os.write(self._number, rest) :]
            except OSError as error:
                self.close()
                click.echo(f"warning: the trace ends here ({error.strerror}); the command continues.", err=True)

    def close(self) -> None:
        """Closes the file."""
        number, self._number = self._number, None
        if number is not None:
            with suppress(OSError):
                os.close(number)
        super().close()

    def _format_line(self, record: logging.LogRecord) -> bytes:
        members = _hide_keys(_record_members(record), self._keys)
        line = json.dumps(members, ensure_ascii=False, default=str)
        return f"{line}\n".encode(errors="backslashreplace")


class _StderrHandler(logging.Handler):
    """Shows each record as a line of text on stderr."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self._keys = _secret_values()

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the line; a stderr that nobody reads stops nothing."""
        with suppress(Exception):
            text = record.getMessage() if isinstance(record.msg, TraceLine) else redact_text(record.getMessage())
            at = time.strftime("%H:%M:%S", time.localtime(record.created))
            line = f"{at} {record.name.removeprefix(f'{_LOGGER}.')}: {_hide_in_text(text, self._keys)}"
            print(safe_text(line), file=sys.stderr, flush=True)  # noqa: T201 - what -v asks for


def _record_members(record: logging.LogRecord) -> dict[str, object]:
    if isinstance(record.msg, TraceLine):
        return trace_members(record.msg, record.created)
    words = redact_text(record.getMessage())
    return {"what": "log", "at": round(record.created, 3), "logger": record.name, "message": words}


def _secret_values() -> tuple[str, ...]:
    """What the environment holds under names of secrets: the second net, under what each line's maker takes out."""
    values = {value.strip() for name, value in os.environ.items() if name.upper().endswith(_SECRET_ENDINGS)}
    return tuple(value for value in values if len(value) >= SHORTEST_KEY)


def _hide_keys(value: object, keys: tuple[str, ...]) -> object:
    """Plain data without these keys in any of its texts."""
    if isinstance(value, str):
        return _hide_in_text(value, keys)
    if isinstance(value, Mapping):
        return {_hide_in_text(str(name), keys): _hide_keys(part, keys) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_hide_keys(part, keys) for part in value]
    return value


def _hide_in_text(text: str, keys: tuple[str, ...]) -> str:
    for key in keys:
        text = redact_key(key, text)
    return text
