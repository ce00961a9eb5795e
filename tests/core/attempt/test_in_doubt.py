"""Which attempts are open, what settles them, and which listed task may be whose."""

from typing import Any

import pytest
from core_samples import request, usd

from hailuo_batch.core.attempt.attempt import MOVES, Stage, next_stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.attempt.in_doubt import (
    CLOCK_AHEAD_SECONDS,
    CLOCK_BEHIND_SECONDS,
    DoubtState,
    ListedTask,
    OpenAttempt,
    TaskMatch,
    Verdict,
    attempt_labels,
    match_tasks,
    may_settle,
    open_attempts,
    verdict_moves,
)
from hailuo_batch.core.attempt.records import AttemptRecord, RunRecord
from hailuo_batch.core.request.fingerprint import preimage

NOON = 1_800_000_000.0


def attempt(number: int = 1, stage: Stage = Stage.IN_DOUBT, **members: Any) -> AttemptRecord:
    plain = {
        "fingerprint": f"v1-{number}", "preimage": "{}", "provider": "minimax", "campaign": "teaser", "shot": "open",
        "take": number, "tags": (), "run": 1, "stage": stage, "task": None, "digest": None, "estimate": usd("0.28"),
        "cost": None, "failure": Failure(kind=FailureKind.UNKNOWN_OUTCOME, why="no answer came"), "intended_at": NOON,
        "changed_at": NOON + 30,
    }  # fmt: skip
    return AttemptRecord(id=number, **{**plain, **members})


def run(number: int = 1, ended_at: float | None = NOON + 60) -> RunRecord:
    return RunRecord(
        id=number, manifest="film.yaml", campaign="teaser", sketch=False, started_at=NOON - 60, ended_at=ended_at,
        stored=0, failed=0, exit=8,
    )  # fmt: skip


def doubt(number: int = 1, at: float = NOON, **members: Any) -> OpenAttempt:
    plain = {
        "campaign": "teaser", "shot": "open", "take": number, "provider": "odkkk", "stage": Stage.IN_DOUBT,
        "state": DoubtState.IN_DOUBT, "preimage": preimage(request()).decode(), "intended_at": at,
        "last_heard_at": at + 30, "estimate": None,
        "why": "",
    }  # fmt: skip
    return OpenAttempt(attempt=number, **{**plain, **members})


def task(name: str, created: float | None = NOON, **members: Any) -> ListedTask:
    return ListedTask(**{"provider": "odkkk", "task": name, "status": "completed", "created": created, **members})


def matched(*doubts: OpenAttempt, tasks: tuple[ListedTask, ...], **members: Any) -> tuple[TaskMatch, ...]:
    plain: dict[str, Any] = {
        "known_tasks": frozenset(),
        "models": {"odkkk": {"hailuo-02": "MiniMax-Hailuo-02"}},
        "complete_lists": {"odkkk"},
    }
    return match_tasks(doubts, tasks, **{**plain, **members})


@pytest.mark.parametrize(
    ("stage", "provider", "state"),
    [
        (Stage.IN_DOUBT, "minimax", DoubtState.IN_DOUBT),
        (Stage.IN_DOUBT, "mindvideo", DoubtState.IN_DOUBT),
        (Stage.INTENDED, "minimax", DoubtState.IN_DOUBT),
        (Stage.INTENDED, "mindvideo", DoubtState.WILL_RESEND),
        (Stage.SUBMITTED, "minimax", DoubtState.RUNNING),
        (Stage.PRODUCED, "minimax", DoubtState.RUNNING),
        (Stage.STORED, "minimax", None),
        (Stage.FAILED, "minimax", None),
        (Stage.CANCELLED, "minimax", None),
        (Stage.IN_DOUBT, "animatic", None),
        (Stage.INTENDED, "animatic", None),
    ],
)
def test_what_an_attempt_waits_for(stage: Stage, provider: str, state: DoubtState | None) -> None:
    resending = {1} if provider == "mindvideo" else set()
    found = open_attempts([attempt(stage=stage, provider=provider)], [run()], resendable=resending)
    assert [each.state for each in found] == ([] if state is None else [state])


def test_what_a_working_run_has_intended_is_on_its_way_and_no_doubt() -> None:
    attempts = [attempt(1, Stage.INTENDED, run=1), attempt(2, Stage.INTENDED, run=2), attempt(3, run=2)]
    runs = [run(1, ended_at=None), run(2, ended_at=None)]
    assert [each.attempt for each in open_attempts(attempts, runs, is_run_active=True)] == [1, 3]
    assert [each.attempt for each in open_attempts(attempts, runs)] == [1, 2, 3], "nobody works: it was killed"
    runs = [run(1), run(2)]
    assert [each.attempt for each in open_attempts(attempts, runs, is_run_active=True)] == [1, 2, 3], (
        "it has just ended"
    )


