"""A run while it goes: as lines, as JSON lines, and live; no test waits for real time."""

import io
import json
from collections.abc import Callable, Iterator

import pytest
from rich.console import Console
from view_samples import FORBIDDEN, HOSTILE, clip, failure, shot, step

from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.plan.event import (
    Event,
    RunEnded,
    RunStarted,
    StepFailed,
    StepStarted,
    StepStored,
    StepsUnlocked,
    Stopping,
    TakesHeld,
)
from hailuo_batch.views.progress import RunProgress, _progress_table, live_table, progress_listener
from hailuo_batch.views.style import PLAIN, TextStyle

Golden = Callable[[str, str], None]

OPEN, TWINS, TURN = step("open"), step("pack-red", "pack-blue"), step("turn")
RUN: tuple[Event, ...] = (
    RunStarted(steps=3),
    StepStarted(step=OPEN),
    StepStarted(step=TWINS),
    StepStored(step=OPEN, clip=clip(seconds=5.8767)),
    StepsUnlocked(steps=1),
    StepFailed(step=TWINS, failure=failure("the picture was refused")),
    StepStarted(step=TURN),
    Stopping(),
    StepStored(step=TURN, clip=clip(size=90_000)),
    RunEnded(stored=2, failed=1, seconds=12.34567),
)


class Clock:
    """Ten seconds later at every event."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def drawn(how: str, events: tuple[Event, ...], ink: TextStyle = PLAIN) -> str:
    stream = io.StringIO()
    with progress_listener(how, stream, ink) as listener:
        for event in events:
            listener(event)
    return stream.getvalue()


def test_lines_say_each_thing_that_happens_once(golden: Golden) -> None:
    golden(drawn("lines", RUN), "progress_lines.txt")
    golden(drawn("lines", RUN, TextStyle(colour=True)).replace("\x1b", "ESC"), "progress_lines_colour.txt")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (FailureKind.REFUSED, "failed"),
        (FailureKind.UNKNOWN_OUTCOME, "in doubt"),
        (FailureKind.PENDING, "left running"),
        (FailureKind.OVER_CAP, "left out"),
        (FailureKind.CLOSED, "not submitted"),
        (FailureKind.UNRECORDED, "not recorded"),
    ],
)
def test_only_what_failed_is_called_failed(kind: FailureKind, said: str) -> None:
    events = (RunStarted(steps=2), StepStarted(step=OPEN), StepFailed(step=OPEN, failure=failure("why", kind=kind)))
    assert drawn("lines", events) == f"[1/2] open#1 {said}: why\n"
    assert f"open#1 {said}: why" in through_live(events, colour=False)
    *_, last = frames(events)
    assert f"1 {said}" in last


def test_takes_that_wait_for_the_first_clips_are_told_until_one_is_there() -> None:
    held = TakesHeld(provider="minimax", first=4, waiting=56)
    told = "minimax: 4 takes go first; 56 wait until one is stored"
    assert drawn("lines", (RunStarted(steps=60), held)) == f"[0/60] {told}\n"
    *_, waiting, stored = frames(
        (RunStarted(steps=60), StepStarted(step=OPEN), held, StepStored(step=OPEN, clip=clip()))
    )
    assert told in waiting.splitlines()[1]
    assert told not in stored
    assert json.loads(drawn("json", (held,))) == {
        "version": 1, "event": "TakesHeld", "provider": "minimax", "first": 4, "waiting": 56,
    }  # fmt: skip


def test_json_is_one_object_an_event_each_with_its_version(golden: Golden) -> None:
    text = drawn("json", RUN)
    golden(text, "progress.json")
    objects = [json.loads(line) for line in text.splitlines()]
    assert [each["event"] for each in objects] == [type(event).__name__ for event in RUN]
    assert {each["version"] for each in objects} == {1}


def test_none_says_nothing() -> None:
    assert drawn("none", RUN) == ""


def frames(events: tuple[Event, ...], *, width: int = 80, height: int = 24) -> Iterator[str]:
    """What the live table shows after each event, ten seconds apart."""
    clock = Clock()
    tally = RunProgress(clock)
    for event in events:
        tally.add_event(event)
        clock.time += 10
        console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
        with console.capture() as capture:
            console.print(_progress_table(tally, height))
        yield capture.get()


def test_the_live_table_shows_what_runs_for_how_long_and_what_is_left(golden: Golden) -> None:
    golden("\n".join(frames(RUN)), "progress_live.txt")


def test_a_row_of_the_live_table_is_a_line_on_a_narrow_terminal() -> None:
    wordy = step(shot("a-shot-with-a-name-of-many-words", prompt="a bottle in mist " * 9))
    *_, last = frames((RunStarted(steps=1), StepStarted(step=wordy)), width=40)
    assert len([line for line in last.splitlines() if line.strip()]) <= 3  # the bar, its facts, one row
    assert max(map(len, last.splitlines())) <= 40


def test_the_live_table_is_never_higher_than_the_terminal() -> None:
    many = tuple(StepStarted(step=step(f"shot-{number}")) for number in range(50))
    *_, last = frames((RunStarted(steps=50), *many), height=10)
    assert len(last.splitlines()) <= 10


def through_live(events: tuple[Event, ...], *, colour: bool) -> str:
    """What a terminal of 80 columns is sent, beginning to end."""
    stream = io.StringIO()
    console = Console(
        file=stream, width=80, height=24, force_terminal=True, color_system="standard" if colour else None
    )
    with live_table(console, Clock()) as listener:
        for event in events:
            listener(event)
    return stream.getvalue()


def test_failures_stay_above_the_live_table_word_for_word() -> None:
    odd = StepFailed(step=OPEN, failure=failure("[red]refused[/red] :smile: \x1b[2J"))
    sent = through_live((RunStarted(steps=1), odd), colour=False)
    assert "open#1 failed: [red]refused[/red] :smile: �[2J" in sent


def test_without_colour_the_live_table_is_sent_without_colour() -> None:
    assert "m" in set(sgr(through_live(RUN, colour=True)))
    assert "m" not in set(sgr(through_live(RUN, colour=False)))


def sgr(sent: str) -> Iterator[str]:
    """The last letter of each escape sequence: `m` is colour."""
    for piece in sent.split("\x1b[")[1:]:
        yield piece.lstrip("0123456789;?")[:1]


@pytest.mark.parametrize("how", ["lines", "json", "live"])
def test_a_reader_that_has_gone_does_not_end_the_run(how: str) -> None:
    class Gone(io.StringIO):
        def isatty(self) -> bool:
            return True

        def write(self, _: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            raise BrokenPipeError

    with progress_listener(how, Gone(), PLAIN) as listener:
        for event in RUN:
            listener(event)


@pytest.mark.parametrize("how", ["lines", "json"])
def test_what_users_wrote_is_only_text(how: str) -> None:
    odd = step(shot(HOSTILE, prompt=HOSTILE))
    text = drawn(how, (RunStarted(steps=1), StepStarted(step=odd), StepFailed(step=odd, failure=failure(HOSTILE))))
    assert not [each for each in FORBIDDEN if each in text]
    assert "<script>" in text


def test_what_users_wrote_is_only_text_in_the_live_table() -> None:
    odd = step(shot(HOSTILE, prompt=HOSTILE))
    *_, last = frames((RunStarted(steps=1), StepStarted(step=odd)), width=500)
    assert not [each for each in FORBIDDEN if each in last]
    assert "[red]rich[/red] :smile:" in last
