import asyncio
import functools
import itertools
import json
import os
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from run_samples import FREE, PAID, World, kept, mark, scripted, shot

from hailuo_batch.core.attempt.attempt import Clip, Stage
from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, Failure, FailureKind
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.known_task import KnownTask
from hailuo_batch.core.plan.plan import Action, StepReason
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.ledger.sqlite import open_ledger, read_ledger
from hailuo_batch.ports import DriverRequest, Intent
from hailuo_batch.runner.step import run_step
from hailuo_batch.store.local import LocalStore
from hailuo_batch.testing.clips import CLIP, make_clip
from hailuo_batch.testing.driver import ScriptedDriver

OPEN = shot("open")
PRICE = Money(amount=Decimal("0.27"), currency="USD")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(folder=tmp_path, shots=[OPEN])


def failing(kind: FailureKind) -> dict[str, Failure]:
    return {mark(OPEN): Failure(kind=kind, why=f"it was {kind}", remedy="Look.")}


async def test_a_step_goes_from_intent_to_a_named_clip(world: World):
    world.driver = ScriptedDriver(cost=PRICE)
    result = kept(await world.step())
    assert await world.moves() == ["intend", "accept", "produce", "keep"]
    assert world.driver.calls == [(point, mark(OPEN)) for point in ("submit", "wait", "download")]
    assert result.cost == PRICE
    assert Path(world.store.location(result.clip.digest)).read_bytes() == make_clip(mark(OPEN))
    assert (result.clip.width, result.clip.frames, result.clip.codec) == (32, 2, "h264")
    assert world.names() == {"spring_open_v001_t01.mp4"}
    [attempt] = await world.attempts()
    assert (attempt.stage, attempt.cost, attempt.digest) == (Stage.STORED, PRICE, result.clip.digest)
    assert world.leftovers() == []


def known(task: str = "") -> dict[str, KnownTask]:
    return {mark(OPEN): KnownTask(provider="minimax", task=task or f"{mark(OPEN)}/1", source="film.tasks.yaml")}


async def test_a_task_that_is_known_elsewhere_is_recorded_and_followed_and_never_submitted(world: World):
    world.known_tasks = known()
    result = kept(await world.step())
    assert world.driver.calls == [(point, mark(OPEN)) for point in ("wait", "download")]
    assert await world.moves() == ["intend", "accept", "produce", "keep"]
    [attempt] = await world.attempts()
    assert (attempt.stage, attempt.task, attempt.digest) == (Stage.STORED, f"{mark(OPEN)}/1", result.clip.digest)


@pytest.mark.parametrize(
    ("kind", "then"),
    [
        (FailureKind.UNKNOWN_OUTCOME, StepReason.RUNNING),  # as where the provider does not know it
        (FailureKind.PENDING, StepReason.RUNNING),
        (FailureKind.BROKEN, StepReason.FAILED),
    ],
)
async def test_a_known_task_that_gives_no_clip_ends_as_one_of_our_own(
    world: World, kind: FailureKind, then: StepReason
):
    world.known_tasks = known()
    world.driver.wait_script = failing(kind)
    for _ in range(2 if then is StepReason.RUNNING else 1):
        outcome = await world.run()
        assert [failure.kind for _, failure in outcome.failed] == [kind]
        assert [step.why for step in (await world.plan()).steps] == [then]
    assert not world.driver.submits


async def test_a_known_task_that_its_provider_does_not_know_names_the_way_out(world: World):
    world.known_tasks = known()
    world.driver.wait_script = failing(FailureKind.UNKNOWN_OUTCOME)
    failure = await world.step()
    assert isinstance(failure, Failure)
    assert failure.command == ("resolve", "open#1", "--never-sent", "--reason", "not in the account")
    assert failure.remedy.endswith("settle it, and the next run buys it:")


