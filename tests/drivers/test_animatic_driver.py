import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.manifest.document import FrameRole
from hailuo_batch.core.providers.offers import local_provider
from hailuo_batch.core.request.fingerprint import fingerprint
from hailuo_batch.core.request.request import ImageRef, Request
from hailuo_batch.core.sketch import Sketch
from hailuo_batch.drivers import render_pool, render_worker
from hailuo_batch.drivers.animatic import AnimaticDriver
from hailuo_batch.drivers.data_plane import LocalDataPlane
from hailuo_batch.load.model_tables import read_model
from hailuo_batch.media.decode import check_decoding
from hailuo_batch.media.frames import read_frame
from hailuo_batch.media.probe import VideoFacts, probe
from hailuo_batch.ports import DriverRequest, Produced, ProviderTask

ANIMATIC = local_provider(read_model("animatic"))
PICTURE = ImageRef(digest="sha256:" + "1" * 64)
SLOW = "a bottle [Push in], then [Pan left], then [Zoom out]"  # no two frames are equal: each has to be drawn
unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


def order(*, pictures: dict[str, Path] | None = None, **members: Any) -> DriverRequest:
    plain: dict[str, Any] = {
        "model": "animatic", "prompt": "a bottle in mist", "duration": 1, "resolution": "512p", "first": None,
        "last": None, "switches": (), "take": 1,
    }  # fmt: skip
    request = Request(**{**plain, **members})
    return DriverRequest(
        request=request, fingerprint=fingerprint(request), campaign="aurora", shot="open", images=pictures or {}
    )


async def drawn(driver: AnimaticDriver, order: DriverRequest, target: Path) -> Failure | None:
    """The whole conversation; None is success."""
    task = await driver.submit(order)
    assert isinstance(task, ProviderTask)
    produced = await driver.wait(order, task)
    return produced if isinstance(produced, Failure) else await driver.download(order, produced, target)


def clip(path: Path) -> VideoFacts:
    found = probe(path)
    assert isinstance(found, VideoFacts), found
    assert check_decoding(path) is None
    return found


def colour(file: Path, frame: str) -> tuple[int, ...]:
    """The colour in the middle of the picture."""
    image = read_frame(file, frame).convert("RGB")
    pixel = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(pixel, tuple)
    return pixel


def paint(path: Path, shade: str) -> Path:
    from PIL import Image

    Image.new("RGB", (640, 360), shade).save(path)
    return path


async def test_a_clip_has_the_length_and_size_that_were_asked_for(tmp_path: Path):
    async with animatic(1, tmp_path) as driver:
        assert await drawn(driver, order(), tmp_path / "a.mp4") is None
        assert await drawn(driver, order(duration=2, resolution="768p"), tmp_path / "b.mp4") is None
        assert await drawn(driver, order(duration="short"), tmp_path / "c.mp4") is None
        assert await drawn(driver, order(duration="500ms"), tmp_path / "d.mp4") is None
    a, b, c, d = (clip(tmp_path / f"{name}.mp4") for name in "abcd")
    assert (a.width, a.height, float(a.seconds), a.codec) == (910, 512, 1.0, "h264")
    assert (b.width, b.height, float(b.seconds)) == (1366, 768, 2.0)
    assert (c.width, c.height, float(c.seconds)) == (910, 512, 6.0)
    assert float(d.seconds) == 0.5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4", "c.mp4", "d.mp4"]


async def test_the_same_request_is_the_same_bytes_whoever_draws_it_and_another_is_not(tmp_path: Path):
    for name in "ab":
        async with animatic(2, tmp_path) as driver:
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
    giver = ImageRef(digest="sha256:" + "2" * 64, frame=FrameRole.LAST)
    async with animatic(1, tmp_path) as driver:
        await drawn(driver, order(first=PICTURE, pictures=there), tmp_path / "a.mp4")
        chained = order(first=giver, pictures={giver.digest: tmp_path / "a.mp4"})
        assert await drawn(driver, chained, tmp_path / "b.mp4") is None
    begin, end = colour(tmp_path / "b.mp4", "first"), colour(tmp_path / "a.mp4", "last")
    assert begin[0] > 150 > begin[1]
    assert all(abs(one - other) < 12 for one, other in zip(begin, end, strict=True))


