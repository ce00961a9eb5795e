"""A plan, or what a run did, in Markdown, for the page that CI shows of a job."""

from collections import Counter
from collections.abc import Mapping

from hailuo_batch.core.plan.outcome import Outcome
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.core.world import World
from hailuo_batch.views.cost_phrases import spending_line
from hailuo_batch.views.fit import cut_end
from hailuo_batch.views.format import count, format_duration, safe_text, single_line
from hailuo_batch.views.nothing_to_do import nothing_to_do_text
from hailuo_batch.views.own_columns import requested_length
from hailuo_batch.views.plan import plan_totals, reason_text
from hailuo_batch.views.run_progress import outcome_word
from hailuo_batch.views.run_summary import kept_phrases
from hailuo_batch.views.style import PLAIN

MAX_ROWS = 100
_NO_MARKUP = str.maketrans({mark: f"&#{ord(mark)};" for mark in "\\`*_{}[]<>|#~&"})
_KINDS = {World.REAL: "", World.SKETCH: " (sketches)", World.REHEARSAL: " (rehearsal: nothing is bought)"}


def draw_step_summary(report: Report, outcome: Outcome | None = None) -> str:
    """A heading, the sums, and a table of the takes with work to do; what users wrote is text, never markup."""
    rows = [row for row in report.rows if row.action is not Action.REUSE]
    lines = [_heading(report.campaign, report.world), "", _escape_markdown(_sums(report, outcome))]
    if spent := spending_line(report):
        lines.append(_escape_markdown(spent))
    if rows:
        lines += ["", "| take | requested | action | why |", "|---|---|---|---|", *map(_table_row, rows[:MAX_ROWS])]
    if len(rows) > MAX_ROWS:
        lines += ["", f"… and {len(rows) - MAX_ROWS:,} more."]
    return "\n".join((*lines, "", ""))


def draw_idle_step_summary(summary: Mapping[str, int | float | str], world: World) -> str:
    """The same of a manifest that had nothing to do, from what was remembered of it."""
    words = _escape_markdown(nothing_to_do_text(summary))
    return "\n".join((_heading(str(summary["campaign"]), world), "", words, "", ""))


def _heading(campaign: str, world: World) -> str:
    return f"### {_escape_markdown(safe_text(campaign))}{_KINDS[world]}"


def _sums(report: Report, outcome: Outcome | None) -> str:
    """What a run did and what is left; a plan, or a run that did nothing, says how things are."""
    without_clip = Counter(outcome_word(failure) for _, failure in outcome.failed) if outcome is not None else {}
    if outcome is None or not (outcome.stored or without_clip or outcome.stop_reason):
        return plan_totals(report, PLAIN)
    kept = kept_phrases(outcome)
    verb = {World.REAL: "Rendered", World.SKETCH: "Sketched", World.REHEARSAL: "Rehearsed"}[report.world]
    made = f"{verb} {count(outcome.rendered, 'clip')} in {format_duration(outcome.seconds)}"
    done = [*([made] if outcome.rendered or not kept else []), *kept]
    done += [f"{steps:,} {word}" for word, steps in without_clip.items()]
    stopped = f" Stopped: {safe_text(outcome.stop_reason)}." if outcome.stop_reason else ""
    stored = report.counts.get(Action.REUSE, 0)
    left = f"; {report.takes - stored:,} still to do" if report.takes > stored else ""
    return f"{', '.join(done)}.{stopped} {count(stored, 'take')} in the store{left}."


def _table_row(row: TakeRow) -> str:
    request = f"{requested_length(row)} {row.resolution}"
    take, why = safe_text(f"{row.shot}#{row.take}"), cut_end(single_line(reason_text(row)), 120)
    return f"| {_escape_markdown(take)} | {request} | {row.action} | {_escape_markdown(why)} |"


def _escape_markdown(words: str) -> str:
    """Words that Markdown and HTML leave as they are; each mark is replaced once, also the & of what replaces one."""
    return words.translate(_NO_MARKUP)
