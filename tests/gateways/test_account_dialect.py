"""Balance, list of tasks and events, where a gateway has them."""

from decimal import Decimal
from typing import Any

import pytest
from gateway_samples import ALL, TASK, dialect, reply

from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.money import Money
from hailuo_batch.gateways.dialect import Balance, FoundTask, Reply
from hailuo_batch.testing.dialect_contract import play_conversation

HAS = {"balance": {"gccai", "odkkk"}, "tasks": {"odkkk"}, "events": {"mindvideo"}}


def asked(name: str, what: str, *replies: Reply) -> Any:
    talk = dialect(name)
    conversation = talk.events(TASK) if what == "events" else getattr(talk, what)()
    assert conversation is not None
    return play_conversation(conversation, replies)[1]


@pytest.mark.parametrize("name", ALL)
def test_who_tells_what(name: str) -> None:
    talk = dialect(name)
    told = {"balance": talk.balance(), "tasks": talk.tasks(), "events": talk.events(TASK)}
    assert {what for what, conversation in told.items() if conversation} == {what for what in HAS if name in HAS[what]}


def left(amount: str, unit: str) -> Balance:
    return Balance(remaining=Money(amount=Decimal(amount), currency=unit))


@pytest.mark.parametrize(
    ("body", "balance"),
    [
        ({"success": True, "remain_balance": 10.5, "unlimited_quota": False}, left("10.5", "gccai-units")),
        ({"success": True, "remain_balance": "10.5"}, left("10.5", "gccai-units")),
        ({"success": True, "remain_balance": 0}, left("0", "gccai-units")),
        ({"success": True, "remain_balance": -1, "unlimited_quota": True}, Balance(remaining=None, unlimited=True)),
        ({"success": True, "remain_balance": -1}, Balance(remaining=None, unlimited=True)),
    ],
)
def test_the_balance_of_gccai(body: object, balance: Balance) -> None:
    assert asked("gccai", "balance", reply(body)) == balance


def test_a_look_up_that_missed_is_a_200_with_a_no() -> None:
    said = asked("gccai", "balance", reply({"success": False, "message": "record not found"}))
    assert (said.kind, "record not found" in said.why) == (FailureKind.UNKNOWN_OUTCOME, True)
    assert asked("gccai", "balance", reply({"success": True})).kind is FailureKind.FLAKY
    assert asked("gccai", "balance", reply({}, 503)).kind is FailureKind.FLAKY


CREDITS = left("850.5", "credits")


@pytest.mark.parametrize(
    ("token", "user", "balance"),
    [
        ({"remaining_credits": 850.5, "unlimited_credits": False}, {"remaining_credits": 900}, CREDITS),
        ({"remaining_credits": 850.5}, {"remaining_credits": 3}, left("3", "credits")),
        ({"remaining_credits": 0, "unlimited_credits": True}, {"remaining_credits": 7}, left("7", "credits")),
        ({"unlimited_credits": True}, {}, Balance(remaining=None, unlimited=True)),
    ],
)  # fmt: skip
def test_the_least_of_what_may_run_out_is_what_is_left(token: object, user: object, balance: Balance) -> None:
    assert asked("odkkk", "balance", reply({"success": True, "data": {"token": token, "user": user}})) == balance


def _page(*tasks: str, total: int | None = None) -> Reply:
    rows = [{"id": task, "status": "completed", "created_at": 1757169743} for task in tasks]
    return reply({"data": rows, **({} if total is None else {"total": total})})


def test_the_list_is_read_page_by_page_until_it_ends() -> None:
    conversation = dialect("odkkk").tasks()
    assert conversation is not None
    calls, value = play_conversation(conversation, [_page("a", "b", total=3), _page("c", total=3)])
    assert [call.query for call in calls] == [{"page_size": "20", "page": "1"}, {"page_size": "20", "page": "2"}]
    assert [each.task for each in value] == ["a", "b", "c"]  # type: ignore[union-attr]


def test_a_list_without_a_total_ends_at_a_page_that_has_nothing_new() -> None:
    assert len(asked("odkkk", "tasks", _page("a"), _page("a"))) == 1
    assert asked("odkkk", "tasks", _page()) == ()


def test_a_list_has_an_end() -> None:
    conversation = dialect("odkkk").tasks()
    assert conversation is not None
    calls, value = play_conversation(conversation, [_page(f"t{n}", total=10**6) for n in range(10)])
    assert isinstance(value, tuple)
    assert (len(calls), len(value)) == (10, 10)


def test_a_row_of_the_list() -> None:
    row = {"id": "a", "status": "failed", "model": "MiniMax-Hailuo-02", "created_at": "1757169743", "credits_used": 1}
    found = FoundTask(task="a", status="failed", model="MiniMax-Hailuo-02", created=1757169743.0)
    assert asked("odkkk", "tasks", reply({"data": [row, {"status": "no id"}, 7], "total": 1})) == (found,)


def test_a_page_that_is_refused_refuses_the_list() -> None:
    assert asked("odkkk", "tasks", _page("a", total=2), reply({}, 429, retry_after="3")).wait_seconds == 3


@pytest.mark.parametrize(
    ("answer", "events"),
    [
        (reply({"events": [{"type": "queued"}, {"type": "done"}]}), ({"type": "queued"}, {"type": "done"})),
        (reply([{"type": "queued"}, "done"]), ({"type": "queued"}, {"event": "done"})),
        (reply({"type": "queued"}), ({"type": "queued"},)),
        (reply({"events": []}), ({"events": []},)),
        (
            Reply(status=200, body=None, text='event: x\ndata: {"type": "queued"}\n\ndata: done\n'),
            ({"type": "queued"}, {"event": "done"}),
        ),
    ],
)
def test_events_come_in_any_of_the_usual_forms(answer: Reply, events: object) -> None:
    assert asked("mindvideo", "events", answer) == events


def test_events_that_are_not_there_are_a_failure() -> None:
    assert asked("mindvideo", "events", reply({}, 404)).kind is FailureKind.UNKNOWN_OUTCOME
    assert asked("mindvideo", "events", reply(None)).kind is FailureKind.FLAKY
