from dataclasses import replace

import pytest
from account_samples import attempt, bare, books, event, events_of, failed, given_up, history
from core_samples import usd
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.attempt.attempt import Move, Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.spending import audit as auditing
from hailuo_batch.core.spending.audit import Audit, AuditInputs, make_audit
from hailuo_batch.core.spending.audit_findings import AuditFault, AuditRemark
from hailuo_batch.core.spending.costs import GroupBy, sum_costs

ONE = "v1-one"


def found(of: AuditInputs | Audit) -> list[tuple[AuditFault, tuple[int, ...]]]:
    """The faults, each with the numbers of its attempts."""
    audit = of if isinstance(of, Audit) else make_audit(of)
    return [(each.fault, tuple(attempt.id for attempt in each.attempts)) for each in audit.findings]


def remarks(audit: Audit) -> list[tuple[AuditRemark, tuple[int, ...], str]]:
    return [(each.remark, tuple(attempt.id for attempt in each.attempts), each.why) for each in audit.remarks]


def test_each_request_bought_once_is_the_proof() -> None:
    sketch = attempt(4, provider="animatic", task="drawn", estimate=None)
    audit = make_audit(books(attempt(1), attempt(2, cost=usd("0.30")), bare(3, Stage.FAILED), sketch))
    assert (audit.findings, audit.remarks, audit.unfinished) == ((), (), ())
    assert (audit.requests, audit.purchases, audit.clips, audit.sketches, audit.double_purchases) == (3, 2, 2, 1, 0)


def test_nothing_is_proved_of_nothing() -> None:
    audit = make_audit(books())
    assert (audit.findings, audit.requests, audit.costs.totals) == ((), 0, ())


def test_what_is_open_is_named_and_is_no_finding() -> None:
    audit = make_audit(
        books(
            bare(1, Stage.INTENDED),
            bare(2, Stage.IN_DOUBT),
            bare(3, Stage.SUBMITTED, task="t-3"),
            bare(4, Stage.PRODUCED, task="t-4"),
            attempt(5),
        )
    )
    assert audit.findings == ()
    assert [each.attempt.id for each in audit.unfinished] == [1, 2, 3, 4]
    assert (audit.requests, audit.purchases, audit.in_doubt, audit.clips) == (5, 3, 2, 1)


def test_a_request_with_two_live_attempts_is_found_once() -> None:
    audit = make_audit(books(attempt(1, fingerprint=ONE), attempt(2, fingerprint=ONE)))
    assert found(audit) == [(AuditFault.LIVE_TWICE, (1, 2))]
    assert audit.double_purchases == 1


@pytest.mark.parametrize("kind", [FailureKind.WRITTEN_OFF, FailureKind.DISCARDED])
def test_a_request_bought_again_without_a_reason_was_bought_twice(kind: FailureKind) -> None:
    earlier, later = given_up(1, kind, fingerprint=ONE), attempt(2, fingerprint=ONE)
    audit = make_audit(books(earlier, later, events=history(earlier, later, reason="")))
    assert found(audit) == [(AuditFault.BOUGHT_TWICE, (1, 2))]
    assert audit.findings[0].why == "the ledger has no reason for it"
    assert audit.double_purchases == 1


def test_a_stored_clip_and_another_purchase_that_came_to_nothing_are_two() -> None:
    assert found(books(attempt(1, fingerprint=ONE), failed(2, fingerprint=ONE))) == [(AuditFault.BOUGHT_TWICE, (1, 2))]


@pytest.mark.parametrize("kind", [FailureKind.WRITTEN_OFF, FailureKind.DISCARDED])
def test_what_a_person_gave_up_with_a_reason_may_be_bought_again(kind: FailureKind) -> None:
    audit = make_audit(books(given_up(1, kind, fingerprint=ONE), attempt(2, fingerprint=ONE)))
    assert found(audit) == []
    assert remarks(audit) == [(AuditRemark.AFTER_DECISION, (1, 2), "the client saw enough")]
    assert (audit.requests, audit.purchases, audit.double_purchases, audit.repurchases) == (1, 2, 0, 1)


def test_what_failed_may_be_bought_again_and_is_remarked() -> None:
    audit = make_audit(
        books(failed(1, fingerprint=ONE), bare(2, Stage.FAILED, fingerprint=ONE), attempt(3, fingerprint=ONE))
    )
    assert found(audit) == []
    assert remarks(audit) == [(AuditRemark.AFTER_FAILURE, (1, 3), "the model choked")]


