"""What `show` prints, whole, as text and as JSON."""

import json
from collections.abc import Callable
from typing import Any

from view_samples import FORBIDDEN, HOSTILE, failure, row, stored, usd

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.attempt.records import AttemptRecord, EventRecord, TaskEvents
from hailuo_batch.views.history import draw_history, history_dict
from hailuo_batch.views.style import TextStyle

Golden = Callable[[str, str], None]


def attempt(number: int, **members: Any) -> AttemptRecord:
    plain = {
        "fingerprint": "v1-now", "preimage": "{}", "provider": "minimax", "campaign": "teaser", "shot": "open",
        "take": 1, "tags": (), "run": 1,
        "stage": Stage.STORED, "task": "task-7", "digest": "sha256:" + "ab" * 32, "estimate": usd("0.28"),
        "cost": usd("0.3"), "failure": None, "intended_at": 0.0, "changed_at": 0.0,
    }  # fmt: skip
    return AttemptRecord(id=number, **{**plain, **members})


def event(number: int, of: int, at: float, move: str, stage: Stage) -> EventRecord:
    return EventRecord(id=number, attempt=of, at=at, move=move, stage=stage, data={"task": "task-7"})


ROWS = (
    stored("open", fingerprint="v1-now", prompt="a bottle in mist\n[Push in]", version=2),
    row("open", take=2, fingerprint="v1-second", version=2),
)
ATTEMPTS = (
    attempt(1, fingerprint="v1-earlier", digest="sha256:" + "cd" * 32, cost=None),
    attempt(2, stage=Stage.FAILED, failure=failure("the picture was refused"), digest=None, cost=None, task=None),
    attempt(3, quote=usd("0.35")),
)
EVENTS = (
    event(1, 1, 1_790_000_000.0, "intend", Stage.INTENDED),
    event(2, 2, 1_790_000_001.5, "intend", Stage.INTENDED),
    event(3, 2, 1_790_000_002.0, "refuse", Stage.FAILED),
    event(4, 3, 1_790_000_003.25, "intend", Stage.INTENDED),
    event(5, 3, 1_790_000_004.125, "keep", Stage.STORED),
)


def test_each_take_has_its_attempts_and_each_attempt_its_events(golden: Golden) -> None:
    golden(draw_history(ROWS, ATTEMPTS, EVENTS), "history.txt")
    golden(draw_history(ROWS, ATTEMPTS, EVENTS, TextStyle(colour=True)).replace("\x1b", "ESC"), "history_colour.txt")
    golden(json.dumps(history_dict(ROWS, ATTEMPTS, EVENTS), indent=2), "history.json")


def test_a_shot_that_nobody_asked_for_yet_is_its_takes(golden: Golden) -> None:
    golden(draw_history(ROWS[1:], (), ()), "history_new.txt")


SETTLED = (
    attempt(3, failure=failure("no answer came", kind=FailureKind.UNKNOWN_OUTCOME)),
    attempt(
        4, fingerprint="v1-second", stage=Stage.CANCELLED, failure=failure("not there", kind=FailureKind.NEVER_SENT)
    ),
)
DECIDED = (
    EventRecord(
        id=1, attempt=3, at=1_790_000_000.0, move="find", stage=Stage.SUBMITTED,
        data={"task": "task-7", "reason": "it stands in\nthe account", "by": "ann"},
    ),
    EventRecord(
        id=2, attempt=4, at=1_790_000_001.0, move="settle", stage=Stage.CANCELLED,
        data={"reason": "not there", "by": ""},
    ),
)  # fmt: skip
TOLD = (
    TaskEvents(attempt=3, events=({"type": "queued", "created_at": "2026-11-20T08:00:00Z"}, {"event": {"n": 1}})),
    TaskEvents(attempt=4, why="MINDVIDEO_API_KEY is not set"),
)


def test_who_settled_a_doubt_and_what_a_gateway_tells_stand_with_the_attempt(golden: Golden) -> None:
    golden(draw_history(ROWS, SETTLED, DECIDED, task_events=TOLD), "history_settled.txt")
    members: Any = history_dict(ROWS, SETTLED, DECIDED, task_events=TOLD)
    assert [each["told"]["why"] for each in members["attempts"]] == [None, "MINDVIDEO_API_KEY is not set"]
    assert members["attempts"][0]["events"][0]["data"]["reason"] == "it stands in\nthe account"
    assert "told" not in history_dict(ROWS, SETTLED, DECIDED)["attempts"][0]  # type: ignore[index]


def test_a_gateways_own_words_move_no_terminal() -> None:
    told = TaskEvents(attempt=3, events=({HOSTILE: HOSTILE, "more": [HOSTILE]},))
    said = draw_history(ROWS, SETTLED, (), task_events=(told, TaskEvents(attempt=4, why=HOSTILE)))
    assert not [each for each in FORBIDDEN if each in said]
