import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hailuo_batch.core.failure import Failure, Kind
from hailuo_batch.core.fingerprint import fingerprint
from hailuo_batch.core.manifest import End
from hailuo_batch.core.request import Input, Request
from hailuo_batch.drivers.animatic import AnimaticDriver
from hailuo_batch.media.frames import frame_picture
from hailuo_batch.media.probe import Clip, decode_check, probe
from hailuo_batch.ports import Order, Produced, Task

PICTURE = Input(digest="sha256:" + "1" * 64)
SLOW = "a bottle [Push in], then [Pan left], then [Zoom out]"  # no two frames are equal: each has to be drawn
unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


def order(*, pictures: dict[str, Path] | None = None, **members: Any) -> Order:
    plain: dict[str, Any] = {
        "model": "animatic", "prompt": "a bottle in mist", "duration": 1, "resolution": "512p", "first": None,
        "last": None, "prompt_optimizer": None, "fast_pretreatment": None, "watermark": None, "take": 1,
    }  # fmt: skip
    request = Request(**{**plain, **members})
    return Order(
        request=request, fingerprint=fingerprint(request), campaign="aurora", shot="open", pictures=pictures or {}
    )


async def drawn(driver: AnimaticDriver, order: Order, target: Path) -> Failure | None:
    """The whole conversation; None is success."""
    task = await driver.submit(order)
    assert isinstance(task, Task)
    produced = await driver.wait(order, task)
    return produced if isinstance(produced, Failure) else await driver.fetch(order, produced, target)


def clip(path: Path) -> Clip:
    found = probe(path)
    assert isinstance(found, Clip), found
    assert decode_check(path) is None
    return found


def colour(file: Path, frame: str) -> tuple[int, ...]:
    """The colour in the middle of the picture."""
    image = frame_picture(file, frame).convert("RGB")
    pixel = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(pixel, tuple)
    return pixel


def paint(path: Path, shade: str) -> Path:
    from PIL import Image

    Image.new("RGB", (640, 360), shade).save(path)
    return path


