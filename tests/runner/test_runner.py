from dataclasses import replace
from pathlib import Path

import pytest
from run_samples import PAID, World, mark, shot

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, Failure, FailureKind
from hailuo_batch.core.manifest.document import FrameRole, Frames, ShotFrame
from hailuo_batch.core.pacing.circuit_breaker import FAILURE_THRESHOLD
from hailuo_batch.core.plan.event import Event, RunEnded, RunStarted, StepFailed, StepStarted, StepStored, StepsUnlocked
from hailuo_batch.core.plan.outcome import INTERRUPTED, Outcome, exit_code
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.errors import CapReachedError, Exit, HeldElsewhereError
from hailuo_batch.ledger.sqlite import SqliteLedger
from hailuo_batch.ports import DriverRequest, Intent
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.testing.driver import ScriptedDriver

OPEN, TURN, CLOSE = shot("open"), shot("turn", after="open"), shot("close", after="turn")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(folder=tmp_path, shots=[OPEN, TURN, CLOSE])


def failing(*shots: str, kind: FailureKind = FailureKind.BROKEN) -> dict[str, Failure]:
    return {mark(shot(each)): Failure(kind=kind, why=f"{each} was {kind}") for each in shots}


def spoken(events: list[Event]) -> list[str]:
    """The events in short: `+open` begun, `=open` stored, `-open` failed."""
    words = []
    for event in events:
        match event:
            case RunStarted(steps=steps):
                words.append(f"run of {steps}")
            case StepStarted(step=step):
                words.append(f"+{step.uses[0].shot.id}")
            case StepStored(step=step):
                words.append(f"={step.uses[0].shot.id}")
            case StepFailed(step=step):
                words.append(f"-{step.uses[0].shot.id}")
            case StepsUnlocked(steps=steps):
                words.append(f"{steps} unlocked")
            case RunEnded(stored=stored, failed=failed):
                words.append(f"{stored} stored, {failed} failed")
    return words


async def test_a_chain_unlocks_in_the_same_run_and_its_events_are_told_in_order(world: World):
    outcome = await world.run()
    assert replace(outcome, remarks=()) == Outcome(stored=3)
    assert [words for _, words in outcome.remarks[:2]] == [
        "requested 6 s, got 1.00 s",
        "requested 768p, got 32 × 18",
    ], "a clip that is not as requested is reported at once"
    assert spoken(world.events) == [
        "run of 3", "+open", "=open", "1 unlocked", "+turn", "=turn", "1 unlocked", "+close", "=close",
        "3 stored, 0 failed",
    ]  # fmt: skip
    assert world.names() == {f"spring_{name}_v001_t01.mp4" for name in ("open", "turn", "close")}


async def test_a_chained_request_names_the_clip_it_starts_from(world: World):
    await world.run()
    steps = {step.uses[0].shot.id: step for step in (await world.plan()).steps}
    standing, request = steps["open"].standing, steps["turn"].request
    assert standing is not None
    assert request is not None
    assert request.first is not None
    assert request.first.digest == standing.digest


async def test_a_second_run_has_nothing_to_do_and_tells_nothing_of_what_is_there(world: World):
    await world.run()
    world.events.clear()
    assert await world.run() == Outcome(named=3)
    assert spoken(world.events) == ["run of 0", "0 stored, 0 failed"]
    assert world.driver.submits.total() == 3


async def test_shots_that_ask_the_same_share_one_submit_and_each_has_its_name(world: World):
    world.shots = [shot("a", prompt="the same"), shot("b", prompt="the same"), shot("c", prompt="another")]
    outcome = await world.run()
    assert outcome.stored == 2
    assert world.driver.submits.total() == 2
    assert len(world.clips()) == 2
    assert world.names() == {f"spring_{name}_v001_t01.mp4" for name in "abc"}
    same = [(world.folder / "renders" / f"spring_{name}_v001_t01.mp4").read_bytes() for name in "ab"]
    assert same[0] == same[1]


async def test_chained_shots_that_ask_the_same_share_one_submit_too(world: World):
    world.shots = [OPEN, shot("x", after="open", prompt="on"), shot("y", after="open", prompt="on")]
    await world.run()
    assert world.driver.submits.total() == 2
    assert world.names() == {f"spring_{name}_v001_t01.mp4" for name in ("open", "x", "y")}


async def test_all_takes_of_a_chained_shot_start_from_the_first_take_of_its_giver(world: World):
    world.shots = [shot("open", takes=2), shot("turn", after="open", takes=3)]
    assert (await world.run()).stored == 5
    assert set(world.driver.submits.values()) == {1}
    assert len(world.names()) == 5
    steps = (await world.plan()).steps
    firsts = {step.request.first for step in steps if step.request and step.uses[0].shot.id == "turn"}
    assert [first.digest for first in firsts if first] == [steps[0].standing.digest if steps[0].standing else ""]


async def test_a_shot_that_was_not_given_is_not_unlocked(world: World):
    outcome = await world.run(only=["open", "close"])
    assert outcome.stored == 1
    assert world.driver.submits == {mark(OPEN): 1}
    assert await world.actions() == {"open": Action.REUSE, "turn": Action.SUBMIT, "close": Action.WAIT}


