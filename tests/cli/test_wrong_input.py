"""Wrong command lines, files and folders: what is said, whole, and never a traceback."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("quick_sketches")
Say = Callable[..., Any]
Golden = Callable[[str, str], None]

LINES: dict[str, tuple[int, tuple[str, ...]]] = {
    "unknown_command": (2, ("pln",)),
    "unknown_command_like_no_other": (2, ("zebra",)),
    "unknown_option": (2, ("plan", "--fromat", "json")),
    "option_before_the_command": (2, ("--sketch", "run")),
    "jobs_0": (2, ("run", "-j", "0")),
    "jobs_a_word": (2, ("run", "--jobs", "many")),
    "format_unknown": (2, ("status", "--format", "yaml")),
    "progress_unknown": (2, ("run", "--progress", "loud")),
    "max_cost_of_a_sketch": (2, ("run", "--sketch", "--max-cost", "5")),
    "argument_missing": (2, ("explain",)),
    "argument_too_many": (2, ("status", "manifests/film.yaml", "other.yaml")),
    "shell_unknown": (2, ("completion", "powershell")),
    "report_onto_a_folder": (2, ("report", "--sketch", "-o", "folder.html")),
    "no_such_file": (3, ("validate", "manifests/flim.yaml")),
    "no_such_file_for_run": (3, ("run", "--sketch", "nothere.yaml")),
    "a_folder": (3, ("status", "manifests")),
    "unknown_shot": (3, ("explain", "opne", "--sketch")),
    "unknown_shot_like_no_other": (3, ("show", "zebra", "--sketch")),
    "unknown_take": (3, ("explain", "open#9", "--sketch")),
    "take_is_no_number": (3, ("explain", "open#x", "--sketch")),
    "only_fits_nothing": (3, ("plan", "--sketch", "--only", "opne")),
    "only_tag_fits_nothing": (3, ("run", "--sketch", "--only", "tag:zero")),
    "manifest_invalid_for_plan": (3, ("plan", "invalid.yaml")),
    "manifest_invalid_for_run": (3, ("run", "--sketch", "invalid.yaml")),
    "report_not_html": (3, ("report", "--sketch", "-o", "page.pdf")),
    "report_below_a_file": (3, ("report", "--sketch", "-o", "page.pdf/x.html")),
    "report_over_a_page_of_others": (5, ("report", "--sketch", "-o", "mine.html")),
    "unknown_provider": (3, ("providers", "minimacs")),
    "unknown_schema": (3, ("schema", "manifset")),
    "init_where_one_is": (5, ("init",)),
    "init_in_a_file": (3, ("init", "page.pdf")),
    "run_without_a_key": (6, ("run", "--yes", "paid.yaml")),
    "max_cost_is_no_amount": (3, ("run", "--yes", "--max-cost", "a lot", "paid.yaml")),
    "init_below_a_file": (3, ("init", "page.pdf/film")),
    "lock_is_unmerged": (3, ("plan", "locked.yaml")),
    "lock_is_garbage": (3, ("plan", "garbage.yaml")),
    "lock_as_manifest": (3, ("plan", "locked.lock.yaml")),
    "saved_plan_as_manifest": (3, ("run", "plans/my film.json")),
    "table_as_manifest": (3, ("plan", "film.csv")),
    "settings_as_manifest": (3, ("plan", "hailuo.yaml")),
    "manifest_is_unmerged": (3, ("plan", "unmerged.yaml")),
}

INVALID = "version: 1\ncampaign: teaser\nshots:\n  - {id: open, promt: x, duration: nine}\n  - {id: open}\n"
PAID = "version: 1\ncampaign: paid\nshots: [{id: open, prompt: a bottle in mist}]\n"


@pytest.fixture
def project(film: Path) -> Path:
    """A project with one good manifest, and things that are none."""
    root = film.parent.parent
    (root / "hailuo.yaml").write_text("version: 1\n")
    (root / "invalid.yaml").write_text(INVALID)
    (root / "paid.yaml").write_text(PAID)
    (root / "locked.yaml").write_text(PAID)
    (root / "locked.lock.yaml").write_text("<<<<<<< ours\nversion: 1\n")
    (root / "garbage.yaml").write_text(PAID)
    (root / "garbage.lock.yaml").write_text("version: 1\nwords\n")
    (root / "unmerged.yaml").write_text(f"{PAID}<<<<<<< HEAD\n=======\nvars: {{}}\n>>>>>>> other\n")
    (root / "plans").mkdir()
    (root / "plans" / "my film.json").write_text('{"version": 1, "fingerprint_version": 1, "steps": [], "hash": ""}')
    (root / "film.csv").write_text("id,prompt\nopen,a bottle in mist\n")
    (root / "page.pdf").write_text("a page")
    (root / "mine.html").write_text("<!doctype html><title>mine</title>")
    (root / "folder.html").mkdir()
    return root


@pytest.fixture
def guarded(tmp_path: Path) -> None:
    """Skips where no file is secret; `setpriv --bounding-set -dac_override,-dac_read_search` humbles root."""
    secret = tmp_path / "secret"
    secret.touch(mode=0)
    if os.access(secret, os.R_OK):
        pytest.skip("this user (root?) may read and write everything")


@pytest.mark.parametrize("case", LINES)
def test_what_is_said(case: str, project: Path, say: Say, golden: Golden) -> None:
    code, args = LINES[case]
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    said = say(*args)
    assert said.out == "", "a command that cannot go on has no result"
    assert "Traceback" not in said.err
    assert "Error:" not in said.err or code == 2, "click's words are for command lines"
    assert said.code == code, said.err
    golden(f"$ hailuo-batch {' '.join(args)}\n{said.err}", f"wrong_{case}.txt")
    after = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    assert before == after, "nothing was written"


def test_which_manifest_is_meant(surroundings: Path, say: Say, golden: Golden) -> None:
    said = say("plan")
    assert said.code == 3
    golden(said.err, "wrong_no_manifest.txt")
    folder = surroundings / "manifests"
    folder.mkdir()
    for name in ("a.yaml", "b.yml", "a.lock.yaml", "b.review.yaml", "a.tasks.yaml"):
        (folder / name).write_text(PAID)
    said = say("plan")
    assert said.code == 3
    golden(said.err, "wrong_two_manifests.txt")
    (folder / "b.yml").unlink()
    assert say("validate").code == 0, "locks, reviews and tasks files are no manifests"


def test_yes_is_no_harm_where_nothing_costs(film: Path, say: Say) -> None:
    assert say("run", "--sketch", "--yes", "--only", "open", "--progress", "none").code == 0


@pytest.mark.usefixtures("guarded")
@pytest.mark.parametrize("args", [("validate",), ("plan",), ("run", "--sketch")])
def test_a_file_that_cannot_be_read(film: Path, say: Say, args: tuple[str, ...]) -> None:
    film.chmod(0)
    said = say(*args)
    assert said.code == 3
    assert said.err == "cannot read manifests/film.yaml\n  Permission denied\n"


@pytest.mark.usefixtures("guarded")
def test_a_project_that_cannot_be_written_can_be_looked_at(film: Path, say: Say) -> None:
    root = film.parent.parent
    assert say("run", "--sketch", "--progress", "none").code == 0
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    try:
        for folder in folders:
            folder.chmod(0o555)
        for args in (
            ("validate", "--sketch"),
            ("plan", "--sketch"),
            ("status", "--sketch"),
            ("show", "open", "--sketch"),
        ):
            assert say(*args).code == 0, args
        assert say("run", "--sketch").out.startswith("Nothing to do"), "nothing to do needs no writing"
        film.write_text(film.read_text().replace("a bottle", "two bottles"))
        for line in ("run --sketch", "init sub", "report --sketch -o x.html"):
            said = say(*line.split())
            assert said.code in {3, 4, 9}, (line, said)
            assert "Traceback" not in said.err
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_a_ledger_that_is_held_damaged_or_newer_is_told_in_these_words(film: Path, say: Say, golden: Golden) -> None:
    from hailuo_batch.ledger.run_lock import FileLocks

    hidden = film.parent.parent / ".hailuo"
    ledger = hidden / "ledger.db"
    assert say("run", "--sketch", "--only", "open", "--progress", "none").code == 0
    with FileLocks(hidden / "run.lock").hold_run_lock("run manifests/other.yaml"):
        held = say("run", "--sketch").err
    shown = held.replace(str(os.getpid()), "4711")
    assert shown != held
    where = shown.index(" on ") + 4
    golden(f"{shown[:where]}HOST, since THEN{shown[shown.index(chr(10), where) :]}", "wrong_ledger_held.txt")
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute("PRAGMA user_version = 99")
    golden(say("status", "--sketch").err, "wrong_ledger_newer.txt")
    for name in ("ledger.db-wal", "ledger.db-shm"):
        ledger.with_name(name).unlink(missing_ok=True)
    ledger.write_bytes(b"these are words, not a database " * 1000)
    golden(say("status", "--sketch").err, "wrong_ledger_garbage.txt")
    ledger.unlink()
    ledger.mkdir()
    said = say("run", "--sketch")
    assert said.code == 9
    assert "Traceback" not in said.err


@pytest.mark.parametrize("name", [".hailuo", "renders", ".hailuo/store", ".hailuo/run.lock"])
def test_something_else_where_a_folder_should_be(name: str, film: Path, say: Say) -> None:
    """A file where a folder is meant, or the other way round."""
    there = film.parent.parent / name
    there.parent.mkdir(exist_ok=True)
    if name.endswith("lock"):
        there.mkdir()
    else:
        there.write_text("mine")
    said = say("run", "--sketch", "--progress", "none")
    assert "Traceback" not in said.err
    assert said.code not in {0, 1}
