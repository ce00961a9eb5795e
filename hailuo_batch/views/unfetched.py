"""Takes that were submitted and not downloaded, in words: provider, task, and what to do about them."""

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.plan.plan import Action, StepReason
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.core.world import command_line
from hailuo_batch.views.format import safe_text

_FETCHABLE = frozenset({Action.RESUME, Action.FETCH})


def is_unfetched(row: TakeRow) -> bool:
    """Whether a task of the take is known whose clip is not in the store."""
    return row.action in _FETCHABLE and bool(row.task) and row.source is None


def task_location(row: TakeRow) -> str:
    """The provider and task of a take that is not downloaded; "" for one that is, or that was never submitted."""
    if is_unfetched(row):
        return f"task {safe_text(row.task)} at {safe_text(row.provider)}"
    return f"at {safe_text(row.provider)}" if row.is_in_doubt else ""


def resolve_hint(report: Report) -> str:
    """How to settle takes in doubt."""
    line = command_line("resolve", manifest=safe_text(report.manifest), world=report.world)
    return f"To list takes in doubt, and settle them:\n    {line}"


def resubmit_hint(report: Report) -> list[str]:
    """How to submit refused takes again, which no run does by itself."""
    if not any(row.action is Action.HOLD and row.why.startswith(StepReason.REFUSED) for row in report.rows):
        return []
    line = command_line("run", "--failed", manifest=safe_text(report.manifest), world=report.world)
    return [f"Change what was refused, or submit it again as it is:\n    {line}"]


def next_steps(report: Report) -> list[str]:
    """A line with its command for what is in doubt among the takes, and one for what is on its way."""
    lines = [resolve_hint(report)] if any(row.is_in_doubt for row in report.rows) else []
    if any(map(is_unfetched, report.rows)):
        fetch = command_line("fetch", manifest=safe_text(report.manifest), world=report.world)
        lines.append(f"To download clips already paid for, without buying anything:\n    {fetch}")
    return [*lines, *resubmit_hint(report), *_give_up_hint(report)]


def _give_up_hint(report: Report) -> list[str]:
    """How to give up a rendered clip that does not come: its link may be dead for good."""
    row = next((each for each in report.rows if each.stage is Stage.PRODUCED and is_unfetched(each)), None)
    if row is None:
        return []
    price = f"{row.cost}, which was charged, counts" if row.cost is not None else f"{row.estimate or 'it'} counts"
    label, manifest = safe_text(f"{row.shot}#{row.take}"), safe_text(report.manifest)
    line = command_line("resolve", label, "--write-off", manifest=manifest, world=report.world)
    words = f"If a rendered clip never comes, give it up: {price} as spent, and the next run buys it again:"
    return [f'{words}\n    {line} --reason "..."']
