"""A plan as text: what would be done, why and for how much, and what to type next."""

from collections.abc import Iterable

from hailuo_batch.core.plan.plan import Action, Why
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.views.format import amounts, clipped, count, length, megabytes, safe, span
from hailuo_batch.views.style import PLAIN, Ink
from hailuo_batch.views.unfetched import SETTLE, at_whom

BRING = (
    "A clip that is not in this store: bring it from where it was rendered (copy `.hailuo/store`, or the clip with its "
    ".json into renders/), or remove the take from the lock, and it is bought again."
)
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
    if not rows:
        return sums(report, ink)
    lines = [heading(report, ink), "", *_table(rows[:SHOWN], ink)]
    if len(rows) > SHOWN:
        lines.append(ink.dim(f"  … and {len(rows) - SHOWN:,} more; --format json shows them all"))
    lines += ["", sums(report, ink)]
    lines += _over_cap(report, ink)
    if any(row.in_doubt for row in rows):
        lines.append(SETTLE)
    if any(map(is_elsewhere, rows)):
        lines.append(BRING)
    return "\n".join(lines)


def _over_cap(report: Report, ink: Ink) -> list[str]:
    """What the caps leave out: each take by name, and the first one's reason."""
    if not report.over_cap:
        return []
    names = [safe(take) for take, _ in report.over_cap]
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    left = f"{count(len(names), 'take')} left out under a cap"
    return [f"{ink.care(left)}: {', '.join(names[:SHOWN])}{more}.", f"  {safe(report.over_cap[0][1])}"]


def heading(report: Report, ink: Ink) -> str:
    """Campaign, manifest and model in a line."""
    kind = "sketch, drawn on this machine" if report.sketch else report.model
    return f"{ink.bold(report.campaign)} · {safe(report.manifest)} · {kind}"


def sums(report: Report, ink: Ink) -> str:
    """How many takes of each action, and the money."""
    counts = [f"{report.counts[action]:,} {_TO[action]}" for action in _MARKS if report.counts.get(action)]
    outside = f" {count(report.outside, 'shot')} not looked at (--only)." if report.outside else ""
    if set(report.counts) <= {Action.REUSE}:
        return f"{ink.good('Nothing to do')}: {_footage(report)}.{_accepted(report.accepted)}{outside}"
    return f"Plan: {', '.join(counts)}.{_money(report)}{_accepted(report.accepted)}{outside}"


def draw_nothing(summary: dict[str, int | float | str], ink: Ink = PLAIN) -> str:
    """The same sentence from what was remembered of a finished manifest."""
    footage = _footage_of(
        int(summary["takes"]), int(summary["clips"]), float(summary["seconds"]), int(summary["bytes"])
    )
    warnings = int(summary.get("warnings", 0))
    care = f" {count(warnings, 'warning')}: hailuo-batch validate shows them." if warnings else ""
    return f"{ink.good('Nothing to do')}: {footage}.{_accepted(int(summary.get('accepted', 0)))}{care}"


def _accepted(takes: int) -> str:
    return f" An earlier clip stands for {count(takes, 'take')}." if takes else ""


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
        whom = _cost(row) if row.action is Action.SUBMIT else at_whom(row)
        beside = ink.dim(f"  {whom}") if whom else ""
        mark = (ink.care if row.action in {Action.HOLD, Action.WAIT} else ink.good)(_MARKS[row.action])
        yield f"  {mark} {name:<{wide}}  {ask:<{middle}}  {clipped(why(row), 70)}{beside}"


def is_elsewhere(row: TakeRow) -> bool:
    """Whether a take is held because its clip, which the lock names, is on another machine."""
    return row.why.startswith(Why.ELSEWHERE)


def _cost(row: TakeRow) -> str:
    if row.provider == "animatic":
        return "free"
    return f"{row.provider} {row.estimate or 'price not known'}"


def why(row: TakeRow) -> str:
    """Why a take's step is there, with what changed."""
    changed = f": {', '.join(row.changed)}" if row.changed else ""
    shared = f" (one clip with {', '.join(row.shared_with)})" if row.shared_with else ""
    return f"{row.why}{changed}{shared}"
