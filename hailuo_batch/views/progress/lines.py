"""A run as one line an event, for logs and CI."""

from typing import TextIO

from hailuo_batch.core.attempt.quote import is_much_higher
from hailuo_batch.core.models import is_local
from hailuo_batch.core.plan.event import (
    Event,
    StepFailed,
    StepQuoted,
    StepStored,
    StepsUnlocked,
    Stopping,
    WaitEnded,
    WaitStarted,
)
from hailuo_batch.core.trace import WaitLine, WaitReason
from hailuo_batch.views.format import count, format_duration, format_seconds, format_size, safe_text, single_line
from hailuo_batch.views.progress.clocks import SYSTEM_CLOCKS, Clocks
from hailuo_batch.views.progress.live import print_line
from hailuo_batch.views.progress.outcome_words import SOURCE_WORDS, outcome_word
from hailuo_batch.views.progress.run_progress import RunProgress
from hailuo_batch.views.progress.words import rough_duration, step_name, wait_words
from hailuo_batch.views.style import TextStyle

LONG_WAIT = 5.0  # seconds; a line for each shorter wait would hide the others
QUIET_SECONDS = 30.0  # after so long without a line, one says that the run goes on


class LineListener:
    """Writes the lines."""

    def __init__(self, stream: TextIO, style: TextStyle, clocks: Clocks = SYSTEM_CLOCKS) -> None:
        self._progress, self._stream, self._style = RunProgress(clocks.elapsed), stream, style
        self._last_line = clocks.elapsed()

    def __call__(self, event: Event) -> None:
        """Writes what is said of an event, if anything is."""
        self._progress.add_event(event)
        line = self._event_line(event)
        if line:
            self._last_line = self._progress.now()
            print_line(f"[{self._progress.ended_steps}/{self._progress.steps}] {line}", self._stream)

    def _event_line(self, event: Event) -> str:
        line = ""
        match event:
            case StepStored(step=step, clip=stored):
                clip = f"{format_seconds(stored.seconds)} {format_size(stored.size)}"
                facts = f"{step_name(step)} {self._style.good('stored')} {clip}{_purchase_words(event)}"
                return ", check: ".join(filter(None, (facts, ", ".join(mark.kind for mark in event.marks))))
            case StepFailed(step=step, failure=failure):
                return f"{step_name(step)} {self._style.bad(outcome_word(failure))}: {single_line(failure.why)}"
            case StepsUnlocked(steps=steps):
                return _unblocked_words(steps)
            case WaitStarted() | WaitEnded():
                return self._wait_line(event)
            case StepQuoted(quote=quote, estimate=estimate) if is_much_higher(quote, estimate):
                line = f"{step_name(event.step)} {safe_text(event.provider)} names a price of {quote}, not {estimate}"
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
        eta = f"about {rough_duration(left)} left" if left is not None and left > 1 else ""
        running = f"{count(len(self._progress.running), 'take')} under way"
        return ", ".join(filter(None, (running, *self._progress.money.phrases(), eta)))


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
