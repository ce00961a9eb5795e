"""What holds for every test: modules are compiled once, runs of their own start from one warm process, and failures
inside the suites of `testing` are shown as those of our own test files are.

The suite starts hundreds of processes. Where the environment asks for no compiled files, each of them, and each worker,
would compile everything anew.
"""

import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import settings

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
pytest.register_assert_rewrite("hailuo_batch.testing")
# Under a tracer, or on a busy machine, an example takes longer than its usual deadline.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def forks() -> AsyncIterator[Any]:
    """The `Forks` of all tests of a worker: starting it costs more than most runs."""
    from crashing import ENVIRONMENT
    from forking import Forks

    async with Forks(ENVIRONMENT) as found:
        yield found