def test_a_doubt_says_why_and_where_it_came_from() -> None:
    sent, left = open_attempts([attempt(1), attempt(2, Stage.INTENDED, failure=None, changed_at=NOON)], [run()])
    assert (sent.label, sent.why, sent.manifest) == ("open#1", "no answer came", "film.yaml")
    assert left.why == "the run ended before the answer came"
    assert (sent.last_heard_at, left.last_heard_at) == (NOON + 30, NOON + 60), (
        "a run that was cut off may have sent it until its end"
    )
    (alone,) = open_attempts([attempt(run=None)], [])
    assert alone.manifest == ""


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("stage", [Stage.INTENDED, Stage.IN_DOUBT, Stage.SUBMITTED, Stage.PRODUCED])
@pytest.mark.parametrize("by_hand", [False, True])
def test_every_verdict_that_is_allowed_is_moves_that_there_are(stage: Stage, verdict: Verdict, by_hand: bool) -> None:
    (each,) = open_attempts([attempt(stage=stage)], [run()], manual_tasks={1} if by_hand else set())
    if not may_settle(each, verdict):
        assert each.state is DoubtState.RUNNING
        assert (stage, verdict_moves(stage, verdict)[-1]) not in MOVES or not by_hand, "an id of the gateway's stays"
        return
    for move in verdict_moves(stage, verdict):
        stage = next_stage(stage, move)
    assert stage is (Stage.SUBMITTED if verdict is Verdict.FOUND else Stage.CANCELLED)


def test_a_take_that_is_in_doubt_twice_is_named_with_its_attempt() -> None:
    once, twice, again = doubt(1), doubt(2, take=3), doubt(3, take=3)
    elsewhere = doubt(4, take=3, campaign="spring")
    names = attempt_labels([once, twice, again, elsewhere])
    assert names == {1: "open#1", 2: "open#3@2", 3: "open#3@3", 4: "open#3"}


def test_one_task_of_that_time_is_a_match() -> None:
    (found,) = matched(doubt(), tasks=(task("t-1"), task("t-2", NOON - 3600), task("t-3", provider="gccai")))
    assert found.is_unique
    assert [each.task for each in found.candidates] == ["t-1"]


@pytest.mark.parametrize(
    ("created", "fits"),
    [
        (NOON - CLOCK_BEHIND_SECONDS, True),
        (NOON - CLOCK_BEHIND_SECONDS - 1, False),
        (NOON + 30 + CLOCK_AHEAD_SECONDS, True),
        (NOON + 30 + CLOCK_AHEAD_SECONDS + 1, False),
    ],
)
def test_the_window_reaches_from_two_minutes_before_to_ten_after(created: float, fits: bool) -> None:
    (found,) = matched(doubt(), tasks=(task("t-1", created),))
    assert (found.is_unique, found.has_no_task) == (fits, not fits)


def test_a_task_that_the_ledger_knows_is_nobodys() -> None:
    (found,) = matched(doubt(), tasks=(task("t-1"), task("t-2")), known_tasks={("odkkk", "t-1"), ("gccai", "t-2")})
    assert [each.task for each in found.candidates] == ["t-2"]
    assert found.is_unique


def test_a_task_of_another_model_is_nobodys() -> None:
    tasks = (task("t-1", model="Kling-2"), task("t-2", model="minimax-hailuo-02"), task("t-3", model=None))
    (found,) = matched(doubt(), tasks=tasks)
    assert [each.task for each in found.candidates] == ["t-2", "t-3"]
    assert not found.is_unique


def test_two_doubts_never_share_a_match() -> None:
    first, second = matched(doubt(1), doubt(2, NOON + 60), tasks=(task("t-1"),))
    assert not first.is_unique
    assert not second.is_unique
    first, second = matched(doubt(1), doubt(2, NOON + 7200), tasks=(task("t-1"), task("t-2", NOON + 7200)))
    assert (first.is_unique, second.is_unique) == (True, True)


def test_a_task_without_a_time_is_no_match_and_proves_nothing() -> None:
    (found,) = matched(doubt(), tasks=(task("t-1", None),))
    assert (len(found.candidates), found.is_unique, found.has_no_task) == (1, False, False)


def test_only_a_whole_list_says_that_there_is_nothing() -> None:
    assert [each.has_no_task for each in matched(doubt(), tasks=())] == [True]
    assert [each.has_no_task for each in matched(doubt(), tasks=(), complete_lists=set())] == [False]
