"""A run while it goes: a live table on a terminal, a line an event elsewhere, or JSON lines for programs.

Listeners only draw. Nothing here decides, and a drawing that fails must not end a run: where nobody reads any more
(`2>&1 | head`, a full disk under a log), what was to be drawn is dropped and the run goes on.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

from hailuo_batch.core.attempt.failure import Failure, Kind
from hailuo_batch.core.plan.event import (
    Event,
    Listener,
    ProviderHeld,
    RunEnded,
    RunStarted,
    StepFailed,
    StepStarted,
    StepStored,
    StepsUnlocked,
    Stopping,
)
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.plan.render_names import label
from hailuo_batch.views.format import clipped, count, footage, megabytes, on_one_line, safe, span
from hailuo_batch.views.json_report import json_text
from hailuo_batch.views.style import Ink

if TYPE_CHECKING:
    from rich.console import Console, Group

REDRAWS = 4  # a second; more costs a core's percents and shows nothing


Now = Callable[[], float]  # seconds since some moment, never going back


@contextmanager
def watching(how: str, stream: TextIO, ink: Ink) -> Iterator[Listener]:
    """A listener that draws on `stream` until the block is left; `how` is live, lines, json or none."""
    match how:
        case "live":
            with live(_console(stream, ink), time.monotonic) as listener:
                yield listener
        case "lines":
            yield _Lines(stream, ink)
        case "json":
            yield _JsonLines(stream)
        case _:
            yield lambda _: None


# What ended without a clip and is no failure: it is not over, or was never begun.
_CALLED = {
    Kind.OVER_CAP: "left out",
    Kind.UNCLEAR: "in doubt",
    Kind.PENDING: "left running",
    Kind.UNRECORDED: "not written down",
}


def called(failure: Failure) -> str:
    """How it is said that a step ended without a clip."""
    return _CALLED.get(failure.kind, "failed")


class Tally:
    """How far a run is."""

    def __init__(self, now: Now) -> None:
        self.now = now
        self.begun = now()
        self.steps = self.stored = self.bytes = 0
        self.ended_otherwise: Counter[str] = Counter()  # steps without a clip, by how that is called
        self.running: dict[str, tuple[Step, float]] = {}
        self.stopping = False
        self.held = ""  # who asks to wait, until the next clip comes

    def note(self, event: Event) -> None:
        """Counts an event."""
        match event:
            case RunStarted(steps=steps):
                self.steps, self.begun = steps, self.now()
            case StepStarted(step=step):
                self.running[step.fingerprint] = step, self.now()
            case StepStored(step=step, artifact=artifact):
                self.running.pop(step.fingerprint, None)
                self.stored, self.bytes, self.held = self.stored + 1, self.bytes + artifact.size, ""
            case StepFailed(step=step, failure=failure):
                self.running.pop(step.fingerprint, None)
                self.ended_otherwise[called(failure)] += 1
            case ProviderHeld(provider=provider, why=why):
                self.held = f"{provider} asks to wait: {on_one_line(why)}"
            case Stopping():
                self.stopping = True

    @property
    def done(self) -> int:
        """Steps that have ended."""
        return self.stored + self.ended_otherwise.total()

    def remaining(self) -> float | None:
        """Seconds until the end at the pace so far; None while there is no pace."""
        took = self.now() - self.begun
        return took / self.done * (self.steps - self.done) if self.done else None


class _Lines:
    """One line an event, for logs and CI."""

    def __init__(self, stream: TextIO, ink: Ink) -> None:
        self._tally, self._stream, self._ink = Tally(time.monotonic), stream, ink

    def __call__(self, event: Event) -> None:
        self._tally.note(event)
        line = self._line(event)
        if line:
            _print(line, self._stream)

    def _line(self, event: Event) -> str:
        place = f"[{self._tally.done}/{self._tally.steps}]"
        match event:
            case StepStored(step=step, artifact=artifact):
                clip = f"{footage(artifact.seconds)} {megabytes(artifact.size)}"
                return f"{place} {_named(step)} {self._ink.good('stored')} {clip}"
            case StepFailed(step=step, failure=failure):
                return f"{place} {_named(step)} {self._ink.bad(called(failure))}: {on_one_line(failure.why)}"
            case StepsUnlocked(steps=steps):
                return f"{place} {count(steps, 'take')} can go on: their frame is there"
            case ProviderHeld(provider=provider, why=why, seconds=seconds):
                return f"{place} {safe(provider)}: {on_one_line(why)}; asked again in {span(seconds)}"
            case Stopping():
                left = "nothing more is sent, running tasks are left to the next run"
                return f"{place} stopping: {left}; Ctrl-C again ends at once"
        return ""


class _JsonLines:
    """One JSON object an event."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, event: Event) -> None:
        members: dict[str, object] = {"version": 1, "event": type(event).__name__}
        match event:
            case RunStarted(steps=steps) | StepsUnlocked(steps=steps):
                members["steps"] = steps
            case StepStarted(step=step):
                members |= _step(step)
            case StepStored(step=step, artifact=artifact):
                members |= {**_step(step), "artifact": artifact.digest, "bytes": artifact.size}
            case StepFailed(step=step, failure=failure):
                members |= {**_step(step), "kind": str(failure.kind), "why": failure.why}
            case ProviderHeld(provider=provider, why=why, seconds=seconds):
                members |= {"provider": provider, "why": why, "seconds": round(seconds, 3)}
            case RunEnded(stored=stored, failed=failed, seconds=seconds):
                members |= {"stored": stored, "failed": failed, "seconds": round(seconds, 3)}
        _print(json_text(members), self._stream)


