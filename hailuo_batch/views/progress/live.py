"""The live table on a terminal: it redraws itself a few times a second, and lines stay above it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING, TextIO

from hailuo_batch.core.plan.event import Event, Listener, RunStarted, StepFailed
from hailuo_batch.views.format import single_line
from hailuo_batch.views.progress.clocks import SYSTEM_CLOCKS, Clocks
from hailuo_batch.views.progress.outcome_words import outcome_word
from hailuo_batch.views.progress.run_progress import RunProgress
from hailuo_batch.views.progress.table import draw_table
from hailuo_batch.views.progress.words import step_name
from hailuo_batch.views.style import TextStyle

if TYPE_CHECKING:
    from rich.console import Console, Group

REDRAWS_PER_SECOND = 4  # a second; more costs a core's percents and shows nothing


class SharedProgress:
    """Counts the events of a run in its thread, and is drawn in the one that redraws: never both at once."""

    def __init__(self, clocks: Clocks) -> None:
        self._progress, self._clocks, self._lock = RunProgress(clocks.elapsed), clocks, Lock()

    def add_event(self, event: Event) -> None:
        """Counts an event."""
        with self._lock:
            self._progress.add_event(event)

    def draw(self, *, height: int, width: int) -> "Group":
        """The whole table, in which nothing is left to compute."""
        with self._lock:
            return draw_table(self._progress, self._clocks, height=height, width=width)


@contextmanager
def live_table(console: "Console", clocks: Clocks = SYSTEM_CLOCKS) -> Iterator[Listener]:
    """A table that redraws itself; failures stay above it as lines.

    It appears when the run begins: before that there may be a question whether to spend.
    """
    from rich.live import Live
    from rich.text import Text

    progress = SharedProgress(clocks)
    table = Live(
        console=console,
        refresh_per_second=REDRAWS_PER_SECOND,
        transient=True,
        get_renderable=lambda: progress.draw(height=console.height, width=console.width),
    )

    def listen(event: Event) -> None:
        progress.add_event(event)
        if isinstance(event, RunStarted):
            table.start()
        if isinstance(event, StepFailed):
            # A Text, not a str: rich would read [words] and :words: in a str as its own.
            table.console.print(
                Text(f"{step_name(event.step)} {outcome_word(event.failure)}: {single_line(event.failure.why)}")
            )

    try:
        yield listen
    finally:
        table.stop()


def open_console(stream: TextIO, style: TextStyle) -> "Console":
    """The terminal behind a stream."""
    from rich.console import Console

    colours = "auto" if style.colour else None
    return Console(file=TolerantStream(stream), color_system=colours, highlight=False)  # type: ignore[arg-type]


class TolerantStream:
    """A stream for rich that drops what cannot be written any more."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, words: str) -> int:
        """Writes, or not."""
        with suppress(OSError, ValueError):
            self._stream.write(words)
        return len(words)

    def flush(self) -> None:
        """Flushes, or not."""
        with suppress(OSError, ValueError):
            self._stream.flush()


def print_line(line: str, stream: TextIO) -> None:
    """A line, or nothing where nobody reads any more."""
    with suppress(OSError, ValueError):
        print(line, file=stream, flush=True)
