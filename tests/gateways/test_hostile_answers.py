"""No answer makes a dialect raise, and what nobody listed changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from gateway_samples import ALL, TASK, YES, dialect, failed, made, question, refused, reply, state
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.gateways.dialect import Balance, ClipReady, Conversation, Reply, SubmitAccepted, TaskRunning
from hailuo_batch.testing.dialect_contract import TASK_ENDING_KINDS, play_conversation

WORDS = (
    "id", "task_id", "data", "status", "error", "code", "message", "type", "result", "videos", "url", "video_url",
    "base_resp", "status_code", "status_msg", "file", "file_id", "download_url", "task", "reason", "progress", "output",
    "content", "usage", "cost", "results", "events", "success", "remain_balance", "unlimited_quota", "total",
    "completed", "succeeded", "Success", "Fail", "failed", "TASK_STATUS_SUCCEED", "https://x.test/a", "0", "1002",
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(WORDS)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(WORDS) | st.text(), inner), max_leaves=8
)
PATIENT = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
REPLIES = st.builds(
    Reply,
    status=st.sampled_from([200, 201, 204, 302, 400, 401, 403, 404, 409, 429, 500, 503]) | st.integers(100, 599),
    body=JSON,
    text=st.text() | st.just("data: {\n\ndata: [1]"),
    headers=st.dictionaries(st.just("retry-after"), st.text()),
)


def conversations(name: str) -> dict[str, Callable[[], Conversation[Any] | None]]:
    talk = dialect(name)
    return {
        "submit": lambda: talk.submit(question()),
        "poll": lambda: talk.poll("t1"),
        "tasks": talk.tasks,
        "balance": talk.balance,
        "events": lambda: talk.events(TASK),
    }


@pytest.mark.parametrize("name", ALL)
@given(first=REPLIES, again=REPLIES)
@PATIENT
def test_no_answer_makes_a_dialect_raise(name: str, first: Reply, again: Reply) -> None:
    for start in conversations(name).values():
        for replies in ([first] * 12, [reply(made(name)), *[again] * 12]):
            conversation = start()
            if conversation is not None:
                _, value = play_conversation(conversation, replies)
                assert isinstance(value, SubmitAccepted | TaskRunning | ClipReady | Balance | Failure | tuple)


@pytest.mark.parametrize("name", ALL)
@given(body=JSON, status=st.integers(300, 599))
@PATIENT
def test_no_refused_read_ends_a_task_and_no_refused_submit_is_a_yes(name: str, body: object, status: int) -> None:
    value = play_conversation(dialect(name).poll("t1"), [reply_of(body, status)])[1]
    assert isinstance(value, Failure)
    assert value.kind not in TASK_ENDING_KINDS
    assert isinstance(play_conversation(dialect(name).submit(question()), [reply_of(body, status)])[1], Failure)


@pytest.mark.parametrize("name", ALL)
@given(body=JSON)
@PATIENT
def test_a_callback_of_any_shape_names_a_task_or_nothing(name: str, body: object) -> None:
    assert isinstance(dialect(name).parse_callback(body), str)


@pytest.mark.parametrize("name", ALL)
@settings(PATIENT, max_examples=15)  # each is tried in five answers, at any depth
@given(extra=st.dictionaries(st.text(min_size=1).map(lambda key: f"x_{key}"), JSON))
def test_unknown_keys_change_nothing(name: str, extra: dict[str, Any]) -> None:
    for start, body in (
        ("submit", YES[name]),
        ("submit", refused(name, code=1026)),
        ("poll", state(name, "processing")),
        ("poll", made(name)),
        ("poll", failed(name, code=1027, message="output is sensitive")),
    ):
        plain = play_conversation(conversations(name)[start](), [reply(body)])  # type: ignore[arg-type]
        assert play_conversation(conversations(name)[start](), [reply_of(_with(body, extra))]) == plain  # type: ignore[arg-type]


def reply_of(body: object, status: int = 200) -> Reply:
    return Reply(status=status, body=body)


def _with(value: Any, extra: dict[str, Any]) -> Any:
    """The same tree with more keys in every mapping of it."""
    if isinstance(value, dict):
        return {**{key: _with(each, extra) for key, each in value.items()}, **extra}
    return [_with(each, extra) for each in value] if isinstance(value, list) else value


def test_a_callback_names_its_task() -> None:
    assert dialect("minimax").parse_callback({"task_id": "106916112212032", "status": "success"}) == "106916112212032"
    assert dialect("minimax").parse_callback({"challenge": "1a3cs1j2k9"}) == ""
    assert dialect("odkkk").parse_callback({"id": TASK, "status": "completed"}) == TASK
    assert dialect("vtrix").parse_callback({"id": "d1"}) == "d1"
    assert dialect("gccai").parse_callback({"id": "d1"}) == ""