async def test_a_clip_goes_over_from_its_first_picture_to_its_last(tmp_path: Path):
    blue = ImageRef(digest="sha256:" + "3" * 64)
    there = {
        PICTURE.digest: paint(tmp_path / "red.png", "#c02020"),
        blue.digest: paint(tmp_path / "blue.png", "#2020c0"),
    }
    async with animatic(1, tmp_path) as driver:
        await drawn(driver, order(first=PICTURE, last=blue, pictures=there), tmp_path / "a.mp4")
    assert colour(tmp_path / "a.mp4", "first")[0] > 150
    assert colour(tmp_path / "a.mp4", "last")[2] > 150


async def test_a_picture_that_is_not_on_this_machine_is_drawn_as_if_there_were_none(tmp_path: Path):
    away = ImageRef(digest="address:4711")
    async with animatic(1, tmp_path) as driver:
        assert await drawn(driver, order(first=away), tmp_path / "a.mp4") is None
    assert clip(tmp_path / "a.mp4").frames == 24


@pytest.mark.parametrize("content", [None, b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
async def test_a_picture_that_cannot_be_read_is_a_failure_and_no_exception(tmp_path: Path, content: bytes | None):
    path = tmp_path / "a.png"
    if content is not None:
        path.write_bytes(content)
    async with animatic(1, tmp_path) as driver:
        failure = await drawn(driver, order(first=PICTURE, pictures={PICTURE.digest: path}), tmp_path / "a.mp4")
        assert isinstance(failure, Failure)
        assert failure.kind is FailureKind.REFUSED
        assert "a.png" in failure.why
        assert await drawn(driver, order(), tmp_path / "b.mp4") is None  # the worker is as good as before
    assert not (tmp_path / "a.mp4").exists()


async def test_a_frame_of_a_file_that_is_no_clip_is_a_failure(tmp_path: Path):
    (tmp_path / "giver.mp4").write_bytes(b"no clip")
    giver = ImageRef(digest="sha256:" + "2" * 64, frame=FrameRole.LAST)
    async with animatic(1, tmp_path) as driver:
        chained = order(first=giver, pictures={giver.digest: tmp_path / "giver.mp4"})
        failure = await drawn(driver, chained, tmp_path / "a.mp4")
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.REFUSED


async def test_a_drawing_that_cannot_be_written_is_a_failure(tmp_path: Path):
    async with animatic(1, tmp_path / "nowhere") as driver:
        failure = await drawn(driver, order(), tmp_path / "a.mp4")
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.NO_ROOM


async def test_a_drawing_that_cannot_be_moved_is_a_failure(tmp_path: Path):
    async with animatic(1, tmp_path) as driver:
        failure = await driver.download(order(), Produced(link=str(tmp_path / "gone.mp4")), tmp_path / "a.mp4")
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.NO_ROOM


@asynccontextmanager
async def animatic(workers: int, folder: Path) -> AsyncIterator[AnimaticDriver]:
    async with LocalDataPlane(workers=workers) as plane:
        yield AnimaticDriver(plane, provider=ANIMATIC, folder=folder)


def workers_of(driver: AnimaticDriver) -> list[int]:
    """The processes that are there, in the order they were started in."""
    plane: Any = driver._data_plane
    return [worker._process.pid for worker in plane._pool._workers if worker.is_alive]


@unix
async def test_a_worker_that_is_killed_is_replaced_and_its_drawing_made_again(tmp_path: Path):
    async with animatic(1, tmp_path) as driver:
        await drawn(driver, order(), tmp_path / "a.mp4")
        [worker] = workers_of(driver)
        drawing = asyncio.create_task(drawn(driver, order(prompt=SLOW, duration=4), tmp_path / "b.mp4"))
        await _until(lambda: any(tmp_path.glob("drawing-*")))
        os.kill(worker, signal.SIGKILL)
        assert await drawing is None
        assert workers_of(driver) != [worker]
        assert clip(tmp_path / "b.mp4").seconds == 4


@unix
async def test_all_drawings_in_hand_survive_the_death_of_one_worker(tmp_path: Path):
    async with animatic(2, tmp_path) as driver:
        orders = [order(prompt=f"{number}: {SLOW}", duration=2) for number in range(3)]
        drawing = asyncio.gather(*(drawn(driver, each, tmp_path / f"{n}.mp4") for n, each in enumerate(orders)))
        await _until(lambda: any(tmp_path.glob("drawing-*")))
        os.kill(workers_of(driver)[0], signal.SIGKILL)
        assert await drawing == [None] * 3
    assert [clip(tmp_path / f"{n}.mp4").frames for n in range(3)] == [48] * 3


@unix
async def test_a_worker_that_is_killed_while_it_waits_is_replaced_without_a_word(tmp_path: Path):
    async with animatic(2, tmp_path) as driver:
        await asyncio.gather(*(drawn(driver, order(take=take), tmp_path / f"{take}.mp4") for take in (1, 2)))
        for worker in workers_of(driver):
            os.kill(worker, signal.SIGKILL)
        assert await drawn(driver, order(take=3), tmp_path / "3.mp4") is None  # though the other one is dead too


DYING = {
    "killed": ("import os; os.kill(os.getpid(), 9)", "it was killed by signal 9"),
    "ended": ("import os; os._exit(7)", "it ended with 7"),
    "speaking": ("import os; os.write(2, b'one\\ntwo\\n\\nthree\\nfour\\n'); os._exit(9)", "two / three / four"),
    "raising": ("raise ImportError('no codec on this machine')", "ImportError: no codec on this machine"),
    "talkative": ("import os; [os.write(2, b'x' * 999 + b'\\n') for _ in range(4000)]; os._exit(9)", "xxx"),
}


@unix
@pytest.mark.parametrize(("program", "words"), DYING.values(), ids=DYING)
async def test_a_worker_that_dies_twice_over_one_drawing_is_a_failure_and_the_next_drawing_goes_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, words: str
):
    hiding = tmp_path / "hiding"
    hiding.mkdir()
    (hiding / "av.py").write_text(program)
    async with animatic(1, tmp_path) as driver:
        with monkeypatch.context() as patched:
            patched.syspath_prepend(hiding)
            failure = await drawn(driver, order(), tmp_path / "a.mp4")
        assert isinstance(failure, Failure)
        assert failure.kind is FailureKind.BROKEN
        assert failure.why.endswith(words)
        assert len(failure.why) < 5000
        assert await drawn(driver, order(), tmp_path / "b.mp4") is None


async def test_a_python_that_cannot_be_started_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    async with animatic(1, tmp_path) as driver:
        failure = await drawn(driver, order(), tmp_path / "a.mp4")
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.BROKEN
    assert "gone could not be started: No such file" in failure.why


@unix
async def test_a_drawing_that_nobody_waits_for_any_more_ends_and_the_next_is_its_own(tmp_path: Path):
    async with animatic(1, tmp_path) as driver:
        await drawn(driver, order(), tmp_path / "alone.mp4")
        [worker] = workers_of(driver)
        given_up = asyncio.create_task(driver.wait(order(prompt=SLOW, duration=60), ProviderTask(id="")))
        await _until(lambda: any(tmp_path.glob("drawing-*")))
        queued = asyncio.create_task(driver.wait(order(take=3), ProviderTask(id="")))
        await asyncio.sleep(0)
        for each in (queued, given_up):
            each.cancel()
            with pytest.raises(asyncio.CancelledError):
                await each
        assert await drawn(driver, order(), tmp_path / "after.mp4") is None
        assert workers_of(driver) != [worker]
        await _until(lambda: not alive(worker))
    assert (tmp_path / "after.mp4").read_bytes() == (tmp_path / "alone.mp4").read_bytes()


@unix
async def test_a_drawing_that_is_given_up_while_its_worker_starts_leaves_no_process(tmp_path: Path):
    before = children(os.getpid())
    async with animatic(1, tmp_path) as driver:
        for pause in (0, 0, 0.002, 0.01, 0.03, 0.06, 0.1):
            given_up = asyncio.create_task(driver.wait(order(prompt=SLOW, duration=20), ProviderTask(id="")))
            await asyncio.sleep(pause)
            given_up.cancel()
            with pytest.raises(asyncio.CancelledError):
                await given_up
        assert await drawn(driver, order(), tmp_path / "a.mp4") is None
    assert set(children(os.getpid())) <= set(before)  # one of another test may have ended meanwhile


async def test_more_drawings_than_workers_and_more_workers_than_cores_are_fine(tmp_path: Path):
    many = min(os.cpu_count() or 1, 11) + 1
    for workers in (1, many):
        async with animatic(workers, tmp_path) as driver:
            takes = [order(take=take, prompt="none") for take in range(1, many + 2)]
            results = [drawn(driver, each, tmp_path / f"{workers}-{each.request.take}.mp4") for each in takes]
            assert await asyncio.gather(*results) == [None] * (many + 1)
            assert len(workers_of(driver)) == workers
    for take in range(1, many + 2):
        assert (tmp_path / f"1-{take}.mp4").read_bytes() == (tmp_path / f"{many}-{take}.mp4").read_bytes()


async def test_no_process_starts_before_there_is_something_to_draw(tmp_path: Path):
    async with animatic(8, tmp_path) as driver:
        assert workers_of(driver) == []
        for take in (1, 2, 3):
            await drawn(driver, order(take=take), tmp_path / "a.mp4")
        assert len(workers_of(driver)) == 1


async def test_files_of_the_user_do_not_hide_modules_from_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("json", "random", "signal", "dataclasses", "av", "PIL", "hailuo_batch"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong file')")
    monkeypatch.chdir(tmp_path)
    for entry in ("", str(tmp_path)):  # as `python -c` and a script in this folder have it
        monkeypatch.setattr(sys, "path", [entry, *sys.path])
        async with animatic(1, tmp_path) as driver:
            assert await drawn(driver, order(), tmp_path / "a.mp4") is None


async def test_an_old_backport_beside_the_package_does_not_hide_a_module_of_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    package = Path(__file__).parents[2] / "hailuo_batch"
    (tmp_path / "hailuo_batch").symlink_to(package)
    (tmp_path / "pathlib.py").write_text("raise SystemExit('the wrong file')")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.setattr(render_pool, "_PACKAGE_PARENT", str(tmp_path))
    async with animatic(1, tmp_path) as driver:
        assert await drawn(driver, order(), tmp_path / "a.mp4") is None


async def test_a_worker_finds_this_package_wherever_this_process_has_it_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home = Path(__file__).parents[2]
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if Path(entry) != home])
    assert render_pool._environment()["PYTHONPATH"].endswith(os.pathsep + str(home))
    monkeypatch.chdir(home)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    assert render_pool._environment()["PYTHONPATH"].startswith(str(home) + os.pathsep)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert str(home) in render_pool._environment()["PYTHONPATH"].split(os.pathsep)


