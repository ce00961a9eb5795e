"""Takes that were asked for and are not home, in words: at whom, as which task, and what a person does about them."""

from shlex import quote

from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.views.format import safe_text

RESOLVE_HINT = "What is in doubt, and what to do about it:\n    hailuo-batch resolve"
_FETCHABLE = frozenset({Action.RESUME, Action.FETCH})


def is_unfetched(row: TakeRow) -> bool:
    """Whether a task of the take is known whose clip is not in the store."""
    return row.action in _FETCHABLE and bool(row.task)


def task_location(row: TakeRow) -> str:
    """Who has a take that is not home, and as which task; "" for one that nobody was asked for, or that is home."""
    if is_unfetched(row):
        return f"task {safe_text(row.task)} at {safe_text(row.provider)}"
    return f"at {safe_text(row.provider)}" if row.is_in_doubt else ""


def next_steps(report: Report) -> list[str]:
    """A line with its command for what is in doubt among the takes, and one for what is on its way."""
    lines = [RESOLVE_HINT] if any(row.is_in_doubt for row in report.rows) else []
    if any(map(is_unfetched, report.rows)):
        fetch = f"hailuo-batch fetch {quote(safe_text(report.manifest))}"
        lines.append(f"What was paid for and is not here; to bring it home, and to buy nothing:\n    {fetch}")
    return lines
