"""With and without an event loop, a use case has the same result."""

import asyncio
import sys

import pytest

from hailuo_batch.cli.run_async import run_light


def test_a_use_case_that_waits_is_begun_again_with_a_loop_and_another_needs_none() -> None:
    begun: list[bool] = []

    async def plan(*, waits: bool) -> str:
        begun.append(waits)
        if waits:
            await asyncio.get_running_loop().run_in_executor(None, int)
        return "planned"

    assert run_light(lambda: plan(waits=False)) == run_light(lambda: plan(waits=True)) == "planned"
    assert begun == [False, True, True]


def test_what_goes_wrong_for_another_reason_is_not_done_twice() -> None:
    begun: list[str] = []

    async def fail() -> None:
        begun.append(sys.version)
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        run_light(fail)
    assert len(begun) == 1