async def test_what_python_prints_when_it_starts_is_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "sitecustomize.py").write_text("print('{}'); print('welcome')")
    monkeypatch.syspath_prepend(tmp_path)
    async with animatic(1, tmp_path) as driver:
        assert await drawn(driver, order(), tmp_path / "a.mp4") is None


@unix
async def test_a_name_that_is_no_utf_8_goes_through_as_it_is(tmp_path: Path):
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/odd-\xff-\xe2\x80\xa8"))
    odd.mkdir()
    picture = paint(odd / "a.png", "#c02020")
    async with animatic(1, odd) as driver:
        asked = order(first=PICTURE, pictures={PICTURE.digest: picture}, prompt="雾 \u2028 \n 📷")
        assert await drawn(driver, asked, odd / "a.mp4") is None
    assert clip(odd / "a.mp4").frames == 24


async def test_a_drawing_that_failed_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from hailuo_batch.errors import InputError
    from hailuo_batch.media.animatic import draw as drawing

    def draw(sketch: Sketch, target: Path) -> None:
        target.write_bytes(b"half")
        raise (
            InputError("no", why="so", remedy="do") if sketch.shot == "a" else OSError(28, "No space left on device")
        )

    monkeypatch.setattr(drawing, "draw", draw)
    for shot, answer in (("a", {"refused": ["no", "so", "do"]}), ("b", {"unwritten": "No space left on device"})):
        sketch = Sketch(campaign="c", shot=shot, take=1, prompt="", seconds=1, resolution="512p")
        asked = json.loads(render_worker.encode_request(sketch, tmp_path / "a.mp4"))
        assert render_worker._draw_sketch(asked["sketch"], tmp_path / "a.mp4") == answer
        assert not (tmp_path / "a.mp4").exists()


