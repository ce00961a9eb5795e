"""`load/tasks_file.py`: the accepted tasks beside a manifest."""

import errno
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hailuo_batch.core.plan.task_entries import TaskEntry, sort_entries
from hailuo_batch.errors import Exit, InputError, StoreError
from hailuo_batch.gateways.coerce import parse_task_id
from hailuo_batch.load.tasks_file import TASKS_HEADER, append_tasks, read_tasks, tasks_text, write_tasks

MARK = "v1-" + "ab" * 32
OPEN = TaskEntry(shot="open", take=1, provider="minimax", task="176843862716480", fingerprint=MARK)
TURN = replace(OPEN, shot="turn", task="t/2", fingerprint="v1-" + "cd" * 32)
TEXT = f"""\
# Accepted tasks whose clips the lock does not name yet. Written by hailuo-batch; commit it with the manifest.
version: 1
tasks:
  - {{"shot": "open", "take": 1, "provider": "minimax", "task": "176843862716480", "fingerprint": "{MARK}"}}
  - {{"shot": "turn", "take": 1, "provider": "minimax", "task": "t/2", "fingerprint": "v1-{"cd" * 32}"}}
"""
ids = st.text(max_size=80).filter(lambda text: text != "" and parse_task_id(text) == text)
entries = st.builds(
    TaskEntry,
    shot=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,12}", fullmatch=True),
    take=st.integers(1, 99),
    provider=st.sampled_from(["minimax", "vtrix", "my-gateway", "no"]),
    task=ids,
    fingerprint=st.integers(0, 2**64).map(lambda number: f"v1-{number:064x}"),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "film.tasks.yaml"


def test_a_file_is_sorted_with_one_line_for_each_task(path: Path) -> None:
    assert write_tasks(path, [TURN, OPEN])
    assert path.read_bytes() == TEXT.encode()
    assert not write_tasks(path, [OPEN, TURN])
    assert read_tasks(path) == (OPEN, TURN)


def test_tasks_that_are_added_one_after_another_are_those_of_a_whole_file(path: Path) -> None:
    append_tasks(path, [OPEN])
    append_tasks(path, [TURN])
    assert path.read_bytes() == TEXT.encode()


def test_without_tasks_there_is_no_file(path: Path) -> None:
    assert read_tasks(path) == ()
    assert not write_tasks(path, ())
    write_tasks(path, [OPEN])
    assert write_tasks(path, ())
    assert not path.exists()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=st.lists(entries, max_size=5, unique_by=lambda each: (each.provider, each.task)))
def test_what_is_written_is_read_again_and_is_yaml(path: Path, found: list[TaskEntry]) -> None:
    text = tasks_text(found)
    path.write_text(text, encoding="utf-8", newline="\n")
    assert read_tasks(path) == sort_entries(set(found))
    rows = yaml.safe_load(text)["tasks"] or []
    assert tuple(TaskEntry(**row) for row in rows) == sort_entries(found)


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[::-1],
        lambda lines: lines + lines,
        lambda lines: ["# a remark", "", *lines],
        lambda lines: [f"{line}\r" for line in lines],
        lambda lines: [*lines, '  - {"shot": "open", "ta'],  # cut off by a kill
    ],
)
def test_any_order_repeated_lines_and_a_last_line_that_was_cut_off_are_fine(path: Path, change) -> None:
    path.write_bytes("\n".join(change(TEXT.splitlines())).encode())
    assert read_tasks(path) == (OPEN, TURN)


def test_after_a_line_that_was_cut_off_a_new_one_begins(path: Path) -> None:
    path.write_text(TEXT.rstrip("\n"))
    append_tasks(path, [replace(OPEN, task="t-3", take=2)])
    assert len(read_tasks(path)) == 3


