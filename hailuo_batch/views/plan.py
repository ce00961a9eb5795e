"""A plan as text: what would be done, why and for how much, and what to type next."""

from collections.abc import Iterable, Mapping, Sequence

from hailuo_batch.core.plan.plan import Action, ClipSource, StepReason
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.core.world import World, command_line
from hailuo_batch.views.format import (
    count,
    join_amounts,
    safe_text,
    single_line,
)
from hailuo_batch.views.nothing_to_do import acceptance_note, omission_note, store_summary
from hailuo_batch.views.own_columns import lengths_sentence
from hailuo_batch.views.plan_lines import ACTION_MARKS, draw_groups, draw_rows, legend_line
from hailuo_batch.views.prices import used_price_lines
from hailuo_batch.views.style import PLAIN, TextStyle
from hailuo_batch.views.unfetched import resolve_hint, resubmit_hint

MISSING_CLIP_HINT = (
    "A clip is not in this store. Where machines share a store, run `push` where it was rendered. Else copy it "
    "from there (`.hailuo/store`, or the clip with its .json into renders/). Or remove the take from the lock: the "
    "next run buys it again."
)
_OTHER_MACHINE_HINT = (
    "A clip is on another machine. Where machines share a store (`store` in hailuo.yaml), run `push` there. Else copy "
    "it from `.hailuo/store` there."
)
_MAX_NAMES = 20  # of shots in one sentence; JSON has them all
_MAX_REASONS = 3  # of caps; most takes have the same
_RUN_ACTIONS = frozenset({Action.RESUME, Action.FETCH})  # what a run does without a purchase
MAX_ROWS = 60  # lines of takes; of more, takes of a kind have one line
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


def draw_plan(report: Report, style: TextStyle = PLAIN, *, full: bool = False, is_last: bool = False) -> str:
    """The takes with work to do, the sums, and what the marks mean; where it `is_last`, the next command too.

    More takes than fit are folded, unless the `full` plan is wanted.
    """
    rows = [row for row in report.rows if row.action is not Action.REUSE]
    if not rows:
        return "\n".join((plan_totals(report, style), *dropped_lines(report, style)))
    is_folded = len(rows) > MAX_ROWS and not full
    table = (draw_groups if is_folded else draw_rows)(rows, report, style)
    lines = [plan_heading(report, style), "", *table, "", plan_totals(report, style)]
    lines += [*_destination_lines(report, style), *used_price_lines(report.prices, report.now, style)]
    lines += [*_over_cap_lines(report, style), *dropped_lines(report, style)]
    if any(row.is_in_doubt for row in rows):
        lines.append(resolve_hint(report))
    lines += resubmit_hint(report)
    lines += missing_clip_hints(rows)
    lines.append(style.dim(legend_line(rows)))
    if is_folded and is_last:
        lines.append(f"To show each take:\n    {_plan_command(report, 'plan', [report.manifest], '--full')}")
    elif is_folded:
        lines.append(style.dim("`plan --full` shows each take of the manifest."))
    return "\n".join((*lines, *(run_hint([report]) if is_last else ())))


def missing_clip_hints(rows: Iterable[TakeRow]) -> list[str]:
    """What to do about clips that were bought and are not here: each hint once."""
    reasons = {row.reason for row in rows}
    hints = {StepReason.LOCKED_ELSEWHERE: MISSING_CLIP_HINT, StepReason.STORED_ELSEWHERE: _OTHER_MACHINE_HINT}
    return [hint for reason, hint in hints.items() if reason in reasons]


def run_hint(reports: Sequence[Report]) -> list[str]:
    """The command that carries out the plans of these manifests, where a run has anything to do."""
    if not any(row.is_bought or row.action in _RUN_ACTIONS for report in reports for row in report.rows):
        return []
    first, manifests = reports[0], [report.manifest for report in reports]
    is_paid = first.world is World.REAL and any(report.to_spend or report.unpriced for report in reports)
    question = ", after a question" if is_paid else ""
    return [f"To carry it out{question}:\n    {_plan_command(first, 'run', manifests)}"]


def _plan_command(report: Report, name: str, manifests: Sequence[str], *words: str) -> str:
    """A command about the same takes under the same cap."""
    return safe_text(command_line(name, *words, *report.choice, *manifests, world=report.world))


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
    numbers = {action: report.counts.get(action, 0) - report.left_out.get(action, 0) for action in ACTION_MARKS}
    counts = _count_phrases(numbers, report)
    if left := sum(report.left_out.values()):
        counts.append(f"{left:,} left out under a cap")
    outside = f" {count(report.shots_outside, 'other shot')} not shown." if report.shots_outside else ""
    if set(report.counts) <= {Action.REUSE}:
        stored = f"{_report_store_summary(report)}.{_review_notes(report)}"
        return f"{style.good('Nothing to do')}: {stored}{outside}"
    costs = f"{_cost_sentence(report)}{lengths_sentence(report)}"
    return f"Plan: {', '.join(counts)}.{costs}{_review_notes(report)}{outside}"


def state_totals(report: Report, style: TextStyle) -> str:
    """How many takes are in which state, and what is still to buy: no plan, but what there is."""
    stored = report.counts.get(Action.REUSE, 0)
    if stored == report.takes:
        return plan_totals(report, style)
    counts = _count_phrases({**report.counts, Action.REUSE: 0}, report)
    outside = f" {count(report.shots_outside, 'other shot')} not shown." if report.shots_outside else ""
    head = f"{stored:,} of {count(report.takes, 'take')} in the store"
    return f"{head}; {', '.join(counts)}.{lengths_sentence(report)}{_review_notes(report)}{outside}"


def _review_notes(report: Report) -> str:
    return acceptance_note(report.accepted) + omission_note(len(report.omitted))


def _count_phrases(numbers: Mapping[Action, int], report: Report) -> list[str]:
    """How many takes of each action; clips that are on this machine are not called downloads."""
    phrases = []
    for action in ACTION_MARKS:
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
