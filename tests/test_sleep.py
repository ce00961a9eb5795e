"""A run that sleeps past its time-out (SIGSTOP, as with a closed lid) while the answer lies in its socket."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from crashing import Film, new_mock
from forking import Fork, Forks

from hailuo_batch.mock.hooks import HookEvent, HookEventKind

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGSTOP"),
    pytest.mark.asyncio(loop_scope="session"),  # in which the server of the forks lives
]
ANSWER_SECONDS = 0.5  # how long the run waits for an answer


async def test_an_answer_that_came_while_the_run_slept_is_read(tmp_path: Path, forks: Forks):
    """It is stopped when a submit has arrived, and goes on after its time-out, with the answer in its socket."""
    slept: list[Fork] = []
    loop = asyncio.get_running_loop()

    def wake(fork: Fork) -> None:
        if not fork.over:
            os.kill(fork.number, signal.SIGCONT)

    async with new_mock() as mock:
        film = Film.begun(tmp_path, forks, mock, "minimax")
        running: list[Fork] = []

        def sleep(moment: HookEvent) -> None:
            if running and not slept and (moment.kind, moment.call) == (HookEventKind.RECEIVED, "submit"):
                slept.append(running[0])
                os.kill(running[0].number, signal.SIGSTOP)
                loop.call_later(2 * ANSWER_SECONDS, wake, running[0])

        mock.listeners.append(sleep)
        code = await forks.run(tmp_path, mock.base_url, begun=running.append, answer=ANSWER_SECONDS)
        assert slept, "nothing was stopped"
        assert (code, set(await film.stages())) == (0, {"stored"})
        assert len(mock.charges) == sum(film.prompts.values())
