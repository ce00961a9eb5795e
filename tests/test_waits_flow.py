"""Why a run waits: each wait is an event with a begin and an end, whatever its reason."""

from pathlib import Path

from hailuo_batch.app.run import run
from hailuo_batch.app.running.options import Rehearsal, RunOptions
from hailuo_batch.core.plan.event import Event, RunStarted, StepStarted, WaitEnded, WaitStarted
from hailuo_batch.core.trace import WaitReason
from hailuo_batch.core.world import World

SPEED = 600.0  # a minute is over after a tenth of a second
FILM = """\
version: 1
campaign: film
providers: [minimax]
defaults: {duration: 6, resolution: 768p}
shots:
  - {id: "s${n}", matrix: {n: [1, 2, 3, 4, 5, 6]}, prompt: "kite ${n} over the bay"}
"""


async def test_every_wait_of_a_run_is_reported_when_it_begins_and_when_it_ends(tmp_path: Path):
    (tmp_path / "hailuo.yaml").write_text("version: 1\nlimits: {minimax: {per_minute: 2}}\n")
    (tmp_path / "film.yaml").write_text(FILM)
    script = tmp_path / "script.yaml"
    script.write_text("faults: [{fault: throttled, gateway: minimax, call: submit, first: 1, retry_after: 100}]\n")
    events = list[Event]()
    options = RunOptions(world=World.REHEARSAL, rehearsal=Rehearsal(script=script, speed=SPEED))
    ran = await run(tmp_path / "film.yaml", options, listener=events.append)
    assert ran.outcome.stored == 6
    begun = {event.number: event for event in events if isinstance(event, WaitStarted)}
    ended = {event.number: event for event in events if isinstance(event, WaitEnded)}
    assert begun.keys() == ended.keys()
    assert all(ended[number].line == wait.line for number, wait in begun.items())
    reasons = {wait.line.reason for wait in begun.values()}
    assert {WaitReason.THROTTLED, WaitReason.OWN_PACE, WaitReason.POLL} <= reasons
    too_fast = next(wait for wait in begun.values() if wait.line.reason is WaitReason.THROTTLED)
    assert too_fast.line.why
    assert too_fast.line.seconds is not None
    assert too_fast.line.seconds <= 100 / SPEED  # as long as it lasts here
    assert all((wait.step is not None) == (wait.line.reason is WaitReason.POLL) for wait in begun.values())
    [pace] = next(event.paces for event in events if isinstance(event, RunStarted))
    assert (pace.provider, pace.submits, pace.per_minute, pace.first_takes, pace.speed) == ("minimax", 6, 2, 4, SPEED)
    assert {event.provider for event in events if isinstance(event, StepStarted)} == {"minimax"}
