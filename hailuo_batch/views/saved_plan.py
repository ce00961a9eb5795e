"""A saved plan, and an approval of one, for people."""

from hailuo_batch.core.plan.approval import Approval
from hailuo_batch.core.plan.saved_plan import PlanTotals, SavedPlan
from hailuo_batch.views.format import safe_text

_HASH_LENGTH = 23  # characters: enough to compare two by eye


def draw_saved_plan(plan: SavedPlan, *, file: str, command: str) -> str:
    """Where a plan was saved, what it buys, and how it is carried out."""
    lines = [
        f"Saved as {safe_text(file)}, {plan.hash[:_HASH_LENGTH]}: {_draw_totals(plan.totals)}.",
        "To carry out exactly this:",
        f"    {command}",
    ]
    return "\n".join(lines)


def draw_approval(plan: SavedPlan, approval: Approval, *, file: str, command: str) -> str:
    """Who approved what, and what comes next."""
    signed = ", signed" if approval.signature else ""
    author = f"{plan.author['name']} {plan.author['email']}".strip()
    lines = [
        f"Approved by {safe_text(str(approval.by))}{signed}: {_draw_totals(plan.totals)}.",
        f"Plan {plan.hash[:_HASH_LENGTH]} of {safe_text(str(plan.tree['manifest']))}, saved by {safe_text(author)}.",
        f"Written to {safe_text(file)}; commit it with the plan. To carry it out:",
        f"    {command}",
    ]
    return "\n".join(lines)


def _draw_totals(totals: PlanTotals) -> str:
    if not totals.clips:
        return "nothing to buy"
    sums = [str(each) for each in totals.cost] + (
        [f"{totals.unpriced:,} at an unknown price"] if totals.unpriced else []
    )
    clips = f"{totals.clips:,} clip{'s' * (totals.clips != 1)} for {' and '.join(sums) or 'free'}"
    if totals.most != totals.cost:
        clips += f", at most {' and '.join(map(str, totals.most))}"
    if totals.unpriced_fallbacks:
        clips += f"; {totals.unpriced_fallbacks:,} at an unknown price if the first provider does not accept"
    return clips