@contextmanager
def live(console: "Console", now: Now) -> Iterator[Listener]:
    """A table that redraws itself a few times a second; failures stay above it as lines.

    It appears when the run begins: before that a person may be asked whether to spend.
    """
    from rich.live import Live
    from rich.text import Text

    tally = Tally(now)
    table = Live(
        console=console,
        refresh_per_second=REDRAWS,
        transient=True,
        get_renderable=lambda: _table(tally, console.height),
    )

    def listen(event: Event) -> None:
        tally.note(event)
        if isinstance(event, RunStarted):
            table.start()
        if isinstance(event, StepFailed):
            # A Text, not a str: rich would read [words] and :words: in a str as its own.
            table.console.print(Text(f"{_named(event.step)} {called(event.failure)}: {on_one_line(event.failure.why)}"))

    try:
        yield listen
    finally:
        table.stop()


def _console(stream: TextIO, ink: Ink) -> "Console":
    from rich.console import Console

    colours = "auto" if ink.colour else None
    return Console(file=_Forgiving(stream), color_system=colours, highlight=False)  # type: ignore[arg-type]


def _table(tally: Tally, height: int) -> "Group":
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    head = Table.grid(padding=(0, 1), expand=False)
    head.add_column(no_wrap=True)
    head.add_column(no_wrap=True, overflow="ellipsis")
    left = tally.remaining()
    eta = f"about {span(left)} left" if left is not None and left > 1 else ""
    state = "stopping, Ctrl-C again ends it" if tally.stopping else eta
    otherwise = ", ".join(f"{steps:,} {how}" for how, steps in tally.ended_otherwise.items())
    facts = "  ".join(filter(None, (f"{tally.done:,}/{tally.steps:,}", megabytes(tally.bytes), otherwise, state)))
    head.add_row(ProgressBar(total=max(tally.steps, 1), completed=tally.done, width=24), Text(facts))
    rows = Table.grid(padding=(0, 2))
    for _ in range(3):
        rows.add_column(no_wrap=True, overflow="ellipsis")  # a row is a line, also on a narrow terminal
    now = tally.now()
    for step, since in list(tally.running.values())[: max(height - 4, 1)]:
        prompt = clipped(step.uses[0].shot.prompt, 60)
        rows.add_row(Text(_named(step)), Text(f"{now - since:.0f} s"), Text(prompt, style="dim"))
    return Group(head, rows)


class _Forgiving:
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


def _print(line: str, stream: TextIO) -> None:
    with suppress(OSError, ValueError):
        print(line, file=stream, flush=True)


def _named(step: Step) -> str:
    more = len(step.uses) - 1
    return safe(label(step.uses[0])) + (f" and {more} more" if more else "")


def _step(step: Step) -> dict[str, object]:
    takes = [{"shot": use.shot.id, "take": use.take} for use in step.uses]
    return {
        "takes": takes,
        "action": str(step.action),
        "fingerprint": step.fingerprint,
        "provider": step.route.provider,
    }