@unix
async def test_a_worker_leaves_ctrl_c_to_the_run(tmp_path: Path):
    async with animatic(1, tmp_path) as driver:
        drawing = asyncio.create_task(drawn(driver, order(prompt=SLOW, duration=5), tmp_path / "a.mp4"))
        await _until(lambda: any(tmp_path.glob("drawing-*")))
        [worker] = workers_of(driver)
        os.kill(worker, signal.SIGINT)
        assert await drawing is None
        assert workers_of(driver) == [worker]


@unix
async def test_leaving_in_peace_ends_the_workers(tmp_path: Path):
    async with animatic(2, tmp_path) as driver:
        await asyncio.gather(*(drawn(driver, order(take=take), tmp_path / f"{take}.mp4") for take in (1, 2)))
        workers = workers_of(driver)
    assert workers
    assert not any(alive(worker) for worker in workers)


@unix
async def test_leaving_by_an_exception_ends_the_workers_in_the_middle_of_a_drawing(tmp_path: Path):
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with animatic(1, tmp_path) as driver:
            long = order(prompt=SLOW, duration=60, resolution="1080p")
            drawing = asyncio.create_task(driver.wait(long, ProviderTask(id="")))
            await _until(lambda: any(tmp_path.glob("drawing-*")))
            workers = workers_of(driver)
            raise ZeroDivisionError
    assert not any(alive(worker) for worker in workers)
    assert isinstance(await drawing, Failure), "it was not drawn to its end"
    assert not workers_of(driver)


