"""What `audit` prints, whole, as text and as JSON."""

from collections.abc import Callable
from typing import Any

from test_history_view import attempt
from view_samples import FORBIDDEN, HOSTILE, failure, usd

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.spending.audit import Audit
from hailuo_batch.core.spending.audit_findings import AuditFault, AuditFinding, AuditNote, AuditRemark
from hailuo_batch.core.spending.costs import GroupBy, charge_attempts, sum_costs
from hailuo_batch.views.audit import audit_dict, draw_audit
from hailuo_batch.views.json_report import json_text
from hailuo_batch.views.style import TextStyle

Golden = Callable[[str, str], None]

ONE, TWO = attempt(1, fingerprint="v1-1", cost=usd("0.28")), attempt(2, fingerprint="v1-2", shot="turn", task="task-9")
FAILED = attempt(
    3, fingerprint="v1-2", shot="turn", stage=Stage.FAILED, failure=failure("the model\nchoked"), task="t-3"
)
DOUBT = attempt(4, fingerprint="v1-4", shot="pack", stage=Stage.IN_DOUBT, task=None, digest=None, cost=None)
RUNNING = attempt(
    5, fingerprint="v1-5", shot="end", stage=Stage.SUBMITTED, task="t-5", digest=None, cost=None, estimate=None
)
MADE = attempt(6, fingerprint="v1-6", shot="coda", stage=Stage.PRODUCED, task="t-6", digest=None)


def audit(*attempts: AttemptRecord, **members: Any) -> Audit:
    paid = charge_attempts(attempts)
    plain = {
        "findings": (), "remarks": (), "unfinished": (), "requests": len(attempts), "purchases": len(attempts),
        "in_doubt": 0, "clips": len(attempts), "sketches": 0, "costs": sum_costs(paid, group_by=GroupBy.PROVIDER),
    }  # fmt: skip
    return Audit(**{**plain, **members})


PROVED = audit(ONE, TWO)
REMARKED = audit(
    ONE, FAILED, TWO, DOUBT, RUNNING, MADE,
    remarks=(
        AuditNote(remark=AuditRemark.AFTER_FAILURE, attempts=(FAILED, TWO), why="the model\nchoked"),
        AuditNote(remark=AuditRemark.SAME_CLIP, attempts=(ONE, TWO), why="sha256:" + "ab" * 32),
    ),
    unfinished=tuple(charge_attempts([DOUBT, RUNNING, MADE])),
    requests=5, purchases=5, in_doubt=1, clips=2, sketches=12,
)  # fmt: skip
FOUND = audit(
    ONE, TWO, DOUBT,
    findings=(
        AuditFinding(fault=AuditFault.BOUGHT_TWICE, attempts=(ONE, TWO), why="the ledger has no reason for it"),
        AuditFinding(fault=AuditFault.MISSING, attempts=(TWO,), why="sha256:" + "ab" * 32),
        AuditFinding(fault=AuditFault.MISSING, attempts=(ONE,)),
        AuditFinding(fault=AuditFault.NOBODYS, why="attempt 9"),
    ),
    unfinished=tuple(charge_attempts([DOUBT])), in_doubt=1, purchases=2, clips=0,
)  # fmt: skip


def test_the_proof_is_two_lines(golden: Golden) -> None:
    golden(draw_audit(PROVED), "audit_proved.txt")


def test_what_is_open_or_worth_knowing_stands_before_the_proof(golden: Golden) -> None:
    golden(draw_audit(REMARKED), "audit_remarks.txt")


def test_findings_come_with_what_to_do_once_for_each_kind(golden: Golden) -> None:
    golden(draw_audit(FOUND), "audit_found.txt")
    golden(draw_audit(FOUND, style=TextStyle(colour=True)).replace("\x1b", "ESC"), "audit_found_colour.txt")


def test_nothing_bought_and_a_rehearsal_say_so(golden: Golden) -> None:
    golden(draw_audit(audit()), "audit_nothing.txt")
    golden(draw_audit(PROVED, rehearsal=True), "audit_rehearsed.txt")
    golden(draw_audit(FOUND, rehearsal=True), "audit_rehearsed_found.txt")


def test_the_members_of_an_audit(golden: Golden) -> None:
    golden(json_text(audit_dict(FOUND), indent=2), "audit_found.json")
    golden(json_text(audit_dict(REMARKED), indent=2), "audit_remarks.json")


def test_hostile_words_move_no_cursor_and_begin_no_line() -> None:
    of = attempt(1, campaign=HOSTILE, shot=HOSTILE, provider=HOSTILE, task=HOSTILE, stage=Stage.SUBMITTED)
    found = audit(
        of,
        findings=(AuditFinding(fault=AuditFault.UNTOLD, attempts=(of,), why=HOSTILE),),
        remarks=(AuditNote(remark=AuditRemark.AFTER_DECISION, attempts=(of,), why=HOSTILE),),
        unfinished=tuple(charge_attempts([of])),
    )
    for text in (draw_audit(found), json_text(audit_dict(found))):
        assert not [each for each in FORBIDDEN if each in text]
        assert not [line for line in text.splitlines() if line.startswith("lines")]
    assert "�[31mred" in draw_audit(found)
