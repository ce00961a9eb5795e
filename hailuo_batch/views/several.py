"""Several manifests: a section for each, and one total."""

from collections.abc import Mapping, Sequence

from hailuo_batch.core.plan.outcome import Outcome
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report
from hailuo_batch.core.plan.report_total import total_report
from hailuo_batch.views.format import count, format_duration
from hailuo_batch.views.json_report import report_dict
from hailuo_batch.views.next_command import next_of_several
from hailuo_batch.views.plan import draw_plan, plan_heading, plan_totals, run_hint
from hailuo_batch.views.style import PLAIN, TextStyle

VERSION = 1


def draw_plans(
    reports: Sequence[Report], style: TextStyle = PLAIN, *, full: bool = False, is_last: bool = False
) -> str:
    """The plan of each manifest, then the sums over all of them; where it `is_last`, the next command too."""
    parts = [_draw_section(report, style, full=full) for report in reports]
    heading = style.bold(all_manifests(reports))
    sums = f"{heading} · {plan_totals(total_report(reports), style)}"
    return "\n\n".join((*parts, "\n".join((sums, *(run_hint(reports) if is_last else ())))))


def _draw_section(report: Report, style: TextStyle, *, full: bool) -> str:
    drawn = draw_plan(report, style, full=full)
    has_heading = any(row.action is not Action.REUSE for row in report.rows)
    return drawn if has_heading else f"{plan_heading(report, style)}\n{drawn}"


def draw_runs(texts: Sequence[str], reports: Sequence[Report], outcomes: Sequence[Outcome], style: TextStyle) -> str:
    """What each manifest came to, under its name, then one line for all of them."""
    parts = [f"{plan_heading(report, style)}\n{text}" for report, text in zip(reports, texts, strict=True)]
    heading = style.bold(all_manifests(reports))
    last = [f"{heading} · {sum_runs(reports, outcomes, style)}", *next_of_several(outcomes, reports)]
    return "\n\n".join((*parts, "\n".join(last)))


def all_manifests(reports: Sequence[Report]) -> str:
    """The heading of the sums over all of them."""
    return f"All {len(reports)} manifests"


def sum_runs(reports: Sequence[Report], outcomes: Sequence[Outcome], style: TextStyle = PLAIN) -> str:
    """What all of them came to; where nothing was done, how things are."""
    stored, failed = sum(each.stored for each in outcomes), sum(len(each.clip_failures) for each in outcomes)
    if not stored and not failed:
        return plan_totals(total_report(reports), style)
    took = format_duration(sum(each.seconds for each in outcomes))
    lost = f", {count(failed, 'clip')} failed" if failed else ""
    return f"{count(stored, 'clip')} stored{lost} in {took}."


def plans_dict(reports: Sequence[Report]) -> dict[str, object]:
    """The same plans as plain data."""
    return _several_dict([report_dict(report) for report in reports], reports)


def runs_dict(rows: Sequence[Mapping[str, object]], reports: Sequence[Report], *, exit_code: int) -> dict[str, object]:
    """What each manifest came to, as plain data."""
    return {**_several_dict(rows, reports), "exit": exit_code}


def _several_dict(rows: Sequence[Mapping[str, object]], reports: Sequence[Report]) -> dict[str, object]:
    whole = report_dict(total_report(reports))
    total = {name: whole[name] for name in ("summary", "gateways")}
    return {"version": VERSION, "manifests": list(rows), "total": total}