@unix
async def test_leaving_in_peace_waits_for_the_drawing_in_hand_and_those_in_the_queue_fail(tmp_path: Path):
    async with animatic(1, tmp_path) as driver:
        orders = [order(prompt=SLOW, duration=5, take=take) for take in (1, 2)]
        drawings = [asyncio.create_task(drawn(driver, each, tmp_path / f"{each.request.take}.mp4")) for each in orders]
        await _until(lambda: any(tmp_path.glob("drawing-*")))
    assert await drawings[0] is None
    assert isinstance(await drawings[1], Failure)
    assert not workers_of(driver)


@unix
async def test_a_leaving_that_is_broken_off_ends_the_workers_at_once(tmp_path: Path):
    async def leave() -> None:
        async with plane:
            await _until(lambda: any(tmp_path.glob("drawing-*")))

    plane = LocalDataPlane(workers=1)
    driver = AnimaticDriver(plane, provider=ANIMATIC, folder=tmp_path)
    drawing = asyncio.create_task(driver.wait(order(prompt=SLOW, duration=60, resolution="1080p"), ProviderTask(id="")))
    leaving = asyncio.create_task(leave())
    await _until(lambda: plane._pool._closed)
    [worker] = workers_of(driver)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert not alive(worker)
    assert isinstance(await drawing, Failure)


PARENT = """
import asyncio, sys
from pathlib import Path
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.app.run import run
from hailuo_batch.core.world import World
asyncio.run(run(Path(sys.argv[1]), RunOptions(world=World.SKETCH, jobs=2)))
"""
UNGUARDED = """
import asyncio
import hailuo_batch
print("begin")
for number in range(2):
    ran = asyncio.run(hailuo_batch.run("tiny.yaml", hailuo_batch.RunOptions(world=hailuo_batch.World.SKETCH, jobs=2)))
    print(number, ran.outcome.stored)
"""
TINY = """
version: 1
campaign: tiny
defaults: {duration: 1, resolution: 512p}
shots: [{id: a, prompt: one}, {id: b, prompt: two}, {id: c, prompt: three}]
"""
LONG = """
version: 1
campaign: long
defaults: {duration: 60, resolution: 1080p}
shots:
  - {id: a, prompt: "mist [Push in], [Pan left], [Zoom out]"}
  - {id: b, prompt: "rain [Push in], [Pan left], [Zoom out]"}
"""


def test_a_script_without_a_guard_runs_once(tmp_path: Path):
    (tmp_path / "hailuo.yaml").write_text("version: 1\n")
    (tmp_path / "tiny.yaml").write_text(TINY)
    (tmp_path / "script.py").write_text(UNGUARDED)
    home = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=home, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("begin\n0 3\n1 0\n", "", 0)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are looked up in /proc")
def test_the_workers_end_when_the_process_that_started_them_is_killed(tmp_path: Path):
    """Each after the drawing in hand; what it drew is taken away, since nobody else can."""
    (tmp_path / "hailuo.yaml").write_text("version: 1\n")
    (tmp_path / "long.yaml").write_text(LONG.replace("60", "8"))
    incoming = tmp_path / ".hailuo" / "store" / "incoming"
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path / "long.yaml")]) as parent:
        try:
            _wait(lambda: len(list(incoming.glob("drawing-*"))) == 2, parent)
            workers = children(parent.pid)
            assert len(workers) >= 2
        finally:
            parent.kill()
    _wait(lambda: not any(alive(worker) for worker in workers))
    assert list(incoming.iterdir()) == []
    assert not list((tmp_path / ".hailuo" / "store").glob("??/*"))


def children(pid: int) -> list[int]:
    """The processes that the threads of a process started; a thread may end while it is asked."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            found += map(int, (task / "children").read_text().split())
    return found


def alive(pid: int) -> bool:
    """Whether a process is there and does something; one that only waits to be buried is dead."""
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat")
        return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _wait(true: Callable[[], bool], process: "subprocess.Popen[bytes] | None" = None) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it never came"
        assert process is None or process.poll() is None, "the process ended"
        time.sleep(0.01)


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.005)
