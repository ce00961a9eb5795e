"""stdout and stderr as the caller left them: closed, a pipe that nobody reads, a terminal that cannot redraw."""

import errno
import os
import sys
from typing import TextIO


def prepare_streams() -> None:
    """Makes stdout and stderr fit to write to.

    A closed one (`>&-`) gets the null device before a file of ours gets its number; letters that the terminal's
    encoding does not have become question marks.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - open as long as we are
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def discard_stdout() -> None:
    """The reader of our output has ended (`| head`): nothing more is flushed to it, and that is no error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def has_reader_ended(error: OSError) -> bool:
    """Whether nobody reads a pipe any longer; Windows calls that an invalid argument."""
    return isinstance(error, BrokenPipeError) or (os.name == "nt" and error.errno == errno.EINVAL)


def terminal_width(stream: TextIO) -> int:
    """The cells of a line, of `COLUMNS` or of the terminal itself; 0 for a stream that is no terminal."""
    if not stream.isatty():
        return 0
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0


def is_ci() -> bool:
    """Whether this is the job of a CI server, where nobody sees a live table or answers a question."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}


def can_redraw(stream: TextIO) -> bool:
    """Whether a stream is a terminal that knows escape codes; one that does not say what it is may not.

    Windows has no `TERM`, and its consoles know them.
    """
    return stream.isatty() and os.environ.get("TERM", "dumb" if os.name != "nt" else "windows") not in {"", "dumb"}