@pytest.mark.parametrize(
    "earlier", [bare(1, Stage.FAILED, fingerprint=ONE), given_up(1, FailureKind.NEVER_SENT, fingerprint=ONE)]
)
def test_what_was_never_accepted_may_be_asked_again_without_a_word(earlier: AttemptRecord) -> None:
    audit = make_audit(books(earlier, attempt(2, fingerprint=ONE)))
    assert (found(audit), audit.remarks, audit.purchases) == ([], (), 1)


def test_a_clip_that_was_brought_back_is_no_purchase() -> None:
    back = attempt(2, fingerprint=ONE, task="", cost=usd("0.28"))
    audit = make_audit(books(given_up(1, FailureKind.DISCARDED, fingerprint=ONE), back))
    assert found(audit) == []
    assert remarks(audit) == [(AuditRemark.BROUGHT_BACK, (2,), "")]
    assert (audit.purchases, audit.clips) == (1, 1)


def test_a_task_that_was_followed_here_is_no_second_purchase_and_is_remarked() -> None:
    earlier, adopted = failed(1, fingerprint=ONE), attempt(2, fingerprint=ONE)
    told = [
        replace(each, data={**each.data, "reason": "known from film.tasks.yaml"}) if each.move == Move.ACCEPT else each
        for each in history(adopted)
    ]
    audit = make_audit(books(adopted, events=told))
    assert (found(audit), remarks(audit)) == ([], [(AuditRemark.ADOPTED, (2,), "known from film.tasks.yaml")])
    assert (audit.purchases, audit.double_purchases) == (1, 0)
    assert found(books(earlier, adopted)) == []


def test_a_request_asked_for_before_the_earlier_attempt_had_ended_is_found() -> None:
    earlier, later = bare(1, Stage.FAILED, fingerprint=ONE), attempt(2, fingerprint=ONE)
    begun, ended = events_of(earlier, 1)
    events = [begun, *events_of(later, 2), replace(ended, id=9)]
    assert found(books(earlier, later, events=events)) == [(AuditFault.ASKED_AT_ONCE, (1, 2))]


def test_one_task_under_two_attempts_is_found() -> None:
    assert found(books(attempt(1, task="t"), attempt(2, task="t"))) == [(AuditFault.ONE_TASK, (1, 2))]
    assert found(books(attempt(1, task="t"), attempt(2, task="t", provider="vtrix"))) == []
    drawn = {"provider": "animatic", "task": "t"}
    assert found(books(attempt(1, **drawn), attempt(2, **drawn))) == []


@pytest.mark.parametrize("stage", [Stage.SUBMITTED, Stage.PRODUCED, Stage.STORED])
def test_what_was_accepted_has_a_task(stage: Stage) -> None:
    of = attempt(1, stage=stage, task=None, digest="sha256:1" if stage is Stage.STORED else None)
    assert found(books(of)) == [(AuditFault.NO_TASK, (1,))]
    assert found(books(replace(of, provider="animatic"))) == []


def test_what_is_being_brought_back_and_is_not_there_has_none() -> None:
    assert found(books(bare(1, Stage.SUBMITTED, task=""))) == [(AuditFault.NO_TASK, (1,))]


def test_what_was_never_accepted_has_no_task_and_no_cost() -> None:
    assert found(books(bare(1, Stage.IN_DOUBT, task="t-1"))) == [
        (AuditFault.TASK_UNSENT, (1,)),
        (AuditFault.UNTOLD, (1,)),
    ]
    assert found(books(bare(1, Stage.IN_DOUBT, cost=usd("1")))) == [
        (AuditFault.COST_UNSENT, (1,)),
        (AuditFault.UNTOLD, (1,)),
    ]
    never = replace(failed(1), failure=Failure(kind=FailureKind.NEVER_SENT, why="no"))
    assert found(books(never)) == [(AuditFault.TASK_UNSENT, (1,))]


def test_a_stored_attempt_has_its_clip_as_it_was_recorded() -> None:
    of = attempt(1, digest="sha256:a")
    assert found(books(of, recorded_sizes={})) == [(AuditFault.UNRECORDED, (1,))]
    assert found(books(of, file_sizes={})) == [(AuditFault.MISSING, (1,))]
    assert found(books(of, file_sizes={"sha256:a": 999})) == [(AuditFault.RESIZED, (1,))]
    assert found(books(of, corruptions={"sha256:a": "they hash to sha256:b"})) == [(AuditFault.CHANGED, (1,))]
    assert found(books(attempt(1, digest=None))) == [(AuditFault.UNRECORDED, (1,))]


