"""How a run ended, as text: what was made, what failed and what to do, and where to look."""

from collections.abc import Mapping
from pathlib import Path

from hailuo_batch.core.attempt.failure import Failure, Kind
from hailuo_batch.core.plan.outcome import Outcome
from hailuo_batch.core.plan.plan import Action, Step
from hailuo_batch.core.plan.render_names import label
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.views.cost_phrases import spent_words
from hailuo_batch.views.format import count, on_one_line, safe, safe_lines, span
from hailuo_batch.views.plan import BRING, is_elsewhere, sums, why
from hailuo_batch.views.style import PLAIN, Ink
from hailuo_batch.views.unfetched import SETTLE, at_whom, is_owed

SHOWN = 20


def draw_outcome(
    outcome: Outcome,
    report: Report,
    *,
    lock: Path | None,
    folder: str,
    frozen: bool = False,
    rehearsal: bool = False,
    ink: Ink = PLAIN,
) -> str:
    """The run in a few lines; `folder` is where the named clips are.

    A `frozen` run had to find every take in the lock: clips that are not on this machine are counted, and that is all.
    """
    waiting = _absent(report) if frozen else _waiting(outcome, report, ink)
    doubts = _doubts(outcome, report, SETTLE + " --mock" * rehearsal)
    if not outcome.stored and not outcome.failed and not outcome.named and not outcome.stopped:
        if frozen and waiting:
            return waiting[0]
        lines = [sums(report, ink) + (f" Lock: {safe(lock.name)}." if lock else "")]
        return "\n".join((*lines, *waiting, *doubts))
    verb = "Sketched" if report.sketch else "Rendered"
    colour = ink.good if outcome.stored else ink.care
    lines = [f"{colour(verb)} {count(outcome.stored, 'clip')} in {span(outcome.seconds)}."]
    if outcome.named:
        there = "that was there got its name" if outcome.named == 1 else "that were there got their names"
        lines.append(f"{count(outcome.named, 'clip')} {there}.")
    for provider, clips, reason in outcome.elsewhere:
        lines.append(f"{count(clips, 'clip')} by {safe(provider)} instead: {on_one_line(reason)}.")
    lines += _failures(outcome, report, ink)
    if outcome.stopped:
        lines.append(f"{ink.care('Stopped')}: {on_one_line(outcome.stopped)}. The next run goes on from here.")
    if outcome.left:
        bill = "and may be billed; the next run, or `hailuo-batch fetch`, brings"
        one = outcome.left == 1
        lines.append(
            f"{ink.care(count(outcome.left, 'task'))} {'is' if one else 'are'} still running {bill} "
            f"{'its clip' if one else 'their clips'} home."
        )
    lines.append(_left(report, folder, ink, named=not outcome.unnamed))
    lines += waiting
    lines += doubts
    if spent := spent_words(report):
        lines.append(f"It would have cost {spent}." if rehearsal else f"Spent so far: {spent}.")
    if lock:
        lines.append(f"Lock: {safe(lock.as_posix())}; commit it with the manifest.")
    return "\n".join(lines)


# What went wrong is told in parts: who must look, what a cap left out, what only lacks its name, and what failed.
_PERSON = frozenset({Kind.UNCLEAR, Kind.PENDING, Kind.UNRECORDED})
_PARTS: tuple[tuple[str, frozenset[Kind]], ...] = (
    ("needs a look", _PERSON),
    ("left out", frozenset({Kind.OVER_CAP})),
    ("stored, and not named", frozenset({Kind.UNNAMED})),
    ("failed", frozenset(Kind) - _PERSON - {Kind.OVER_CAP, Kind.UNNAMED}),
)


def _failures(outcome: Outcome, report: Report, ink: Ink) -> list[str]:
    lines, now = [], {row.fingerprint: row for row in report.rows}
    for words, kinds in _PARTS:
        part = [(step, failure) for step, failure in outcome.failed if failure.kind in kinds]
        lines += _part(words, part, now, ink)
    return lines


def _part(words: str, failed: list[tuple[Step, Failure]], now: Mapping[str, TakeRow], ink: Ink) -> list[str]:
    if not failed:
        return []
    takes = [len(step.uses) for step, _ in failed]
    said = words.replace("needs", "need") if sum(takes) > 1 else words
    lines = [f"{ink.bad(count(sum(takes), 'take') + ' ' + said)}:"]
    told = ""
    for step, failure in failed[:SHOWN]:
        more = f" and {len(step.uses) - 1:,} more" if len(step.uses) > 1 else ""
        lines.append(f"  {safe(label(step.uses[0]))}{more}  {on_one_line(failure.why)}")
        if failure.remedy != told:  # the same advice once, not under each take
            lines += [f"      {line}" for line in safe_lines(failure.remedy).splitlines()]
        told = failure.remedy
        row = now.get(step.fingerprint)
        if row is not None and is_owed(row) and row.task not in failure.why:
            whom = at_whom(row)
            lines.append(f"      {whom[0].upper()}{whom[1:]}; the next run, or `hailuo-batch fetch`, tries again.")
    if len(failed) > SHOWN:
        lines.append(f"  … and {sum(takes[SHOWN:]):,} more; --format json shows them all")
    return lines


def _waiting(outcome: Outcome, report: Report, ink: Ink) -> list[str]:
    """What is left although nothing failed and nobody stopped the run: each with its reason."""
    if outcome.failed or outcome.stopped:
        return []
    rows = [row for row in report.rows if row.action is not Action.REUSE]
    lines = [f"  {ink.care(safe(f'{row.shot}#{row.take}'))}  {_why(row)}" for row in rows[:SHOWN]]
    if len(rows) > SHOWN:
        lines.append(f"  … and {len(rows) - SHOWN:,} more")
    if any(map(is_elsewhere, rows)):
        lines.append(f"  {BRING}")
    if report.outside and any(row.action is Action.WAIT for row in rows):
        lines.append("  Take what they start from along: name it with another --only.")
    return lines


def _doubts(outcome: Outcome, report: Report, settle: str) -> list[str]:
    """What to do about doubts, of this run and of earlier ones, where there is any."""
    failed = {step.fingerprint for step, _ in outcome.failed}
    doubts = [row for row in report.rows if row.in_doubt]
    earlier = [safe(f"{row.shot}#{row.take}") for row in doubts if row.fingerprint not in failed]
    lines = []
    if earlier and (outcome.failed or outcome.stopped):  # else they are among what is waiting
        more = f" and {len(earlier) - SHOWN:,} more" if len(earlier) > SHOWN else ""
        lines.append(f"In doubt since an earlier run: {', '.join(earlier[:SHOWN])}{more}.")
    return [*lines, settle] if doubts else lines


def _absent(report: Report) -> list[str]:
    """How many of the locked clips are not on this machine."""
    clips = {row.fingerprint for row in report.rows if row.action is not Action.REUSE}
    are = "is" if len(clips) == 1 else "are"
    return [f"Covered by the lock; {count(len(clips), 'clip')} {are} not on this machine."] if clips else []


def _why(row: TakeRow) -> str:
    whom = at_whom(row)
    return on_one_line(why(row)) + (f" ({whom})" if whom else "")


def _left(report: Report, folder: str, ink: Ink, *, named: bool) -> str:
    counts = report.counts
    left = report.takes - counts.get(Action.REUSE, 0)
    where = f", named in {safe(folder)}" if named else f"; names are in {safe(folder)}"
    there = f"{count(counts.get(Action.REUSE, 0), 'take')} in the store{where}"
    return f"{there}." if not left else f"{there}; {ink.care(count(left, 'take') + ' still to do')}."
