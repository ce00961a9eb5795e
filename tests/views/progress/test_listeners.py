"""A run while it goes: as lines, as JSON lines, and live; no test waits for real time."""

import io
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.console import Console
from view_samples import FORBIDDEN, HOSTILE, clip, failure, shot, step, usd

from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.pacing.remaining_time import ProviderPace, UsualTime
from hailuo_batch.core.plan.event import (
    CapsCounted,
    Event,
    RunEnded,
    RunStarted,
    StepAccepted,
    StepFailed,
    StepPostponed,
    StepProduced,
    StepQuoted,
    StepStarted,
    StepStored,
    StepsUnlocked,
    Stopping,
    WaitEnded,
    WaitStarted,
)
from hailuo_batch.core.plan.plan import StepReason
from hailuo_batch.core.plan.report import CapLeft
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.core.trace import WaitLine, WaitReason
from hailuo_batch.views.fit import measure_text
from hailuo_batch.views.progress.clocks import Clocks
from hailuo_batch.views.progress.lines import LineListener
from hailuo_batch.views.progress.listeners import progress_listener
from hailuo_batch.views.progress.live import SharedProgress, live_table
from hailuo_batch.views.progress.run_progress import RunProgress
from hailuo_batch.views.progress.table import draw_table
from hailuo_batch.views.style import PLAIN, TextStyle

Golden = Callable[[str, str], None]

PAID = replace(step("open"), route=Route(provider="minimax", estimate=usd("0.28")))
OPEN, TWINS, TURN = step("open"), step("pack-red", "pack-blue"), step("turn")
RUN: tuple[Event, ...] = (
    RunStarted(steps=3),
    StepStarted(step=OPEN, provider="animatic"),
    StepStarted(step=TWINS, provider="animatic"),
    StepStored(step=OPEN, provider="animatic", clip=clip(seconds=5.8767)),
    StepsUnlocked(steps=1),
    StepFailed(step=TWINS, failure=failure("the picture was refused")),
    StepStarted(step=TURN, provider="animatic"),
    Stopping(),
    StepStored(step=TURN, provider="animatic", clip=clip(size=90_000)),
    RunEnded(stored=2, failed=1, seconds=12.34567),
)


