"""A manifest of everything that a gateway sells goes through the mock, over real loopback HTTP, and is bought once."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from sqlite3 import connect
from typing import Any

import pytest
from PIL import Image

from hailuo_batch.app.run import run
from hailuo_batch.app.running.options import Rehearsal, RunOptions
from hailuo_batch.core.manifest.shot import Mode
from hailuo_batch.core.models import DEFAULT_MODEL
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.core.request.frame_size import frame_size
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit
from hailuo_batch.load.provider_tables import provider_names, read_provider
from hailuo_batch.media.probe import VideoFacts, probe

SPEED = 200.0
FRAMES = {Mode.TEXT: (), Mode.FIRST: ("first",), Mode.FIRST_LAST: ("first", "last")}


def sold(provider: Provider) -> Iterator[tuple[Mode, str, int]]:
    """Every row of what a gateway sells."""
    for mode, sizes in provider.offers.items():
        for size, lengths in sizes.items():
            for length in lengths:
                yield mode, size, length


def shot_of(mode: Mode, size: str, length: int) -> str:
    return f"{'-'.join(('text', *FRAMES[mode]))}-{size}-{length}"


def frame(folder: Path, name: str, *, hosted: bool) -> str | dict[str, str]:
    """A picture as a manifest names it: a file, or an address with the digest of what is there."""
    file = folder / f"{name}.png"
    Image.new("RGB", (640, 360), "teal" if name == "first" else "navy").save(file)
    if not hosted:
        return file.name
    return {"url": f"https://frames.example/{name}.png", "sha256": sha256(file.read_bytes()).hexdigest()}


def manifest(folder: Path, provider: Provider) -> Path:
    """One shot for each row of the gateway's table."""
    pictures = {name: frame(folder, name, hosted=not provider.accepts_data) for name in ("first", "last")}
    shots: list[dict[str, Any]] = []
    for mode, size, length in sold(provider):
        name = shot_of(mode, size, length)
        shot = {"id": name, "prompt": f"{name}: a kite [Push in]", "resolution": size, "duration": length}
        shots.append({**shot, "frames": {end: pictures[end] for end in FRAMES[mode]}} if FRAMES[mode] else shot)
    file = folder / "film.yaml"
    (folder / "hailuo.yaml").write_text("version: 1\n")
    # JSON is YAML too.
    head = {"version": 1, "campaign": "film", "model": provider.model.name, "providers": [provider.name]}
    file.write_text(json.dumps({**head, "shots": shots}))
    return file


def told(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


@pytest.mark.parametrize(
    ("gateway", "model"), [(gateway, model) for gateway in provider_names() for model in read_provider(gateway).models]
)
async def test_everything_that_a_gateway_sells_is_rendered_and_bought_once(gateway: str, model: str, tmp_path: Path):
    provider = read_provider(gateway, model)
    rows = list(sold(provider))
    assert len(rows) >= (8 if model == DEFAULT_MODEL else 3), "the table lacks rows"
    film, log = manifest(tmp_path, provider), tmp_path / "req.jsonl"
    rehearsal = Rehearsal(speed=SPEED, log=log, sketches=False)

    ran = await run(film, RunOptions(world=World.REHEARSAL, rehearsal=rehearsal))

    assert ran.outcome.failed == ()
    assert (ran.outcome.stored, ran.exit, ran.after.pending_steps) == (len(rows), Exit.DONE, ())
    base = tmp_path / ".hailuo" / "rehearsal"
    for mode, size, length in rows:
        clip = probe(base / "renders" / f"film_{shot_of(mode, size, length)}_v001_t01.mp4")
        assert isinstance(clip, VideoFacts), (mode, size, length, clip)
        assert (clip.width, clip.height) == frame_size(size, 16, 9)
        # The model renders 6 or 10 s: who sells 5 delivers 6.
        assert float(clip.seconds) == pytest.approx(10 if length == 10 else 6, abs=0.1)
    with closing(connect(base / ".hailuo" / "ledger.db")) as ledger:
        attempts = ledger.execute("SELECT fingerprint, stage, provider, task, preimage FROM attempts").fetchall()
    assert len({attempt[0] for attempt in attempts}) == len(attempts) == len(rows)
    assert {attempt[1:3] for attempt in attempts} == {("stored", gateway)}
    assert {json.loads(attempt[4])["model"] for attempt in attempts} == {model}
    lines = told(log)
    charges = [line for line in lines if line["what"] == "charge"]
    assert sorted(charge["task"] for charge in charges) == sorted(attempt[3] for attempt in attempts)
    assert set(Counter(charge["payload"] for charge in charges).values()) == {1}
    assert {line["gateway"] for line in lines} == {gateway}
    assert all(line["key"] == (line["call"] != "download") for line in lines if line["what"] == "request")

    again = await run(film, RunOptions(world=World.REHEARSAL, rehearsal=rehearsal))

    assert (again.outcome.stored, again.outcome.failed, again.exit) == (0, (), Exit.DONE)
    assert told(log) == lines, "a finished manifest asks nobody"
