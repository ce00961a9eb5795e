"""A run while it goes: a live table on a terminal, a line an event elsewhere, or JSON lines for programs.

Listeners only draw. Nothing here decides, and a drawing that fails must not end a run: where nobody reads any more
(`2>&1 | head`, a full disk under a log), what was to be drawn is dropped and the run goes on.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

from hailuo_batch.core.attempt.failure import Failure, FailureKind
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
    TakesHeld,
)
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.views.format import (
    count,
    format_duration,
    format_seconds,
    format_size,
    safe_text,
    single_line,
    truncate,
)
from hailuo_batch.views.json_report import json_text
from hailuo_batch.views.style import TextStyle

if TYPE_CHECKING:
    from rich.console import Console, Group

REDRAWS_PER_SECOND = 4  # a second; more costs a core's percents and shows nothing


MonotonicClock = Callable[[], float]  # seconds since some moment, never going back


@contextmanager
def progress_listener(mode: str, stream: TextIO, style: TextStyle) -> Iterator[Listener]:
    """A listener that draws on `stream` until the block is left; `mode` is live, lines, json or none."""
    match mode:
        case "live":
            with live_table(_console(stream, style), time.monotonic) as listener:
                yield listener
        case "lines":
            yield _LineListener(stream, style)
        case "json":
            yield _JsonListener(stream)
        case _:
            yield lambda _: None


# What ended without a clip and is no failure: it is not over, or was never begun.
_OUTCOME_WORDS = {
    FailureKind.OVER_CAP: "left out",
    FailureKind.CLOSED: "not submitted",
    FailureKind.UNKNOWN_OUTCOME: "in doubt",
    FailureKind.PENDING: "left running",
    FailureKind.UNRECORDED: "not recorded",
}


def outcome_word(failure: Failure) -> str:
    """How it is said that a step ended without a clip."""
    return _OUTCOME_WORDS.get(failure.kind, "failed")


class RunProgress:
    """How far a run is."""

    def __init__(self, now: MonotonicClock) -> None:
        self.now = now
        self.start = now()
        self.steps = self.stored = self.bytes = 0
        self.without_clip: Counter[str] = Counter()  # steps without a clip, by how that is called
        self.running: dict[str, tuple[Step, float]] = {}
        self.stopping = False
        self.wait_note = ""  # who asks to wait, until the next clip comes

    def add_event(self, event: Event) -> None:
        """Counts an event."""
        match event:
            case RunStarted(steps=steps):
                self.steps, self.start = steps, self.now()
            case StepStarted(step=step):
                self.running[step.fingerprint] = step, self.now()
            case StepStored(step=step, clip=stored):
                self.running.pop(step.fingerprint, None)
                self.stored, self.bytes, self.wait_note = self.stored + 1, self.bytes + stored.size, ""
            case StepFailed(step=step, failure=failure):
                self.running.pop(step.fingerprint, None)
                self.without_clip[outcome_word(failure)] += 1
            case ProviderHeld(provider=provider, why=why):
                self.wait_note = f"{provider} asks to wait: {single_line(why)}"
            case TakesHeld():
                self.wait_note = _wait_words(event)
            case Stopping():
                self.stopping = True

    @property
    def ended_steps(self) -> int:
        """Steps that have ended."""
        return self.stored + self.without_clip.total()

    def remaining_seconds(self) -> float | None:
        """Seconds until the end at the pace so far; None while there is no pace."""
        took = self.now() - self.start
        return took / self.ended_steps * (self.steps - self.ended_steps) if self.ended_steps else None


class _LineListener:
    """One line an event, for logs and CI."""

    def __init__(self, stream: TextIO, style: TextStyle) -> None:
        self._progress, self._stream, self._style = RunProgress(time.monotonic), stream, style

    def __call__(self, event: Event) -> None:
        self._progress.add_event(event)
        line = self._event_line(event)
        if line:
            _print_line(line, self._stream)

    def _event_line(self, event: Event) -> str:
        place = f"[{self._progress.ended_steps}/{self._progress.steps}]"
        match event:
            case StepStored(step=step, clip=stored):
                clip = f"{format_seconds(stored.seconds)} {format_size(stored.size)}"
                return f"{place} {_step_name(step)} {self._style.good('stored')} {clip}"
            case StepFailed(step=step, failure=failure):
                return (
                    f"{place} {_step_name(step)} {self._style.bad(outcome_word(failure))}: {single_line(failure.why)}"
                )
            case StepsUnlocked(steps=steps):
                return f"{place} {_unblocked_words(steps)}"
            case ProviderHeld() | TakesHeld():
                return f"{place} {_wait_words(event)}"
            case Stopping():
                left = "nothing more is submitted, and running tasks are left to the next run"
                return f"{place} stopping: {left}; Ctrl-C again ends at once"
        return ""


def _wait_words(held: ProviderHeld | TakesHeld) -> str:
    who = safe_text(held.provider)
    if isinstance(held, ProviderHeld):
        return f"{who}: {single_line(held.why)}; trying again in {format_duration(held.seconds)}"
    go, wait = "goes" if held.first == 1 else "go", "waits" if held.waiting == 1 else "wait"
    first = f"{count(held.first, 'take')} {go} first"
    return f"{who}: {first}; {held.waiting:,} {wait} until one is stored"


def _unblocked_words(takes: int) -> str:
    if takes == 1:
        return "1 waiting take unblocked: its source frame is ready"
    return f"{count(takes, 'waiting take')} unblocked: their source frames are ready"


class _JsonListener:
    """One JSON object an event."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, event: Event) -> None:
        members: dict[str, object] = {"version": 1, "event": type(event).__name__}
        match event:
            case RunStarted(steps=steps) | StepsUnlocked(steps=steps):
                members["steps"] = steps
            case StepStarted(step=step):
                members |= _step_dict(step)
            case StepStored(step=step, clip=stored):
                members |= {**_step_dict(step), "artifact": stored.digest, "bytes": stored.size}
            case StepFailed(step=step, failure=failure):
                members |= {**_step_dict(step), "kind": str(failure.kind), "why": failure.why}
            case ProviderHeld(provider=provider, why=why, seconds=seconds):
                members |= {"provider": provider, "why": why, "seconds": round(seconds, 3)}
            case TakesHeld(provider=provider, first=first, waiting=waiting):
                members |= {"provider": provider, "first": first, "waiting": waiting}
            case RunEnded(stored=stored, failed=failed, seconds=seconds):
                members |= {"stored": stored, "failed": failed, "seconds": round(seconds, 3)}
        _print_line(json_text(members), self._stream)


