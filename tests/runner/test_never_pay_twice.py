"""A campaign in a rough sea: whatever fails, in whatever order, nothing is bought twice and in the end all is there."""

import asyncio
import random
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from run_samples import World, shot

from hailuo_batch.core.attempt.attempt import LIVE_STAGES, Move, Stage
from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, Failure, FailureKind
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.ledger.sqlite import open_ledger
from hailuo_batch.ports import DriverRequest
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.testing.clips import CLIP
from hailuo_batch.testing.driver import make_request_clip


def shots(draft: int) -> list[Shot]:
    """A campaign whose prompts are written anew with each draft; two shots ask the same, two start from others."""
    return [
        shot("open", prompt=f"draft {draft}", takes=2),
        shot("same", prompt=f"draft {draft}"),
        shot("turn", after="open"),
        shot("close", after="turn"),
        shot("pack", prompt=f"a table, draft {draft // 2}"),
    ]


NAMES = 6
POINTS = ("submit", "wait", "download")
# What is refused for good is held until a person changes the request; the sea would never be calm again.
KINDS = [kind for kind in FailureKind if not FAILURE_POLICIES[kind].final]
SEEDS, SHARES = st.integers(0, 2**16), st.sampled_from([0.3, 0.6, 1.0])


def dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - it has to be repeatable, not secret


def _ends(point: str, kind: FailureKind) -> bool:
    """Whether a failure proves that nothing was or will be made for the money."""
    if point == "submit":
        return not FAILURE_POLICIES[kind].leaves_doubt and kind is not FailureKind.FLAKY
    return point == "wait" and FAILURE_POLICIES[kind].ends_task


