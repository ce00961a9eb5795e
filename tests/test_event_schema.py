"""Every event of real runs, as `--progress json` writes it, against its schema."""

import io
import json
from pathlib import Path
from typing import get_args

import pytest
from jsonschema import Draft7Validator

from hailuo_batch.app.run import run
from hailuo_batch.app.running.options import Rehearsal, RunOptions
from hailuo_batch.core.plan.event import Event, Stopping
from hailuo_batch.core.world import World
from hailuo_batch.load.schemas import read_schema
from hailuo_batch.views.progress.json_lines import JsonListener

FILM = """\
version: 1
campaign: film
providers: [minimax]
defaults: {duration: short, resolution: 768p}
shots:
  - {id: quoted, prompt: a kite lands, providers: [mindvideo]}
  - {id: open, prompt: a kite rises, tags: [hero]}
  - {id: turn, prompt: the kite turns, frames: {first: {shot: open, frame: last}}}
  - {id: "s${n}", matrix: {n: [1, 2, 3, 4]}, prompt: "kite ${n} over the bay", tags: [hero]}
"""
SETTINGS = "version: 1\ncaps: [{max: 40, currency: USD, tag: hero}]\n"
SCRIPT = """\
faults:
  - {fault: throttled, gateway: minimax, nth: 1, retry_after: 30}
  - {fault: task_failed, gateway: minimax, nth: 5}
"""
VALIDATOR = Draft7Validator(read_schema("event"))
KINDS = {each.__name__ for each in get_args(Event)}


async def play(folder: Path, world: World) -> list[dict[str, object]]:
    """The lines of a run."""
    (folder / "film.yaml").write_text(FILM)
    (folder / "hailuo.yaml").write_text(SETTINGS)
    (folder / "script.yaml").write_text(SCRIPT)
    stream = io.StringIO()
    listen = JsonListener(stream)
    options = RunOptions(world=world, rehearsal=Rehearsal(script=folder / "script.yaml", speed=600.0, sketches=False))
    await run(folder / "film.yaml", options, listener=listen)
    listen(Stopping())  # as the command line does after a signal
    return [json.loads(line) for line in stream.getvalue().splitlines()]


async def test_every_event_is_as_its_schema_says(tmp_path: Path):
    events = await play(tmp_path, World.REHEARSAL)
    assert {str(each["event"]) for each in events} == KINDS
    for each in events:
        assert [error.message for error in VALIDATOR.iter_errors(each)] == [], each
    times = [str(each["at"]) for each in events]
    assert times == sorted(times)
    ended = next(each for each in events if each["event"] == "RunEnded")
    assert ended["money"]["spent"]  # type: ignore[index]
    assert not ended["money"]["reserved"]  # type: ignore[index]
    rooms = [each["caps"][0]["left"]["amount"] for each in events if each["event"] == "CapsCounted"]  # type: ignore[index]
    assert rooms[0] == "40"
    assert float(rooms[-1]) < 40


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_schema_knows_each_kind(kind: str):
    assert {"$ref": f"#/definitions/{kind}"} in read_schema("event")["oneOf"]
    members = read_schema("event")["definitions"][kind]
    assert members["properties"]["event"]["const"] == kind
    assert {"version", "event", "at", "elapsed"} <= set(members["required"])