async def test_what_waits_for_a_shot_that_failed_is_not_begun(world: World):
    world.driver.submit_script = failing("open")
    outcome = await world.run()
    assert [(step.uses[0].shot.id, failure.kind) for step, failure in outcome.failed] == [("open", FailureKind.BROKEN)]
    assert spoken(world.events) == ["run of 3", "+open", "-open", "0 stored, 1 failed"]
    world.driver.submit_script = None
    assert (await world.run()).stored == 3


async def test_one_failure_does_not_stop_the_others(world: World):
    world.shots = [shot(name) for name in "abcdef"]
    world.driver.submit_script = failing("b", "e")
    outcome = await world.run()
    assert (outcome.stored, len(outcome.failed), outcome.stop_reason) == (4, 2, "")
    assert exit_code(outcome) is Exit.TAKES_FAILED


@pytest.mark.parametrize("kind", list(FailureKind))
async def test_a_kind_that_stops_a_run_or_its_provider_begins_nothing_more_there(world: World, kind: FailureKind):
    world.shots = [shot(name) for name in "abc"]
    world.driver.submit_script = failing("a", kind=kind)
    outcome = await world.run(workers=1)
    stops = FAILURE_POLICIES[kind].stops_run
    assert len(world.driver.submits) == (1 if stops or FAILURE_POLICIES[kind].stops_provider else 3)
    assert world.driver.submits[mark(shot("b"))] <= 1
    assert (world.driver.submits[mark(shot("a"))] > 1) == (
        FAILURE_POLICIES[kind].resend and kind is not FailureKind.FLAKY
    )
    assert outcome.stop_reason == (f"a was {kind}" if stops else "")


@pytest.mark.parametrize("kind", list(FailureKind))
async def test_the_next_provider_is_asked_only_after_a_definite_no(world: World, kind: FailureKind):
    world.shots = [shot("a")]
    world.route = replace(PAID, fallbacks=(Route(provider="vtrix", estimate=None),))
    world.others = {"vtrix": ScriptedDriver()}
    world.driver.submit_script = failing("a", kind=kind)
    outcome = await world.run(workers=1)
    assert world.others["vtrix"].submits.total() == (1 if FAILURE_POLICIES[kind].next_provider else 0)
    assert outcome.stored == (1 if FAILURE_POLICIES[kind].next_provider else 0)
    stages = [attempt.stage for attempt in await world.attempts()]
    assert stages == ([Stage.FAILED, Stage.STORED] if FAILURE_POLICIES[kind].next_provider else stages[:1])


async def test_once_stop_is_asked_nothing_new_is_begun_and_what_is_in_hand_is_finished(world: World):
    world.shots = [shot(name) for name in "abcdef"]
    stop = Stop()

    async def ask(order: DriverRequest) -> None:
        if order.shot == "b":
            stop.request(INTERRUPTED)

    world.driver = ScriptedDriver(wait=ask)
    outcome = await world.run(workers=2, stop=stop)
    assert world.driver.submits.total() == outcome.stored == 2
    assert exit_code(outcome) is Exit.INTERRUPTED
    assert set(await world.stages()) == {Stage.STORED}
    assert (await world.run()).stored == 4
    assert set(world.driver.submits.values()) == {1}


async def test_a_stop_that_comes_before_the_run_begins_nothing(world: World):
    stop = Stop()
    stop.request(INTERRUPTED)
    assert await world.run(stop=stop) == Outcome(stop_reason=INTERRUPTED)
    assert world.driver.calls == []


async def test_a_stop_leaves_what_runs_since_an_earlier_run_and_counts_it(world: World):
    world.shots = [shot("a")]
    world.driver.wait_script = failing("a", kind=FailureKind.PENDING)
    await world.run()
    world.driver.wait_script, world.driver.calls, stop = None, [], Stop()
    stop.request(INTERRUPTED)
    assert await world.run(stop=stop) == Outcome(left_running=1, stop_reason=INTERRUPTED)
    assert world.driver.calls == [], "not even its task is polled"
    world.events.clear()
    assert (await world.run()).stored == 1
    assert spoken(world.events) == ["run of 1", "+a", "=a", "1 stored, 0 failed"]
    assert world.driver.submits.total() == 1


async def test_a_task_that_a_stop_left_running_is_counted_and_is_no_failure(world: World):
    world.shots = [shot("a"), shot("b")]
    world.driver.wait_script = lambda _: Failure(kind=FailureKind.STOPPED, why="enough", running=True)
    outcome = await world.run()
    assert (outcome.left_running, outcome.failed) == (2, ())


async def test_a_provider_whose_tasks_fail_alike_is_sent_no_more(world: World):
    world.shots = [shot(f"s{number}") for number in range(FAILURE_THRESHOLD + 3)]
    world.driver.wait_script = lambda _: Failure(kind=FailureKind.BROKEN, why="out of order")
    outcome = await world.run(workers=1)
    assert world.driver.submits.total() == FAILURE_THRESHOLD
    assert outcome.failed[-1][1].kind is FailureKind.CLOSED


