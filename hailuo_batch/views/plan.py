"""A plan as text: what would be done, why and for how much, and what to type next."""

from collections.abc import Iterable, Mapping, Sequence

from hailuo_batch.core.models import is_local
from hailuo_batch.core.plan.compare_requests import Member
from hailuo_batch.core.plan.plan import Action, ClipSource, StepReason
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.views.changes import change_text
from hailuo_batch.views.format import (
    count,
    join_amounts,
    join_names,
    safe_text,
    single_line,
)
from hailuo_batch.views.headings import with_headings
from hailuo_batch.views.nothing_to_do import acceptance_note, store_summary
from hailuo_batch.views.own_columns import lengths_sentence, requested_length
from hailuo_batch.views.prices import used_price_lines
from hailuo_batch.views.style import PLAIN, TextStyle
from hailuo_batch.views.table import Cell, Column, Fit, draw_table
from hailuo_batch.views.unfetched import resolve_hint, resubmit_hint, task_location

MISSING_CLIP_HINT = (
    "A clip is not in this store. Copy it from where it was rendered (`.hailuo/store`, or the clip with its .json into "
    "renders/). Or remove the take from the lock: the next run buys it again."
)
_MAX_NAMES = 20  # of shots in one sentence; JSON has them all
_MAX_REASONS = 3  # of caps; most takes have the same
_MAX_SHARED = 3  # names of shots that share a clip; JSON has them all
_BUYING_ACTIONS = frozenset({Action.SUBMIT, Action.WAIT})
MAX_ROWS = 60  # rows of a plan on a terminal; JSON has them all
_ACTION_MARKS = {
    Action.SUBMIT: "+",
    Action.RESUME: ">",
    Action.FETCH: "v",
    Action.WAIT: "…",
    Action.HOLD: "!",
    Action.REUSE: "=",
}
_ACTION_WORDS = {
    Action.SUBMIT: "to render",
    Action.RESUME: "still rendering",
    Action.FETCH: "to download",
    Action.WAIT: "waiting for a frame",
    Action.HOLD: "on hold (needs your decision)",
    Action.REUSE: "in the store",
}
_SOURCE_WORDS = {
    ClipSource.OTHER_STORE: "to copy from another project or worktree",
    ClipSource.RENDERS: "to restore from renders/",
    ClipSource.STORE: "to take from the store, as the lock says",
}


def draw_plan(report: Report, style: TextStyle = PLAIN) -> str:
    """The takes with work to do, then one line of sums."""
    rows = [row for row in report.rows if row.action is not Action.REUSE]
    if not rows:
        return "\n".join((plan_totals(report, style), *dropped_lines(report, style)))
    lines = [plan_heading(report, style), "", *_table_rows(rows[:MAX_ROWS], report, style)]
    if len(rows) > MAX_ROWS:
        lines.append(style.dim(f"  … and {len(rows) - MAX_ROWS:,} more; --format json shows them all"))
    lines += ["", plan_totals(report, style), *_destination_lines(report, style)]
    lines += used_price_lines(report.prices, report.now, style)
    lines += _over_cap_lines(report, style)
    lines += dropped_lines(report, style)
    if any(row.is_in_doubt for row in rows):
        lines.append(resolve_hint(report))
    lines += resubmit_hint(report)
    if any(map(is_elsewhere, rows)):
        lines.append(MISSING_CLIP_HINT)
    return "\n".join(lines)


def _over_cap_lines(report: Report, style: TextStyle) -> list[str]:
    """What the caps leave out: each take by name, and each reason once, with what to do."""
    if not report.over_cap:
        return []
    names = [take for take, _ in report.over_cap]
    left = f"{count(len(names), 'take')} left out under a cap"
    reasons = dict.fromkeys((failure.why, failure.remedy) for _, failure in report.over_cap)
    said = [f"  {single_line(why)}. {single_line(remedy)}".rstrip() for why, remedy in [*reasons][:_MAX_REASONS]]
    more = [f"  … and {len(reasons) - _MAX_REASONS:,} more reasons; --format json shows them all"]
    return [f"{style.warning(left)}: {_name_list(names)}.", *said, *more * (len(reasons) > _MAX_REASONS)]


