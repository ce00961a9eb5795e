from pathlib import Path

import pytest
from driver_samples import order

from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, Failure, FailureKind
from hailuo_batch.drivers.missing_key import MissingKeyDriver, missing_key_failure
from hailuo_batch.ports import Produced, ProviderTask


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ("", "MINIMAX_API_KEY, the key of minimax, is not set"),
        (
            "sk-\n1234",
            "MINIMAX_API_KEY, the key of minimax, does not hold a valid key "
            "(it has a line break, or a character that no key has)",
        ),
    ],
    ids=["not set", "no key"],
)
async def test_every_answer_says_what_to_set_and_nothing_of_what_is_there(found: str, why: str, tmp_path: Path):
    driver = MissingKeyDriver(missing_key_failure("minimax", "MINIMAX_API_KEY", value=found))
    target = tmp_path / "clip.mp4"
    answers = [
        await driver.submit(order()),
        await driver.wait(order(), ProviderTask(id="t1")),
        await driver.download(order(), Produced(link="https://x.test/a.mp4"), target),
    ]
    remedy = "Set MINIMAX_API_KEY to your key, in the environment or in the system's keyring."
    assert answers == [Failure(kind=FailureKind.UNAUTHORIZED, why=why, remedy=remedy)] * 3
    assert "1234" not in str(answers)
    assert not target.exists()


def test_another_provider_may_be_asked_and_a_task_is_left_to_a_run_that_has_the_key():
    assert FAILURE_POLICIES[FailureKind.UNAUTHORIZED].next_provider
    assert not FAILURE_POLICIES[FailureKind.UNAUTHORIZED].ends_task