async def test_a_stop_keeps_a_chain_from_going_on(world: World):
    stop = Stop()
    world.driver = ScriptedDriver(download=lambda _: stop.request("that is enough"))
    outcome = await world.run(stop=stop)
    assert (outcome.stored, outcome.stop_reason) == (1, "that is enough")
    assert (await world.run()).stored == 2


async def test_the_first_reason_to_stop_counts():
    stop = Stop()
    assert not stop.is_requested
    stop.request("first")
    stop.request("second")
    assert stop.is_requested
    assert stop.reason == "first"


async def test_no_more_calls_are_in_hand_than_workers(world: World):
    world.shots = [shot(f"s{number}") for number in range(12)]
    await world.run(workers=3)
    assert world.driver.max_running <= 3
    assert world.driver.submits.total() == 12


async def test_the_seconds_of_a_run_are_those_of_its_clock(world: World):
    world.driver = ScriptedDriver(wait=lambda _: world.clock.advance(20))
    outcome = await world.run(workers=1)
    assert outcome.seconds == 60
    [ended] = [event for event in world.events if isinstance(event, RunEnded)]
    assert ended.seconds == 60


async def test_a_clip_that_came_back_unlocks_only_what_may_be_carried_out(world: World):
    """turn is in doubt since an earlier run; it stays so when the clip it starts from is fetched again."""
    world.shots = [OPEN, TURN]

    async def doubt(order: DriverRequest) -> Failure | None:
        return Failure(kind=FailureKind.UNKNOWN_OUTCOME, why="no answer") if order.shot == "turn" else None

    world.driver = ScriptedDriver(submit=doubt)
    await world.run()
    [digest] = world.clips()
    Path(world.store.location(digest)).unlink()
    assert await world.actions() == {"open": Action.FETCH, "turn": Action.HOLD}
    outcome = await world.run()
    assert (outcome.stored, outcome.failed) == (1, ())
    assert await world.stages() == [Stage.STORED, Stage.IN_DOUBT]
    assert set(world.driver.submits.values()) == {1}


async def test_a_shot_that_waits_for_two_is_begun_when_both_are_there(world: World):
    both = Frames(first=ShotFrame(shot="a", frame=FrameRole.LAST), last=ShotFrame(shot="b", frame=FrameRole.FIRST))
    world.shots = [shot("mid", frames=both), shot("a"), shot("b")]
    assert (await world.run(workers=1)).stored == 3
    assert spoken(world.events)[1:-1] == ["+a", "=a", "+b", "=b", "1 unlocked", "+mid", "=mid"]


def test_an_interrupted_run_says_so_whatever_failed():
    failed = ((None, Failure(kind=FailureKind.REFUSED, why="")),)
    assert exit_code(Outcome()) is Exit.DONE
    assert exit_code(Outcome(failed=failed)) is Exit.TAKES_FAILED  # type: ignore[arg-type]
    assert exit_code(Outcome(failed=failed, stop_reason=INTERRUPTED)) is Exit.INTERRUPTED  # type: ignore[arg-type]


def test_what_an_earlier_run_reported_as_refused_keeps_its_exit_code():
    assert exit_code(Outcome(), is_unfinished=True, is_refused=True) is Exit.TAKES_FAILED
    assert exit_code(Outcome(), is_unfinished=True) is Exit.NEEDS_PERSON
    assert exit_code(Outcome(left_running=1), is_unfinished=True, is_refused=True) is Exit.NEEDS_PERSON


async def test_what_a_shared_ledger_refuses_is_left_out_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    world = World(folder=tmp_path, shots=[shot("held"), shot("full"), shot("after", after="held"), shot("free")])
    errors = {
        "held": HeldElsewhereError("another machine works on it", why="ana on desk-2 since 14:02 UTC"),
        "full": CapReachedError("the cap is reached", why="49 of 50 USD"),
    }
    record = SqliteLedger.record_intent

    async def refuse(ledger: SqliteLedger, intent: Intent) -> int:
        if intent.shot in errors:
            raise errors[intent.shot]
        return await record(ledger, intent)

    monkeypatch.setattr(SqliteLedger, "record_intent", refuse)
    outcome = await world.run()
    assert (outcome.stored, outcome.stop_reason, exit_code(outcome)) == (1, "", Exit.REFUSED)
    assert {(step.uses[0].shot.id, failure.kind, failure.why) for step, failure in outcome.failed} == {
        ("held", FailureKind.HELD, "another machine works on it: ana on desk-2 since 14:02 UTC"),
        ("full", FailureKind.OVER_CAP, "the cap is reached: 49 of 50 USD"),
    }
    assert [each.shot for each in await world.attempts()] == ["free"]
    assert set(world.driver.submits) == {mark(shot("free"))}


def test_a_run_that_leaves_all_to_another_machine_ends_like_one_that_a_cap_ended():
    assert exit_code(Outcome(), is_unfinished=True, is_held=True) is Exit.REFUSED
