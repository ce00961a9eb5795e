"""The live table as lines of text: how far, what money, what is waited for, and the takes under way.

It is as wide and as high as the terminal allows, and never more. Rows keep their order, and columns their places.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hailuo_batch.core.plan.plan import Step
from hailuo_batch.views.fit import cut_end, measure_text, pad_text, shorten_names
from hailuo_batch.views.format import count, format_size, join_names, safe_text, single_line
from hailuo_batch.views.progress.clocks import Clocks
from hailuo_batch.views.progress.run_progress import RunningStep, RunProgress, TakeState
from hailuo_batch.views.progress.words import (
    clock_duration,
    frame_wait_words,
    rough_duration,
    step_name,
    step_wait_words,
    wait_words,
)

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.text import Text

_BAR_WIDTH = 16  # cells
_GAP = "  "
_NARROW, _WIDE = 70, 110  # cells: below the one no provider is shown, from the other on prompts are
_STATE_WIDTH = 28  # cells: the longest state of a take, "rendering, next poll in 99 s"
_NAME_WIDTH = 12  # cells, so that columns keep their places while short names come and go
_NUMBERS = frozenset({3, 4})  # columns that end below each other
_LEAST_ROWS = 3
_ROOM_BELOW = 1  # lines that a terminal needs for its cursor
_Row = tuple[str, str, str, str, str, str]
_HEADER: _Row = ("take", "provider", "state", "time", "usual", "prompt")


def draw_table(progress: RunProgress, clocks: Clocks, *, height: int, width: int) -> "Group":
    """The whole table."""
    from rich.console import Group
    from rich.text import Text

    head = [*_head_lines(progress, clocks, width)]
    waits = [*_wait_lines(progress, clocks)]
    room = max(height - _ROOM_BELOW - len(head), _LEAST_ROWS)
    waits = waits[: max(1, room // 3)]
    rows = [*_take_lines(progress, room=room - len(waits), width=width)]
    notes = (Text(cut_end(line, width), style="yellow", no_wrap=True) for line in waits)
    return Group(*head, *notes, *rows)


def _head_lines(progress: RunProgress, clocks: Clocks, width: int) -> "Iterator[RenderableType]":
    """The bar with how far it is, and the money; what was paid is never cut."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    head = Table.grid(padding=(0, 1), expand=False)
    head.add_column(no_wrap=True)
    head.add_column(no_wrap=True, overflow="ellipsis")
    room = _BAR_WIDTH if width >= _NARROW else _BAR_WIDTH // 2
    bar = ProgressBar(total=max(progress.steps, 1), completed=progress.ended_steps, width=room)
    head.add_row(bar, Text(cut_end(_GAP.join(_count_facts(progress, clocks)), max(width - room - 1, 1))))
    yield head
    for line in _pack_lines([*_money_facts(progress, width)], width):
        yield Text(line, no_wrap=True, overflow="ellipsis")


def _count_facts(progress: RunProgress, clocks: Clocks) -> Iterator[str]:
    yield f"{progress.ended_steps:,}/{progress.steps:,}"
    if progress.without_clip:
        yield ", ".join(f"{steps:,} {how}" for how, steps in progress.without_clip.items())
    if progress.stopping:
        yield "stopping, Ctrl-C again ends it"
    elif progress.ended_steps < progress.steps and (left := progress.remaining_seconds()) is not None:
        yield _end_words(progress, left, clocks)
    if progress.bytes:
        yield format_size(progress.bytes)


def _end_words(progress: RunProgress, left: float, clocks: Clocks) -> str:
    if left < 1:
        slow = progress.slow_takes
        return f"{count(slow, 'take')} slower than usual" if slow else "any moment now"
    until = f", until {clocks.wall_time(left + 59)}" if left > 60 else ""  # the minute in which it is over
    return f"about {rough_duration(left)} left{until}"


def _money_facts(progress: RunProgress, width: int) -> Iterator[str]:
    """What was bought, and what the caps still allow; where little fits, only the one that ends a run first."""
    yield from progress.money.phrases()
    by_room = sorted(progress.caps, key=lambda each: each.left.amount)
    tightest = {each.left.currency: each for each in reversed(by_room)}
    for cap in progress.caps if width >= _WIDE else tightest.values():
        yield f"{cap.left} left of {single_line(cap.description)}"


