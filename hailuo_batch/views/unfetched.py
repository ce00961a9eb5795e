"""Takes that were asked for and are not home, in words: at whom, as which task, and what a person does about them."""

from shlex import quote

from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.views.format import safe

SETTLE = "What is in doubt, and what to do about it:\n    hailuo-batch resolve"
_ON_ITS_WAY = frozenset({Action.RESUME, Action.FETCH})


def is_owed(row: TakeRow) -> bool:
    """Whether a task of the take is known whose clip is not in the store."""
    return row.action in _ON_ITS_WAY and bool(row.task)


def at_whom(row: TakeRow) -> str:
    """Who has a take that is not home, and as which task; "" for one that nobody was asked for, or that is home."""
    if is_owed(row):
        return f"task {safe(row.task)} at {safe(row.provider)}"
    return f"at {safe(row.provider)}" if row.in_doubt else ""


def what_to_do(report: Report) -> list[str]:
    """A line with its command for what is in doubt among the takes, and one for what is on its way."""
    lines = [SETTLE] if any(row.in_doubt for row in report.rows) else []
    if any(map(is_owed, report.rows)):
        fetch = f"hailuo-batch fetch {quote(safe(report.manifest))}"
        lines.append(f"What was paid for and is not here; to bring it home, and to buy nothing:\n    {fetch}")
    return lines
