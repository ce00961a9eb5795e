from hailuo_batch.core.failure import ALLOWS, Kind


def test_every_kind_says_what_it_allows() -> None:
    assert set(ALLOWS) == set(Kind)


def test_only_what_proves_that_nothing_was_accepted_or_only_reads_may_be_sent_again() -> None:
    assert {kind for kind, allows in ALLOWS.items() if allows.resend} == {Kind.NOT_SENT, Kind.THROTTLED, Kind.FLAKY}


def test_no_balance_no_key_and_no_room_stop_new_submits() -> None:
    stopping = {kind for kind, allows in ALLOWS.items() if allows.stops_run}
    assert stopping == {Kind.UNPAID, Kind.UNAUTHORIZED, Kind.NO_ROOM}
