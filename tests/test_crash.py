"""A real process over a real manifest, killed at any moment and started again until everything is there."""

import asyncio
import itertools
import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from hailuo_batch.app.verify import verify
from hailuo_batch.core.world import World
from hailuo_batch.ledger.run_lock import FileLocks
from hailuo_batch.media.probe import VideoFacts, probe

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")

SHOTS = """\
version: 1
campaign: storm
defaults: {duration: 1, resolution: 512p}
shots:
  - {id: open, prompt: "mist over water [Push in]"}
  - {id: turn, prompt: "the cap turns", frames: {first: {shot: open}}}
  - {id: close, prompt: "the cap is still", frames: {first: {shot: turn}}}
  - {id: "pack-${colour}", matrix: {colour: [red, blue]}, prompt: "a bottle in ${colour} [Pan left]"}
  - {id: same, prompt: "mist over water [Push in]"}
  - {id: again, prompt: "the cap turns", frames: {first: {shot: same}}}
  - {id: table, prompt: "a bottle on a table [Zoom in]"}
"""
NAMES, REQUESTS = 8, 6  # open and same, turn and again share a clip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "hailuo.yaml").write_text("version: 1\n")
    (tmp_path / "storm.yaml").write_text(SHOTS)
    return tmp_path


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "hailuo_batch.cli.main", *words]