async def test_the_provenance_beside_a_clip_says_what_was_asked_and_what_came(world: World):
    world.driver = ScriptedDriver(cost=PRICE)
    result = kept(await world.step())
    about = json.loads((world.folder / "renders" / "spring_open_v001_t01.json").read_bytes())
    assert about["fingerprint"] == mark(OPEN)
    assert about["artifact"]["digest"] == result.clip.digest
    assert about["cost"] == {"amount": "0.27", "currency": "USD"}
    assert about["request"]["prompt"] == "this is open"
    assert about["task"] == f"{mark(OPEN)}/1"
    assert about["submitted_at"] <= about["stored_at"]


async def test_the_provenance_is_the_same_whether_the_clip_came_now_or_earlier(world: World):
    world.driver = ScriptedDriver(cost=PRICE)
    await world.step()
    about = world.folder / "renders" / "spring_open_v001_t01.json"
    bought = about.read_bytes()
    about.unlink()
    about.with_suffix(".mp4").unlink()
    world.clock.advance(100.0)
    await world.step()
    assert about.read_bytes() == bought


async def test_the_intent_is_durable_before_anything_is_sent(world: World):
    seen: list[tuple[Stage, str | None]] = []

    async def look(_: DriverRequest) -> None:
        async with read_ledger(world.file) as ledger:  # another connection: it sees what is committed
            seen.extend((standing.stage, standing.task) for standing in (await ledger.standings()).values())

    world.driver = ScriptedDriver(submit=look)
    await world.step()
    assert seen == [(Stage.INTENDED, None)]


async def test_the_task_id_is_durable_before_anything_else_is_done_with_it(world: World):
    seen: list[tuple[Stage, str | None]] = []

    async def look(_: DriverRequest) -> None:
        async with read_ledger(world.file) as ledger:
            seen.extend((standing.stage, standing.task) for standing in (await ledger.standings()).values())

    world.driver = ScriptedDriver(wait=look, download=look)
    await world.step()
    assert seen == [(Stage.SUBMITTED, f"{mark(OPEN)}/1"), (Stage.PRODUCED, f"{mark(OPEN)}/1")]


async def test_the_clip_is_on_the_disk_before_the_ledger_says_that_it_is_stored(world: World):
    moves: list[tuple[str, bool]] = []
    async with open_ledger(world.file, clock=world.clock) as ledger:
        move, keep_clip = ledger.move, ledger.keep_clip

        async def watched(attempt: int, what: object, *facts: object) -> Stage:
            moves.append((str(what), bool(world.clips())))
            return await move(attempt, what, *facts)  # type: ignore[arg-type]

        async def watched_keep(attempt: int, clip: Clip) -> AttemptRecord:
            moves.append(("keep", bool(world.clips())))
            return await keep_clip(attempt, clip)

        ledger.move = watched  # type: ignore[method-assign, assignment]
        ledger.keep_clip = watched_keep  # type: ignore[method-assign]
        [step] = (await world.plan()).steps
        await run_step(step, await world.bench(ledger))
    assert moves == [("accept", False), ("produce", False), ("keep", True)]


FINAL = (FailureKind.REFUSED, FailureKind.PROMPT_REFUSED, FailureKind.CLIP_REFUSED)
# What a failure leaves behind: the stage, and what the next run would do.
LEFT: dict[tuple[str, FailureKind], tuple[Stage, Action]] = {
    **{("submit", kind): (Stage.FAILED, Action.SUBMIT) for kind in FailureKind},
    # Money: asking the same again is no use, and may cost again.
    **{("submit", kind): (Stage.FAILED, Action.HOLD) for kind in FINAL},
    ("submit", FailureKind.UNKNOWN_OUTCOME): (Stage.IN_DOUBT, Action.HOLD),
    ("submit", FailureKind.SHARED_TASK): (Stage.IN_DOUBT, Action.HOLD),
    ("submit", FailureKind.FLAKY): (Stage.IN_DOUBT, Action.HOLD),  # said of a submit, it proves nothing
    # Money: only these say that the task ended; everything else may be no more than a bad line.
    **{("wait", kind): (Stage.SUBMITTED, Action.RESUME) for kind in FailureKind},
    ("wait", FailureKind.BROKEN): (Stage.FAILED, Action.SUBMIT),
    **{("wait", kind): (Stage.FAILED, Action.HOLD) for kind in FINAL},
    **{("download", kind): (Stage.PRODUCED, Action.FETCH) for kind in FailureKind},
}


