"""A film that is killed while it is bought, started again, settled by what the mock knows, and held against its books.

What is promised after every kill: nothing is charged twice, every take is stored, in doubt or running; and once each
doubt is settled, everything is stored, `audit` and `verify` find nothing. A broken promise is an AssertionError.
"""

import asyncio
import io
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import av
from forking import KILLED, SKETCH, Fork, Forks
from PIL import Image
from rehearsal import FRAME, GATEWAYS, KEY

from hailuo_batch.app.costs import audit
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.resolve import list_open_attempts, settle
from hailuo_batch.app.verify import verify
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.in_doubt import Verdict
from hailuo_batch.core.models import DEFAULT_MODEL
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.world import World
from hailuo_batch.ledger.sqlite import read_ledger
from hailuo_batch.load.provider_tables import read_provider
from hailuo_batch.mock.hooks import HookEvent
from hailuo_batch.mock.server import Mock

MOCK_SPEED = 200.0  # a clip takes four of its seconds: several looks of ours
RUNS = 8  # after so many without an end something is wrong
SAFE = frozenset({Action.REUSE, Action.HOLD, Action.RESUME, Action.FETCH})
ENVIRONMENT = {read_provider(gateway, DEFAULT_MODEL).key: KEY for gateway in GATEWAYS}


@cache
def small_clip() -> bytes:
    """A whole clip of one second, large enough for its last frame to be a first frame."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=4, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for shade in (40, 80, 120, 160):
            frame = av.VideoFrame.from_image(Image.new("RGB", (640, 360), (shade, shade, 200)))
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
    return buffer.getvalue()


def storm(gateway: str) -> tuple[str, dict[str, int]]:
    """A manifest of four shots in flight at once, one of two takes and, where pictures are taken as data, one that
    starts from another's last frame; and how many takes each prompt has.
    """
    sold = read_provider(gateway, DEFAULT_MODEL)
    plain = f", {FRAME}" if gateway == "vtrix" else ""
    chained = ", frames: {first: {shot: open, frame: last}}" if sold.accepts_data else plain
    text = f"""\
version: 1
campaign: film
providers: [{gateway}]
defaults: {{duration: short, resolution: 768p}}
shots:
  - {{id: open, prompt: a kite rises{plain}}}
  - {{id: pair, prompt: two kites cross, takes: 2{plain}}}
  - {{id: turn, prompt: the kite turns{chained}}}
  - {{id: close, prompt: the kite lands{plain}}}
"""
    return text, {"a kite rises": 1, "two kites cross": 2, "the kite turns": 1, "the kite lands": 1}


SKETCHED = """\
version: 1
campaign: film
defaults: {duration: 1, resolution: 512p}
shots:
  - {id: open, prompt: "mist over water [Push in]"}
  - {id: turn, prompt: "the mist turns", frames: {first: {shot: open}}}
"""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What many kills came to."""

    kills: int = 0
    ended: int = 0  # runs that were over before their kill
    charges: int = 0
    takes: int = 0
    twice: int = 0  # charges beyond one for each take, by the mock's books
    lost: int = 0  # takes without their clip, and charged tasks that no attempt has
    doubts: int = 0
    found: int = 0
    never_sent: int = 0

    def add(self, other: "Tally") -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(kw_only=True)