def test_what_is_gone_from_the_store_is_no_clip() -> None:
    assert make_audit(books(attempt(1), attempt(2), file_sizes={"sha256:2": 1_000})).clips == 1


def test_a_discarded_clip_need_not_be_there() -> None:
    assert found(books(given_up(1, FailureKind.DISCARDED), file_sizes={})) == []


def test_events_that_lead_elsewhere_are_found() -> None:
    of = attempt(1)
    assert found(books(of, events=events_of(of, 1)[:-1])) == [(AuditFault.REPLAY, (1,))]
    assert found(books(of, events=events_of(of, 1, moves=(Move.ACCEPT,)))) == [(AuditFault.REPLAY, (1,))]
    assert found(books(of, events=[])) == [(AuditFault.REPLAY, (1,))]


def test_attempts_begin_in_the_order_of_their_numbers() -> None:
    one, two = attempt(1), attempt(2)
    assert found(books(one, two, events=[*events_of(two, 1), *events_of(one, 5)])) == [(AuditFault.REPLAY, (2,))]


def test_a_record_that_no_event_told_is_found() -> None:
    of = attempt(1)
    audit = make_audit(books(replace(of, cost=usd("0.01")), events=events_of(of, 1)))
    assert found(audit) == [(AuditFault.UNTOLD, (1,))]
    assert audit.findings[0].why == "cost"


def test_events_of_nobody_are_found_once_for_each_attempt() -> None:
    strange = [event(number, 7, "intend", Stage.INTENDED) for number in (8, 9)]
    audit = make_audit(books(attempt(1), events=[*history(attempt(1)), *strange]))
    assert found(audit) == [(AuditFault.NOBODYS, ())]
    assert audit.findings[0].why == "attempt 7"


def test_the_same_clip_for_two_requests_is_remarked() -> None:
    audit = make_audit(books(attempt(1, digest="sha256:a"), attempt(2, digest="sha256:a")))
    assert found(audit) == []
    assert remarks(audit) == [(AuditRemark.SAME_CLIP, (1, 2), "sha256:a")]


def test_sums_that_are_not_those_of_the_attempts_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(of, *, group_by: GroupBy, **more):
        return replace(sum_costs(of, group_by=group_by, **more), rows=sum_costs(list(of)[1:], group_by=group_by).rows)

    monkeypatch.setattr(auditing, "sum_costs", forgetful)
    audit = make_audit(books(attempt(1), attempt(2)))
    assert [(each.fault, each.why) for each in audit.findings] == [(AuditFault.SUMS, "rows")]


def test_every_fault_says_what_to_do() -> None:
    assert all(fault.remedy for fault in AuditFault)


def one(number: int, stage: Stage, mark: int) -> AttemptRecord:
    """An attempt as the program leaves one behind."""
    made = {
        Stage.STORED: lambda: attempt(number),
        Stage.FAILED: lambda: failed(number) if number % 2 else bare(number, Stage.FAILED),
        Stage.CANCELLED: lambda: given_up(number, DECISIONS[number % 3]),
        Stage.SUBMITTED: lambda: bare(number, stage, task=f"t-{number}"),
        Stage.PRODUCED: lambda: bare(number, stage, task=f"t-{number}"),
    }.get(stage, lambda: bare(number, stage))()
    return replace(made, fingerprint=f"v1-{mark}")


DECISIONS = (FailureKind.NEVER_SENT, FailureKind.WRITTEN_OFF, FailureKind.DISCARDED)
ENDED = st.lists(st.sampled_from([Stage.FAILED, Stage.CANCELLED]), max_size=4)


@given(st.lists(st.tuples(ENDED, st.sampled_from(Stage)), max_size=5))
def test_no_history_that_the_rules_allow_is_found_fault_with(requests: list[tuple[list[Stage], Stage]]) -> None:
    """Each request: attempts that ended, and at most one that is live."""
    attempts: list[AttemptRecord] = []
    for mark, (ended, last) in enumerate(requests):
        for stage in (*ended, last):
            attempts.append(one(len(attempts) + 1, stage, mark))
    audit = make_audit(books(*attempts))
    assert found(audit) == []
    assert audit.double_purchases == 0
    assert audit.requests == len(requests)
    assert audit.purchases <= audit.requests + audit.repurchases
