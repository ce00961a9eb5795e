"""Checkouts on machines of their own that share a ledger in PostgreSQL, and one mock that all of them buy from."""

import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from crashing import ENVIRONMENT
from forking import Fork, Forks
from rehearsal import SPEED, film
from trusting import trust_project

from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.testing.clips import CLIP

PROMPTS = tuple(f"kite {number}" for number in range(8))


@dataclass(kw_only=True)
class Desk:
    """One checkout on a machine of its own: a folder, and a user with a state folder."""

    folder: Path
    forks: Forks
    base: str

    @classmethod
    def make(cls, folder: Path, forks: Forks, base: str, ledger: str = "", more: str = "") -> "Desk":
        """A checkout with a film; without `ledger` it has one of its own."""
        folder.mkdir(parents=True)
        desk = cls(folder=folder, forks=forks, base=base)
        (folder / "film.yaml").write_text(film("minimax", *PROMPTS))
        desk.share(ledger, more)
        return desk

    def share(self, ledger: str, more: str = "") -> None:
        """Names a shared ledger and trusts it."""
        self.sit()
        named = f"ledger: {ledger}\n" if ledger else ""
        # The ledger shares the gateway's rate by its own clock, for which no test makes time fly.
        pace = "limits: {minimax: {per_minute: 60000}}\n"
        (self.folder / "hailuo.yaml").write_text(f"version: 1\n{named}{pace}{more}")
        if named:
            trust_project(self.folder)

    def sit(self) -> None:
        """What follows is done by this desk's user."""
        os.environ["HAILUO_STATE"] = str(self.folder.with_name(f"{self.folder.name}.state"))

    async def run(self, begun: Callable[[Fork], None] = lambda _: None) -> int:
        self.sit()
        return await self.forks.run(self.folder, self.base, begun=begun)

    async def plan(self) -> PlannedRun:
        self.sit()
        return await plan(self.folder / "film.yaml")

    async def stages(self) -> Counter[Stage]:
        self.sit()
        async with Workspace(self.folder).read_ledger() as ledger:
            return Counter(each.stage for each in await ledger.attempts())


@pytest_asyncio.fixture(loop_scope="session")
async def mock() -> AsyncIterator[Mock]:
    async with Mock(parse_script({}), speed=SPEED, clip=CLIP) as found:
        yield found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def others() -> AsyncIterator[Forks]:
    """The processes of the second desk: each desk has one run at a time."""
    async with Forks(ENVIRONMENT) as found:
        yield found


@pytest.fixture(autouse=True)
def own_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAILUO_STATE", os.environ["HAILUO_STATE"])  # what a desk sets is undone


def charged(mock: Mock) -> Counter[str]:
    return Counter(charge.prompt for charge in mock.charges)
