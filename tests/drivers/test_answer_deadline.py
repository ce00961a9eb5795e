"""A deadline on a loop whose clock the test turns."""

import asyncio

import pytest

from hailuo_batch.drivers.answer_deadline import GAP_SECONDS, TURN_SECONDS, WAKE_SECONDS, AnswerDeadline

SECONDS = 100.0


@pytest.mark.parametrize(
    ("jumps", "is_over"),
    [
        pytest.param([SECONDS - 1], False, id="before it"),
        pytest.param([SECONDS + 0.1], False, id="the loop has a turn to read"),
        pytest.param([SECONDS + 0.1, TURN_SECONDS + 0.1], True, id="after that turn"),
        pytest.param([SECONDS + 3600, WAKE_SECONDS - 0.1], False, id="slept through: the network comes back"),
        pytest.param([SECONDS + 3600, WAKE_SECONDS + GAP_SECONDS + 1, WAKE_SECONDS - 0.1], False, id="slept twice"),
        pytest.param([SECONDS + 3600, WAKE_SECONDS + 0.1, TURN_SECONDS + 0.1], True, id="slept, and nothing came"),
    ],
)
async def test_an_answer_is_given_up_only_after_a_turn_to_read_it(
    jumps: list[float], *, is_over: bool, monkeypatch: pytest.MonkeyPatch
):
    loop = asyncio.get_running_loop()
    now = loop.time()
    monkeypatch.setattr(loop, "time", lambda: now)
    timed_out = False
    try:
        async with AnswerDeadline(SECONDS):
            for jump in jumps:
                now += jump
                for _ in range(4):
                    await asyncio.sleep(0)
    except TimeoutError:
        timed_out = True
    assert timed_out is is_over