class Film:
    """One project, its mock, and the runs on it."""

    folder: Path
    forks: Forks
    mock: Mock | None  # None: a sketch
    prompts: dict[str, int] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)

    @classmethod
    def begun(cls, folder: Path, forks: Forks, mock: Mock | None, gateway: str = "") -> "Film":
        """The project as it is before its first run."""
        folder.mkdir(parents=True, exist_ok=True)
        # Every film has the same shots: each is bought on a machine of its own.
        os.environ["HAILUO_STATE"] = str(folder.with_name(f"{folder.name}.state"))
        text, prompts = storm(gateway) if gateway else (SKETCHED, {})
        (folder / "hailuo.yaml").write_text("version: 1\n")
        (folder / "film.yaml").write_text(text)
        return cls(folder=folder, forks=forks, mock=mock, prompts=prompts)

    @property
    def base(self) -> str:
        return self.mock.base_url if self.mock else SKETCH

    async def run(self) -> int:
        """A run that nobody disturbs."""
        return self._told(await self.forks.run(self.folder, self.base))

    async def run_until(self, killed: Callable[[HookEvent], bool]) -> int:
        """A run that is killed by the mock at the first moment of which `killed` says so."""
        assert self.mock is not None
        forks: list[Fork] = []

        def kill(moment: HookEvent) -> None:
            if forks and killed(moment):
                forks.pop().kill()

        self.mock.listeners.append(kill)
        try:
            code = await self.forks.run(self.folder, self.base, begun=forks.append)
        finally:
            self.mock.listeners.remove(kill)
        return self._counted(code)

    async def run_for(self, seconds: float) -> int:
        """A run that is killed after so many seconds of the world."""

        def begun(fork: Fork) -> None:
            asyncio.get_running_loop().call_later(seconds, fork.kill)

        return self._counted(await self.forks.run(self.folder, self.base, begun=begun))

    async def assert_kept(self) -> None:
        """Goes on until nothing changes, settles what is in doubt, goes on again: nothing is lost or bought twice."""
        code = await self._until_nothing_changes()
        await self._assert_safe()
        if code:
            await self._settle()
            code = await self._until_nothing_changes()
        await self._count()
        assert code == 0, await self.stages()
        self._assert_charged(exactly=True)
        await self._assert_clean()

    async def stages(self) -> list[str]:
        """The stages of all attempts, the oldest first."""
        async with read_ledger(Workspace(self.folder).ledger_file) as ledger:
            return [str(attempt.stage) for attempt in await ledger.attempts()]

    async def _count(self) -> None:
        """What was bought twice and what was lost, by the mock's books, the ledger and the store."""
        stands = (await plan(self.folder / "film.yaml", world=World.SKETCH if self.mock is None else World.REAL)).report
        self.tally.lost += stands.takes - stands.counts.get(Action.REUSE, 0)
        if self.mock is None:
            return
        async with read_ledger(Workspace(self.folder).ledger_file) as ledger:
            followed = {attempt.task for attempt in await ledger.attempts()}
        charged = Counter(charge.prompt for charge in self.mock.charges)
        self.tally.twice += (charged - Counter(self.prompts)).total()
        self.tally.lost += sum(charge.task not in followed for charge in self.mock.charges)

    async def _until_nothing_changes(self) -> int:
        for _ in range(RUNS):
            before = await self.stages()
            code = await self.run()
            if code == 0 or await self.stages() == before:
                return code
        raise AssertionError(f"no end after {RUNS} runs: {await self.stages()}")

    async def _assert_safe(self) -> None:
        self._assert_charged(exactly=False)
        planned = await plan(self.folder / "film.yaml", world=World.SKETCH if self.mock is None else World.REAL)
        held = {use.shot.id for step in planned.pending_steps if step.action is Action.HOLD for use in step.uses}
        for step in planned.selected:
            waits = step.action is Action.WAIT and held.issuperset(step.waits_for)
            assert waits or step.action in SAFE, (step.uses[0].shot.id, step.action, step.why)

    async def _settle(self) -> None:
        """Settles every doubt by the mock's own books."""
        found = await list_open_attempts(folder=self.folder)
        self.tally.doubts += len(found.in_doubt)
        known = {task for _, task in found.known_tasks}
        for doubt in found.in_doubt:
            task = self._unclaimed(doubt.shot, known)
            known.add(task or "")
            verdict = Verdict.FOUND if task else Verdict.NEVER_SENT
            self.tally.found += verdict is Verdict.FOUND
            self.tally.never_sent += verdict is Verdict.NEVER_SENT
            ids = {doubt.attempt: task} if task else None
            await settle(found, [doubt], verdict, reason="by the mock's books", tasks=ids)

    def _unclaimed(self, shot: str, known: set[str]) -> str | None:
        """A task that the mock charged for a shot, and that no attempt has."""
        assert self.mock is not None
        prompt = dict(zip(("open", "pair", "turn", "close"), self.prompts, strict=True))[shot]
        mine = (charge.task for charge in self.mock.charges if charge.prompt == prompt)
        return next((task for task in mine if task not in known), None)

    def _assert_charged(self, *, exactly: bool) -> None:
        if self.mock is None:
            return
        charged = Counter(charge.prompt for charge in self.mock.charges)
        twice = {prompt: times for prompt, times in charged.items() if times > self.prompts[prompt]}
        assert not twice, f"bought twice: {twice}"
        if exactly:
            assert charged == self.prompts
            self.tally.charges += charged.total()
            self.tally.takes += sum(self.prompts.values())

    async def _assert_clean(self) -> None:
        looked = await verify(
            self.folder / "film.yaml", world=World.SKETCH if self.mock is None else World.REAL, deep=True
        )
        assert looked.findings == (), looked.findings
        assert set(await self.stages()) <= {"stored", "cancelled"}
        booked = await audit(self.folder, deep=True)
        assert (booked.findings, booked.double_purchases, booked.unfinished) == ((), 0, ()), booked.findings
        if self.mock is not None:
            assert (booked.purchases, booked.clips) == (len(self.mock.charges),) * 2
            assert (self.folder / "film.lock.yaml").is_file()
        for folder in (self.folder / ".hailuo" / "store" / "incoming", self.folder / "renders"):
            left = {file.name for file in folder.iterdir() if folder.name == "incoming" or file.name[0] == "."}
            assert left <= {".gitignore"}

    def _counted(self, code: int) -> int:
        self.tally.kills += code == KILLED
        self.tally.ended += code != KILLED
        return self._told(code)

    def _told(self, code: int) -> int:
        words = (self.folder / "told").read_text() if (self.folder / "told").exists() else ""
        assert "Traceback" not in words, words
        assert code in {0, 8, KILLED}, (code, words)
        return code


def new_mock(**how: Any) -> Mock:
    """A mock that sells small clips fast."""
    return Mock(speed=MOCK_SPEED, clip=small_clip(), **how)
