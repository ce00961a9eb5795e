"""An audit as text and as JSON: what was found and what to do, what is open, and the proof in figures."""

from collections.abc import Callable, Iterable, Iterator
from textwrap import indent, wrap

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.spending.audit import Audit
from hailuo_batch.core.spending.audit_findings import Finding, Remarked
from hailuo_batch.core.spending.costs import CLAIMS, Counted
from hailuo_batch.views.costs import REHEARSED, costs_members, sums_by_claim
from hailuo_batch.views.format import amounts, count, on_one_line, safe
from hailuo_batch.views.json_report import money_members
from hailuo_batch.views.style import PLAIN, Ink

_OPEN = {
    Stage.INTENDED: "in doubt",
    Stage.IN_DOUBT: "in doubt",
    Stage.SUBMITTED: "running",
    Stage.PRODUCED: "made, and not kept yet",
}


def draw_audit(audit: Audit, *, rehearsal: bool = False, ink: Ink = PLAIN) -> str:
    """Findings with what to do, what is worth knowing, what is open, and the proof in figures at the end."""
    parts = [
        "\n".join(line for each in audit.findings for line in _said(each.fault, each, ink.bad)),
        *_remedies(audit.findings),
        _under("Worth knowing", (line for each in audit.remarks for line in _said(each.remark, each, ink.bold)), ink),
        _under("Open", map(_open, audit.unfinished), ink),
        _settling(audit, rehearsal=rehearsal),
        "\n".join(_figures(audit, ink)),
    ]
    heading = f"{ink.care(REHEARSED)}\n" if rehearsal else ""
    return heading + "\n\n".join(part for part in parts if part)


def audit_members(audit: Audit, *, rehearsal: bool = False) -> dict[str, object]:
    """The same as plain data."""
    return {
        "version": 1,
        "proved": not audit.findings,
        "rehearsal": rehearsal,
        "requests": audit.requests,
        "purchases": audit.purchases,
        "in_doubt": audit.doubts,
        "clips": audit.clips,
        "sketches": audit.sketches,
        "bought_twice": audit.twice,
        "bought_again": audit.again,
        "money": costs_members(audit.costs)["totals"],
        "findings": [
            {
                "fault": each.fault.name.lower(),
                "what": str(each.fault),
                "attempts": [_members(attempt) for attempt in each.attempts],
                "why": each.why,
                "remedy": each.fault.remedy,
            }
            for each in audit.findings
        ],
        "remarks": [
            {
                "remark": each.remark.name.lower(),
                "what": str(each.remark),
                "attempts": [_members(attempt) for attempt in each.attempts],
                "why": each.why,
            }
            for each in audit.remarks
        ],
        "open": [_members(each.attempt) for each in audit.unfinished],
    }


def _said(what: str, about: Finding | Remarked, mark: Callable[[str], str]) -> Iterator[str]:
    """What it is, of which takes, and below it each attempt."""
    names = " and ".join(dict.fromkeys(map(_take, about.attempts)))
    words = f": {on_one_line(about.why)}" if about.why else ""
    yield f"{mark(names)}  {what}{words}" if names else f"{mark(what)}{words}"
    yield from (f"  {_attempt(each)}, {each.stage.replace('_', ' ')}{_task(each)}" for each in about.attempts)


def _remedies(findings: Iterable[Finding]) -> Iterator[str]:
    """What to do, once for each kind of fault."""
    for fault in dict.fromkeys(each.fault for each in findings):
        yield f"{fault[:1].upper()}{fault[1:]}:\n" + indent("\n".join(wrap(fault.remedy, 96)), "  ")


def _under(heading: str, lines: Iterable[str], ink: Ink) -> str:
    found = "".join(f"\n  {line}" for line in lines)
    return f"{ink.bold(heading)}:{found}" if found else ""


def _open(each: Counted) -> str:
    facts = f"{_OPEN[each.attempt.stage]}, {each.charge.money or 'price not known'}"
    return f"{_take(each.attempt)}  {safe(facts)}: {_attempt(each.attempt)}{_task(each.attempt)}"


def _settling(audit: Audit, *, rehearsal: bool) -> str:
    return f"To settle what is in doubt:\n    hailuo-batch resolve{' --mock' * rehearsal}" if audit.doubts else ""


def _take(attempt: AttemptRecord) -> str:
    return safe(f"{attempt.campaign}/{attempt.shot}#{attempt.take}")


def _attempt(attempt: AttemptRecord) -> str:
    return safe(f"attempt {attempt.id} at {attempt.provider}")


def _task(attempt: AttemptRecord) -> str:
    return safe(f", task {attempt.task}") if attempt.task else ""


def _figures(audit: Audit, ink: Ink) -> Iterator[str]:
    if audit.findings:
        yield f"{ink.bad(count(len(audit.findings), 'finding'))}; nothing is proved while there are any."
    elif audit.requests:
        yield ink.good("No request was bought twice.")
    numbers = [
        f"{count(audit.requests, 'request')}, {count(audit.purchases, 'purchase')}, {count(audit.clips, 'clip')}",
        f"{audit.twice:,} bought twice" + (f", {audit.again:,} bought again as remarked" if audit.again else ""),
    ]
    if audit.doubts:
        numbers.append(f"{audit.doubts:,} in doubt")
    if audit.sketches:
        numbers.append(f"{count(audit.sketches, 'sketch', 'sketches')} for nothing")
    money = [f"{amounts(sums)} {CLAIMS[claim]}" for claim, sums in sums_by_claim(audit.costs).items()]
    unknown = sum(audit.costs.unknown.values())
    if unknown:
        money.append(f"{count(unknown, 'attempt')} at a price that is not known")
    yield f"{'; '.join([*numbers, ', '.join(money) or 'nothing spent'])}."


def _members(attempt: AttemptRecord) -> dict[str, object]:
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
        "estimate": money_members(attempt.estimate),
        "cost": money_members(attempt.cost),
    }
