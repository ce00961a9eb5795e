"""Which accepted tasks git should know, and which of those that it knows are news to a ledger."""

from dataclasses import replace

import pytest
from account_samples import attempt, bare
from core_samples import planned, shot, standing

from hailuo_batch.core.attempt.attempt import Stage, Standing
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.plan.known_task import KnownTask
from hailuo_batch.core.plan.task_entries import (
    TaskEntry,
    TaskFacts,
    list_pending_entries,
    make_known_tasks,
    update_entries,
)

MARK = "v1-" + "a" * 64
ENTRY = TaskEntry(shot="open", take=1, provider="minimax", task="t-7", fingerprint=MARK)
MINE = frozenset({("minimax", "t-7")})
NOBODY = TaskFacts(
    locked=frozenset(), planned=frozenset({MARK}), recorded=frozenset(), standings={}, pending=frozenset()
)


def test_a_task_that_the_ledger_has_is_no_news() -> None:
    found = KnownTask(provider="minimax", task="t-7", source="film.tasks.yaml")
    assert make_known_tasks([ENTRY], frozenset({("vtrix", "t-7")}), source="film.tasks.yaml") == {MARK: found}
    assert make_known_tasks([ENTRY], MINE, source="film.tasks.yaml") == {}


def test_of_two_tasks_for_one_request_the_first_that_is_news_is_followed() -> None:
    both = [replace(ENTRY, task="t-8"), ENTRY]
    assert make_known_tasks(both, frozenset(), source="")[MARK].task == "t-7"
    assert make_known_tasks(both, MINE, source="")[MARK].task == "t-8"


@pytest.mark.parametrize(
    ("now", "recorded", "stays"),
    [
        (None, frozenset(), True),  # nobody followed it yet
        (standing(Stage.SUBMITTED, task="t-7"), MINE, True),
        (standing(Stage.PRODUCED, task="t-7"), MINE, True),
        (standing(Stage.STORED, task="t-7"), MINE, True),  # the lock does not name it yet
        (standing(Stage.FAILED, task="t-7"), MINE, False),
        (standing(Stage.CANCELLED, task="t-7", kind=FailureKind.WRITTEN_OFF), MINE, False),
        (standing(Stage.CANCELLED, kind=FailureKind.NEVER_SENT), frozenset(), False),
        (standing(Stage.SUBMITTED, task="t-9"), MINE, False),  # it failed, and the request was bought again
        (standing(Stage.SUBMITTED, task="t-9"), frozenset(), True),  # bought twice on two machines: both are paid
        (standing(Stage.IN_DOUBT), frozenset(), True),
        (standing(Stage.INTENDED), frozenset(), True),
        (standing(Stage.FAILED), frozenset(), True),  # refused here, bought elsewhere
    ],
)
def test_an_entry_stays_until_its_clip_is_in_the_lock_or_it_came_to_nothing(
    now: Standing | None, recorded: frozenset[tuple[str, str]], *, stays: bool
) -> None:
    facts = replace(NOBODY, recorded=recorded, standings={} if now is None else {MARK: now})
    assert update_entries([ENTRY], facts) == ((ENTRY,) if stays else ())
    assert update_entries([ENTRY], replace(facts, locked=frozenset({MARK}))) == ()


def test_a_stored_clip_that_nobody_asks_for_needs_no_entry() -> None:
    facts = replace(NOBODY, recorded=MINE, standings={MARK: standing(task="t-7")}, planned=frozenset())
    assert update_entries([ENTRY], facts) == ()


def test_pending_tasks_of_the_ledger_come_in_sorted_and_once() -> None:
    mine = attempt(1, stage=Stage.SUBMITTED, fingerprint=MARK, shot="open", take=1, provider="minimax", task="t-7")
    other = replace(mine, shot="bag", task="t-8", fingerprint="v1-" + "b" * 64)
    pending = list_pending_entries([mine, other, bare(3, Stage.INTENDED)], ())
    now = {MARK: standing(Stage.SUBMITTED, task="t-7")}
    found = update_entries([ENTRY], replace(NOBODY, pending=pending, recorded=MINE, standings=now))
    assert [(entry.shot, entry.task) for entry in found] == [("bag", "t-8"), ("open", "t-7")]


def test_a_task_that_another_manifest_submitted_for_the_same_request_is_pending_here_too() -> None:
    (step,) = planned(shot("close")).steps
    now = {step.fingerprint: standing(Stage.SUBMITTED, task="t-7", digest=None)}
    (found,) = list_pending_entries((), planned(shot("close"), standings=now).steps)
    assert (found.shot, found.task, found.fingerprint) == ("close", "t-7", step.fingerprint)
    assert list_pending_entries((), [step]) == frozenset()