class RoughSea(RuleBasedStateMachine):
    """One project and one provider; every rule is a run, or something that happens between runs."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.draft = 0
        self.world = World(folder=self.folder, shots=shots(0))
        self.refused: Counter[str] = Counter()  # by fingerprint: definite ends without a clip

    def teardown(self) -> None:
        try:
            self._calm()
        finally:
            shutil.rmtree(self.folder)

    @rule(point=st.sampled_from(POINTS), kind=st.sampled_from(KINDS), seed=SEEDS, share=SHARES)
    def run_in_rough_weather(self, point: str, kind: FailureKind, seed: int, share: float) -> None:
        self._blow({point: kind}, seed, share)
        asyncio.run(self.world.run(workers=3))

    @rule(kinds=st.tuples(*[st.sampled_from(KINDS)] * 3), seed=SEEDS, share=SHARES)
    def run_in_a_storm(self, kinds: tuple[FailureKind, ...], seed: int, share: float) -> None:
        self._blow(dict(zip(POINTS, kinds, strict=True)), seed, share)
        asyncio.run(self.world.run(workers=3))

    @rule(seed=SEEDS, share=SHARES)
    def run_while_answers_to_submits_get_lost(self, seed: int, share: float) -> None:
        self._blow({"submit": FailureKind.UNKNOWN_OUTCOME}, seed, share)
        asyncio.run(self.world.run(workers=3))

    @rule(point=st.sampled_from(POINTS), seed=SEEDS, share=SHARES)
    def die_in_a_call(self, point: str, seed: int, share: float) -> None:
        self._blow({point: None}, seed, share)
        asyncio.run(self.world.run(workers=3))

    @rule(turns=st.integers(0, 60), workers=st.integers(1, 4))
    def run_and_cancel(self, turns: int, workers: int) -> None:
        self._blow({}, 0, 0.0)
        asyncio.run(self._cancelled(turns, workers))

    @rule()
    def write_another_draft(self) -> None:
        self.draft += 1
        self.world.shots = shots(self.draft)

    @rule()
    def settle_what_is_in_doubt(self) -> None:
        asyncio.run(self._settle())

    @rule(seed=SEEDS)
    def lose_a_clip(self, seed: int) -> None:
        clips = sorted(self.world.clips())
        if clips:
            Path(self.world.store.location(dice(seed).choice(clips))).unlink()

    @rule(seed=SEEDS)
    def lose_a_name(self, seed: int) -> None:
        names = sorted(self.world.names())
        if names:
            (self.folder / "renders" / dice(seed).choice(names)).unlink()

    @rule(seed=SEEDS)
    def stop_in_the_middle(self, seed: int) -> None:
        stop, chance = Stop(), dice(seed)
        self._blow({}, 0, 0.0)
        self.world.driver.wait_script = lambda _: stop.request("enough") if chance.random() < 0.4 else None
        asyncio.run(self.world.run(workers=2, stop=stop))

    @invariant()
    def no_request_has_two_live_attempts(self) -> None:
        live = Counter(each.fingerprint for each in asyncio.run(self.world.attempts()) if each.stage in LIVE_STAGES)
        assert set(live.values()) <= {1}

    @invariant()
    def no_more_was_submitted_than_was_refused_and_one(self) -> None:
        for fingerprint, submits in self.world.driver.submits.items():
            assert submits <= 1 + self.refused[fingerprint]

    @invariant()
    def every_name_shows_a_whole_clip(self) -> None:
        for name in self.world.names():
            assert (self.folder / "renders" / name).read_bytes().startswith(CLIP)

    def _blow(self, weather: Mapping[str, FailureKind | None], seed: int, share: float) -> None:
        """Lets a share of the calls at some points fail in some way; None is the end of the process."""
        chance, driver = dice(seed), self.world.driver

        def script(point: str, kind: FailureKind | None) -> Callable[[DriverRequest], Awaitable[Failure | None]]:
            async def answer(order: DriverRequest) -> Failure | None:
                await asyncio.sleep(0)
                if chance.random() >= share:
                    return None
                if kind is None:
                    raise asyncio.CancelledError
                self.refused[order.fingerprint] += _ends(point, kind)
                return Failure(kind=kind, why="rough weather")

            return answer

        for point in POINTS:
            setattr(driver, f"{point}_script", script(point, weather[point]) if point in weather else None)
        driver.clip = lambda order: make_request_clip(order) if chance.random() >= share / 4 else CLIP[:300]

    async def _cancelled(self, turns: int, workers: int) -> None:
        task = asyncio.create_task(self.world.run(workers=workers))
        for _ in range(turns):
            await asyncio.sleep(0.0002)  # a turn in which threads get on too
        task.cancel()
        await asyncio.wait({task})
        while any(thread.name.endswith("(_connection_worker_thread)") for thread in threading.enumerate()):
            await asyncio.sleep(0.001)  # the loop must outlive what its threads still have to say to it

    def _calm(self) -> None:
        """Once the provider behaves and people have settled what is in doubt, everything is stored and named."""
        self._blow({}, 0, 0.0)
        asyncio.run(self._settle())
        asyncio.run(self.world.run())
        asyncio.run(self._settle())
        asyncio.run(self.world.run())  # names that a cancelled run had no time for
        assert set(asyncio.run(self.world.actions()).values()) == {Action.REUSE}
        assert not {Stage.IN_DOUBT, Stage.INTENDED} & set(asyncio.run(self.world.stages()))
        assert len(self.world.names()) >= NAMES
        self.no_more_was_submitted_than_was_refused_and_one()
        submits = self.world.driver.submits.total()
        asyncio.run(self.world.run())
        assert self.world.driver.submits.total() == submits
        assert self.world.leftovers() == []

    async def _settle(self) -> None:
        """A person says of each attempt in doubt that it was never sent; then it may be asked once more."""
        async with open_ledger(self.world.file, clock=self.world.clock) as ledger:
            for attempt in await ledger.attempts():
                if attempt.stage is Stage.INTENDED:
                    await ledger.move(attempt.id, Move.LOSE_SIGHT)
                if attempt.stage in {Stage.INTENDED, Stage.IN_DOUBT}:
                    await ledger.move(attempt.id, Move.SETTLE)
                    self.refused[attempt.fingerprint] += 1


RoughSea.TestCase.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
TestARoughSea = RoughSea.TestCase
