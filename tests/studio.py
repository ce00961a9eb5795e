"""A project with saved plans, and the mock that it buys from: what the tests of saved plans and approvals share."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from rehearsal import KEY, SPEED
from trusting import trust_project

from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.run import RunResult, run
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.app.saved_plans import read_plan_for_run, save_plan
from hailuo_batch.core.plan.saved_plan import SavedPlan
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.runner.limiter import Tempo
from hailuo_batch.testing.clips import CLIP


@dataclass(kw_only=True)
class Studio:
    """One project, and the mock that it buys from."""

    folder: Path
    mock: Mock

    @property
    def film(self) -> Path:
        return self.folder / "film.yaml"

    @property
    def file(self) -> Path:
        return self.folder / "film.plan.json"

    def change(self, old: str, new: str, name: str = "film.yaml") -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        (self.folder / name).write_text(text.replace(old, new), encoding="utf-8")

    async def save(self, **how: Any) -> SavedPlan:
        return await save_plan(await plan(self.film, **how), self.file)

    async def run_plan(self, **how: Any) -> RunResult:
        manifest, options = read_plan_for_run(self.file, RunOptions(**how), self.film)
        return await run(manifest, options)

    def submits(self) -> list[Any]:
        return [entry for entry in self.mock.log if entry.call == "submit"]


def make_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project whose keys are set, and for which time flies; it is the current folder."""
    for name in ("MINIMAX_API_KEY", "MINDVIDEO_API_KEY", "HIGHWAYAPI_API_KEY"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.setattr(
        "hailuo_batch.app.running.context.make_scaled_clock", lambda _: Tempo(elapsed=monotonic, speed=SPEED)
    )
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)  # a root
    monkeypatch.chdir(folder)
    return folder


@asynccontextmanager
async def open_mock(
    folder: Path, gateways: Sequence[str], *faults: dict[str, Any], more: str = "", clip: bytes | None = CLIP
) -> AsyncIterator[Mock]:
    """The mock as these gateways of a project, which is trusted; `more` are lines of its settings."""
    async with Mock(parse_script({"faults": list(faults)}), speed=SPEED, clip=clip) as mock:
        regions = ", ".join(f"{name}: '{mock.url(name)}'" for name in gateways)
        (folder / "hailuo.yaml").write_text(f"version: 1\nregions: {{{regions}}}\n{more}")
        trust_project(folder)
        yield mock
