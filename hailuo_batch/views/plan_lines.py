"""The lines of a plan: one for each take with work to do, or one for takes of a kind where there are too many.

Prices of lines add up to the plan's total: a clip has its price once, and what is not bought in this run has none.
"""

from collections.abc import Iterable, Iterator, Sequence

from hailuo_batch.core.models import is_local
from hailuo_batch.core.money import sum_by_currency
from hailuo_batch.core.plan.plan import Action, StepReason
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.views.changes import change_text, member_name
from hailuo_batch.views.fit import cut_end
from hailuo_batch.views.format import count, join_amounts, join_names, safe_text, single_line
from hailuo_batch.views.headings import with_headings
from hailuo_batch.views.own_columns import requested_length
from hailuo_batch.views.style import TextStyle
from hailuo_batch.views.table import Cell, Column, Fit, draw_table
from hailuo_batch.views.unfetched import task_location

_BUYING_ACTIONS = frozenset({Action.SUBMIT, Action.WAIT})
_PROMPT_WIDTH = 120  # cells of a terminal from which on a line has the prompt too
_MAX_GROUPS = 40  # lines of a folded plan
ACTION_MARKS = {
    Action.SUBMIT: "+",
    Action.RESUME: ">",
    Action.FETCH: "v",
    Action.WAIT: "…",
    Action.HOLD: "!",
    Action.REUSE: "=",
}
_LEFT_OUT = "x"
_LEGEND = {
    "+": "render",
    "…": "wait for a frame",
    ">": "follow a task that was submitted before",
    "v": "bring a finished clip into the store",
    "!": "needs your decision",
    _LEFT_OUT: "left out under a cap",
}
_COLUMNS = (
    Column(gap=1),
    Column(fit=Fit.MIDDLE),
    Column(),
    Column(fit=Fit.WRAP, least=16),
    Column(),
    Column(fit=Fit.WRAP, least=16),
)


def draw_rows(rows: Sequence[TakeRow], report: Report, style: TextStyle) -> Iterable[str]:
    """A line for each take, and one below it for what follows the take."""
    headed = with_headings(rows, report, style)
    cells = [line for heading, row in headed for line in (*heading, *_row_cells(row, style))]
    return draw_table(cells, _COLUMNS, width=style.width)


def legend_line(rows: Iterable[TakeRow]) -> str:
    """What the marks of these lines mean."""
    used = {_mark(row) for row in rows}
    return f"Marks: {'; '.join(f'{mark} {words}' for mark, words in _LEGEND.items() if mark in used)}."


def _mark(row: TakeRow) -> str:
    return _LEFT_OUT if row.is_left_out else ACTION_MARKS[row.action]


def _mark_cell(row: TakeRow, style: TextStyle) -> Cell:
    is_late = row.action in {Action.HOLD, Action.WAIT} or row.is_left_out
    return Cell(_mark(row), style.warning if is_late else style.good)


