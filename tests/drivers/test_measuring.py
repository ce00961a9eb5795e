"""Measures come from worker processes: a clip that ends one, or keeps it busy, is not measured, and that is all."""

import asyncio
import hashlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from moving_samples import ASSETS, FILMS, write_film

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.measures import ClipMeasures, GivenImage
from hailuo_batch.core.plan.render_names import StillAt
from hailuo_batch.drivers import data_plane, render_worker
from hailuo_batch.drivers.data_plane import LocalDataPlane

unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
DAWN = ASSETS / "dawn.webp"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("films") / "film.mp4", FILMS["slow push in of 5 %"], frames=24)


async def measure(film: Path, folder: Path, *given: GivenImage) -> Any:
    async with LocalDataPlane(workers=1) as plane:
        return await plane.measure(film, given, {at: folder / f"still{at}.jpg" for at in StillAt})


async def test_a_clip_is_measured_and_its_stills_are_written(film: Path, tmp_path: Path):
    digest = f"sha256:{hashlib.sha256(DAWN.read_bytes()).hexdigest()}"
    found = await measure(film, tmp_path, GivenImage(role="first", digest=digest, path=str(DAWN)))
    assert (found.failure, found.frames, found.black) == ("", 13, 0.0)
    assert found.matches[0].ssim > 0.9
    assert {file.name for file in tmp_path.iterdir()} == {"still.jpg", "still_middle.jpg", "still_last.jpg"}


async def test_an_image_that_changed_since_is_not_compared(film: Path, tmp_path: Path):
    found = await measure(film, tmp_path, GivenImage(role="first", digest="sha256:before", path=str(DAWN)))
    assert [(each.digest, each.ssim) for each in found.matches] == [("sha256:before", None)]


async def test_a_folder_that_is_not_there_costs_the_stills_and_nothing_else(film: Path, tmp_path: Path):
    assert (await measure(film, tmp_path / "gone")).failure == ""


async def test_what_does_not_decode_says_so(tmp_path: Path):
    (tmp_path / "clip.mp4").write_bytes(b"\0\0\0\x14ftypisom\0\0\0\0isom")
    found = await measure(tmp_path / "clip.mp4", tmp_path)
    assert found.failure == "decoding it stopped: Invalid data found when processing input"


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch):
    """Has every worker carry out this program when it measures, as a clip may make a decoder do anything."""

    def make(program: str) -> None:
        module = f"import {render_worker.__name__} as worker\n"
        run = f"{module}def measure(order):\n    {program}\nworker._measure = measure\nworker.main()"
        real = asyncio.create_subprocess_exec

        async def start(*words: str, **how: Any) -> Any:
            return await real(words[0], words[1], "-c", run, **how)

        monkeypatch.setattr(asyncio, "create_subprocess_exec", start)

    return make


@unix
@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import os; os.kill(os.getpid(), 11)", "the process that measured it ended: it was killed by signal 11"),
        ("raise MemoryError('no room')", "no room"),
        ("return {}", "the process that measured it gave no measures"),
        (
            "return {'measured': {'version': 1, 'frames': float('nan')}}",
            "the process that measured it gave no measures",
        ),
    ],
)
async def test_a_clip_that_ends_its_worker_is_not_measured(film: Path, tmp_path: Path, hostile, program, words):
    hostile(program)
    found = await measure(film, tmp_path)
    assert isinstance(found, ClipMeasures)
    assert words in found.failure


@unix
async def test_a_clip_that_keeps_its_worker_busy_is_given_up_and_the_worker_ended(
    film: Path, tmp_path: Path, hostile, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(data_plane, "MEASURE_SECONDS", 1.0)
    hostile(f"import os; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n    while True: pass")
    found = await measure(film, tmp_path)
    assert found.failure == "it took longer than 1 s"
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGCONT)


async def test_where_no_worker_can_be_started_nothing_was_tried(film: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert isinstance(await measure(film, tmp_path), Failure)
