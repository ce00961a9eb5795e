"""What was spent, in words: what providers told, and what the price list says of those that tell nothing."""

from hailuo_batch.core.plan.report import Report
from hailuo_batch.views.format import count, join_amounts, safe_text


def spending_text(report: Report) -> str:
    """The sums and where they come from, without a full stop; "" when nothing was bought."""
    parts = [join_amounts(report.spent)] if report.spent else []
    if report.estimated:
        parts.append(f"{join_amounts(report.estimated)} by the price list")
    if report.unknown_cost:
        parts.append(f"{count(report.unknown_cost, 'clip')} at a cost that is not known")
    return (", and ".join(parts) + _no_actual_cost_note(report)) if parts else ""


def _no_actual_cost_note(report: Report) -> str:
    """Who tells no cost: what stands there of them is no bill."""
    if not report.silent_providers:
        return ""
    *names, last = map(safe_text, report.silent_providers)
    tell = "tell" if names else "tells"
    return f" ({' and '.join(filter(None, (', '.join(names), last)))} {tell} no cost)"