async def test_a_clip_has_the_length_and_size_that_were_asked_for(tmp_path: Path):
    async with AnimaticDriver(workers=1, folder=tmp_path) as driver:
        assert await drawn(driver, order(), tmp_path / "a.mp4") is None
        assert await drawn(driver, order(duration=2, resolution="768p"), tmp_path / "b.mp4") is None
        assert await drawn(driver, order(duration="short"), tmp_path / "c.mp4") is None
    a, b, c = (clip(tmp_path / f"{name}.mp4") for name in "abc")
    assert (a.width, a.height, float(a.seconds), a.codec) == (910, 512, 1.0, "h264")
    assert (b.width, b.height, float(b.seconds)) == (1366, 768, 2.0)
    assert (c.width, c.height, float(c.seconds)) == (910, 512, 6.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4", "c.mp4"]


async def test_the_same_request_is_the_same_bytes_whoever_draws_it_and_another_is_not(tmp_path: Path):
    for name in "ab":
        async with AnimaticDriver(workers=2, folder=tmp_path) as driver:
            await asyncio.gather(
                drawn(driver, order(), tmp_path / f"{name}1.mp4"),
                drawn(driver, order(prompt="another"), tmp_path / f"{name}2.mp4"),
                drawn(driver, order(take=2), tmp_path / f"{name}3.mp4"),
            )
    files = {path.stem: path.read_bytes() for path in tmp_path.glob("*.mp4")}
    assert all(files[f"a{number}"] == files[f"b{number}"] for number in (1, 2, 3))
    assert len({files[f"a{number}"] for number in (1, 2, 3)}) == 3


async def test_a_chained_clip_begins_with_the_frame_that_the_other_ends_on(tmp_path: Path):
    there = {PICTURE.digest: paint(tmp_path / "red.png", "#c02020")}
    giver = Input(digest="sha256:" + "2" * 64, frame=End.LAST)
    async with AnimaticDriver(workers=1, folder=tmp_path) as driver:
        await drawn(driver, order(first=PICTURE, pictures=there), tmp_path / "a.mp4")
        chained = order(first=giver, pictures={giver.digest: tmp_path / "a.mp4"})
        assert await drawn(driver, chained, tmp_path / "b.mp4") is None
    begin, end = colour(tmp_path / "b.mp4", "first"), colour(tmp_path / "a.mp4", "last")
    assert begin[0] > 150 > begin[1]
    assert all(abs(one - other) < 12 for one, other in zip(begin, end, strict=True))


async def test_a_clip_goes_over_from_its_first_picture_to_its_last(tmp_path: Path):
    blue = Input(digest="sha256:" + "3" * 64)
    there = {
        PICTURE.digest: paint(tmp_path / "red.png", "#c02020"),
        blue.digest: paint(tmp_path / "blue.png", "#2020c0"),
    }
    async with AnimaticDriver(workers=1, folder=tmp_path) as driver:
        await drawn(driver, order(first=PICTURE, last=blue, pictures=there), tmp_path / "a.mp4")
    assert colour(tmp_path / "a.mp4", "first")[0] > 150
    assert colour(tmp_path / "a.mp4", "last")[2] > 150


async def test_a_picture_that_is_not_on_this_machine_is_drawn_as_if_there_were_none(tmp_path: Path):
    away = Input(digest="address:4711")
    async with AnimaticDriver(workers=1, folder=tmp_path) as driver:
        assert await drawn(driver, order(first=away), tmp_path / "a.mp4") is None
    assert clip(tmp_path / "a.mp4").frames == 24


@pytest.mark.parametrize("content", [None, b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
async def test_a_picture_that_cannot_be_read_is_a_failure_and_no_exception(tmp_path: Path, content: bytes | None):
    path = tmp_path / "a.png"
    if content is not None:
        path.write_bytes(content)
    async with AnimaticDriver(workers=1, folder=tmp_path) as driver:
        failure = await drawn(driver, order(first=PICTURE, pictures={PICTURE.digest: path}), tmp_path / "a.mp4")
        assert isinstance(failure, Failure)
        assert failure.kind is Kind.REFUSED
        assert "a.png" in failure.why
        assert await drawn(driver, order(), tmp_path / "b.mp4") is None  # the worker is as good as before
    assert not (tmp_path / "a.mp4").exists()


async def test_a_frame_of_a_file_that_is_no_clip_is_a_failure(tmp_path: Path):
    (tmp_path / "giver.mp4").write_bytes(b"no clip")
    giver = Input(digest="sha256:" + "2" * 64, frame=End.LAST)
    async with AnimaticDriver(workers=1, folder=tmp_path) as driver:
        chained = order(first=giver, pictures={giver.digest: tmp_path / "giver.mp4"})
        failure = await drawn(driver, chained, tmp_path / "a.mp4")
    assert isinstance(failure, Failure)
    assert failure.kind is Kind.REFUSED


async def test_a_drawing_that_cannot_be_written_is_a_failure(tmp_path: Path):
    async with AnimaticDriver(workers=1, folder=tmp_path / "nowhere") as driver:
        failure = await drawn(driver, order(), tmp_path / "a.mp4")
    assert isinstance(failure, Failure)
    assert failure.kind is Kind.NO_ROOM


async def test_a_drawing_that_cannot_be_moved_is_a_failure(tmp_path: Path):
    async with AnimaticDriver(workers=1, folder=tmp_path) as driver:
        failure = await driver.fetch(order(), Produced(link=str(tmp_path / "gone.mp4")), tmp_path / "a.mp4")
    assert isinstance(failure, Failure)
    assert failure.kind is Kind.NO_ROOM


def workers_of(driver: AnimaticDriver) -> list[int]:
    return list(driver._pool._processes or ())


@unix
async def test_a_worker_that_is_killed_is_replaced_and_its_drawing_made_again(tmp_path: Path):
    async with AnimaticDriver(workers=1, folder=tmp_path) as driver:
        await drawn(driver, order(), tmp_path / "a.mp4")
        [worker] = workers_of(driver)
        drawing = asyncio.create_task(drawn(driver, order(prompt=SLOW, duration=20), tmp_path / "b.mp4"))
        await _until(lambda: any(tmp_path.glob("drawing-*")))
        os.kill(worker, signal.SIGKILL)
        assert await drawing is None
        assert workers_of(driver) != [worker]
        assert clip(tmp_path / "b.mp4").seconds == 20


@unix
async def test_all_drawings_in_hand_survive_the_death_of_one_worker(tmp_path: Path):
    async with AnimaticDriver(workers=2, folder=tmp_path) as driver:
        orders = [order(prompt=f"{number}: {SLOW}", duration=10) for number in range(4)]
        drawing = asyncio.gather(*(drawn(driver, each, tmp_path / f"{n}.mp4") for n, each in enumerate(orders)))
        await _until(lambda: any(tmp_path.glob("drawing-*")))
        os.kill(workers_of(driver)[0], signal.SIGKILL)
        assert await drawing == [None] * 4
    assert [clip(tmp_path / f"{n}.mp4").frames for n in range(4)] == [240] * 4


@unix
async def test_a_worker_that_dies_twice_over_one_drawing_is_a_failure_and_the_next_drawing_goes_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from hailuo_batch.drivers import animatic

    async with AnimaticDriver(workers=1, folder=tmp_path) as driver:
        with monkeypatch.context() as patched:
            patched.setattr(animatic, "_drawn", _die)
            failure = await drawn(driver, order(), tmp_path / "a.mp4")
        assert isinstance(failure, Failure)
        assert failure.kind is Kind.BROKEN
        assert await drawn(driver, order(), tmp_path / "b.mp4") is None


def _die(*_: object) -> None:
    os._exit(9)


@unix
async def test_leaving_in_peace_ends_the_workers(tmp_path: Path):
    async with AnimaticDriver(workers=2, folder=tmp_path) as driver:
        await asyncio.gather(*(drawn(driver, order(take=take), tmp_path / f"{take}.mp4") for take in (1, 2)))
        workers = workers_of(driver)
    assert workers
    assert not any(alive(worker) for worker in workers)


@unix
async def test_leaving_by_an_exception_ends_the_workers_in_the_middle_of_a_drawing(tmp_path: Path):
    begin = time.monotonic()
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with AnimaticDriver(workers=1, folder=tmp_path) as driver:
            long = order(prompt=SLOW, duration=60, resolution="1080p")
            drawing = asyncio.create_task(driver.wait(long, Task(id="")))
            await _until(lambda: any(tmp_path.glob("drawing-*")))
            workers = workers_of(driver)
            raise ZeroDivisionError
    assert not any(alive(worker) for worker in workers)
    assert time.monotonic() - begin < 20
    assert isinstance(await drawing, Failure)
    assert not workers_of(driver)


PARENT = """
import asyncio, sys
from pathlib import Path
from hailuo_batch.app.rendering import run
asyncio.run(run(Path(sys.argv[1]), sketch=True, workers=2))
"""
LONG = """
version: 1
campaign: long
defaults: {duration: 60, resolution: 1080p}
shots:
  - {id: a, prompt: "mist [Push in], [Pan left], [Zoom out]"}
  - {id: b, prompt: "rain [Push in], [Pan left], [Zoom out]"}
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are looked up in /proc")
def test_the_workers_end_when_the_process_that_started_them_is_killed(tmp_path: Path):
    (tmp_path / "hailuo.yaml").write_text("version: 1\n")
    (tmp_path / "long.yaml").write_text(LONG)
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path / "long.yaml")]) as parent:
        try:
            incoming = tmp_path / ".hailuo" / "store" / "incoming"
            _wait(lambda: len(list(incoming.glob("drawing-*"))) == 2, parent)
            workers = children(parent.pid)
            assert len(workers) >= 2
        finally:
            parent.kill()
    _wait(lambda: not any(alive(worker) for worker in workers))


def children(pid: int) -> list[int]:
    return [
        int(word) for task in Path(f"/proc/{pid}/task").iterdir() for word in (task / "children").read_text().split()
    ]


def alive(pid: int) -> bool:
    """Whether a process is there and does something; one that only waits to be buried is dead."""
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat")
        return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _wait(true: Callable[[], bool], process: "subprocess.Popen[bytes] | None" = None) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "it never came"
        assert process is None or process.poll() is None, "the process ended"
        time.sleep(0.01)


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.005)
