"""How a run ended, as text: what was made, what failed and what to do, and where the clips are."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.plan.outcome import DETACHED, Outcome
from hailuo_batch.core.plan.plan import Action, ClipSource, Step
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.core.world import World, command_line
from hailuo_batch.views.cost_phrases import spending_line
from hailuo_batch.views.failure_advice import failure_advice
from hailuo_batch.views.format import count, format_duration, safe_lines, safe_text, single_line
from hailuo_batch.views.next_command import next_command_lines
from hailuo_batch.views.plan import dropped_lines, missing_clip_hints, plan_totals
from hailuo_batch.views.plan_lines import reason_text
from hailuo_batch.views.progress.outcome_words import SOURCE_WORDS
from hailuo_batch.views.style import PLAIN, TextStyle
from hailuo_batch.views.table import Cell, Column, Fit, draw_rows, draw_table
from hailuo_batch.views.unfetched import is_unfetched, task_location

MAX_ROWS = 20


# A take and what is said of it: names give first, and no id or path of a sentence is cut.
_COLUMNS = (Column(fit=Fit.MIDDLE), Column(fit=Fit.TEXT, least=32))


def draw_run_summary(
    outcome: Outcome,
    report: Report,
    *,
    lock: Path | None,
    folder: str,
    frozen: bool = False,
    only_failed: bool = False,
    is_last: bool = True,
    style: TextStyle = PLAIN,
) -> str:
    """The run in a few lines; `folder` is where the named clips are.

    A `frozen` run had to find every take in the lock: clips that are not on this machine are counted, and that is all.
    Where it `is_last`, the last line is the next command.
    """
    waiting = _absent_clip_lines(report) if frozen else _waiting_lines(outcome, report, style)
    doubts = _earlier_doubt_lines(outcome, report)
    if not outcome.stored and not outcome.failed and not outcome.named and not outcome.stop_reason:
        if only_failed:
            return draw_nothing_failed(report)
        lines = [plan_totals(report, style) + (f" Lock: {safe_text(lock.name)}." if lock else "")]
        shown = [waiting[0]] if frozen and waiting else [*lines, *dropped_lines(report, style), *waiting]
        return "\n".join((*shown, *_last_lines(outcome, report, is_last=is_last, frozen=frozen)))
    is_bare = outcome.stop_reason == DETACHED and not outcome.stored
    lines = [] if is_bare else _stored_lines(outcome, style, report.world)
    if outcome.named:
        there = "already stored got its name" if outcome.named == 1 else "already stored got their names"
        lines.append(f"{count(outcome.named, 'clip')} {there}.")
    for provider, clips, reason in outcome.other_providers:
        lines.append(f"{count(clips, 'clip')} by {safe_text(provider)} instead: {single_line(reason)}.")
    if outcome.farm:
        lines.append(f"{single_line(outcome.farm[:1].upper() + outcome.farm[1:])}.")
    lines += _remark_lines(outcome, style)
    lines += _failure_lines(outcome, report, style)
    lines += _stop_lines(outcome, report, style)
    lines.append(_remaining_line(report, folder, style, named=not outcome.naming_failures))
    lines += waiting
    lines += doubts
    if spent := spending_line(report):
        lines.append(spent)
    lines += dropped_lines(report, style)
    if lock:
        lines.append(f"Lock: {safe_text(lock.as_posix())}; commit it together with the manifest.")
    return "\n".join((*lines, *_last_lines(outcome, report, is_last=is_last, frozen=frozen)))


def _last_lines(outcome: Outcome, report: Report, *, is_last: bool, frozen: bool) -> list[str]:
    """What to run next; a check in CI is followed by nothing that a person types."""
    return next_command_lines(outcome, report) if is_last and not frozen else []


def _stop_lines(outcome: Outcome, report: Report, style: TextStyle) -> list[str]:
    """Why the run ended early, what runs on, and what it did not begin."""
    lines, is_one = list[str](), outcome.left_running == 1
    if outcome.stop_reason == DETACHED:
        lines.append(f"{style.good('Detached')}: nothing is left to submit now.")
    elif outcome.stop_reason:
        lines.append(f"{style.warning('Stopped')}: {single_line(outcome.stop_reason)}. The next run resumes from here.")
    if outcome.left_running:
        tasks = style.warning(count(outcome.left_running, "task"))
        are, whose = ("is", "its clip") if is_one else ("are", "their clips")
        lines.append(f"{tasks} {are} still running and may be billed. The next run, or `fetch`, downloads {whose}.")
    waiting = [row for row in report.rows if row.action is Action.WAIT]
    if outcome.stop_reason == DETACHED and waiting:
        takes = style.warning(count(len(waiting), "take"))
        waits = "waits for a frame of another, and is" if len(waiting) == 1 else "wait for frames of others, and are"
        lines.append(f"{takes} {waits} submitted by the next run.")
    return lines


def draw_nothing_failed(report: Report) -> str:
    """What `run --failed` says where no take has failed or was refused; other takes may still wait for a run."""
    line = safe_text(command_line("status", manifest=report.manifest, world=report.world))
    return f"No take has failed or was refused, so --failed submits nothing. The state of all takes:\n    {line}"


def _remark_lines(outcome: Outcome, style: TextStyle) -> list[str]:
    shown = outcome.remarks[:MAX_ROWS]
    rows = [(Cell(safe_text(step.take_names[0].label)), Cell(f"{single_line(words)}.")) for step, words in shown]
    lines = [*draw_table(rows, _COLUMNS, width=style.width)]
    if lines:
        lines.insert(0, f"{style.warning(count(len(outcome.remarks), 'remark'))}:")
    more = len(outcome.remarks) - len(shown)
    return [*lines, f"… and {more:,} more remarks; --format json shows them all"] if more else lines


def draw_cut_run(outcome: Outcome, report: Report, *, style: TextStyle = PLAIN) -> str:
    """A run whose ledger was taken away: what it did, and no promise of what another run will find."""
    failed = _failure_lines(outcome, replace(report, rows=()), style)
    return "\n".join((*_stored_lines(outcome, style, report.world), *failed))


# Failures are in groups: what a person must settle, what a cap left out, what only lacks its name, what failed, and
# what was kept back because of that.
_NEEDS_PERSON = frozenset(
    {FailureKind.UNKNOWN_OUTCOME, FailureKind.SHARED_TASK, FailureKind.PENDING, FailureKind.UNRECORDED}
)
_FAILURE_GROUPS: tuple[tuple[str, frozenset[FailureKind]], ...] = (
    ("needs attention", _NEEDS_PERSON),
    ("left out", frozenset({FailureKind.OVER_CAP})),
    ("left to another machine", frozenset({FailureKind.HELD})),
    ("stored without a name", frozenset({FailureKind.UNNAMED})),
    (
        "failed",
        frozenset(FailureKind)
        - _NEEDS_PERSON
        - {FailureKind.OVER_CAP, FailureKind.HELD, FailureKind.CLOSED, FailureKind.UNNAMED},
    ),
    ("not submitted", frozenset({FailureKind.CLOSED})),
)


def kept_phrases(outcome: Outcome) -> list[str]:
    """The stored clips that were on this machine before, by where: nothing was rendered or paid for them."""
    return [f"{count(outcome.kept[at], 'clip')} {words}" for at, words in SOURCE_WORDS.items() if outcome.kept.get(at)]


def _stored_lines(outcome: Outcome, style: TextStyle, world: World) -> list[str]:
    kept = kept_phrases(outcome)
    rendered = [_rendered_line(outcome, style, world)] if outcome.rendered or not kept else []
    lines = [*rendered, *(f"{words}; {'nothing was paid again' if world is World.REAL else 'free'}." for words in kept)]
    if world is World.REAL and outcome.kept.get(ClipSource.OTHER_STORE):
        lines.append("What they cost there counts here too, in sums and under caps.")
    return lines


def _rendered_line(outcome: Outcome, style: TextStyle, world: World) -> str:
    verb = {World.REAL: "Rendered", World.SKETCH: "Sketched", World.REHEARSAL: "Rehearsed"}[world]
    colour = style.good if outcome.stored else style.warning
    return f"{colour(verb)} {count(outcome.rendered, 'clip')} in {format_duration(outcome.seconds)}." + (
        " Nothing was paid." if world is World.REHEARSAL else ""
    )


def _failure_lines(outcome: Outcome, report: Report, style: TextStyle) -> list[str]:
    lines, now = [], {row.fingerprint: row for row in report.rows}
    for words, kinds in _FAILURE_GROUPS:
        part = [(step, failure) for step, failure in outcome.failed if failure.kind in kinds]
        lines += _failure_group_lines(words, part, report, now, style)
    return lines


def _failure_group_lines(
    words: str, failed: list[tuple[Step, Failure]], report: Report, now: Mapping[str, TakeRow], style: TextStyle
) -> list[str]:
    if not failed:
        return []
    takes = [len(step.take_names) for step, _ in failed]
    said = words.replace("needs", "need") if sum(takes) > 1 else words
    lines = [f"{style.bad(count(sum(takes), 'take') + ' ' + said)}:"]
    shown = failed[:MAX_ROWS]
    cells = [(Cell(_step_label(step)), Cell(single_line(failure.why))) for step, failure in shown]
    previous = ""
    for (step, failure), drawn in zip(shown, draw_rows(cells, _COLUMNS, width=style.width), strict=True):
        lines += drawn
        advice = failure_advice(failure, manifest=report.manifest, world=report.world)
        if advice != previous:  # the same advice once, not under each take
            lines += [f"      {line}" for line in safe_lines(advice).splitlines()]
        previous = advice
        row = now.get(step.fingerprint)
        if row is not None and is_unfetched(row) and row.task not in failure.why:
            whom = task_location(row)
            lines.append(f"      {whom[0].upper()}{whom[1:]}; the next run, or `fetch`, downloads it.")
    if len(failed) > MAX_ROWS:
        lines.append(f"  … and {sum(takes[MAX_ROWS:]):,} more; --format json shows them all")
    return lines


def _step_label(step: Step) -> str:
    first, *others = step.take_names
    return safe_text(first.label) + (f" and {len(others):,} more" if others else "")


def _waiting_lines(outcome: Outcome, report: Report, style: TextStyle) -> list[str]:
    """What is left although nothing failed and nobody stopped the run: each with its reason."""
    if outcome.failed or outcome.stop_reason:
        return []
    rows = [row for row in report.rows if row.action is not Action.REUSE]
    table = [
        (Cell(safe_text(f"{row.shot}#{row.take}"), style.warning), Cell(_reason_and_task(row)))
        for row in rows[:MAX_ROWS]
    ]
    lines = [*draw_table(table, _COLUMNS, width=style.width)]
    if len(rows) > MAX_ROWS:
        lines.append(f"  … and {len(rows) - MAX_ROWS:,} more")
    lines += (f"  {hint}" for hint in missing_clip_hints(rows))
    if report.shots_outside and any(row.action is Action.WAIT for row in rows):
        lines.append("  Also select the shots they depend on, with another --only.")
    return lines


def _earlier_doubt_lines(outcome: Outcome, report: Report) -> list[str]:
    """The doubts of earlier runs; what to do about them is the last line."""
    failed = {step.fingerprint for step, _ in outcome.failed}
    doubts = [row for row in report.rows if row.is_in_doubt]
    earlier = [safe_text(f"{row.shot}#{row.take}") for row in doubts if row.fingerprint not in failed]
    lines = []
    if earlier and (outcome.failed or outcome.stop_reason):  # else they are among what is waiting
        more = f" and {len(earlier) - MAX_ROWS:,} more" if len(earlier) > MAX_ROWS else ""
        lines.append(f"In doubt since an earlier run: {', '.join(earlier[:MAX_ROWS])}{more}.")
    return lines


def _absent_clip_lines(report: Report) -> list[str]:
    """How many of the locked clips are not on this machine."""
    clips = {row.fingerprint for row in report.rows if row.action is not Action.REUSE}
    are = "is" if len(clips) == 1 else "are"
    return [f"Covered by the lock; {count(len(clips), 'clip')} {are} not on this machine."] if clips else []


def _reason_and_task(row: TakeRow) -> str:
    whom = task_location(row)
    return single_line(reason_text(row)) + (f" ({whom})" if whom else "")


def _remaining_line(report: Report, folder: str, style: TextStyle, *, named: bool) -> str:
    counts = report.counts
    left = report.takes - counts.get(Action.REUSE, 0)
    where = f", named in {safe_text(folder)}" if named else f"; names are in {safe_text(folder)}"
    there = f"{count(counts.get(Action.REUSE, 0), 'take')} in the store{where}"
    return f"{there}." if not left else f"{there}; {style.warning(count(left, 'take') + ' still to do')}."
