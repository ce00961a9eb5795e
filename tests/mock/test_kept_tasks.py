"""A mock that goes on where an earlier one ended: its tasks, charges and idempotency keys are on the disk."""

from decimal import Decimal
from pathlib import Path

import pytest
from mock_samples import client_of, task_in

from hailuo_batch.mock.clock import Clock
from hailuo_batch.mock.kept_tasks import KeptTask, KeptTasks
from hailuo_batch.mock.rule import Script
from hailuo_batch.mock.state import MockState
from hailuo_batch.mock.task import Task

KEY = {"Idempotency-Key": "one"}


def kept(folder: Path) -> KeptTasks:
    return KeptTasks(folder / "mock.jsonl", folder)


async def test_the_next_mock_knows_tasks_charges_and_keys_and_no_key_is_written(tmp_path: Path):
    script = Script(balance={"mindvideo": Decimal(1)})
    async with client_of(script, kept=kept(tmp_path)) as client:
        answer = await client.submit("mindvideo", headers=KEY)
        task = task_in("mindvideo", answer.json)
        paid = client.mock._state.account("mindvideo").spent
    file = tmp_path / "mock.jsonl"
    assert "mv_live_secret" not in file.read_text()
    with file.open("a") as torn:
        torn.write('\n{"at": 1, "task": {"gateway": "mindvi')  # a process was killed here

    async with client_of(script, kept=kept(tmp_path)) as client:
        again = await client.submit("mindvideo", headers=KEY)
        assert task_in("mindvideo", again.json) == task
        other = task_in("mindvideo", (await client.submit("mindvideo", headers={"Idempotency-Key": "two"})).json)
        assert other != task
        assert client.mock._state.account("mindvideo").spent == 2 * paid

    async with client_of(script, kept=kept(tmp_path)) as client:
        assert {each.id for each in client.mock.tasks("mindvideo")} == {task, other}


@pytest.mark.parametrize(
    ("minutes", "age"),
    [
        (0.0, 0.0),
        (0.05, 60.0),  # at twenty times the speed it is still rendering
        (1.0, 100.0),  # it has ended long ago, and is no older
        (600.0, 36_000.0),  # a link that is good for a day is still good after a night
        (-5.0, 0.0),  # the clock was turned back
    ],
)
def test_a_task_renders_as_fast_as_the_mock_and_then_ages_as_the_world(
    minutes: float, age: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    now = 1_000_000.0
    monkeypatch.setattr("hailuo_batch.mock.kept_tasks.time.time", lambda: now)
    first = kept(tmp_path)
    list(first.open(Clock(20.0)))
    first.add(KeptTask(task=sample()))
    first.close()
    now += minutes * 60
    clock = Clock(20.0)
    monkeypatch.setattr(clock, "now", lambda: 5_000_000.0)
    second = kept(tmp_path)
    (found,) = second.open(clock)
    second.close()
    assert 5_000_000.0 - found.task.created == pytest.approx(age)


def sample() -> Task:
    from hailuo_batch.mock.contracts.registry import contracts
    from hailuo_batch.mock.journal import Journal
    from hailuo_batch.mock.task import Order

    script = Script(queued=25.0, running=75.0, spread=0.0)
    state = MockState(script, lambda: 0.0, Journal())
    return state.accept(contracts()["minimax"], Order(model="MiniMax-Hailuo-02"), "payload")
