"""A validation, a plan, what a run did, or a report in Markdown, for the page that CI shows of a job.

What users wrote is text, never markup. Long tables are folded, and longer ones are cut.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.plan.outcome import DETACHED, Outcome
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.render_names import take_label
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.core.problem import Problem, Severity
from hailuo_batch.core.world import World
from hailuo_batch.errors import HailuoError
from hailuo_batch.views.cost_phrases import spending_line
from hailuo_batch.views.fit import cut_end
from hailuo_batch.views.format import count, format_duration, format_seconds, safe_lines, safe_text, single_line
from hailuo_batch.views.nothing_to_do import nothing_to_do_text
from hailuo_batch.views.own_columns import requested_length
from hailuo_batch.views.plan import plan_totals, state_totals
from hailuo_batch.views.plan_lines import followers_text, price_or_task, reason_text
from hailuo_batch.views.problems import MORE_RULES, problem_words
from hailuo_batch.views.progress.outcome_words import outcome_word
from hailuo_batch.views.run_summary import kept_phrases
from hailuo_batch.views.several import all_manifests, sum_runs
from hailuo_batch.views.sheet.states import take_state
from hailuo_batch.views.sheet.takes import price_text
from hailuo_batch.views.style import PLAIN
from hailuo_batch.views.unfetched import next_steps, resolve_hint

MAX_ROWS = 100
MAX_BYTES = 1_000_000  # of one command: GitHub takes 1 MiB of a step, and shows nothing of more
MAX_OPEN_ROWS = 20  # of a table; a longer one is folded
_LEFT_OUT = "left out"  # as `outcome_word` says it
_BEFORE_UNIT = re.compile(r"(?<=[0-9]) (?=[A-Z])")  # an amount is not broken
_NO_MARKUP = str.maketrans({mark: f"&#{ord(mark)};" for mark in "\\`*_{}[]<>|#~&"})
_KINDS = {World.REAL: "", World.SKETCH: " (sketches)", World.REHEARSAL: " (rehearsal: nothing is bought)"}


def draw_step_summary(report: Report, outcome: Outcome | None = None, error: HailuoError | None = None) -> str:
    """A heading, the sums, what a person must see to, and a table of the takes with work to do."""
    lines = [_heading(report.campaign, report.world), "", _escape_markdown(_sums(report, outcome))]
    if spent := spending_line(report):
        lines.append(_escape_markdown(spent))
    if outcome is not None and outcome.left_running:
        are = "task is" if outcome.left_running == 1 else "tasks are"
        lines += ["", f"{outcome.left_running:,} {are} still running and may be billed."]
    if any(row.is_in_doubt for row in report.rows):
        lines += _paragraph(resolve_hint(report))
    if error is not None:
        lines += ["", *_error_lines(error)]
    failed = _failures_by_take(outcome)
    rows = [row for row in report.rows if row.action is not Action.REUSE]
    cells = [_take_cells(row, failed) for row in rows[:MAX_ROWS]]
    return _end_part([*lines, *_table(("take", "what and why", "price or task"), cells, total=len(rows))])


def draw_total_step_summary(reports: Sequence[Report], outcomes: Sequence[Outcome]) -> str:
    """The sums over several manifests, below those of each."""
    heading = f"### {all_manifests(reports)}{_KINDS[reports[0].world]}"
    return _end_part([heading, "", _escape_markdown(sum_runs(reports, outcomes))])


def draw_cut_step_summary(report: Report, outcome: Outcome, error: HailuoError) -> str:
    """A run whose ledger was taken away: what it did, and nothing of what is left."""
    made = _escape_markdown(f"{_deeds(report, outcome)}. What is left to do is not known.")
    return _end_part([_heading(report.campaign, report.world), "", made, "", *_error_lines(error)])


def draw_error_step_summary(name: str, command: str, error: HailuoError | None, world: World) -> str:
    """A command that ended before it had a result; without an error, somebody interrupted it."""
    problems: Sequence[Problem] = getattr(error, "problems", ())
    lines = [_heading(name, world), ""]
    if error is None:
        doubt = " What was being submitted may be in doubt." if command == "run" and world is World.REAL else ""
        lines.append(f"`{command}` was interrupted.{doubt}")
    elif problems:
        lines += [f"`{command}` was refused, since the manifest has problems.", *_problem_table(problems)]
    else:
        lines += [f"`{command}` ended with exit code {int(error.exit)}.", "", *_error_lines(error)]
    return _end_part(lines)


def draw_validation_step_summary(totals: Sequence[str], problems: Sequence[Problem]) -> str:
    """What `validate` found: a line for each manifest, and a table of all problems."""
    shown = [f"- {_escape_markdown(single_line(line))}" for line in totals[:MAX_ROWS]]
    if more := totals[MAX_ROWS:]:
        shown.append(f"- … and {count(len(more), 'more manifest')}")
    return _end_part(["### Validation", "", *shown, *_problem_table(problems)])


def draw_idle_step_summary(summary: Mapping[str, int | float | str], world: World) -> str:
    """The same of a manifest that had nothing to do, from what was remembered of it."""
    words = _escape_markdown(nothing_to_do_text(summary))
    return "\n".join((_heading(str(summary["campaign"]), world), "", words, "", ""))


def draw_report_markdown(report: Report) -> str:
    """The whole campaign: its sums, what a person must see to, and its takes, as many as the page of a job takes."""
    lines = [_heading(report.campaign, report.world), "", _escape_markdown(state_totals(report, PLAIN))]
    if spent := spending_line(report):
        lines += ["", _escape_markdown(spent)]
    for step in next_steps(report):
        lines += _paragraph(step)
    rows = [_state_cells(row) for row in report.rows]
    room, shown = MAX_BYTES - 2_000 - len("\n".join(lines).encode()), 0
    for row in rows:
        room -= sum(len(cell.encode()) + 3 for cell in row) + 2
        if room < 0:
            break
        shown += 1
    head = ("take", "version", "state", "clip", "provider", "cost", "remarks")
    return _end_part([*lines, *_table(head, rows[:shown], total=len(rows))])


def _state_cells(row: TakeRow) -> tuple[str, ...]:
    state, clip = take_state(row), row.clip
    words = [state.words.lower()] if state is not None else ["in the store"]
    length = f"{format_seconds(clip.seconds)}, {clip.width} × {clip.height}" if clip is not None else ""
    remarks = list(dict.fromkeys((*(mark.why for mark in row.marks), *row.remarks)))  # a mark is a remark, too
    cells = (
        f"{row.shot}#{row.take}",
        f"v{row.version:03d}",
        ", ".join((["selected"] if row.is_selected else []) + words),
        length or f"{requested_length(row)} {row.resolution}",
        row.provider,
        price_text(row),
        "; ".join(remarks if clip is not None else [reason_text(row), *remarks]),
    )
    return tuple(map(_cell, cells))


def _heading(campaign: str, world: World) -> str:
    return f"### {_escape_markdown(safe_text(campaign))}{_KINDS[world]}"


def _sums(report: Report, outcome: Outcome | None) -> str:
    """What a run did and what is left; a plan, or a run that did nothing, says how things are."""
    if outcome is None or not (outcome.stored or outcome.failed or outcome.stop_reason):
        return plan_totals(report, PLAIN)
    stopped = f" Stopped: {safe_text(outcome.stop_reason)}." if outcome.stop_reason else ""
    stopped = " Detached: the next run follows the tasks." if outcome.stop_reason == DETACHED else stopped
    stored = report.counts.get(Action.REUSE, 0)
    left = f"; {report.takes - stored:,} still to do" if report.takes > stored else ""
    return f"{_deeds(report, outcome)}.{stopped} {count(stored, 'take')} in the store{left}."


def _deeds(report: Report, outcome: Outcome) -> str:
    without_clip = Counter(outcome_word(failure) for _, failure in outcome.failed)
    kept = kept_phrases(outcome)
    verb = {World.REAL: "Rendered", World.SKETCH: "Sketched", World.REHEARSAL: "Rehearsed"}[report.world]
    made = f"{verb} {count(outcome.rendered, 'clip')} in {format_duration(outcome.seconds)}"
    done = [*([made] if outcome.rendered or not kept else []), *kept]
    return ", ".join([*done, *(f"{steps:,} {word}" for word, steps in without_clip.items())])


def _failures_by_take(outcome: Outcome | None) -> dict[str, Failure]:
    failed = outcome.failed if outcome is not None else ()
    return {take_label(use): failure for step, failure in failed for use in step.uses}


def _take_cells(row: TakeRow, failed: Mapping[str, Failure]) -> tuple[str, ...]:
    take = f"{row.shot}#{row.take}"
    action, why = (_LEFT_OUT, "a cap leaves no room for it") if row.is_left_out else (str(row.action), reason_text(row))
    if failure := failed.get(take):
        action, why = outcome_word(failure), failure.why
    what = f"**{action}** {_cell(f'{requested_length(row)} {row.resolution}: {why}')}"
    price = "" if action == _LEFT_OUT else _BEFORE_UNIT.sub("&nbsp;", _cell(price_or_task(row)))
    return _cell(safe_text(take)), "<br>".join(filter(None, (what, _cell(followers_text(row))))), price


def _problem_table(problems: Sequence[Problem]) -> list[str]:
    shown = sorted(problems, key=lambda problem: problem.severity is not Severity.ERROR)
    cells = [_problem_cells(each) for each in shown[:MAX_ROWS]]
    return _table(("where", "problem"), cells, total=len(shown))


def _problem_cells(problem: Problem) -> tuple[str, ...]:
    place = problem.place
    where = _cell(f"{place.file}:{place.line}") if place else ""
    rule = "" if problem.rule in MORE_RULES else f" ({_cell(problem.rule.id)}, {problem.severity})"
    return where, f"**{_cell(problem.summary)}**{rule}<br>{_cell(problem_words(problem))}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, total: int) -> list[str]:
    """A table with a blank line before it, folded where it is long; of `total` rows, the first are given.

    Few columns: a phone shows the first of them, and the others only when the table is moved.
    """
    if not rows:
        return []
    lines = ["", _table_row(head), "|---" * len(head) + "|"]
    lines += [_table_row(row) for row in rows]
    if more := total - len(rows):
        lines += ["", f"… and {more:,} more."]
    if total <= MAX_OPEN_ROWS:
        return lines
    return ["", f"<details><summary>{total:,} rows</summary>", *lines, "", "</details>"]


def _table_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(words: str) -> str:
    return _escape_markdown(cut_end(single_line(words), 200))


def _error_lines(error: HailuoError) -> list[str]:
    head = f"**{_escape_markdown(single_line(error.summary))}**"
    return [head, *_paragraph(error.why), *_paragraph(error.remedy)]


def _paragraph(words: str) -> list[str]:
    """Words as paragraphs; indented lines are commands, which stay as they are in a block of code."""
    lines: list[str] = []
    for line in safe_lines(words).splitlines():
        is_code = line.startswith("    ")
        if not lines or is_code != lines[-1].startswith("    "):
            lines.append("")
        lines.append(line if is_code else _escape_markdown(line.strip()))
    return lines


def _end_part(lines: Sequence[str]) -> str:
    """The end of a part of the page: several commands of one job write one after the other."""
    return "\n".join((*lines, "", ""))


def _escape_markdown(words: str) -> str:
    """Words that Markdown and HTML leave as they are; each mark is replaced once, also the & of what replaces one."""
    return words.translate(_NO_MARKUP)