def dropped_lines(report: Report, style: TextStyle = PLAIN) -> list[str]:
    """Shots that left the manifest since the lock was written, so that a slip of the hand is noticed."""
    removed = [each.shot for each in report.dropped if not each.renamed_to]
    renamed = [f"{each.shot} → {each.renamed_to}" for each in report.dropped if each.renamed_to]
    lines = []
    if renamed:
        lines.append(f"{style.warning('Renamed')}, with the clips as they are: {_name_list(renamed)}.")
    if removed:
        words = "No longer in the manifest; a run drops them from the lock and keeps their clips"
        lines.append(f"{style.warning(words)}: {_name_list(removed)}.")
    return lines


def _name_list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES:,} more" if len(names) > _MAX_NAMES else ""
    return f"{', '.join(map(safe_text, names[:_MAX_NAMES]))}{more}"


def _destination_lines(report: Report, style: TextStyle) -> list[str]:
    """Where keys go when the plan is carried out."""
    lines = [(f"  {safe_text(each.route.gateway)}: {safe_text(str(each))}", each) for each in report.destinations]
    return [line if each.is_trusted else style.bad(line) for line, each in lines]


def plan_heading(report: Report, style: TextStyle) -> str:
    """Campaign, manifest and model in a line."""
    kind = "sketch, drawn on this machine" if report.sketch else report.model
    kind += ", rehearsal: none of this is paid" if report.rehearsal else ""
    return f"{style.bold(report.campaign)} · {safe_text(report.manifest)} · {kind}"


def plan_totals(report: Report, style: TextStyle) -> str:
    """How many takes of each action, and the money."""
    numbers = {action: report.counts.get(action, 0) - report.left_out.get(action, 0) for action in _ACTION_MARKS}
    counts = _count_phrases(numbers, report)
    if left := sum(report.left_out.values()):
        counts.append(f"{left:,} left out under a cap")
    outside = f" {count(report.shots_outside, 'other shot')} not shown." if report.shots_outside else ""
    if set(report.counts) <= {Action.REUSE}:
        stored = f"{_report_store_summary(report)}.{acceptance_note(report.accepted)}"
        return f"{style.good('Nothing to do')}: {stored}{outside}"
    costs = f"{_cost_sentence(report)}{lengths_sentence(report)}"
    return f"Plan: {', '.join(counts)}.{costs}{acceptance_note(report.accepted)}{outside}"


def state_totals(report: Report, style: TextStyle) -> str:
    """How many takes are in which state, and what is still to buy: no plan, but what there is."""
    stored = report.counts.get(Action.REUSE, 0)
    if stored == report.takes:
        return plan_totals(report, style)
    counts = _count_phrases({**report.counts, Action.REUSE: 0}, report)
    outside = f" {count(report.shots_outside, 'other shot')} not shown." if report.shots_outside else ""
    head = f"{stored:,} of {count(report.takes, 'take')} in the store"
    return f"{head}; {', '.join(counts)}.{lengths_sentence(report)}{acceptance_note(report.accepted)}{outside}"


def _count_phrases(numbers: Mapping[Action, int], report: Report) -> list[str]:
    """How many takes of each action; clips that are on this machine are not called downloads."""
    phrases = []
    for action in _ACTION_MARKS:
        kept = report.kept if action is Action.FETCH else {}
        if number := numbers.get(action, 0) - sum(kept.values()):
            phrases.append(f"{number:,} {_ACTION_WORDS[action]}")
        phrases += [f"{kept[source]:,} {words}" for source, words in _SOURCE_WORDS.items() if kept.get(source)]
    return phrases


def _report_store_summary(report: Report) -> str:
    return store_summary(report.takes, report.clips, report.seconds, report.bytes, report.lengths.edit)


def _amount_phrase(report: Report) -> str:
    """The cost at the first providers, and what the others of the list may cost, where that is more or unknown."""
    is_more = bool(report.most_to_spend) and report.most_to_spend != report.to_spend
    most = f", up to {join_amounts(report.most_to_spend)}" if is_more else ""
    clips = report.unpriced_fallbacks
    unknown = f", unknown for {count(clips, 'clip')} at another provider of the list" if clips else ""
    return f"{join_amounts(report.to_spend)}{most}{unknown}"