class Clock:
    """Ten seconds later at every event."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def stopped_clocks(clock: Clock | None = None) -> Clocks:
    return Clocks(elapsed=clock or Clock(), wall=lambda: datetime(2026, 11, 26, 18, 30, tzinfo=UTC))


def drawn(how: str, events: tuple[Event, ...], ink: TextStyle = PLAIN) -> str:
    stream = io.StringIO()
    with progress_listener(how, stream, ink, stopped_clocks()) as listener:
        for event in events:
            listener(event)
    return stream.getvalue()


def test_lines_say_each_thing_that_happens_once(golden: Golden) -> None:
    golden(drawn("lines", RUN), "progress_lines.txt")
    golden(drawn("lines", RUN, TextStyle(colour=True)).replace("\x1b", "ESC"), "progress_lines_colour.txt")


@pytest.mark.parametrize(
    ("quote", "line"),
    [
        ("0.40", "[0/1] open#1 mindvideo names a price of 0.40 USD, not 0.28 USD\n"),
        ("0.30", ""),
        ("0.20", ""),
    ],
)
def test_a_price_that_a_gateway_names_is_counted_where_it_is_higher(quote: str, line: str) -> None:
    route = Route(provider="mindvideo", estimate=usd("0.28"))
    bought = replace(OPEN, route=route)
    named = StepQuoted(step=bought, provider="mindvideo", quote=usd(quote), estimate=usd("0.28"))
    events = (RunStarted(steps=1), StepStarted(step=bought, provider="mindvideo"), named)
    assert drawn("lines", events) == line
    told = json.loads(drawn("json", events).splitlines()[-1])
    assert (told["event"], told["quote"]["amount"], told["estimate"]["amount"]) == ("StepQuoted", quote, "0.28")
    counted = RunProgress(Clock())
    for event in events:
        counted.add_event(event)
    assert counted.money.phrases() == [f"reserved {max(quote, '0.28')} USD"]


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
    events = (
        RunStarted(steps=2),
        StepStarted(step=OPEN, provider="animatic"),
        StepFailed(step=OPEN, failure=failure("why", kind=kind)),
    )
    assert drawn("lines", events) == f"[1/2] open#1 {said}: why\n"
    assert f"open#1 {said}: why" in through_live(events, colour=False)
    *_, last = frames(events)
    assert f"1 {said}" in last


PACE = ProviderPace(provider="minimax", submits=12, per_minute=5, at_once=50)
SUBMIT_WAITS = {
    "own pace": (
        WaitLine(reason=WaitReason.OWN_PACE, seconds=60.0, gateway="minimax"),
        "minimax: at most 5 submits a minute; 7 takes wait, the next one goes in 1 min 00 s",
    ),
    "too fast": (
        WaitLine(reason=WaitReason.THROTTLED, seconds=30.0, gateway="minimax", why="rate limit"),
        "minimax: 7 takes wait, trying again in 30 s: rate limit",
    ),
    "first takes": (
        WaitLine(reason=WaitReason.FIRST_CLIPS, seconds=None, gateway="minimax", why="4 takes go first"),
        "minimax: 4 takes go first; 7 wait until one is stored",
    ),
}


@pytest.mark.parametrize("name", SUBMIT_WAITS)
def test_a_wait_of_submits_is_shown_from_its_begin_to_its_end(name: str) -> None:
    line, words = SUBMIT_WAITS[name]
    waits = WaitStarted(number=1, line=line, waiting=7)
    events = (RunStarted(steps=12, paces=(PACE,)), waits, WaitEnded(number=1, line=line, seconds=60.2))
    assert drawn("lines", events) == f"[0/12] {words}\n[0/12] minimax: submits go on after 1 min 00 s\n"
    _, waiting, ended = frames(events)
    assert re.split("[;,]", words)[0] in waiting.splitlines()[1]
    assert "minimax" not in ended
    begun, over = (json.loads(each) for each in drawn("json", events).splitlines()[1:])
    same = {"version": 1, "wait": 1, "reason": str(line.reason), "provider": "minimax"}
    same |= {"why": line.why} if line.why else {}
    same |= {"at": "2026-11-26T18:30:00.000Z", "elapsed": 0.0}
    seconds = {} if line.seconds is None else {"seconds": line.seconds}
    assert begun == {**same, "event": "WaitStarted", **seconds, "waiting": 7}
    assert over == {**same, "event": "WaitEnded", "seconds": 60.2}


def test_a_short_wait_for_our_own_pace_has_no_line() -> None:
    line = WaitLine(reason=WaitReason.OWN_PACE, seconds=1.2, gateway="minimax")
    events = (WaitStarted(number=1, line=line, waiting=7), WaitEnded(number=1, line=line, seconds=1.2))
    assert drawn("lines", events) == ""


def test_a_running_take_is_shown_with_its_provider_and_its_next_poll_and_the_run_with_its_cost() -> None:
    paid = replace(OPEN, route=Route(provider="minimax", estimate=usd("0.28"), fallbacks=()))
    poll = WaitLine(reason=WaitReason.POLL, seconds=25.0, gateway="minimax", task="t-1")
    events = (
        RunStarted(steps=2, paces=(replace(PACE, submits=2),)),
        StepStarted(step=paid, provider="minimax"),
        StepAccepted(step=paid, provider="minimax", task="t-1"),
        WaitStarted(number=1, line=poll, step=paid),
        WaitEnded(number=1, line=poll, seconds=25.0),
        StepStored(step=paid, provider="minimax", clip=clip(), cost=usd("0.30")),
    )
    _, _, _, waiting, polling, done = frames(events)
    assert "reserved 0.28 USD" in waiting
    assert re.search(r"open#1 +minimax +rendering, next poll in 15 s +0:30", waiting)
    assert "next poll" in polling  # the answer is not there yet
    assert done.splitlines()[1].rstrip() == "spent 0.30 USD"
    assert drawn("lines", events).endswith("[1/2] open#1 stored 6 s 1.2 MB minimax 0.30 USD\n")
    members = [json.loads(line) for line in drawn("json", events).splitlines()]
    assert [each.get("task") for each in members] == [None, None, "t-1", "t-1", "t-1", None]
    assert members[-1]["cost"] == {"amount": "0.30", "currency": "USD"}


def test_a_log_says_in_a_quiet_time_that_takes_are_under_way() -> None:
    stream, clock = io.StringIO(), Clock()
    listen = LineListener(stream, PLAIN, stopped_clocks(clock))
    paid = replace(OPEN, route=Route(provider="minimax", estimate=usd("0.28")))
    listen(RunStarted(steps=1))
    listen(StepStarted(step=paid, provider="minimax"))
    line = WaitLine(reason=WaitReason.POLL, seconds=10.0, gateway="minimax", task="t-1")
    for number in range(7):
        listen(WaitStarted(number=number, line=line, step=paid))
        clock.time += 10
    assert stream.getvalue() == "[0/1] 1 take under way, reserved 0.28 USD\n" * 2


def test_the_time_left_counts_our_own_pace() -> None:
    """Twelve takes at five a minute, each 20 s under way: what is left only falls."""
    clock = Clock()
    tally, left = RunProgress(clock), list[float]()
    steps = [replace(step(f"s{n}"), route=Route(provider="minimax", estimate=None)) for n in range(12)]
    usual = UsualTime(provider="minimax", resolution="768p", duration="6", seconds=20, at_most=20)
    tally.add_event(RunStarted(steps=12, paces=(PACE,), usual_times=(usual,)))
    begin = clock.time
    for second in range(150):
        clock.time = begin + second
        for n, each in enumerate(steps):
            if second == n // 5 * 61:
                tally.add_event(StepStarted(step=each, provider="minimax"))
            if second == n // 5 * 61 + 20:
                tally.add_event(StepStored(step=each, provider="minimax", clip=clip()))
        if (seconds := tally.remaining_seconds()) is not None:
            assert seconds == pytest.approx(max(0, 142 - second))
            left.append(seconds)
    assert len(left) == 150, "it is known from the first second, by what earlier clips took"


def test_the_time_left_counts_chains_and_forgets_those_that_cannot_go_on() -> None:
    """A chain of four shots of 60 s, one beside it: no end before the sum, and none of what a failure cut off."""
    clock = Clock()
    tally = RunProgress(clock)
    route = Route(provider="minimax", estimate=None)
    lone, *chain = (replace(step(name), route=route) for name in ("lone", "a", "b", "c", "d"))
    waiting = tuple(
        replace(each, why=StepReason.NEEDS_FRAME, waits_for=(giver,))
        for each, giver in zip(chain[1:], ("a", "b", "c"), strict=True)
    )
    pace = ProviderPace(provider="minimax", submits=5, at_once=5)
    usual = UsualTime(provider="minimax", resolution="768p", duration="6", seconds=60, at_most=60)
    tally.add_event(RunStarted(steps=5, paces=(pace,), waiting=waiting, usual_times=(usual,)))
    tally.add_event(StepStarted(step=lone, provider="minimax"))
    tally.add_event(StepStarted(step=chain[0], provider="minimax"))
    clock.time += 60
    tally.add_event(StepStored(step=lone, provider="minimax", clip=clip()))
    tally.add_event(StepStored(step=chain[0], provider="minimax", clip=clip()))
    assert tally.remaining_seconds() == 180
    tally.add_event(StepStarted(step=chain[1], provider="minimax"))
    clock.time += 20
    assert tally.remaining_seconds() == 160
    tally.add_event(StepFailed(step=chain[1], failure=failure()))
    assert tally.remaining_seconds() == 0


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
            console.print(draw_table(tally, stopped_clocks(clock), height=height, width=width))
        yield capture.get()


def test_the_live_table_shows_what_runs_for_how_long_and_what_is_left(golden: Golden) -> None:
    golden("\n".join(frames(RUN)), "progress_live.txt")


def test_a_row_of_the_live_table_is_a_line_on_a_narrow_terminal() -> None:
    wordy = step(shot("a-shot-with-a-name-of-many-words", prompt="a bottle in mist " * 9))
    *_, last = frames((RunStarted(steps=1), StepStarted(step=wordy, provider="animatic")), width=40)
    assert len([line for line in last.splitlines() if line.strip()]) == 3  # the bar, the columns, one row
    assert max(map(len, last.splitlines())) <= 40


def test_the_live_table_is_never_higher_than_the_terminal() -> None:
    many = tuple(StepStarted(step=step(f"shot-{number}"), provider="animatic") for number in range(50))
    frame = tuple(replace(step(f"late-{n}"), why=StepReason.NEEDS_FRAME, waits_for=("shot-1",)) for n in range(9))
    for height in (5, 10, 24):
        *_, last = frames((RunStarted(steps=59, waiting=frame), *many), height=height)
        assert len(last.splitlines()) <= height
        assert "more under way, 9 takes wait for frames of shot-1" in last
    *_, last = frames((RunStarted(steps=59, waiting=frame), *many), height=80)
    assert "waits for a frame of shot-1" in last
    assert "more under way" not in last


def through_live(events: tuple[Event, ...], *, colour: bool) -> str:
    """What a terminal of 80 columns is sent, beginning to end."""
    stream = io.StringIO()
    console = Console(
        file=stream, width=80, height=24, force_terminal=True, color_system="standard" if colour else None
    )
    with live_table(console, stopped_clocks()) as listener:
        for event in events:
            listener(event)
    return stream.getvalue()


def test_what_was_paid_is_never_cut() -> None:
    """Each sum keeps its line whole, however narrow the terminal."""
    route = Route(provider="minimax", estimate=usd("0.28"))
    other = Route(provider="odkkk", estimate=replace(usd("19"), currency="credits"))
    steps = [replace(step(f"s{n}"), route=way) for n, way in enumerate((route, other))]
    begun = (StepStarted(step=each, provider=each.route.provider) for each in steps)
    events: tuple[Event, ...] = (RunStarted(steps=9, paces=(PACE,)), *begun)
    caps = CapsCounted(left=tuple(CapLeft(description=f"the cap {n}", left=usd(f"{n}.50")) for n in (7, 3)))
    *_, wide = frames((*events, caps), width=120)
    *_, narrow = frames((*events, caps), width=44)
    cost = "reserved 0.28 USD and 19.00 credits"
    assert wide.splitlines()[1].rstrip() == f"{cost}  7.50 USD left of the cap 7  3.50 USD left of the cap 3"
    assert [line.rstrip() for line in narrow.splitlines()[1:3]] == [cost, "3.50 USD left of the cap 3"]  # the tightest


def test_wide_names_are_measured_in_cells() -> None:
    """Each take keeps its line, the columns stand below each other, and the end of a name, its take, stays."""
    names = ("瓶子在雾中升起" * 6, "👩‍🚀" * 9, "plain", "瓶子" * 3)
    events = tuple(StepStarted(step=step(name), provider="minimax") for name in names)
    *_, last = frames((RunStarted(steps=4), *events), width=72)
    lines = [line.rstrip() for line in last.splitlines()[2:]]
    assert len(lines) == 4
    assert max(map(measure_text, lines)) <= 72
    assert len({measure_text(line[: line.index("minimax")]) for line in lines}) == 1
    assert all("#1 " in line for line in lines)


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
    text = drawn(
        how,
        (
            RunStarted(steps=1),
            StepStarted(step=odd, provider="animatic"),
            StepFailed(step=odd, failure=failure(HOSTILE)),
        ),
    )
    assert not [each for each in FORBIDDEN if each in text]
    assert "<script>" in text


def test_what_users_wrote_is_only_text_in_the_live_table() -> None:
    odd = step(shot(HOSTILE, prompt=HOSTILE))
    *_, last = frames((RunStarted(steps=1), StepStarted(step=odd, provider="animatic")), width=500)
    assert not [each for each in FORBIDDEN if each in last]
    assert "[red]rich[/red] :smile:" in last


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (WaitReason.POLL, "rendering, next poll in 5:30"),
        (WaitReason.CALLBACK, "waits for a call, poll in 5:30"),
        (WaitReason.OWN_PACE, "rendering, our poll pace 5:30"),
        (WaitReason.THROTTLED, "polls too fast, next in 5:30"),
        (WaitReason.RESEND, "a poll failed, next in 5:30"),
    ],
)
def test_a_take_says_what_it_waits_for(reason: WaitReason, words: str) -> None:
    wait = WaitStarted(number=1, line=WaitLine(reason=reason, seconds=340.0, gateway="minimax", task="t"), step=OPEN)
    begun = StepStarted(step=OPEN, provider="minimax", age=100.0)
    accepted = StepAccepted(step=OPEN, provider="minimax", task="t")
    *_, last = frames((RunStarted(steps=1), begun, accepted, Stopping(), wait))
    assert words in last
    assert "  2:20" in last, "the time of an earlier run counts"


def test_the_states_of_a_take_follow_each_other() -> None:
    refused = StepPostponed(step=PAID, provider="minimax", failure=failure("too fast"), seconds=30.0)
    stored_ = StepStored(step=PAID, provider="minimax", clip=clip())
    events: tuple[Event, ...] = (
        RunStarted(steps=1, paces=(PACE,)),
        StepStarted(step=PAID, provider="minimax"),
        refused,
        StepStarted(step=PAID, provider="minimax"),
        StepAccepted(step=PAID, provider="minimax", task="t"),
        StepProduced(step=PAID, provider="minimax"),
        stored_,
    )
    states = ("", "submitting", "to be submitted again", "submitting", "rendering", "downloading", "")
    for state, shown in zip(states, frames(events), strict=True):
        row = [line for line in shown.splitlines() if line.startswith("open#1")]
        assert [state in line for line in row] == [True] * bool(state)
    money = (
        "",
        "reserved 0.28 USD",
        "",
        "reserved 0.28 USD",
        "reserved 0.28 USD",
        "reserved 0.28 USD",
        "spent 0.28 USD",
    )
    for words, shown in zip(money, frames(events), strict=True):
        assert words in shown
        assert ("USD" in shown) == bool(words)


def test_a_doubt_is_no_spent_money() -> None:
    doubt = failure("no answer", kind=FailureKind.UNKNOWN_OUTCOME)
    events = (RunStarted(steps=1), StepStarted(step=PAID, provider="minimax"), StepFailed(step=PAID, failure=doubt))
    *_, last = frames(events)
    assert "in doubt 0.28 USD" in last
    assert "spent" not in last


def test_a_table_that_is_drawn_while_events_come_does_not_fail() -> None:
    """It is drawn in a thread of its own, at any moment between two lines of what counts the events."""
    progress, errors = SharedProgress(Clocks()), list[BaseException]()
    steps = [replace(step(f"s{n}"), route=Route(provider=f"p{n % 9}", estimate=usd("0.28"))) for n in range(400)]
    frame = [replace(step(f"w{n}"), why=StepReason.NEEDS_FRAME, waits_for=(f"s{n}",)) for n in range(400)]
    paces = tuple(replace(PACE, provider=f"p{n}") for n in range(9))
    is_over = threading.Event()

    def draw() -> None:
        try:
            while not is_over.is_set():
                progress.draw(height=50, width=200)
        except RuntimeError as error:
            errors.append(error)

    progress.add_event(RunStarted(steps=800, paces=paces, waiting=tuple(frame)))
    thread, interval = threading.Thread(target=draw), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread.start()
    try:
        for number, each in enumerate(steps):
            line = WaitLine(reason=WaitReason.OWN_PACE, seconds=9.0, gateway=each.route.provider)
            progress.add_event(WaitStarted(number=number, line=line, waiting=3))
            progress.add_event(StepStarted(step=each, provider=each.route.provider))
            kind = list(FailureKind)[number % len(FailureKind)]
            if number % 3:
                progress.add_event(StepStored(step=each, provider=each.route.provider, clip=clip()))
            else:
                progress.add_event(StepFailed(step=each, failure=failure(kind=kind)))
            progress.add_event(WaitEnded(number=number, line=line, seconds=1.0))
    finally:
        is_over.set()
        thread.join()
        sys.setswitchinterval(interval)
    assert errors == []