def _row_cells(row: TakeRow, style: TextStyle) -> Iterator[tuple[Cell, ...]]:
    is_wide = style.width >= _PROMPT_WIDTH
    yield (
        _mark_cell(row, style),
        Cell(safe_text(f"{row.shot}#{row.take}")),
        Cell(f"{requested_length(row)} {row.resolution}"),
        Cell(single_line(reason_text(row))),
        Cell(cut_end(single_line(row.prompt), style.width // 4) if is_wide else "", style.dim),
        Cell(price_or_task(row), style.dim),
    )
    if row.followers:
        yield Cell(""), Cell(""), Cell(""), Cell(followers_text(row), style.dim)


def followers_text(row: TakeRow) -> str:
    """Which shots wait for a frame of it; nothing where none does."""
    return f"followed by {safe_text(join_names(row.followers, row.follower_count))}" if row.followers else ""


def price_or_task(row: TakeRow) -> str:
    """What the take adds to the cost of the plan; of what is not bought, where its task is."""
    return _take_cost(row) if row.action in _BUYING_ACTIONS else task_location(row)


def _take_cost(row: TakeRow) -> str:
    """What the take adds to the cost of the plan: a line for each part of the sum."""
    if row.is_left_out:
        return "left out"
    if not row.is_bought:
        return "not in this run" if row.action is Action.WAIT and not row.task else task_location(row)
    if row.same_clip_as:
        return f"same clip as {safe_text(row.same_clip_as)}"
    if is_local(row.provider):
        return "free"
    return f"{row.provider} {row.estimate or 'price not known'}"


def reason_text(row: TakeRow) -> str:
    """Why a take's step is there, with the old and the new value of what changed."""
    is_change = row.why == StepReason.CHANGED
    changes = [change_text(member) for member in row.own_changes]
    unknown = f"{row.why}; what it was is not known here" if is_change and not changes else row.why
    words = "; ".join(([] if is_change and changes else [unknown]) + changes)
    has_others = row.shared_with and not row.same_clip_as
    shared = f" (one clip with {join_names(row.shared_with, row.shared_count)})" if has_others else ""
    kept = f"; its clip holds the cut, and `duration: {row.kept_duration}` keeps it" if row.kept_duration else ""
    return f"{words}{kept}{shared}"


_GROUP_COLUMNS = (
    Column(gap=1),
    Column(right=True),
    Column(fit=Fit.MIDDLE),
    Column(fit=Fit.WRAP, least=16),
    Column(fit=Fit.WRAP, least=16),
)


def draw_groups(rows: Sequence[TakeRow], report: Report, style: TextStyle) -> Iterable[str]:
    """A line for takes of a kind with their number and their sum: by sequence or tags, where those are few enough."""
    sections = _group_rows(rows)
    lines: list[tuple[Cell, ...]] = []
    for section, groups in sections.items():
        if len(sections) > 1:
            title = report.sequence_titles.get(section, "")
            lines.append((Cell(safe_text(f"{section}  {title}".strip()), style.bold),))
        lines += [_group_cells(group, style) for group in groups.values()]
    return draw_table(lines, _GROUP_COLUMNS, width=style.width)


Groups = dict[tuple[str, ...], list[TakeRow]]


def _group_rows(rows: Sequence[TakeRow]) -> dict[str, Groups]:
    """The takes by section and kind, each in one group; one section for all where that makes too many groups."""
    kinds = [(_mark(row), _kind(row), row.provider, str(row.is_bought)) for row in rows]
    sections: dict[str, Groups] = {}
    drawn = 0
    for row, kind in zip(rows, kinds, strict=True):
        groups = sections.setdefault(_section(row), {})
        drawn += kind not in groups
        if drawn > _MAX_GROUPS:
            break
        groups.setdefault(kind, []).append(row)
    else:
        return sections
    every: Groups = {}
    for row, kind in zip(rows, kinds, strict=True):
        every.setdefault(kind, []).append(row)
    return {"": every}


def _section(row: TakeRow) -> str:
    return row.sequence or (f"tags {', '.join(row.tags)}" if row.tags else "no sequence, no tags")


def _kind(row: TakeRow) -> str:
    """Why a step is there, in the same words for all shots of a kind."""
    names = ", ".join(member_name(member.name) for member in row.own_changes)
    if row.why == StepReason.CHANGED:
        return f"changed: {names}" if names else row.why
    if row.chain and row.why.startswith("chain"):
        return f"chain: a shot changed; changed: {names}" if names else "chain: a shot changed"
    if row.reason is StepReason.NEEDS_FRAME:
        return "it starts from a shot that is not rendered yet"
    return str(row.reason or row.why)


def _group_cells(rows: Sequence[TakeRow], style: TextStyle) -> tuple[Cell, ...]:
    first = safe_text(f"{rows[0].shot}#{rows[0].take}")
    return (
        _mark_cell(rows[0], style),
        Cell(count(len(rows), "take")),
        Cell(first if len(rows) == 1 else f"{first}, …"),
        Cell(single_line(_kind(rows[0]))),
        Cell(_group_cost(rows), style.dim),
    )


def _group_cost(rows: Sequence[TakeRow]) -> str:
    """What the takes of a group add to the cost of the plan."""
    row = rows[0]
    if row.is_left_out or not row.is_bought:
        return _take_cost(row) if row.action in _BUYING_ACTIONS else ""
    if is_local(row.provider):
        return "free"
    paid = [each.estimate for each in rows if not each.same_clip_as]
    if not paid:
        return "clips of other takes"
    parts = [join_amounts(sum_by_currency(price for price in paid if price is not None))] if any(paid) else []
    if unknown := paid.count(None):
        parts.append(f"{count(unknown, 'clip')} without a known price")
    shared = f" ({count(len(paid), 'clip')})" if len(paid) != len(rows) else ""
    return f"{row.provider} {' and '.join(parts)}{shared}"