@pytest.mark.parametrize(("point", "kind"), LEFT)
async def test_each_kind_of_failure_at_each_point_leaves_the_right_stage(world: World, point: str, kind: FailureKind):
    stage, action = LEFT[point, kind]
    world.driver = scripted(point, failing(kind))
    doubt = (point, kind) == ("submit", FailureKind.FLAKY)
    told = await world.step()
    assert isinstance(told, Failure)
    assert (told.kind, told.why) == (FailureKind.UNKNOWN_OUTCOME if doubt else kind, f"it was {kind}")
    assert told.remedy.startswith("Look.")
    [attempt] = await world.attempts()
    assert attempt.stage is stage
    assert await world.actions() == {"open": action}
    assert (attempt.failure is not None) == (stage in {Stage.FAILED, Stage.IN_DOUBT})
    assert world.clips() == world.names() == frozenset()
    assert world.leftovers() == []


@pytest.mark.parametrize(("point", "kind"), [each for each, (_, action) in LEFT.items() if action is not Action.HOLD])
async def test_after_each_failure_the_next_run_has_the_clip_and_pays_only_for_what_was_refused(
    world: World, point: str, kind: FailureKind
):
    world.driver = scripted(point, failing(kind))
    await world.step()
    world.driver.submit_script = world.driver.wait_script = world.driver.download_script = None
    kept(await world.step())
    refused = LEFT[point, kind][0] is Stage.FAILED
    assert (await world.moves()).count("intend") == 1 + refused
    resent = (await world.moves()).count("resend")
    assert (resent > 0) == (point == "submit" and FAILURE_POLICIES[kind].resend)
    assert world.driver.submits[mark(OPEN)] == 1 + refused + resent
    assert (await world.stages())[-1] is Stage.STORED
    assert len(world.names()) == 1


async def test_what_a_failure_said_is_in_the_ledger_and_in_the_reason_of_the_next_plan(world: World):
    world.driver = ScriptedDriver(submit=failing(FailureKind.REFUSED))
    await world.step()
    [attempt] = await world.attempts()
    assert attempt.failure == failing(FailureKind.REFUSED)[mark(OPEN)]
    [step] = (await world.plan()).steps
    assert step.why is StepReason.REFUSED
    assert step.standing is not None
    assert step.standing.why == "it was refused"


async def test_a_request_in_doubt_is_never_sent_again_by_a_later_run(world: World):
    world.driver = ScriptedDriver(submit=failing(FailureKind.UNKNOWN_OUTCOME))
    for _ in range(3):
        await world.run()
    world.driver.submit_script = None
    outcome = await world.run()
    assert world.driver.submits == {mark(OPEN): 1}
    assert outcome.stored == 0
    assert await world.stages() == [Stage.IN_DOUBT]


async def test_an_intent_without_an_answer_is_held_back_where_asking_costs_and_sent_again_where_it_does_not(
    world: World,
):
    async def die(_: DriverRequest) -> None:
        raise asyncio.CancelledError

    world.driver = ScriptedDriver(submit=die)
    with pytest.raises(asyncio.CancelledError):
        await world.step()
    assert await world.stages() == [Stage.INTENDED]
    assert await world.actions() == {"open": Action.HOLD}
    world.route, world.driver.submit_script = FREE, None
    assert await world.actions() == {"open": Action.SUBMIT}
    kept(await world.step())
    assert await world.stages() == [Stage.STORED]


async def test_an_exception_of_a_driver_surfaces_and_leaves_the_intent(world: World):
    async def burst(_: DriverRequest) -> None:
        raise ZeroDivisionError

    world.driver = ScriptedDriver(submit=burst)
    with pytest.raises(ZeroDivisionError):
        await world.step()
    assert await world.stages() == [Stage.INTENDED]


