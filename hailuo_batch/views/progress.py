"""A run while it goes: a live table on a terminal, a line an event elsewhere, or JSON lines for programs.

Listeners only draw. Nothing here decides, and a drawing that fails must not end a run: where nobody reads any more
(`2>&1 | head`, a full disk under a log), what was to be drawn is dropped and the run goes on.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

from hailuo_batch.core.attempt.quote import is_much_higher
from hailuo_batch.core.models import is_local
from hailuo_batch.core.plan.event import (
    Event,
    Listener,
    RunEnded,
    RunStarted,
    StepFailed,
    StepQuoted,
    StepStarted,
    StepStored,
    StepsUnlocked,
    Stopping,
    WaitEnded,
    WaitStarted,
)
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.trace import WaitLine, WaitReason
from hailuo_batch.views.fit import measure_text, pad_text, shorten_names
from hailuo_batch.views.format import (
    count,
    format_duration,
    format_seconds,
    format_size,
    safe_text,
    single_line,
)
from hailuo_batch.views.json_report import json_text, mark_dict, money_dict
from hailuo_batch.views.run_progress import (
    SOURCE_WORDS,
    MonotonicClock,
    RunProgress,
    outcome_word,
    step_wait_words,
    wait_words,
)
from hailuo_batch.views.style import TextStyle

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.text import Text

REDRAWS_PER_SECOND = 4  # a second; more costs a core's percents and shows nothing
LONG_WAIT = 5.0  # seconds; a line for each shorter wait would hide the others
_BAR_WIDTH = 16  # cells
QUIET_SECONDS = 30.0  # after so long without a line, one says that the run goes on


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


class _LineListener:
    """One line an event, for logs and CI."""

    def __init__(self, stream: TextIO, style: TextStyle, now: MonotonicClock = time.monotonic) -> None:
        self._progress, self._stream, self._style = RunProgress(now), stream, style
        self._last_line = now()

    def __call__(self, event: Event) -> None:
        self._progress.add_event(event)
        line = self._event_line(event)
        if line:
            self._last_line = self._progress.now()
            _print_line(f"[{self._progress.ended_steps}/{self._progress.steps}] {line}", self._stream)

    def _event_line(self, event: Event) -> str:
        line = ""
        match event:
            case StepStored(step=step, clip=stored):
                clip = f"{format_seconds(stored.seconds)} {format_size(stored.size)}"
                facts = f"{_step_name(step)} {self._style.good('stored')} {clip}{_purchase_words(event)}"
                return ", check: ".join(filter(None, (facts, ", ".join(mark.kind for mark in event.marks))))
            case StepFailed(step=step, failure=failure):
                return f"{_step_name(step)} {self._style.bad(outcome_word(failure))}: {single_line(failure.why)}"
            case StepsUnlocked(steps=steps):
                return _unblocked_words(steps)
            case WaitStarted() | WaitEnded():
                return self._wait_line(event)
            case StepQuoted(quote=quote, estimate=estimate) if is_much_higher(quote, estimate):
                line = f"{_step_name(event.step)} {safe_text(event.provider)} names a price of {quote}, not {estimate}"
            case Stopping():
                left = "nothing more is submitted, and running tasks are left to the next run"
                line = f"stopping: {left}; Ctrl-C again ends at once"
        return line

    def _wait_line(self, event: WaitStarted | WaitEnded) -> str:
        """Why submits wait, and that they go on; of polls only that the run goes on, after a quiet time."""
        if isinstance(event, WaitStarted) and event.step is not None:
            return self._running_line() if self._progress.now() - self._last_line >= QUIET_SECONDS else ""
        if not _is_long_wait(event.line):
            return ""
        if isinstance(event, WaitStarted):
            return wait_words(event, pace=self._progress.paces.get(event.line.gateway))
        if event.line.task or event.seconds < LONG_WAIT:
            return ""
        return f"{safe_text(event.line.gateway)}: submits go on after {format_duration(event.seconds)}"

    def _running_line(self) -> str:
        left = self._progress.remaining_seconds()
        eta = f"about {format_duration(left)} left" if left is not None and left > 1 else ""
        running = f"{count(len(self._progress.running), 'take')} under way"
        return ", ".join(filter(None, (running, self._progress.cost_text(), eta)))


def _is_long_wait(line: WaitLine) -> bool:
    """Whether a wait of submits gets a line: places are waited for all the time."""
    if line.reason in {WaitReason.OWN_PACE, WaitReason.CONCURRENCY}:
        return line.seconds is not None and line.seconds >= LONG_WAIT
    return True


def _purchase_words(stored: StepStored) -> str:
    """Who made the clip, and at what cost; nothing of what is drawn on this machine, or was there before."""
    if stored.step.source is not None:
        return f" {SOURCE_WORDS[stored.step.source]}"
    if is_local(stored.provider):
        return ""
    return f" {safe_text(stored.provider)}" + (f" {stored.cost}" if stored.cost is not None else "")


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
            case StepStarted(step=step, provider=provider):
                members |= _step_dict(step, provider)
            case StepQuoted(step=step, provider=provider, quote=quote, estimate=estimate):
                prices = {"quote": money_dict(quote), "estimate": money_dict(estimate)}
                members |= {**_step_dict(step, provider), **prices}
            case StepStored(step=step, provider=provider, clip=stored, cost=cost):
                facts = {"artifact": stored.digest, "bytes": stored.size, "cost": money_dict(cost)}
                source = {"source": str(step.source)} if step.source is not None else {}
                members |= {**_step_dict(step, provider), **facts, **source, "marks": list(map(mark_dict, event.marks))}
            case StepFailed(step=step, failure=failure):
                members |= {**_step_dict(step), "kind": str(failure.kind), "why": failure.why}
            case WaitStarted(number=number, line=line, waiting=waiting, step=step):
                members |= {**_wait_dict(number, line), "seconds": line.seconds and round(line.seconds, 3)}
                members |= {"waiting": waiting} if step is None else {"takes": _take_dicts(step)}
            case WaitEnded(number=number, line=line, seconds=seconds):
                members |= {**_wait_dict(number, line), "seconds": round(seconds, 3)}
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
        get_renderable=lambda: _progress_table(tally, console.height, console.width),
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


def _progress_table(progress: RunProgress, height: int, width: int) -> "Group":
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    head = Table.grid(padding=(0, 1), expand=False)
    head.add_column(no_wrap=True)
    head.add_column(no_wrap=True, overflow="ellipsis")
    bar = ProgressBar(total=max(progress.steps, 1), completed=progress.ended_steps, width=_BAR_WIDTH)
    facts = [*_facts(progress)]
    shown = ["  ".join(facts)]
    if measure_text(shown[0]) > width - _BAR_WIDTH - 1 and len(facts) > 1:  # what was paid is never cut
        shown = facts
    head.add_row(bar, Text(shown[0]))
    notes = [*(Text(line, no_wrap=True, overflow="ellipsis") for line in shown[1:]), *_wait_notes(progress)]
    rows = [*_running_rows(progress, room=max(height - 4 - len(notes), 1), width=width)]
    return Group(head, *notes, *rows)


def _running_rows(progress: RunProgress, *, room: int, width: int) -> Iterator["Text"]:
    """A line for each running take; what it waits for, or its prompt, gets the width that is left."""
    from rich.text import Text

    running, now = list(progress.running.values()), progress.now()
    shown = running if len(running) <= room else running[: max(room - 1, 1)]
    cells = [(_step_name(each.step), safe_text(each.provider), f"{now - each.since:.0f} s") for each in shown]
    wide = [min(max(map(measure_text, column)), max(width // 2, 8)) for column in zip(*cells, strict=True)]
    short = shorten_names((name for name, *_ in cells), wide[0]) if wide else {}
    for each, (name, *others) in zip(shown, cells, strict=True):
        facts = (pad_text(words, room, right=True) for words, room in zip(others, wide[1:], strict=True))
        line = Text("  ".join((pad_text(short[name], wide[0]), *facts)), no_wrap=True, overflow="ellipsis")
        yield line.append(f"  {_step_wait_note(progress, each.step) or _prompt_line(each.step)}", style="dim")
    if len(running) > len(shown) > 0:
        yield Text(f"… and {len(running) - len(shown):,} more")


def _prompt_line(step: Step) -> str:
    return single_line(step.uses[0].shot.prompt) if step.uses else ""


def _facts(progress: RunProgress) -> Iterator[str]:
    """How far it is and how long it takes, then what was bought and stored."""
    left = progress.remaining_seconds()
    eta = f"about {format_duration(left)} left" if left is not None and left > 1 else ""
    state = "stopping, Ctrl-C again ends it" if progress.stopping else eta
    otherwise = ", ".join(f"{steps:,} {how}" for how, steps in progress.without_clip.items())
    counts = f"{progress.ended_steps:,}/{progress.steps:,}"
    size = format_size(progress.bytes) if progress.bytes else ""
    yield "  ".join(filter(None, (counts, otherwise, state)))
    if bought := "  ".join(filter(None, (progress.cost_text(), size))):
        yield bought


def _wait_notes(progress: RunProgress) -> Iterator["Text"]:
    from rich.text import Text

    for wait, since in progress.waits.values():
        left = None if wait.line.seconds is None else wait.line.seconds - (progress.now() - since)
        words = wait_words(wait, pace=progress.paces.get(wait.line.gateway), left=left)
        yield Text(words, no_wrap=True, overflow="ellipsis")


def _step_wait_note(progress: RunProgress, step: Step) -> str:
    found = progress.step_wait(step)
    return step_wait_words(*found) if found is not None else ""


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


def _step_dict(step: Step, provider: str = "") -> dict[str, object]:
    return {
        "takes": _take_dicts(step),
        "action": str(step.action),
        "fingerprint": step.fingerprint,
        "provider": provider or step.route.provider,
    }


def _take_dicts(step: Step) -> list[dict[str, object]]:
    return [name._asdict() for name in step.take_names]


def _wait_dict(number: int, line: WaitLine) -> dict[str, object]:
    known = {"wait": number, "reason": str(line.reason), "provider": line.gateway, "task": line.task, "why": line.why}
    return {name: value for name, value in known.items() if value}