def _pack_lines(facts: list[str], width: int) -> Iterator[str]:
    """As many facts on each line as fit; each is whole."""
    line = ""
    for fact in facts:
        longer = f"{line}{_GAP}{fact}" if line else fact
        if line and measure_text(longer) > width:
            yield line
            longer = fact
        line = longer
    if line:
        yield line


def _wait_lines(progress: RunProgress, clocks: Clocks) -> Iterator[str]:
    """What holds the submits back, and until when."""
    for wait, since in progress.waits.values():
        left = progress.wait_left(wait, since)
        until = f" ({clocks.wall_time(left)})" if left is not None and left >= 60 else ""
        yield wait_words(wait, pace=progress.paces.get(wait.line.gateway), left=left) + until


def _take_lines(progress: RunProgress, *, room: int, width: int) -> "Iterator[Text]":
    """The takes under way, then those that wait for a frame; what has no room is counted."""
    from rich.text import Text

    running, waiting = list(progress.running.values()), list(progress.waiting.values())
    is_folded = len(running) + len(waiting) + bool(running) > room
    places = max(room - is_folded - bool(running), 1)
    shown, frames = running[:places], waiting[: max(places - len(running), 0)]
    rows = [_running_row(progress, each) for each in shown]
    rows += [(step_name(step), "", frame_wait_words(step), "", "", _prompt_line(step)) for step in frames]
    yield from _draw_rows(rows, width=width)
    if folded := _fold_words(len(running) - len(shown), waiting[len(frames) :]):
        yield Text(cut_end(folded, width), style="dim", no_wrap=True)


def _fold_words(running: int, waiting: list[Step]) -> str:
    parts = [f"{running:,} more under way"] if running > 0 else []
    if waiting:
        givers = dict.fromkeys(safe_text(shot) for step in waiting for shot in step.waits_for)
        wait = "waits" if len(waiting) == 1 else "wait"
        parts.append(f"{count(len(waiting), 'take')} {wait} for frames of {join_names([*givers], len(givers))}")
    return f"… and {', '.join(parts)}" if parts else ""


def _running_row(progress: RunProgress, each: RunningStep) -> _Row:
    usual = progress.times.usual(each.step, each.provider)
    age = clock_duration(max(0.0, progress.now() - each.since))
    known = clock_duration(usual.seconds) if usual is not None and each.state is not TakeState.DRAWING else ""
    if each.state is TakeState.POSTPONED:  # it is not there yet
        age = known = ""
    state, prompt = _state_words(progress, each), _prompt_line(each.step)
    return step_name(each.step), safe_text(each.provider), state, age, known, prompt


def _state_words(progress: RunProgress, each: RunningStep) -> str:
    found = progress.step_wait(each.step)
    if each.state is not TakeState.RENDERING or found is None:
        return str(each.state)
    return step_wait_words(*found)


def _prompt_line(step: Step) -> str:
    return single_line(step.uses[0].shot.prompt) if step.uses else ""


def _draw_rows(rows: list[_Row], *, width: int) -> "Iterator[Text]":
    """The rows below each other: names give way before states do, and prompts take what is left."""
    from rich.text import Text

    if not rows:
        return
    table = [_HEADER, *rows]
    name, *others = _column_widths(table, width)
    short = shorten_names((row[0] for row in rows), name)
    for number, row in enumerate(table):
        cells = [pad_text(short.get(row[0], row[0]), name)]
        for place, room in enumerate(others, 1):
            cells += [pad_text(cut_end(row[place], room), room, right=place in _NUMBERS)] if room else []
        line = Text(cut_end(_GAP.join(cells), width), style="dim" if number == 0 else "", no_wrap=True)
        if width >= _WIDE and (room := width - measure_text(line.plain) - len(_GAP)) > 0:
            line.append(_GAP + cut_end(row[-1], room), style="dim")
        yield line


def _column_widths(table: list[_Row], width: int) -> list[int]:
    """How wide take, provider, state, time and usual time are; 0 for a column that is left out."""
    longest = [max(map(measure_text, column)) for column in zip(*table, strict=True)]
    name, provider, state, time, usual, _ = longest
    provider = provider if width >= _NARROW else 0
    usual = usual if width >= _NARROW and any(row[4] for row in table[1:]) else 0
    state = min(max(state, _STATE_WIDTH), max(width * 2 // 5, 10))
    fixed = sum(each + len(_GAP) for each in (provider, state, time, usual) if each)
    return [min(max(name, _NAME_WIDTH), max(width - fixed, 8)), provider, state, time, usual]