@pytest.mark.parametrize("clip", [b"", b"<html>gone</html>", CLIP[:-1], CLIP[: len(CLIP) // 2]])
async def test_a_corrupt_file_is_fetched_again_by_the_next_run_and_not_bought_again(world: World, clip: bytes):
    world.driver = ScriptedDriver(clip=lambda _: clip)
    failure = await world.step()
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.CORRUPT
    assert await world.stages() == [Stage.PRODUCED]
    assert world.clips() == world.names() == frozenset()
    assert world.leftovers() == []
    world.driver.clip = lambda order: make_clip(order.fingerprint)
    kept(await world.step())
    points = [point for point, _ in world.driver.calls]
    assert points == ["submit", "wait", *["download"] * (2 if clip else 1), "wait", "download"]


async def test_a_clip_that_is_gone_from_the_store_is_fetched_and_not_bought(world: World):
    world.driver = ScriptedDriver(cost=PRICE)
    first = kept(await world.step())
    Path(world.store.location(first.clip.digest)).unlink()
    world.driver.cost = None  # a provider may tell the price once
    assert await world.actions() == {"open": Action.FETCH}
    again = kept(await world.step())
    assert (await world.moves())[4:] == ["miss", "keep"]
    assert world.driver.submits == {mark(OPEN): 1}
    assert again.clip == first.clip
    assert again.cost == PRICE
    assert Path(world.store.location(first.clip.digest)).read_bytes() == make_clip(mark(OPEN))


async def test_a_clip_that_cannot_be_fetched_back_is_asked_for_again_by_every_run_and_never_bought(world: World):
    first = kept(await world.step())
    Path(world.store.location(first.clip.digest)).unlink()
    world.driver.wait_script = failing(FailureKind.EXPIRED)
    for _ in range(2):
        failure = await world.step()
        assert isinstance(failure, Failure)
        assert failure.kind is FailureKind.EXPIRED
        assert failure.command[:3] == ("resolve", "open#1@1", "--write-off")
        assert await world.stages() == [Stage.PRODUCED]
    assert world.driver.submits == {mark(OPEN): 1}


async def test_a_clip_whose_name_is_taken_is_kept_and_the_failure_says_so(world: World):
    taken = world.folder / "renders" / "spring_open_v001_t01.mp4"
    taken.parent.mkdir()
    taken.write_bytes(b"somebody's own")
    failure = kept(await world.step()).naming_failure
    assert failure is not None
    assert failure.kind is FailureKind.UNNAMED
    assert "spring_open_v001_t01.mp4" in failure.why
    assert taken.read_bytes() == b"somebody's own"
    assert await world.stages() == [Stage.STORED]
    assert len(world.clips()) == 1
    taken.unlink()
    assert await world.actions() == {"open": Action.REUSE}
    kept(await world.step())
    assert taken.read_bytes() == make_clip(mark(OPEN))
    assert world.driver.submits == {mark(OPEN): 1}


async def test_a_store_without_room_is_a_failure_and_the_clip_waits_at_the_provider(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        failure = await world.step()
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.NO_ROOM
    assert "the disk is full" in failure.why
    assert await world.stages() == [Stage.PRODUCED]
    kept(await world.step())
    assert world.driver.submits == {mark(OPEN): 1}


async def test_a_reused_clip_is_only_named(world: World):
    kept(await world.step())
    (world.folder / "renders" / "spring_open_v001_t01.mp4").unlink()
    kept(await world.step())
    assert world.driver.calls == [(point, mark(OPEN)) for point in ("submit", "wait", "download")]
    assert world.names() == {"spring_open_v001_t01.mp4"}


async def test_a_reused_clip_that_the_ledger_does_not_know_is_a_failure(world: World):
    kept(await world.step())
    [step] = (await world.plan()).steps
    assert step.standing is not None
    stranger = replace(step, standing=replace(step.standing, digest="sha256:" + "0" * 64))
    async with open_ledger(world.file, clock=world.clock) as ledger:
        failure = await run_step(stranger, await world.bench(ledger))
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.CORRUPT


async def test_a_task_is_followed_at_the_provider_that_has_it_though_another_would_be_asked_now(world: World):
    world.driver = ScriptedDriver(wait=failing(FailureKind.THROTTLED))
    await world.step()
    world.driver.wait_script = None
    world.route = replace(PAID, provider="vtrix")
    assert kept(await world.step()).provider == "minimax"  # the bench has no driver for vtrix


def _at_point(point: str) -> Callable[[World], Callable[[], None]]:
    """Cancels from inside one of the driver's calls."""

    def arm(world: World) -> Callable[[], None]:
        def cancel(_: DriverRequest) -> Awaitable[None]:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            return asyncio.sleep(0)

        setattr(world.driver, f"{point}_script", cancel)
        return lambda: setattr(world.driver, f"{point}_script", None)

    return arm


@pytest.mark.parametrize("point", ["submit", "wait", "download"])
async def test_a_step_that_is_cancelled_inside_a_call_leaves_nothing_half_done(world: World, point: str):
    world.route = FREE
    disarm = _at_point(point)(world)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(world.step())
    disarm()
    assert world.clips() == world.names() == frozenset()
    assert world.leftovers() == []
    kept(await world.step())
    assert await world.stages() == [Stage.STORED]
    assert world.driver.submits == {mark(OPEN): 1 + (point == "submit")}


def test_a_step_may_be_cancelled_at_any_await_and_the_next_run_finishes_it_with_one_submit(tmp_path: Path):
    """Cancels at its first await, at its second … until there is none left."""
    stages: list[tuple[Stage, ...]] = []
    for number in range(100):
        world = World(folder=tmp_path / str(number), shots=[OPEN])
        ended = asyncio.run(_cancelled_at(world, number))
        stages.append(tuple(asyncio.run(world.stages())))
        assert world.leftovers() == []
        assert world.driver.submits[mark(OPEN)] <= 1
        if stages[-1] == (Stage.INTENDED,):
            assert asyncio.run(world.actions()) == {"open": Action.HOLD}  # Money: it may have been on its way
        else:
            kept(asyncio.run(world.step()))
            assert world.driver.submits == {mark(OPEN): 1}
            cut_off = [Stage.FAILED] * (stages[-1] == (Stage.FAILED,))  # before its driver had it: nothing was sent
            assert asyncio.run(world.stages()) == [*cut_off, Stage.STORED]
            assert world.names() == {"spring_open_v001_t01.mp4"}
            assert world.leftovers() == []
        if ended:
            break
    assert number > 8
    assert dict.fromkeys(stages) == dict.fromkeys(
        [(Stage.FAILED,), (Stage.INTENDED,), (Stage.SUBMITTED,), (Stage.PRODUCED,), (Stage.STORED,)]
    )


async def _cancelled_at(world: World, number: int) -> bool:
    """Carries a step out and cancels it at one of its awaits; whether it had fewer."""

    async def pause(_: DriverRequest) -> None:
        await asyncio.sleep(0)

    world.driver.submit_script = world.driver.wait_script = world.driver.download_script = pause
    [step] = (await world.plan()).steps
    async with open_ledger(world.file, clock=world.clock) as ledger:
        bench = await world.bench(ledger)
        try:
            await _cut(run_step(step, bench), number)
        except asyncio.CancelledError:
            return False
    return True


@types.coroutine
def _cut(work: Coroutine[Any, Any, object], number: int) -> Generator[Any, Any, None]:
    """Awaits `work`; its task is cancelled at its await of that number."""
    resume: Callable[[], Any] = lambda: work.send(None)  # noqa: E731
    for at in itertools.count():
        try:
            waits_for = resume()
        except StopIteration:
            return
        if at == number:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        try:
            yield waits_for
            resume = lambda: work.send(None)  # noqa: E731
        except BaseException as error:  # noqa: BLE001 - handed on to where it belongs
            resume = functools.partial(work.throw, error)


class RemoteStore(LocalStore):
    """A store elsewhere: what is to be read on this machine is downloaded to a folder of copies."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.copies = root.with_name("copies")

    async def local_copy(self, digest: str) -> Path:
        copy = self.copies / f"{digest[7:]}.mp4"
        self.copies.mkdir(exist_ok=True)
        if self.stat(digest) is not None:
            with self.open(digest) as opened:
                copy.write_bytes(opened.read())
        return copy


async def test_a_step_needs_of_a_store_only_what_its_port_says(world: World):
    remote = RemoteStore(world.folder / "elsewhere")
    [step] = (await world.plan()).steps
    async with open_ledger(world.file, clock=world.clock) as ledger:
        result = kept(await run_step(step, await world.bench(ledger, store=remote)))
    assert remote.list_digests() == {result.clip.digest}
    assert world.clips() == frozenset()
    [copy], [name] = remote.copies.iterdir(), world.names()
    assert (world.folder / "renders" / name).read_bytes() == copy.read_bytes() == make_clip(mark(OPEN))


async def test_a_task_at_a_provider_that_is_known_no_more_is_left_as_it_is(world: World):
    world.driver = ScriptedDriver(wait=failing(FailureKind.PENDING))
    await world.step()
    async with open_ledger(world.file, clock=world.clock) as ledger:
        step = (await world.plan()).steps[0]
        result = await run_step(step, await world.bench(ledger, drivers={}))
    assert isinstance(result, Failure)
    assert result.kind is FailureKind.PENDING
    assert "minimax" in result.why
    assert await world.stages() == [Stage.SUBMITTED]
    world.driver = ScriptedDriver()
    assert (await world.run()).stored == 1
    assert world.driver.submits.total() == 0


async def _interrupted(world: World) -> None:
    """The ledger as a crash between the intent and the answer leaves it, at a provider that honours the key."""
    world.route = replace(PAID, idempotent=True, fallbacks=(Route(provider="vtrix", estimate=None),))
    world.others = {"vtrix": ScriptedDriver()}
    async with open_ledger(world.file, clock=world.clock) as ledger:
        await ledger.record_intent(
            Intent(fingerprint=mark(OPEN), preimage="{}", provider="minimax", campaign="spring", shot="open", take=1)
        )
    [step] = (await world.plan()).steps
    assert step.why is StepReason.INTERRUPTED


@pytest.mark.parametrize(
    "kind", [FailureKind.UNPAID, FailureKind.REFUSED, FailureKind.UNAUTHORIZED, FailureKind.UNKNOWN_OUTCOME]
)
async def test_a_no_to_what_is_sent_again_after_a_crash_leaves_the_first_sending_in_doubt(
    world: World, kind: FailureKind
):
    await _interrupted(world)
    world.driver = ScriptedDriver(submit=failing(kind))
    await world.step()
    assert await world.stages() == [Stage.IN_DOUBT]
    assert world.others["vtrix"].submits.total() == 0


async def test_another_takes_task_as_the_answer_to_what_is_sent_again_ends_submits_there(world: World):
    await _interrupted(world)
    world.shots = [OPEN, shot("next")]
    world.route = replace(PAID, idempotent=True)
    world.driver = ScriptedDriver(submit=failing(FailureKind.SHARED_TASK))
    outcome = await world.run(workers=1)
    assert [failure.kind for _, failure in outcome.failed] == [FailureKind.SHARED_TASK, FailureKind.CLOSED]
    assert (await world.stages(), world.driver.submits.total()) == ([Stage.IN_DOUBT], 1)


@pytest.mark.parametrize("kind", [FailureKind.THROTTLED, FailureKind.NOT_SENT])
async def test_what_is_not_taken_now_after_a_crash_goes_out_again_later_under_the_same_key(
    world: World, kind: FailureKind
):
    """Neither says anything of the first sending: it is no failure, and no leave to ask another."""
    await _interrupted(world)
    seen: set[int] = set()

    def busy(order: DriverRequest) -> Failure:
        seen.add(order.attempt)
        return Failure(kind=kind, why="not now")

    world.driver = ScriptedDriver(submit=busy)
    assert isinstance(await world.step(), Failure)
    assert await world.stages() == [Stage.INTENDED]
    assert world.others["vtrix"].submits.total() == 0
    world.driver.submit_script = lambda order: seen.add(order.attempt)
    kept(await world.step())
    assert await world.stages() == [Stage.STORED]
    assert len(seen) == 1, "the attempt is what the key is made of"


async def test_what_is_sent_again_after_a_crash_and_accepted_is_the_same_attempt(world: World):
    await _interrupted(world)
    kept(await world.step())
    assert await world.stages() == [Stage.STORED]
