"""How a run ended, as text: what was made, what failed and what to do, and where to look."""

from pathlib import Path

from hailuo_batch.core.naming import label
from hailuo_batch.core.outcome import Outcome
from hailuo_batch.core.plan import Action
from hailuo_batch.core.report import Report
from hailuo_batch.views.ink import PLAIN, Ink
from hailuo_batch.views.plan import sums, why
from hailuo_batch.views.wording import amounts, count, on_one_line, safe, safe_lines, span

SHOWN = 20


def draw_outcome(outcome: Outcome, report: Report, *, lock: Path | None, folder: str, ink: Ink = PLAIN) -> str:
    """The run in a few lines; `folder` is where the named clips are."""
    if not outcome.stored and not outcome.failed and not outcome.named and not outcome.stopped:
        lines = [sums(report, ink) + (f" Lock: {safe(lock.name)}." if lock else "")]
        return "\n".join((*lines, *_waiting(outcome, report, ink)))
    verb = "Sketched" if report.sketch else "Rendered"
    colour = ink.good if outcome.stored else ink.care
    lines = [f"{colour(verb)} {count(outcome.stored, 'clip')} in {span(outcome.seconds)}."]
    if outcome.named:
        there = "that was there got its name" if outcome.named == 1 else "that were there got their names"
        lines.append(f"{count(outcome.named, 'clip')} {there}.")
    lines += _failures(outcome, ink)
    if outcome.stopped:
        lines.append(f"{ink.care('Stopped')}: {on_one_line(outcome.stopped)}. The next run goes on from here.")
    lines.append(_left(report, folder, ink))
    lines += _waiting(outcome, report, ink)
    if report.spent:
        lines.append(f"Spent so far: {amounts(report.spent)}.")
    if lock:
        lines.append(f"Lock: {safe(lock.as_posix())}; commit it with the manifest.")
    return "\n".join(lines)


def _failures(outcome: Outcome, ink: Ink) -> list[str]:
    if not outcome.failed:
        return []
    takes = [len(step.uses) for step, _ in outcome.failed]
    lines = [f"{ink.bad(count(sum(takes), 'take') + ' failed')}:"]
    for step, failure in outcome.failed[:SHOWN]:
        more = f" and {len(step.uses) - 1:,} more" if len(step.uses) > 1 else ""
        lines.append(f"  {safe(label(step.uses[0]))}{more}  {on_one_line(failure.why)}")
        lines += [f"      {line}" for line in safe_lines(failure.remedy).splitlines()]
    if len(outcome.failed) > SHOWN:
        lines.append(f"  … and {sum(takes[SHOWN:]):,} more; --format json shows them all")
    return lines


def _waiting(outcome: Outcome, report: Report, ink: Ink) -> list[str]:
    """What is left although nothing failed and nobody stopped the run: each with its reason."""
    if outcome.failed or outcome.stopped:
        return []
    rows = [row for row in report.rows if row.action is not Action.REUSE]
    lines = [f"  {ink.care(safe(f'{row.shot}#{row.take}'))}  {on_one_line(why(row))}" for row in rows[:SHOWN]]
    if len(rows) > SHOWN:
        lines.append(f"  … and {len(rows) - SHOWN:,} more")
    if report.outside and any(row.action is Action.WAIT for row in rows):
        lines.append("  Take what they start from along: name it with another --only.")
    return lines


def _left(report: Report, folder: str, ink: Ink) -> str:
    counts = report.counts
    left = report.takes - counts.get(Action.REUSE, 0)
    there = f"{count(counts.get(Action.REUSE, 0), 'take')} in the store, named in {safe(folder)}"
    return f"{there}." if not left else f"{there}; {ink.care(count(left, 'take') + ' still to do')}."