@contextmanager
def live_table(console: "Console", now: MonotonicClock) -> Iterator[Listener]:
    """A table that redraws itself a few times a second; failures stay above it as lines.

    It appears when the run begins: before that there may be a question whether to spend.
    """
    from rich.live import Live
    from rich.text import Text

    tally = RunProgress(now)
    table = Live(
        console=console,
        refresh_per_second=REDRAWS_PER_SECOND,
        transient=True,
        get_renderable=lambda: _progress_table(tally, console.height),
    )

    def listen(event: Event) -> None:
        tally.add_event(event)
        if isinstance(event, RunStarted):
            table.start()
        if isinstance(event, StepFailed):
            # A Text, not a str: rich would read [words] and :words: in a str as its own.
            table.console.print(
                Text(f"{_step_name(event.step)} {outcome_word(event.failure)}: {single_line(event.failure.why)}")
            )

    try:
        yield listen
    finally:
        table.stop()


def _console(stream: TextIO, style: TextStyle) -> "Console":
    from rich.console import Console

    colours = "auto" if style.colour else None
    return Console(file=_TolerantStream(stream), color_system=colours, highlight=False)  # type: ignore[arg-type]


def _progress_table(progress: RunProgress, height: int) -> "Group":
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    head = Table.grid(padding=(0, 1), expand=False)
    head.add_column(no_wrap=True)
    head.add_column(no_wrap=True, overflow="ellipsis")
    left = progress.remaining_seconds()
    eta = f"about {format_duration(left)} left" if left is not None and left > 1 else ""
    state = "stopping, Ctrl-C again ends it" if progress.stopping else eta
    otherwise = ", ".join(f"{steps:,} {how}" for how, steps in progress.without_clip.items())
    counts = f"{progress.ended_steps:,}/{progress.steps:,}"
    facts = "  ".join(filter(None, (counts, format_size(progress.bytes), otherwise, state)))
    head.add_row(ProgressBar(total=max(progress.steps, 1), completed=progress.ended_steps, width=24), Text(facts))
    rows = Table.grid(padding=(0, 2))
    for _ in range(3):
        rows.add_column(no_wrap=True, overflow="ellipsis")  # a row is a line, also on a narrow terminal
    now, notes = (
        progress.now(),
        [Text(progress.wait_note, no_wrap=True, overflow="ellipsis")] * bool(progress.wait_note),
    )
    for step, since in list(progress.running.values())[: max(height - 4 - len(notes), 1)]:
        prompt = truncate(step.uses[0].shot.prompt if step.uses else "", 60)
        rows.add_row(Text(_step_name(step)), Text(f"{now - since:.0f} s"), Text(prompt, style="dim"))
    return Group(head, *notes, rows)


class _TolerantStream:
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


def _print_line(line: str, stream: TextIO) -> None:
    with suppress(OSError, ValueError):
        print(line, file=stream, flush=True)


def _step_name(step: Step) -> str:
    first, *more = step.take_names
    return safe_text(first.label) + (f" and {len(more)} more" if more else "")


def _step_dict(step: Step) -> dict[str, object]:
    takes = [name._asdict() for name in step.take_names]
    return {
        "takes": takes,
        "action": str(step.action),
        "fingerprint": step.fingerprint,
        "provider": step.route.provider,
    }
