"""What was spent, in words: what providers told, and what the price list says of those that tell nothing."""

from hailuo_batch.core.plan.report import Report
from hailuo_batch.views.format import amounts, count, safe


def spent_words(report: Report) -> str:
    """The sums and where they come from, without a full stop; "" when nothing was bought."""
    parts = [amounts(report.spent)] if report.spent else []
    if report.estimated:
        parts.append(f"{amounts(report.estimated)} by the price list")
    if report.unknown_cost:
        parts.append(f"{count(report.unknown_cost, 'clip')} at a cost that is not known")
    return (", and ".join(parts) + _silent(report)) if parts else ""


def _silent(report: Report) -> str:
    """Who tells no cost: what stands there of them is no bill."""
    if not report.silent:
        return ""
    *names, last = map(safe, report.silent)
    tell = "tell" if names else "tells"
    return f" ({' and '.join(filter(None, (', '.join(names), last)))} {tell} no cost)"