def _cost_sentence(report: Report) -> str:
    shared = report.clips_to_buy != report.takes_to_buy
    clips = f" Takes with the same request share a clip: {count(report.clips_to_buy, 'clip')} to buy." if shared else ""
    if report.unpriced and report.to_spend:
        unpriced = count(report.unpriced, "clip")
        return f" Cost: {_amount_phrase(report)}, and {unpriced} without a known price.{clips}"
    if report.unpriced:
        return f" Cost: unknown ({count(report.unpriced, 'clip')} without a published price).{clips}"
    if not report.to_spend:
        return f" Cost: none.{clips}"
    return f" Cost: {_amount_phrase(report)}.{clips}"


def spending_question(report: Report) -> str:
    """What a person confirms before a run spends: the most it may cost, for what, where, and what caps still allow."""
    clips = count(report.clips_to_buy, "clip")
    if report.takes_to_buy != report.clips_to_buy:
        clips += f" ({count(report.takes_to_buy, 'take')})"
    unpriced = f"buy {count(report.unpriced, 'clip')} without a known price"
    if report.to_spend:
        rest = f", and {unpriced}" if report.unpriced else ""
        what = f"spend up to {join_amounts(report.most_to_spend or report.to_spend)} for {clips}{rest}"
    else:
        what = unpriced
    number = report.unpriced_fallbacks
    unsure = f" For {count(number, 'clip')}, another provider of the list has an unknown price." if number else ""
    left = "".join(f" {each.left} left of {safe_text(each.description)}." for each in report.caps_left)
    return f"This run will {what}{_destination_phrase(report)}.{unsure}{left} Proceed?"


def _destination_phrase(report: Report) -> str:
    """At which addresses, with which keys."""
    places = [f"{safe_text(each.route.gateway)} ({safe_text(str(each))})" for each in report.destinations]
    return f" at {' or '.join(places)}" if places else ""


_COLUMNS = (
    Column(gap=1),
    Column(fit=Fit.MIDDLE),
    Column(),
    Column(fit=Fit.WRAP, least=16),
    Column(fit=Fit.WRAP, least=16),
)


def _table_rows(rows: list[TakeRow], report: Report, style: TextStyle) -> Iterable[str]:
    headed = with_headings(rows, report, style)
    cells = [line for heading, row in headed for line in (*heading, _cells(row, style))]
    return draw_table(cells, _COLUMNS, width=style.width)


def _cells(row: TakeRow, style: TextStyle) -> tuple[Cell, ...]:
    paint = style.warning if row.action in {Action.HOLD, Action.WAIT} or row.is_left_out else style.good
    return (
        Cell(_ACTION_MARKS[row.action], paint),
        Cell(safe_text(f"{row.shot}#{row.take}")),
        Cell(f"{requested_length(row)} {row.resolution}"),
        Cell(single_line(reason_text(row))),
        Cell(_take_cost(row) if row.action in _BUYING_ACTIONS else task_location(row), style.dim),
    )


def is_elsewhere(row: TakeRow) -> bool:
    """Whether a take is held because its clip, which the lock names, is on another machine."""
    return row.why.startswith(StepReason.LOCKED_ELSEWHERE)


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
    changes = [change_text(member) for member in row.changes if not _is_in_chain(member, row)]
    unknown = f"{row.why}; what it was is not known here" if is_change and not changes else row.why
    words = "; ".join(([] if is_change and changes else [unknown]) + changes)
    has_others = row.shared_with and not row.same_clip_as
    shared = f" (one clip with {join_names(row.shared_with, row.shared_count)})" if has_others else ""
    kept = f"; its clip holds the cut, and `duration: {row.kept_duration}` keeps it" if row.kept_duration else ""
    return f"{words}{kept}{shared}"


def _is_in_chain(member: Member, row: TakeRow) -> bool:
    """Whether a frame is the one that the chain speaks of: of a clip that is rendered again."""
    return bool(row.chain) and member.now is None and isinstance(member.before, dict)
