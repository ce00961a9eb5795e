"""A project with a ledger that was left in doubt, whose gateways are a mock on loopback."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from trusting import trust_project

from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.attempt import Move
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.money import Money
from hailuo_batch.core.request.fingerprint import fingerprint, preimage
from hailuo_batch.core.request.request import Request
from hailuo_batch.core.switches import DEFAULT_SWITCHES
from hailuo_batch.ledger.sqlite import open_ledger, read_ledger
from hailuo_batch.ports import Facts, Intent

LOST = Facts(
    failure=Failure(
        kind=FailureKind.UNKNOWN_OUTCOME, why="no whole answer came from the gateway: it closed the connection"
    )
)
FILM = """\
version: 1
campaign: teaser
providers: [{provider}]
defaults: {{duration: short}}
shots: [{{id: open, prompt: a bottle in mist}}]
"""
_CALLS = {
    "gccai": ("/v1/videos/generations", {"model": "MiniMax-Hailuo-02", "prompt": "a kite"}),
    "odkkk": ("/v1/videos/generations", {"model": "MiniMax-Hailuo-02", "prompt": "a kite"}),
    "mindvideo": ("/api/v1/tasks", {"model": "minimax-hailuo-02", "input": {"prompt": "a kite"}}),
    "minimax": ("/v1/video_generation", {"model": "MiniMax-Hailuo-02", "prompt": "a kite"}),
}


def request(take: int = 1, prompt: str = "a bottle in mist") -> Request:
    return Request(
        model="hailuo-02", prompt=prompt, duration=6, resolution="768p", first=None, last=None,
        switches=DEFAULT_SWITCHES, take=take,
    )  # fmt: skip


def film(provider: str) -> str:
    return FILM.format(provider=provider)


@dataclass(kw_only=True)
class Left:
    """A project's folder; what is done here to its ledger, a run that was cut off did."""

    folder: Path
    numbers: Any = field(default_factory=itertools.count)

    def settings(self, urls: Mapping[str, str]) -> None:
        regions = "".join(f'  {name}: "{url}"\n' for name, url in urls.items())
        text = f"version: 1\nregions:\n{regions}" if regions else "version: 1\n"
        (self.folder / "hailuo.yaml").write_text(text)
        if regions:
            trust_project(self.folder)

    async def attempt(
        self,
        provider: str,
        *moves: tuple[Move, Facts],
        shot: str = "open",
        take: int = 1,
        campaign: str = "teaser",
        money: Money | None = None,
        asked: Request | None = None,
    ) -> int:
        """An attempt after these moves, of a run of its own that has ended."""
        wanted = asked or request(take, f"a bottle in mist, number {next(self.numbers)}")
        async with open_ledger(Workspace(self.folder).ledger_file, clock=SystemClock()) as ledger:
            run = await ledger.begin_run(manifest=f"{campaign}.yaml", campaign=campaign, sketch=False)
            intent = Intent(
                fingerprint=fingerprint(wanted), preimage=preimage(wanted).decode(), provider=provider,
                campaign=campaign, shot=shot, take=take, run=run, estimate=money,
            )  # fmt: skip
            number = await ledger.record_intent(intent)
            for move, facts in moves:
                await ledger.move(number, move, facts)
            await ledger.end_run(run, stored=0, failed=1, exit=8)
        return number

    async def lost(self, provider: str, **how: Any) -> int:
        """An attempt in doubt."""
        return await self.attempt(provider, (Move.LOSE_SIGHT, LOST), **how)

    async def stages(self) -> list[str]:
        async with read_ledger(Workspace(self.folder).ledger_file) as ledger:
            return [str(each.stage) for each in await ledger.attempts()]

    async def told(self, attempt: int) -> list[tuple[str, Mapping[str, object]]]:
        """What happened to an attempt: moves and what was told with each."""
        async with read_ledger(Workspace(self.folder).ledger_file) as ledger:
            return [(each.move, each.data) for each in await ledger.events([attempt])]


async def submitted(base: str, gateway: str) -> str:
    """A task that somebody asks of a gateway, outside of every ledger; its id."""
    path, body = _CALLS[gateway]
    async with (
        aiohttp.ClientSession() as session,
        session.post(base + path, json=body, headers={"Authorization": "Bearer x"}) as response,
    ):
        answer = await response.json()
        assert response.status == 200, answer
    data = answer["data"][0] if gateway == "gccai" else answer
    return str(data.get("task_id") or data["id"])
