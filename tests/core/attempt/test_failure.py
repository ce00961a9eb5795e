from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, FailureKind


def test_every_kind_says_what_it_allows() -> None:
    assert set(FAILURE_POLICIES) == set(FailureKind)


def test_only_what_proves_that_nothing_was_accepted_or_only_reads_may_be_sent_again() -> None:
    assert {kind for kind, allows in FAILURE_POLICIES.items() if allows.resend} == {
        FailureKind.NOT_SENT,
        FailureKind.THROTTLED,
        FailureKind.FLAKY,
    }


def test_no_room_or_an_id_that_is_not_written_down_stops_the_run_and_no_balance_or_key_only_the_provider() -> None:
    assert {kind for kind, allows in FAILURE_POLICIES.items() if allows.stops_run} == {
        FailureKind.NO_ROOM,
        FailureKind.UNRECORDED,
    }
    assert {kind for kind, allows in FAILURE_POLICIES.items() if allows.stops_provider} == {
        FailureKind.UNPAID,
        FailureKind.UNAUTHORIZED,
        FailureKind.SHARED_TASK,
    }


def test_another_provider_is_asked_only_when_nothing_was_accepted() -> None:
    may = {kind for kind, allows in FAILURE_POLICIES.items() if allows.next_provider}
    assert may == {
        FailureKind.NOT_SENT,
        FailureKind.THROTTLED,
        FailureKind.UNPAID,
        FailureKind.UNAUTHORIZED,
        FailureKind.CLOSED,
        FailureKind.UNABLE,
    }


def test_only_a_no_to_what_was_asked_is_final_and_a_task_ends_by_it_or_by_breaking() -> None:
    no = {FailureKind.REFUSED, FailureKind.PROMPT_REFUSED, FailureKind.CLIP_REFUSED}
    assert {kind for kind, allows in FAILURE_POLICIES.items() if allows.final} == no
    assert {kind for kind, allows in FAILURE_POLICIES.items() if allows.ends_task} == no | {FailureKind.BROKEN}