def line(**members: object) -> str:
    return TASKS_HEADER + "  - " + json.dumps({**asdict(OPEN), **members}) + "\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<<<<<<< ours\n" + TEXT, "this file has an unresolved merge"),
        (TEXT.replace("tasks:\n", "tasks:\n=======\n"), "this file has an unresolved merge"),
        ("version: 2\n" + TEXT, "it is of version 2, and version 1 is read here"),
        ("campaign: film\nshots: []\n", "this is not as hailuo-batch writes it"),
        (TEXT.replace('"task"', '"tasc"'), "this is not as hailuo-batch writes it"),
        (TEXT.replace("}", ', "link": "https://x.example/?sig=1"}'), "this is not as hailuo-batch writes it"),
        ("  - " + "[" * 100_000 + "\n", "this is not as hailuo-batch writes it"),
        (line(take="1"), "it names no take"),
        (line(take=True), "it names no take"),
        (line(shot=""), "it names no take"),
        (line(shot="a\x1b[31m"), "it names no take"),
        (line(provider="animatic"), "it names no gateway"),
        (line(fingerprint="v1-xyz"), "it has no fingerprint"),
        (line(task=".."), "it has no task id"),
        (line(task="a\nb"), "it has no task id"),
        (line(task=" a"), "it has no task id"),
        (line(task="a" * 300), "it has no task id"),
        (line(task=7), "it has no task id"),
        (TEXT.replace("t/2", OPEN.task), f"task {OPEN.task} is that of open#1 too"),
        (b"\xff\xfe\n", "this is not UTF-8"),
    ],
)
def test_a_damaged_file_is_refused_with_the_line_and_what_to_do(path: Path, text: str | bytes, why: str) -> None:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as caught:
        read_tasks(path)
    assert (caught.value.summary, caught.value.exit) == (f"the tasks file {path} cannot be read", Exit.INVALID)
    assert caught.value.why.startswith(f"{path}:")
    assert caught.value.why.endswith(f"{why}.")
    merged = "merge" in why
    assert caught.value.remedy.splitlines()[-1].strip() == (
        "*.tasks.yaml merge=union" if merged else f"git checkout HEAD -- {path}"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither pipes nor links for everybody")
@pytest.mark.parametrize("kind", ["link", "dangling", "pipe", "device", "folder"])
def test_what_is_no_regular_file_is_neither_read_nor_written(path: Path, kind: str) -> None:
    outside = path.with_name("outside")
    outside.write_text("private")
    match kind:
        case "link":
            path.symlink_to(outside)
        case "dangling":
            path.symlink_to(path.with_name("nothing"))
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case _:
            path.mkdir()
    with pytest.raises(InputError, match="cannot be read") as caught:
        read_tasks(path)
    assert "private" not in caught.value.why
    with pytest.raises(OSError, match=r"^\[Errno "):
        append_tasks(path, [OPEN])
    with pytest.raises(StoreError):
        write_tasks(path, [OPEN])
    assert outside.read_text() == "private"
    assert not path.with_name("nothing").exists()


def test_a_file_of_no_reasonable_size_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hailuo_batch.load.tasks_file.MAX_BYTES", 100)
    path.write_text(TEXT)
    with pytest.raises(InputError, match="cannot be read"):
        read_tasks(path)


def test_a_disk_that_is_full_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tasks(path, [OPEN])
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError) as caught:
        write_tasks(path, [OPEN, TURN])
    assert "No space left" in caught.value.why
    assert path.read_bytes() == before


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_two_branches_that_ran_different_shots_merge(path: Path) -> None:
    def git(*words: str) -> None:
        line = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
        subprocess.run(line, cwd=path.parent, check=True, capture_output=True)

    path.with_name(".gitattributes").write_text("*.tasks.yaml merge=union\n")
    git("init", "-b", "main")
    git("add", ".")
    git("commit", "-m", "begin")
    for branch, entry in (("one", OPEN), ("two", TURN)):
        git("checkout", "-b", branch, "main")
        write_tasks(path, [entry])
        git("add", ".")
        git("commit", "-m", branch)
    git("merge", "one")
    assert read_tasks(path) == (OPEN, TURN)
