from hailuo_batch.core.attempt.failure import ALLOWS, Kind


def test_every_kind_says_what_it_allows() -> None:
    assert set(ALLOWS) == set(Kind)


def test_only_what_proves_that_nothing_was_accepted_or_only_reads_may_be_sent_again() -> None:
    assert {kind for kind, allows in ALLOWS.items() if allows.resend} == {Kind.NOT_SENT, Kind.THROTTLED, Kind.FLAKY}


def test_no_room_or_an_id_that_is_not_written_down_stops_the_run_and_no_balance_or_key_only_the_provider() -> None:
    assert {kind for kind, allows in ALLOWS.items() if allows.stops_run} == {Kind.NO_ROOM, Kind.UNRECORDED}
    assert {kind for kind, allows in ALLOWS.items() if allows.stops_provider} == {Kind.UNPAID, Kind.UNAUTHORIZED}


def test_another_provider_is_asked_only_when_nothing_was_accepted() -> None:
    may = {kind for kind, allows in ALLOWS.items() if allows.next_provider}
    assert may == {Kind.NOT_SENT, Kind.THROTTLED, Kind.UNPAID, Kind.UNAUTHORIZED, Kind.CLOSED}
