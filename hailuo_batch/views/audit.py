"""An audit as text and as JSON: what was found and what to do, what is open, and the proof in figures."""

from collections.abc import Callable, Iterable, Iterator
from textwrap import indent, wrap

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.spending.audit import Audit
from hailuo_batch.core.spending.audit_findings import AuditFault, AuditFinding, AuditNote
from hailuo_batch.core.spending.costs import COLUMN_BY_STATE, ChargedAttempt
from hailuo_batch.core.world import World, command_line
from hailuo_batch.views.costs import REHEARSAL_NOTE, column_label, costs_dict, totals_by_charge_state
from hailuo_batch.views.format import count, join_amounts, safe_text, single_line
from hailuo_batch.views.json_report import money_dict
from hailuo_batch.views.style import PLAIN, TextStyle

_STAGE_WORDS = {
    Stage.INTENDED: "in doubt",
    Stage.IN_DOUBT: "in doubt",
    Stage.SUBMITTED: "running",
    Stage.PRODUCED: "rendered, not downloaded yet",
}


def draw_audit(audit: Audit, *, rehearsal: bool = False, style: TextStyle = PLAIN) -> str:
    """Findings with what to do, what is worth knowing, what is open, and the proof in figures at the end."""
    world = World.REHEARSAL if rehearsal else World.REAL
    parts = [
        "\n".join(line for each in audit.findings for line in _finding_lines(each.fault, each, style.bad)),
        *_remedies(audit.findings, world),
        _section(
            "Worth knowing",
            (line for each in audit.remarks for line in _finding_lines(each.remark, each, style.bold)),
            style,
        ),
        _section("Open", map(_unfinished_line, audit.unfinished), style),
        _resolve_hint(audit, world),
        "\n".join(_figure_lines(audit, style)),
    ]
    heading = f"{style.warning(REHEARSAL_NOTE)}\n" if rehearsal else ""
    return heading + "\n\n".join(part for part in parts if part)


def audit_dict(audit: Audit, *, rehearsal: bool = False) -> dict[str, object]:
    """The same as plain data."""
    world = World.REHEARSAL if rehearsal else World.REAL
    return {
        "version": 1,
        "proved": not audit.findings,
        "rehearsal": rehearsal,
        "requests": audit.requests,
        "purchases": audit.purchases,
        "in_doubt": audit.in_doubt,
        "clips": audit.clips,
        "sketches": audit.sketches,
        "bought_twice": audit.double_purchases,
        "bought_again": audit.repurchases,
        "money": costs_dict(audit.costs)["totals"],
        "findings": [
            {
                "fault": each.fault.name.lower(),
                "what": str(each.fault),
                "attempts": [_attempt_dict(attempt) for attempt in each.attempts],
                "why": each.why,
                "remedy": "\n".join((each.fault.remedy, *_command_lines(each.fault, world))),
            }
            for each in audit.findings
        ],
        "remarks": [
            {
                "remark": each.remark.name.lower(),
                "what": str(each.remark),
                "attempts": [_attempt_dict(attempt) for attempt in each.attempts],
                "why": each.why,
            }
            for each in audit.remarks
        ],
        "open": [_attempt_dict(each.attempt) for each in audit.unfinished],
    }


def _finding_lines(what: str, about: AuditFinding | AuditNote, mark: Callable[[str], str]) -> Iterator[str]:
    """What it is, of which takes, and below it each attempt."""
    names = " and ".join(dict.fromkeys(map(_take_label, about.attempts)))
    words = f": {single_line(about.why)}" if about.why else ""
    yield f"{mark(names)}  {what}{words}" if names else f"{mark(what)}{words}"
    yield from (
        f"  {_attempt_label(each)}, {each.stage.replace('_', ' ')}{_task_suffix(each)}" for each in about.attempts
    )


def _remedies(findings: Iterable[AuditFinding], world: World) -> Iterator[str]:
    """What to do, once for each kind of fault."""
    for fault in dict.fromkeys(each.fault for each in findings):
        lines = [*wrap(fault.remedy, 96), *_command_lines(fault, world)]
        yield f"{fault[:1].upper()}{fault[1:]}:\n" + indent("\n".join(lines), "  ")


def _command_lines(fault: AuditFault, world: World) -> list[str]:
    return [f"    {command_line(*command, world=world)}" for command in fault.commands]


def _section(heading: str, lines: Iterable[str], style: TextStyle) -> str:
    found = "".join(f"\n  {line}" for line in lines)
    return f"{style.bold(heading)}:{found}" if found else ""


def _unfinished_line(each: ChargedAttempt) -> str:
    facts = f"{_STAGE_WORDS[each.attempt.stage]}, {each.charge.money or 'price not known'}"
    return (
        f"{_take_label(each.attempt)}  {safe_text(facts)}: {_attempt_label(each.attempt)}{_task_suffix(each.attempt)}"
    )


def _resolve_hint(audit: Audit, world: World) -> str:
    return f"To settle takes in doubt:\n    {command_line('resolve', world=world)}" if audit.in_doubt else ""


def _take_label(attempt: AttemptRecord) -> str:
    return safe_text(f"{attempt.campaign}/{attempt.shot}#{attempt.take}")


def _attempt_label(attempt: AttemptRecord) -> str:
    return safe_text(f"attempt {attempt.id} at {attempt.provider}")


def _task_suffix(attempt: AttemptRecord) -> str:
    return safe_text(f", task {attempt.task}") if attempt.task else ""


def _figure_lines(audit: Audit, style: TextStyle) -> Iterator[str]:
    if audit.findings:
        yield f"{style.bad(count(len(audit.findings), 'finding'))}; the audit is inconclusive until they are resolved."
    elif audit.requests:
        yield style.good("No request was bought twice.")
    numbers = [
        f"{count(audit.requests, 'request')}, {count(audit.purchases, 'purchase')}, {count(audit.clips, 'clip')}",
        f"{audit.double_purchases:,} bought twice"
        + (f", {audit.repurchases:,} bought again as noted" if audit.repurchases else ""),
    ]
    if audit.in_doubt:
        numbers.append(f"{audit.in_doubt:,} in doubt")
    if audit.sketches:
        numbers.append(f"{count(audit.sketches, 'sketch', 'sketches')} (free)")
    money = [
        f"{join_amounts(sums)} {column_label(COLUMN_BY_STATE[claim])}"
        for claim, sums in totals_by_charge_state(audit.costs).items()
    ]
    unknown = sum(audit.costs.unknown.values())
    if unknown:
        money.append(f"{count(unknown, 'attempt')} without a known price")
    yield f"{'; '.join([*numbers, ', '.join(money) or 'nothing spent'])}."


def _attempt_dict(attempt: AttemptRecord) -> dict[str, object]:
    return {
        "attempt": attempt.id,
        "campaign": attempt.campaign,
        "shot": attempt.shot,
        "take": attempt.take,
        "fingerprint": attempt.fingerprint,
        "provider": attempt.provider,
        "stage": str(attempt.stage),
        "task": attempt.task,
        "artifact": attempt.digest,
        "estimate": money_dict(attempt.estimate),
        "quote": money_dict(attempt.quote),
        "cost": money_dict(attempt.cost),
    }
