"""A project whose shots are made by a mock of the test's own, over real loopback HTTP, run after run."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import connect
from typing import Any

import pytest

from hailuo_batch.app.run import RunResult, run
from hailuo_batch.app.running.drivers import DriverContext
from hailuo_batch.app.running.options import Rehearsal, RunOptions
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.core.world import World
from hailuo_batch.drivers.data_plane import LocalDataPlane
from hailuo_batch.drivers.download import Downloader
from hailuo_batch.drivers.http import HttpDriver, Patience
from hailuo_batch.drivers.transport import Transport, open_sessions
from hailuo_batch.load.provider_tables import load_dialect, provider_names
from hailuo_batch.mock.hooks import HookEvent
from hailuo_batch.mock.server import Mock
from hailuo_batch.ports import Driver

GATEWAYS = provider_names()
KEY = "sk-never-to-be-shown"
SPEED = 1000.0  # of the mock and of every pause
PATIENCE = Patience(submit=10.0, task=60.0)  # four submits, six looks at a task that go wrong
SUBMITS, LOOKS, FETCHES = 4, 6, 4
FRAME = "frames: {first: {url: 'https://frames.example/a.png', sha256: '" + "ab" * 32 + "'}}"


def film(gateway: str, *prompts: str) -> str:
    """A manifest with a shot for each prompt; where no text is sold, it starts from a frame."""
    frame = f", {FRAME}" if gateway == "vtrix" else ""
    shots = "\n".join(f"  - {{id: s{number}, prompt: {prompt}{frame}}}" for number, prompt in enumerate(prompts, 1))
    defaults = "defaults: {duration: short, resolution: 768p}"
    return f"version: 1\ncampaign: film\nproviders: [{gateway}]\n{defaults}\nshots:\n{shots}\n"


def nth(number: int, kind: str, call: str) -> Callable[[HookEvent], bool]:
    """Whether a moment of the mock is this one of its kind in this call, or came after it."""
    seen = 0

    def reached(moment: HookEvent) -> bool:
        nonlocal seen
        seen += (moment.kind, moment.call) == (kind, call)
        return seen >= number

    return reached


class Pauses(list[float]):
    """A sleep that is over soon and remembers how long it was to be."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)
        await asyncio.sleep(seconds / SPEED)


@asynccontextmanager
async def drivers_at(
    urls: Mapping[str, str],
    providers: Any,
    circumstances: DriverContext,
    *,
    answer: float,
    patience: Patience = PATIENCE,
    pauses: Pauses,
) -> AsyncIterator[dict[str, Driver]]:
    """A driver for each provider; `answer` is how long it waits for one."""
    async with open_sessions(loopback=True) as (reading, paying, fetching):

        def driver(provider: Provider) -> HttpDriver:
            base = urls[provider.name]
            return HttpDriver(
                transport=Transport(session=reading, paying=paying, base_url=base, key=KEY, seconds=answer),
                dialect=load_dialect(provider.name),
                provider=provider,
                data_plane=LocalDataPlane(workers=1).with_downloader(Downloader(fetching, loopback=True, sleep=pauses)),
                patience=patience,
                sleep=pauses,
                is_stopping=lambda: circumstances.stop.waits.is_triggered,
            )

        yield {provider.name: driver(provider) for provider in providers}


@dataclass(kw_only=True)
class Studio:
    """One folder and one mock; `tell` is what a run came to, in a line."""

    folder: Path
    mock: Mock
    monkeypatch: pytest.MonkeyPatch
    answer: float = 10.0
    patience: Patience = PATIENCE
    pauses: Pauses = field(default_factory=Pauses)
    ran: RunResult | None = None

    def __post_init__(self) -> None:
        (self.folder / "hailuo.yaml").write_text("version: 1\n")

        @asynccontextmanager
        async def drivers(providers: Any, circumstances: DriverContext) -> AsyncIterator[Mapping[str, Driver]]:
            how = {"answer": self.answer, "patience": self.patience, "pauses": self.pauses}
            async with drivers_at(self.mock.urls, providers, circumstances, **how) as found:  # type: ignore[arg-type]
                yield found

        self.monkeypatch.setattr("hailuo_batch.app.running.context.open_drivers", drivers)
        self.monkeypatch.setattr("hailuo_batch.runner.limiter.PATIENCE", self.patience.submit)

    @property
    def base(self) -> Path:
        return self.folder / ".hailuo" / "rehearsal"

    def write(self, text: str) -> None:
        (self.folder / "film.yaml").write_text(text, encoding="utf-8")

    async def run(self, **how: Any) -> RunResult:
        terms = RunOptions(world=World.REHEARSAL, rehearsal=Rehearsal(speed=SPEED), **how)
        self.ran = await run(self.folder / "film.yaml", terms)
        return self.ran

    async def tell(self) -> str:
        """Runs, and says how it ended: `stored, 1 charged, exit 0` or `unclear in_doubt, 0 charged, exit 8`."""
        ran = await self.run()
        if ran.outcome.failed:
            words = f"{ran.outcome.failed[0][1].kind} {self.stages()[-1]}"
        elif any(step.action is Action.HOLD for step in ran.after.pending_steps):
            words = f"held {self.stages()[-1]}"
        else:
            words = "stored" if ran.outcome.stored else "nothing to do"
        return f"{words}, {len(self.mock.charges)} charged, exit {int(ran.exit)}"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(connect(self.base / ".hailuo" / "ledger.db")) as ledger:
            return ledger.execute(query).fetchall()

    def stages(self) -> list[str]:
        """The stages of all attempts, the oldest first."""
        return [row[0] for row in self.rows("SELECT stage FROM attempts ORDER BY id")]

    def written(self) -> str:
        """Everything that the ledger holds, as text."""
        with closing(connect(self.base / ".hailuo" / "ledger.db")) as ledger:
            return "\n".join(ledger.iterdump())

    def clips(self) -> dict[str, bytes]:
        """Every clip in the store, by its name there."""
        found = (self.base / ".hailuo" / "store").glob("??/*.mp4")
        return {file.stem: file.read_bytes() for file in found}

    def leftovers(self) -> list[str]:
        """What lies about half done."""
        incoming = self.base / ".hailuo" / "store" / "incoming"
        return [file.name for file in incoming.iterdir()] if incoming.is_dir() else []

    def calls(self, call: str) -> list[Any]:
        """The requests of a kind, as the mock saw them."""
        return [entry for entry in self.mock.log if entry.call == call]
