"""A plan as text: what would be done, why and for how much, and what to type next."""

from collections.abc import Iterable

from hailuo_batch.core.plan import Action
from hailuo_batch.core.report import Report, TakeRow
from hailuo_batch.views.ink import PLAIN, Ink
from hailuo_batch.views.wording import amounts, clipped, count, length, megabytes, safe, span

SHOWN = 60  # rows of a plan on a terminal; JSON has them all
_MARKS = {
    Action.SUBMIT: "+",
    Action.RESUME: ">",
    Action.FETCH: "v",
    Action.WAIT: "…",
    Action.HOLD: "!",
    Action.REUSE: "=",
}
_TO = {
    Action.SUBMIT: "to render",
    Action.RESUME: "to follow",
    Action.FETCH: "to fetch",
    Action.WAIT: "waiting for a frame",
    Action.HOLD: "held for you",
    Action.REUSE: "in the store",
}


def draw_plan(report: Report, ink: Ink = PLAIN) -> str:
    """The takes with work to do, then one line of sums."""
    rows = [row for row in report.rows if row.action is not Action.REUSE]
    lines = [heading(report, ink), ""]
    if rows:
        lines += [*_table(rows[:SHOWN], ink)]
        if len(rows) > SHOWN:
            lines.append(ink.dim(f"  … and {len(rows) - SHOWN:,} more; --format json shows them all"))
        lines.append("")
    lines.append(sums(report, ink))
    return "\n".join(lines)


def heading(report: Report, ink: Ink) -> str:
    """Campaign, manifest and model in a line."""
    kind = "sketch, drawn on this machine" if report.sketch else report.model
    return f"{ink.bold(report.campaign)} · {safe(report.manifest)} · {kind}"


def sums(report: Report, ink: Ink) -> str:
    """How many takes of each action, and the money."""
    counts = [f"{report.counts[action]:,} {_TO[action]}" for action in _MARKS if report.counts.get(action)]
    outside = f" {count(report.outside, 'shot')} not looked at (--only)." if report.outside else ""
    if set(report.counts) <= {Action.REUSE}:
        return f"{ink.good('Nothing to do')}: {_footage(report)}.{outside}"
    return f"Plan: {', '.join(counts)}.{_money(report)}{outside}"


def draw_nothing(summary: dict[str, int | float | str], ink: Ink = PLAIN) -> str:
    """The same sentence from what was remembered of a finished manifest."""
    footage = _footage_of(
        int(summary["takes"]), int(summary["clips"]), float(summary["seconds"]), int(summary["bytes"])
    )
    warnings = int(summary.get("warnings", 0))
    care = f" {count(warnings, 'warning')}: hailuo-batch validate shows them." if warnings else ""
    return f"{ink.good('Nothing to do')}: {footage}.{care}"


def _footage(report: Report) -> str:
    return _footage_of(report.takes, report.clips, report.seconds, report.bytes)


def _footage_of(takes: int, clips: int, seconds: float, size: int) -> str:
    shared = f" as {count(clips, 'clip')}" if clips != takes else ""
    return f"{count(takes, 'take')} in the store{shared}, {span(seconds)} of footage, {megabytes(size)}"


def _money(report: Report) -> str:
    if report.unpriced and report.to_spend:
        return f" Cost: {amounts(report.to_spend)}, and {count(report.unpriced, 'take')} at a price that is not known."
    if report.unpriced:
        return f" Cost: not known ({count(report.unpriced, 'take')} without a published price)."
    return f" Cost: {amounts(report.to_spend)}." if report.to_spend else " Cost: nothing."


def _table(rows: list[TakeRow], ink: Ink) -> Iterable[str]:
    names = [safe(f"{row.shot}#{row.take}") for row in rows]
    asked = [f"{length(row.duration)} {row.resolution}" for row in rows]
    wide, middle = max(map(len, names)), max(map(len, asked))
    for row, name, ask in zip(rows, names, asked, strict=True):
        cost = "" if row.action is not Action.SUBMIT else f"  {_cost(row)}"
        mark = (ink.care if row.action in {Action.HOLD, Action.WAIT} else ink.good)(_MARKS[row.action])
        yield f"  {mark} {name:<{wide}}  {ask:<{middle}}  {clipped(why(row), 70)}{ink.dim(cost)}"


def _cost(row: TakeRow) -> str:
    if row.provider == "animatic":
        return "free"
    return f"{row.provider} {row.estimate or 'price not known'}"


def why(row: TakeRow) -> str:
    """Why a take's step is there, with what changed."""
    changed = f": {', '.join(row.changed)}" if row.changed else ""
    shared = f" (one clip with {', '.join(row.shared_with)})" if row.shared_with else ""
    return f"{row.why}{changed}{shared}"