@contextmanager
def running(root: Path, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """A run that goes on; its stderr is in the file `told`."""
    with (root / "told").open("w") as told:
        process = subprocess.Popen(
            command("run", "--sketch", "--progress", "lines", "storm.yaml", *words),
            cwd=root,
            stdout=subprocess.DEVNULL,
            stderr=told,
            text=True,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def finish(root: Path) -> None:
    done = subprocess.run(
        command("run", "--sketch", "storm.yaml"), cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def until(true: Callable[[], bool], process: "subprocess.Popen[str] | None" = None) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it never came"
        assert process is None or process.poll() is None, "the run ended before"
        time.sleep(0.005)


def stored(root: Path) -> dict[str, tuple[int, int]]:
    """Every clip in the store, and what would change if it were written again."""
    clips = (root / ".hailuo" / "store").glob("??/*.mp4")
    return {clip.name: (clip.stat().st_ino, clip.stat().st_mtime_ns) for clip in clips}


def assert_whole(root: Path) -> None:
    """Under a final name stands a whole file, at any moment."""
    for file in (*(root / ".hailuo" / "store").glob("??/*"), *(root / "renders").glob("*.mp4")):
        if not file.name.startswith("."):
            assert file.suffix == ".mp4"
            assert isinstance(probe(file), VideoFacts), file
    for file in (root / "renders").glob("*.json"):
        if not file.name.startswith("."):
            assert json.loads(file.read_bytes())["campaign"] == "storm"


def rows(root: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(root / ".hailuo" / "ledger.db")) as ledger:
        return ledger.execute(query).fetchall()


def assert_complete(root: Path) -> None:
    """Everything is stored, once, under every name, and nothing half done lies about."""
    found = asyncio.run(verify(root / "storm.yaml", world=World.SKETCH, deep=True))
    assert (found.clips, found.names, found.findings) == (REQUESTS, NAMES, ())
    assert rows(root, "SELECT stage, count(*), count(DISTINCT fingerprint) FROM attempts GROUP BY stage") == [
        ("stored", REQUESTS, REQUESTS)
    ]
    assert len(list((root / "renders").glob("*.mp4"))) == NAMES
    assert len(list((root / "renders").glob("*.json"))) == NAMES
    assert list((root / ".hailuo" / "store" / "incoming").iterdir()) == []
    assert [
        path.name for path in (root / "renders").iterdir() if path.name.startswith(".") and path.name != ".gitignore"
    ] == []


def test_a_run_that_is_killed_again_and_again_ends_with_everything_drawn_once(root: Path):
    chance = random.Random(1)  # noqa: S311 - it has to be repeatable, not secret
    before: dict[str, tuple[int, int]] = {}
    killed = 0
    for _ in range(8):
        wanted = len(before) + chance.randrange(3)  # 0: in the middle of the start
        with running(root) as process:
            until(lambda: process.poll() is not None or len(stored(root)) >= wanted)  # noqa: B023 - used at once
            try:
                assert process.wait(chance.uniform(0, 0.3)) == 0, (root / "told").read_text()
                break
            except subprocess.TimeoutExpired:
                process.kill()
                killed += 1
        assert_whole(root)
        after = stored(root)
        assert before.items() <= after.items(), "a clip that was there is gone, or was written again"
        before = after
    assert killed >= 2
    finish(root)
    assert_whole(root)
    assert before.items() <= stored(root).items()
    assert_complete(root)
    before, runs = stored(root), rows(root, "SELECT count(*) FROM runs")
    finish(root)
    assert (stored(root), rows(root, "SELECT count(*) FROM runs")) == (before, runs), "nothing to do is no run at all"


def test_one_ctrl_c_finishes_what_is_in_hand_and_the_next_run_goes_on(root: Path):
    (root / "storm.yaml").write_text(SHOTS.replace("duration: 1", "duration: 4"))
    with running(root, "-j", "2") as process:
        until(lambda: len(stored(root)) >= 1, process)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    assert_whole(root)
    before = stored(root)
    assert 1 <= len(before) < REQUESTS
    assert rows(root, "SELECT DISTINCT stage FROM attempts") == [("stored",)]
    assert rows(root, "SELECT exit, ended_at IS NULL FROM runs") == [(130, 0)]
    finish(root)
    assert before.items() <= stored(root).items()
    assert_complete(root)


LONG = """\
version: 1
campaign: storm
defaults: {duration: 60, resolution: 1080p}
shots:
  - {id: a, prompt: "mist [Push in], [Pan left], [Zoom out]"}
  - {id: b, prompt: "rain [Push in], [Pan left], [Zoom out]"}
"""


def test_two_ctrl_c_end_a_run_at_once_and_leave_nothing_half_done(root: Path):
    (root / "storm.yaml").write_text(LONG)
    told = root / "told"
    with running(root, "-j", "1") as process:
        until(lambda: any((root / ".hailuo" / "store" / "incoming").glob("drawing-*")), process)
        process.send_signal(signal.SIGINT)
        until(lambda: "opping" in told.read_text(), process)
        process.send_signal(signal.SIGINT)
        code = process.wait(30)
    words = told.read_text()
    assert "Traceback" not in words, words
    assert code == 130
    assert stored(root) == {}, "nobody waited for the drawing"
    assert rows(root, "SELECT stage FROM attempts") == [("submitted",)]
    (root / "storm.yaml").write_text(LONG.replace("duration: 60, resolution: 1080p", "duration: 1, resolution: 512p"))
    finish(root)
    assert len(stored(root)) == 2
    assert list((root / ".hailuo" / "store" / "incoming").iterdir()) == []


def test_two_runs_at_once_do_not_draw_anything_twice(root: Path):
    (root / "storm.yaml").write_text(SHOTS.replace("duration: 1", "duration: 4"))
    lock = root / ".hailuo" / "run.lock"
    with running(root) as first:
        until(lambda: lock.exists() and bool(lock.read_bytes()), first)
        second = subprocess.run(
            command("run", "--sketch", "storm.yaml"), cwd=root, capture_output=True, text=True, check=False
        )
        if first.poll() is None:
            assert second.returncode == 9, second.stderr
            assert f"process {first.pid}" in second.stderr
        assert first.wait(60) == 0
    assert_complete(root)


def test_kills_at_every_stage_of_the_start_leave_a_project_that_can_go_on(root: Path):
    """From the first import to the first clip: where the ledger is made, the lock is taken, the pool is started."""
    for number in itertools.count():
        with running(root) as process:
            end = time.monotonic() + 0.08 * 1.5**number
            while not stored(root) and time.monotonic() < end:  # killed at the first clip at the latest: it never ends
                time.sleep(0.005)
        assert_whole(root)
        if stored(root):
            break
    assert number >= 2
    lock = root / ".hailuo" / "run.lock"
    assert json.loads(lock.read_bytes())["pid"] == process.pid, "it had no time to take its words away"
    finish(root)
    assert not FileLocks(lock).is_run_active()  # the words of one that died stay when nothing was left to do
    assert_complete(root)
