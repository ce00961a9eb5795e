"""What holds for every test: modules are compiled once, runs of their own start from one warm process, failures inside
the suites of `testing` are shown as those of our own test files are, the user's own folder is a new one, and the same
test passes at a desk and in CI.

The suite starts hundreds of processes. Where the environment asks for no compiled files, each of them, and each worker,
would compile everything anew.
"""

import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from hypothesis import settings

if TYPE_CHECKING:
    from weed_server import Weed

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# What a CI server or a terminal sets changes what the program prints and whether it asks; a test sets what it needs.
for name in [name for name in os.environ if name.startswith("GITHUB_")]:
    del os.environ[name]
for name in ("CI", "NO_COLOR", "FORCE_COLOR", "PYTHONIOENCODING"):
    os.environ.pop(name, None)
pytest.register_assert_rewrite("hailuo_batch.testing")
# Under a tracer, or on a busy machine, an example takes longer than its usual deadline.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


_NUMBERS = count(1)


def pytest_configure() -> None:
    """Programs that tests start heed Ctrl-C, also where a shell started the tests in the background and ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def user_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user state of this test, a folder that is not made; no test knows of the purchases of another."""
    folder = tmp_path_factory.getbasetemp() / "state" / str(next(_NUMBERS))
    monkeypatch.setenv("HAILUO_STATE", str(folder))
    return folder


@pytest.fixture(autouse=True)
def lint_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day of `validate`, soon after our tables were read: no test begins to fail because they grow old."""
    monkeypatch.setattr("hailuo_batch.app.planning.lint.read_time", lambda: 1_796_000_000.0)  # 2026-11-29


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def forks() -> AsyncIterator[Any]:
    """The `Forks` of all tests of a worker: starting it costs more than most runs."""
    from crashing import ENVIRONMENT
    from forking import Forks

    async with Forks(ENVIRONMENT) as found:
        yield found


@pytest.fixture(scope="session")
def weed_server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Weed]":
    """A real S3 server, one for all workers of a run."""
    from weed_server import share_weed

    base = tmp_path_factory.getbasetemp()
    with share_weed(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) as weed:
        yield weed


@pytest.fixture
def weed(weed_server: "Weed", monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a shared store of this test alone; the environment leads to its server."""
    from weed_server import BUCKET

    for name, value in weed_server.environment.items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/{os.getpid()}-{next(_NUMBERS)}"
