from pathlib import Path

import pytest
from driver_samples import order

from hailuo_batch.core.attempt.failure import ALLOWS, Failure, Kind
from hailuo_batch.drivers.missing_key import KeylessDriver
from hailuo_batch.ports import Produced, Task


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ("", "MINIMAX_API_KEY, the key of minimax, is not set"),
        (
            "sk-\n1234",
            "MINIMAX_API_KEY, the key of minimax, holds what can be no key (a line break, or a letter that no key has)",
        ),
    ],
    ids=["not set", "no key"],
)
async def test_every_answer_says_what_to_set_and_nothing_of_what_is_there(found: str, why: str, tmp_path: Path):
    driver = KeylessDriver(provider="minimax", variable="MINIMAX_API_KEY", found=found)
    target = tmp_path / "clip.mp4"
    answers = [
        await driver.submit(order()),
        await driver.wait(order(), Task(id="t1")),
        await driver.fetch(order(), Produced(link="https://x.test/a.mp4"), target),
    ]
    remedy = "Set MINIMAX_API_KEY to your key, in the environment or in the system's keyring."
    assert answers == [Failure(kind=Kind.UNAUTHORIZED, why=why, remedy=remedy)] * 3
    assert "1234" not in str(answers)
    assert not target.exists()


def test_another_provider_may_be_asked_and_a_task_is_left_to_a_run_that_has_the_key():
    assert ALLOWS[Kind.UNAUTHORIZED].next_provider
    assert not ALLOWS[Kind.UNAUTHORIZED].ends_task
