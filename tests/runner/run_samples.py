"""A project without a manifest: shots of a test's own, a real ledger, store and renders, and a provider in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from hailuo_batch.app.recovery.rendered_files import parse_render_names, read_last_renders
from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.manifest.document import NO_FRAMES, FrameRole, Frames, ShotFrame
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.pacing.rate_limit import RateState
from hailuo_batch.core.pacing.slow_start import begin_slow_start
from hailuo_batch.core.plan.event import Event
from hailuo_batch.core.plan.known_task import KnownTask
from hailuo_batch.core.plan.outcome import Outcome
from hailuo_batch.core.plan.plan import Action, Plan, PlanInputs, ShotVersions, Step
from hailuo_batch.core.plan.planner import make_plan
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.core.request.fingerprint import fingerprint
from hailuo_batch.core.request.request import make_request
from hailuo_batch.core.switches import DEFAULT_SWITCHES
from hailuo_batch.core.world import World as Realm
from hailuo_batch.drivers.data_plane import LocalDataPlane
from hailuo_batch.ledger.sqlite import SqliteLedger, open_ledger, read_ledger
from hailuo_batch.load.model_tables import read_model
from hailuo_batch.ports import DriverRequest
from hailuo_batch.runner.context import RunContext
from hailuo_batch.runner.download import StoredClip
from hailuo_batch.runner.limiter import Limiter, Tempo
from hailuo_batch.runner.reservations import Reservations
from hailuo_batch.runner.runner import run_plan
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.runner.step import run_step
from hailuo_batch.store.listing import list_digests, list_render_names
from hailuo_batch.store.local import LocalStore
from hailuo_batch.store.rejected import LocalRejectedClips
from hailuo_batch.store.renders import LocalRenders
from hailuo_batch.testing.clock import FakeClock
from hailuo_batch.testing.driver import ScriptedDriver

PAID = Route(provider="minimax", estimate=None)
FREE = Route(provider="minimax", estimate=None, free=True)


def shot(name: str, *, after: str = "", **members: Any) -> Shot:
    """A shot with a prompt of its own; `after` names the shot whose last frame it starts from."""
    frames = Frames(first=ShotFrame(shot=after, frame=FrameRole.LAST)) if after else NO_FRAMES
    plain: dict[str, Any] = {
        "index": 0, "prompt": f"this is {name}", "frames": frames, "duration": 6, "resolution": "768p", "takes": 1,
        "tags": (), "switches": DEFAULT_SWITCHES, "notes": "",
    }  # fmt: skip
    return Shot(id=name, **{**plain, **members})


def mark(shot: Shot, take: int = 1) -> str:
    """The fingerprint of a shot that starts from no frame."""
    return fingerprint(make_request(shot, take, model=read_model("hailuo-02"), first=None, last=None))


@dataclass(kw_only=True)
class World:
    """One folder and one provider, run after run."""

    folder: Path
    shots: Sequence[Shot]
    driver: ScriptedDriver = field(default_factory=ScriptedDriver)
    route: Route = PAID
    others: dict[str, ScriptedDriver] = field(default_factory=dict)
    delivered: bool = True  # a clip came from each provider within a day
    recent_attempts: frozenset[int] = frozenset()  # bought within a day and not stored
    clock: FakeClock = field(default_factory=FakeClock)
    events: list[Event] = field(default_factory=list)
    known_tasks: dict[str, KnownTask] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.file = self.folder / ".hailuo" / "ledger.db"
        self.store = LocalStore(self.folder / ".hailuo" / "store")
        self.renders = LocalRenders(self.folder / "renders")

    async def plan(self) -> Plan:
        async with read_ledger(self.file) as ledger:
            last_renders = await ledger.latest_versions("spring", sketch=False)
            names = parse_render_names(self.names(), campaign="spring", sketch=False)
            unrecorded = [name for name in names if name.shot not in last_renders]
            placed = read_last_renders(unrecorded, self.folder / "renders", Realm.REAL)
            grounds = PlanInputs(
                model=read_model("hailuo-02"),
                images={},
                routes={each.needs: self.route for each in self.shots},
                standings=await ledger.standings(),
                last_renders=last_renders,
                versions={
                    shot: ShotVersions(by_fingerprint={last.fingerprint: last.version}, highest=last.version)
                    for shot, last in placed.items()
                    if last.fingerprint
                },
                locked_clips={},
                stored_digests=list_digests(self.folder / ".hailuo" / "store"),
                known_tasks=self.known_tasks,
                now=self.clock.now(),
            )
        return make_plan(self.shots, grounds, campaign="spring")

    async def run(self, *, workers: int = 4, stop: Stop | None = None, only: Iterable[str] = (), **how: Any) -> Outcome:
        """Plans from what the ledger says now, and carries it out."""
        plan = await self.plan()
        wanted = frozenset(only)
        steps = [step for step in plan.steps if not wanted or step.uses[0].shot.id in wanted]
        async with open_ledger(self.file, clock=self.clock) as ledger:
            stop = stop or Stop()
            bench = await self.bench(ledger, limiters=self.gates(stop))
            return await run_plan(
                plan,
                steps,
                bench,
                workers=workers,
                listener=self.events.append,
                clock=self.clock,
                stop=stop,
                **how,
            )

    async def step(self, name: str = "open") -> object:
        """Carries out the one step of a shot; what comes back from it."""
        step = next(step for step in (await self.plan()).steps if step.uses[0].shot.id == name)
        assert step.action not in {Action.HOLD, Action.WAIT}, f"{name}: {step.why}"
        async with open_ledger(self.file, clock=self.clock) as ledger:
            return await run_step(step, await self.bench(ledger))

    async def bench(self, ledger: SqliteLedger, **instead: Any) -> RunContext:
        usual: dict[str, Any] = {
            "campaign": "spring", "sketch": False, "run": None, "ledger": ledger,
            "store": self.store, "renders": self.renders, "sleep": _no_pause,
            "rejected": LocalRejectedClips(self.folder / ".hailuo" / "store" / "rejected", below=self.folder),
            "drivers": {"minimax": self.driver, **self.others},
            "probe": partial(LocalDataPlane(workers=1).probe, decode=False),
            "make_driver_request": _order,
            "recent_attempts": self.recent_attempts,
            "find_clip": (await ledger.clips()).get, "limiters": self.gates(Stop()),
            "reservations": Reservations((), (), campaign="spring", now=self.clock.now()),
        }  # fmt: skip
        return RunContext(**{**usual, **instead})

    def gates(self, stop: Stop) -> dict[str, Limiter]:
        """Doors that hold nobody back, unless nothing was `delivered` lately; time flies."""
        if self.route.free:
            return {}
        tempo = Tempo(elapsed=monotonic, speed=1000.0)
        trusted = begin_slow_start(50, delivered_within_a_day=self.delivered)
        names = ("minimax", *self.others)
        return {name: Limiter(name, RateState(), trusted, tempo=tempo, stop=stop) for name in names}

    async def actions(self) -> dict[str, Action]:
        """What a run would do now, by shot."""
        return {use.shot.id: step.action for step in (await self.plan()).steps for use in step.uses}

    async def attempts(self) -> list[AttemptRecord]:
        async with read_ledger(self.file) as ledger:
            return await ledger.attempts()

    async def stages(self) -> list[Stage]:
        """The stages of all attempts, the oldest first."""
        return [attempt.stage for attempt in await self.attempts()]

    async def moves(self) -> list[str]:
        """Everything that happened to all attempts, in order."""
        async with read_ledger(self.file) as ledger:
            numbers = [attempt.id for attempt in await ledger.attempts()]
            return [event.move for event in await ledger.events(numbers)]

    def clips(self) -> frozenset[str]:
        return self.store.list_digests()

    def names(self) -> frozenset[str]:
        return list_render_names(self.folder / "renders")

    def leftovers(self) -> list[str]:
        """What lies about half done."""
        there = (self.folder / ".hailuo" / "store" / "incoming", self.folder / "renders")
        paths = [path.name for folder in there if folder.is_dir() for path in folder.iterdir()]
        return [name for name in paths if name.startswith(".") or not name.startswith("spring_")]


async def _order(step: Step) -> DriverRequest:
    assert step.request is not None
    return DriverRequest(
        request=step.request, fingerprint=step.fingerprint, campaign="spring", shot=step.uses[0].shot.id, images={}
    )


def scripted(point: str, script: Any) -> ScriptedDriver:
    """A driver that answers by a script at one point: `submit`, `wait` or `download`."""
    return ScriptedDriver(**{point: script})


def kept(result: object) -> StoredClip:
    assert isinstance(result, StoredClip), result
    return result


async def _no_pause(_: float) -> None:
    """Over at once."""
