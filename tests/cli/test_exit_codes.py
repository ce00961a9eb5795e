"""Every exit code that this version has, by a situation that leads to it."""

import errno
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hailuo_batch.errors import Exit

pytestmark = pytest.mark.usefixtures("quick_sketches")
Say = Callable[..., Any]

SKETCH = ("run", "--sketch", "--progress", "none")


def test_0_done_and_nothing_to_do(film: Path, say: Say) -> None:
    assert say(*SKETCH).code == Exit.DONE
    assert say(*SKETCH).code == Exit.DONE
    assert say("plan", "--sketch", "--detailed-exitcode").code == Exit.DONE
    assert say("verify", "--sketch", "--deep").code == Exit.DONE
    assert say("plan", "--sketch").code == Exit.DONE


def test_0_work_that_is_pending_is_no_error(priced: Path, say: Say) -> None:
    assert say("plan").code == Exit.DONE


def test_1_a_bug_is_told_as_one(film: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("no such number")

    monkeypatch.setattr("hailuo_batch.cli.validate.validate", broken)
    said = say("validate")
    assert said.code == Exit.BUG
    assert said.out == ""
    assert "ZeroDivisionError: no such number" in said.err
    assert "This is a bug in hailuo_batch." in said.err


def test_5_too_many_open_files_is_no_bug(film: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("hailuo_batch.cli.validate.validate", full)
    said = say("validate")
    assert said.code == Exit.REFUSED
    assert said.err.startswith("error: too many open files\n")
    assert "ulimit -n" in said.err


def test_2_a_wrong_command_line(say: Say) -> None:
    assert say("plan", "--no-such-option").code == Exit.USAGE


def test_3_an_invalid_manifest(film: Path, say: Say) -> None:
    film.write_text("version: 1\ncampaign: teaser\nshots: [{id: open, prompt: x, duration: 8}]\n")
    for command in (("validate",), ("plan",), ("run",), ("status",), ("explain", "open"), ("report",)):
        assert say(*command).code == Exit.INVALID, command


def test_4_takes_that_failed(film: Path, say: Say) -> None:
    """A file of the user's has the name that a clip would get: the clip is kept, the file too."""
    assert say(*SKETCH, "--only", "open").code == Exit.DONE
    film.write_text(film.read_text().replace("a bottle in mist", "a bottle in the morning mist"))
    mine = film.parent.parent / "renders" / "teaser_open_v002_sketch.mp4"
    mine.write_text("mine")
    said = say(*SKETCH, "--only", "open")
    assert said.code == Exit.TAKES_FAILED
    assert "1 take stored without a name:" in said.out
    assert "failed:" not in said.out, "its clip is there"
    assert "\n1 take in the store; names are in renders/.\n" in said.out
    assert said.out.endswith("\n    hailuo-batch run --sketch --only open manifests/film.yaml\n")
    assert mine.read_text() == "mine"


def test_4_a_clip_that_is_not_as_recorded(film: Path, say: Say) -> None:
    assert say(*SKETCH).code == Exit.DONE
    (film.parent.parent / "renders" / "teaser_open_v001_sketch.mp4").unlink()
    said = say("verify", "--sketch")
    assert said.code == Exit.TAKES_FAILED
    assert "teaser_open_v001_sketch.mp4  its file in renders/ is gone" in said.out


def test_5_refused_before_anything_is_spent(priced: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIMAX_API_KEY", "sk-never-to-be-shown")
    said = say("run")
    assert said.code == Exit.REFUSED
    assert "not approved" in said.err
    assert not (priced.parent.parent / ".hailuo" / "ledger.db").exists()


def test_6_a_key_that_is_not_set(priced: Path, say: Say) -> None:
    said = say("run", "--yes")
    assert said.code == Exit.KEY
    assert said.err.startswith("error: MINIMAX_API_KEY is not set")
    assert not (priced.parent.parent / ".hailuo").exists()


def test_5_nothing_of_the_users_is_overwritten(say: Say) -> None:
    assert say("init").code == Exit.DONE
    assert say("init").code == Exit.REFUSED


def test_9_a_ledger_that_another_run_holds(film: Path, say: Say) -> None:
    from hailuo_batch.ledger.run_lock import FileLocks

    hidden = film.parent.parent / ".hailuo"
    with FileLocks(hidden / "run.lock").hold_run_lock("run other.yaml"):
        said = say(*SKETCH)
    assert said.code == Exit.LEDGER
    assert "another run is working in this project" in said.err
    assert f"process {os.getpid()}" in said.err
    assert say(*SKETCH).code == Exit.DONE, "it was free again when the other ended"


def test_9_a_ledger_that_is_newer_than_the_tool(film: Path, say: Say) -> None:
    assert say(*SKETCH).code == Exit.DONE
    with closing(sqlite3.connect(film.parent.parent / ".hailuo" / "ledger.db")) as ledger:
        ledger.execute("PRAGMA user_version = 99")
    for command in (
        SKETCH,
        ("status", "--sketch"),
        ("plan", "--sketch"),
        ("show", "open", "--sketch"),
        ("verify", "--sketch"),
    ):
        said = say(*command)
        assert said.code == Exit.LEDGER, command
        assert "newer than this tool" in said.err


def test_9_a_ledger_that_is_no_ledger(film: Path, say: Say) -> None:
    assert say(*SKETCH).code == Exit.DONE
    ledger = film.parent.parent / ".hailuo" / "ledger.db"
    for name in ("ledger.db-wal", "ledger.db-shm"):
        ledger.with_name(name).unlink(missing_ok=True)
    ledger.write_bytes(b"these are words, not a database " * 1000)
    for command in (SKETCH, ("status", "--sketch"), ("plan", "--sketch"), ("verify", "--sketch")):
        said = say(*command)
        assert said.code == Exit.LEDGER, command
        assert "not an SQLite file" in said.err


def test_10_work_is_pending(priced: Path, say: Say) -> None:
    assert say("plan", "--sketch", "--detailed-exitcode").code == Exit.PENDING
    assert say("plan", "--detailed-exitcode", "--format", "json").code == Exit.PENDING


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_130_an_interrupted_run_begins_nothing_more(film: Path, say: Say, number: signal.Signals) -> None:
    shots = "".join(f"  - {{id: s{n}, prompt: shot {n}}}\n" for n in range(200))
    film.write_text(f"version: 1\ncampaign: teaser\ndefaults: {{duration: 1, resolution: 512p}}\nshots:\n{shots}")
    run = subprocess.Popen(
        [sys.executable, "-m", "hailuo_batch.cli.main", "run", "--sketch", "-j", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert run.stderr is not None
    first = run.stderr.readline()
    run.send_signal(number)
    out, err = run.communicate(timeout=60)
    assert first.startswith("[1/200] s0#1 stored")
    assert run.returncode == Exit.INTERRUPTED, err
    assert "Stopped: interrupted. The next run resumes from here." in out
    assert "stopping: nothing more is submitted, and running tasks are left to the next run" in err
    assert "Traceback" not in err
    assert say("plan", "--sketch", "--detailed-exitcode").code == Exit.PENDING
    assert say("verify", "--sketch").code == Exit.DONE, "what it kept is whole"


def test_130_a_second_ctrl_c_ends_at_once(film: Path, say: Say) -> None:
    film.write_text("version: 1\ncampaign: teaser\nshots: [{id: a, prompt: x, duration: 60, resolution: 1080p}]\n")
    run = subprocess.Popen(
        [sys.executable, "-m", "hailuo_batch.cli.main", "run", "--sketch", "--progress", "json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert run.stderr is not None
    while "StepStarted" not in run.stderr.readline():
        pass
    run.send_signal(signal.SIGINT)
    while "Stopping" not in run.stderr.readline():
        pass
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == Exit.INTERRUPTED, err
    after = err.splitlines()[-1]
    assert after == "Interrupted. What was finished is stored; the next run resumes from there."
    assert "" not in err.splitlines()
    assert "Traceback" not in err
    assert say("plan", "--sketch", "--detailed-exitcode").code == Exit.PENDING, "nobody waited for the drawing"
