"""What the use cases' tests work on."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hailuo_batch.app.planning.fast_path import read_cached_summary
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.run import RunResult, run
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.core.world import World
from hailuo_batch.ledger.sqlite import read_ledger
from hailuo_batch.store.listing import list_digests, list_render_names
from hailuo_batch.testing.driver import ScriptedDriver

FILM = """\
version: 1
campaign: aurora
vars: {bottle: a frosted bottle}
defaults: {duration: 1, resolution: 512p}
shots:
  - {id: open, prompt: "${bottle} in mist [Push in]", tags: [hero]}
  - {id: turn, prompt: the cap turns, frames: {first: {shot: open}}, tags: ["client:acme"]}
  - {id: pack, prompt: "${bottle} on a table"}
"""


@dataclass(kw_only=True)
class Project:
    """A folder with manifests and the provider that draws for it."""

    folder: Path
    driver: ScriptedDriver = field(default_factory=ScriptedDriver)

    @property
    def file(self) -> Path:
        return self.folder / "film.yaml"

    @property
    def lock(self) -> Path:
        return self.folder / "film.lock.yaml"

    @property
    def renders(self) -> Path:
        return self.folder / "renders"

    def write(self, text: str, name: str = "film.yaml") -> Path:
        (self.folder / name).write_text(text, encoding="utf-8")
        return self.folder / name

    def change(self, old: str, new: str) -> None:
        text = self.file.read_text(encoding="utf-8")
        assert old in text
        self.write(text.replace(old, new))

    async def plan(self, **how: Any) -> PlannedRun:
        return await plan(self.file, **{"world": World.SKETCH, **how})

    async def run(self, **how: Any) -> RunResult:
        watching = {name: how.pop(name) for name in ("approve", "listener", "stop") if name in how}
        return await run(self.file, RunOptions(**{"world": World.SKETCH, "jobs": 2, **how}), **watching)

    async def submits(self, **how: Any) -> int:
        """How many submits one more run takes."""
        before = self.driver.submits.total()
        ran = await self.run(**how)
        assert ran.outcome.failed == ()
        assert ran.after.pending_steps == ran.after.unnamed_steps == ()
        return self.driver.submits.total() - before

    def short_way(self, *, world: World = World.SKETCH) -> bool:
        """Whether a run would end without even parsing the manifest."""
        return read_cached_summary(self.file, world=world) is not None

    def names(self) -> list[str]:
        return sorted(list_render_names(self.renders))

    def about(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.renders / name).with_suffix(".json").read_bytes())
        return found

    def clip(self, name: str) -> bytes:
        return (self.renders / name).read_bytes()

    def stored(self) -> list[Path]:
        """The files of all clips in the store."""
        store = self.folder / ".hailuo" / "store"
        return [store / digest[7:9] / f"{digest[7:]}.mp4" for digest in sorted(list_digests(store))]

    async def attempts(self) -> int:
        async with read_ledger(self.folder / ".hailuo" / "ledger.db") as ledger:
            return len(await ledger.attempts())
