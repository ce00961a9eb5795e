"""What was spent, in words: the actual cost that providers report, else the list price."""

from hailuo_batch.core.plan.report import Report
from hailuo_batch.views.format import count, join_amounts, safe_text


def spending_text(report: Report) -> str:
    """The sums and where they come from, without a full stop; "" when nothing was bought."""
    silence = _no_actual_cost_note(report)
    parts = [join_amounts(report.spent)] if report.spent else []
    if report.estimated:
        parts.append(f"{join_amounts(report.estimated)} ({'; '.join(filter(None, ('list price', silence)))})")
    if report.unknown_cost:
        note = f" ({silence})" if silence and not report.estimated else ""
        parts.append(f"{'an ' if parts else ''}unknown cost for {count(report.unknown_cost, 'clip')}{note}")
    return ", and ".join(parts)


def spending_line(report: Report) -> str:
    """The same as a sentence; "" when there is nothing to say. Money: what a rehearsal would cost was not spent."""
    words = spending_text(report)
    return f"{'Estimated cost' if report.rehearsal else 'Spent so far'}: {words}." if words else ""


def _no_actual_cost_note(report: Report) -> str:
    """Who reports no actual cost: an amount of theirs is only an estimate."""
    if not report.silent_providers:
        return ""
    *names, last = map(safe_text, report.silent_providers)
    do = "do" if names else "does"
    return f"{' and '.join(filter(None, (', '.join(names), last)))} {do} not report actual cost"
