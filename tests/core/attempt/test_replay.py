from dataclasses import replace
from typing import Any

import pytest
from account_samples import attempt, bare, event, events_of, given_up
from core_samples import usd

from hailuo_batch.core.attempt.attempt import Move, Stage
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.attempt.replay import find_mismatches, replay

OF = attempt(1, cost=usd("0.27"))


def test_events_tell_all_that_the_record_says() -> None:
    told = replay(OF, events_of(OF, 5))
    assert (told.first_event, told.last_event, told.accepted, told.inconsistency) == (5, 8, True, "")
    assert find_mismatches(OF, told) == ""


def test_a_call_that_was_intended_again_has_the_later_estimate() -> None:
    of = bare(1, Stage.INTENDED, estimate=None)
    first = event(1, 1, "intend", Stage.INTENDED, provider="minimax", estimate={"amount": "9", "currency": "USD"})
    again = event(2, 1, "intend", Stage.INTENDED, provider="minimax")
    told = replay(of, [first, again])
    assert (told.inconsistency, find_mismatches(of, told), told.accepted) == ("", "", False)


def test_a_clip_that_was_lost_and_fetched_again_is_no_contradiction() -> None:
    moves = (Move.ACCEPT, Move.PRODUCE, Move.KEEP, Move.MISS, Move.KEEP)
    told = replay(OF, events_of(OF, 1, moves=moves))
    assert (told.inconsistency, find_mismatches(OF, told)) == ("", "")


def test_an_id_that_a_person_corrects_is_the_last_one_told_and_none_when_it_was_never_sent() -> None:
    begun = [
        event(1, 1, "intend", Stage.INTENDED, provider="minimax", estimate={"amount": "0.28", "currency": "USD"}),
        event(2, 1, Move.LOSE_SIGHT, Stage.IN_DOUBT),
        event(3, 1, Move.FIND, Stage.SUBMITTED, task="t-8", by="ann"),
    ]
    again = [*begun, event(4, 1, Move.FIND, Stage.SUBMITTED, task="t-9", by="ann")]
    of = bare(1, Stage.SUBMITTED, task="t-9")
    told = replay(of, again)
    assert (told.inconsistency, find_mismatches(of, told), told.accepted) == ("", "", True)
    never = given_up(1, FailureKind.NEVER_SENT)
    told = replay(never, [*begun, event(4, 1, Move.SETTLE, Stage.CANCELLED, reason="it was the wrong account")])
    assert (told.inconsistency, find_mismatches(never, told), told.accepted) == ("", "", False)


def test_the_reason_of_a_decision_comes_with_it() -> None:
    of = given_up(1)
    assert replay(of, events_of(of, 1, reason="the client left")).reason == "the client left"
    assert replay(of, events_of(of, 1)).reason == ""


@pytest.mark.parametrize(
    ("member", "value"),
    [("provider", "vtrix"), ("task", "t-9"), ("digest", "sha256:9"), ("estimate", None), ("cost", usd("0.26"))],
)
def test_what_no_event_told_is_named(member: str, value: Any) -> None:
    told = replay(OF, events_of(OF, 1))
    assert find_mismatches(replace(OF, **{member: value}), told) == member


EVENTS = events_of(OF, 1)


@pytest.mark.parametrize(
    ("events", "odd"),
    [
        ([], "it has no events"),
        (EVENTS[1:], "event 2, accept, cannot happen there"),
        (EVENTS[:-1], "its events lead to produced, and it says stored"),
        ([EVENTS[0], EVENTS[2], EVENTS[3]], "event 3, produce, cannot happen there"),
        ([*EVENTS, event(9, 1, "intend", Stage.INTENDED)], "event 9, intend, cannot happen there"),
        ([*EVENTS, event(9, 1, "vanish", Stage.FAILED)], "event 9, vanish, cannot happen there"),
        ([EVENTS[0], replace(EVENTS[1], stage=Stage.STORED)], "event 2, accept, leads to submitted and says stored"),
        ([EVENTS[0], EVENTS[1], replace(EVENTS[2], id=2)], "event 2 comes after event 2"),
    ],
)
def test_events_that_make_no_sense_say_where(events, odd: str) -> None:
    assert replay(OF, events).inconsistency == odd
