"""Somebody else's project, unpacked here: links, pipes and devices wherever we read or write.

Whatever is in the place of a file or a folder, nothing outside of the project is read, changed, made or removed; no
command waits for ever; and each says what is wrong. A command works in a process of its own, with a time limit.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows makes no pipes, and links only for some")

FILM = """\
version: 1
campaign: teaser
defaults: {duration: 6, resolution: 768p}
shots:
  - {id: open, prompt: mist over water}
"""
SECRET = "aws_secret_access_key = wJalrXUtnFEMI"
DIGEST = "ab" * 32
OLD = time.time() - 90 * 86_400
SECONDS = 60  # for the commands of one test; drawing on a busy machine takes some of them
COMMANDS = """\
import contextlib, io, json, sys
from hailuo_batch.cli.main import run_command_line
said = []
for args in json.loads(sys.argv[1]):
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = run_command_line(args)
    said.append([int(code), out.getvalue()])
sys.__stdout__.write(json.dumps(said))
"""


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and what it printed."""

    code: int
    text: str


def command_lines(project: Path, *lines: str) -> list[Said]:
    """Each command line in turn, in one process that has `SECONDS` for them."""
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS, json.dumps([line.split() for line in lines])],
        cwd=project,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    found = [Said(code, text) for code, text in json.loads(done.stdout)]
    for line, said in zip(lines, found, strict=True):
        assert said.code != 1, f"{line}: {said.text}"
        assert SECRET not in said.text, f"{line}: {said.text}"
    return found


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose sketch is drawn, with its report."""
    folder = tmp_path_factory.mktemp("drawn")
    (folder / "hailuo.yaml").write_text("version: 1\n")
    (folder / "film.yaml").write_text(FILM)
    ran = command_lines(folder, "run --sketch film.yaml", "report --sketch film.yaml", "validate film.yaml")
    assert [said.code for said in ran] == [0, 0, 0], ran
    return folder


@pytest.fixture
def project(drawn: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(drawn, tmp_path / "project"))


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """What is the user's own: files of every name that a sweep, a store or a report would take for ours."""
    folder = tmp_path / "home"
    for name in (
        "credentials", "film.yaml", "1-ab.mp4", "incoming-1-a", "ledger.db", "run.lock", ".teaser.html.new",
        "teaser_open_v001_sketch.mp4", "teaser_open_v001_sketch.json", "teaser_sketch.html", f"{DIGEST}.mp4",
        f"ab/{DIGEST}.mp4", "incoming/1-ab.mp4", "store/incoming/1-ab.mp4", "memory/finished-1.txt",
        ".hailuo/ledger.db",
    ):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"[default]\n{SECRET}\n")
        os.utime(folder / name, (OLD, OLD))
    return folder


def digests(folder: Path) -> dict[str, tuple[str, int, int]]:
    """Every entry below a folder: its bytes, its mode and when it was changed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        how = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        if not path.name.endswith("-shm"):  # SQLite's own, which readers write to as well
            found[str(path)] = (content, how.st_mode, how.st_mtime_ns if path.is_file() else 0)
    return found


Trap = Callable[[Path, Path], None]  # what is put at a place, given what is outside


def to_folder(place: Path, outside: Path) -> None:
    place.symlink_to(outside)


def to_file(place: Path, outside: Path) -> None:
    place.symlink_to(outside / "credentials")


def to_nothing(place: Path, outside: Path) -> None:
    place.symlink_to(outside / "new")


def to_device(place: Path, outside: Path) -> None:
    place.symlink_to("/dev/zero")


def second_name(place: Path, outside: Path) -> None:
    place.hardlink_to(outside / "credentials")


def pipe(place: Path, outside: Path) -> None:
    os.mkfifo(place)


def a_folder(place: Path, outside: Path) -> None:
    place.mkdir()


def socket_file(place: Path, outside: Path) -> None:
    import socket

    here = Path.cwd()
    os.chdir(place.parent)  # an address may not be long
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(place.name)
    finally:
        os.chdir(here)


def put(trap: Trap, place: Path, outside: Path) -> None:
    """Puts a trap in the place of what is there."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    trap(place, outside)


RUN, RETAKE = "run --sketch film.yaml", "retake open film.yaml"
REHEARSE = "run --rehearsal film.yaml"
WRITERS = (RUN, REHEARSE, "gc --yes", "report --sketch film.yaml", "fetch", RETAKE, "accept open --why x film.yaml")
READERS = ("plan film.yaml", "status film.yaml", "verify --sketch film.yaml", "audit", "costs", "show open film.yaml")
FOLDERS = (
    (".hailuo", to_folder, (*WRITERS, *READERS)),
    (".hailuo", to_nothing, (RUN, REHEARSE, RETAKE)),
    (".hailuo", pipe, (RUN, REHEARSE, RETAKE)),
    (".hailuo/store", to_folder, (RUN, "gc --yes", "report --sketch film.yaml", "verify --sketch film.yaml", "fetch")),
    (".hailuo/store", to_nothing, (RUN, "gc --yes")),
    (".hailuo/store/incoming", to_folder, (RUN, "gc --yes", "fetch", "plan film.yaml")),
    (".hailuo/store/rejected", to_folder, (RUN, "gc --yes", "plan film.yaml")),
    (".hailuo/store/ab", to_folder, (RUN, "gc --yes", "report --sketch film.yaml")),
    (".hailuo/memory", to_folder, (RUN, "gc --yes", "plan film.yaml")),
    (".hailuo/frames", to_folder, (RUN, "plan film.yaml")),
    (".hailuo/rehearsal", to_folder, (REHEARSE, "gc --yes --rehearsal")),
    (".hailuo/rehearsal/.hailuo", to_folder, (REHEARSE, "gc --yes --rehearsal")),
    (".hailuo/rehearsal/renders", to_folder, (REHEARSE,)),
    ("renders", to_folder, (RUN, "report --sketch film.yaml", "plan film.yaml", "gc --yes")),
    ("renders", to_nothing, (RUN, "report --sketch film.yaml")),
    ("renders/posters", to_folder, ("report --sketch film.yaml", RUN)),
    (".hailuo/rehearsal/reviews", to_folder, ("retake --rehearsal open film.yaml",)),
    ("renders/selected", to_folder, ("select open film.yaml", RUN)),
)


@pytest.mark.parametrize(("place", "trap", "lines"), [
    pytest.param(*row, id=f"{row[0]} {row[1].__name__}") for row in FOLDERS
])  # fmt: skip
def test_a_folder_of_ours_that_leads_elsewhere_is_refused_by_every_command(
    project: Path, outside: Path, place: str, trap: Trap, lines: Sequence[str]
) -> None:
    (project / "film.yaml").write_text(FILM.replace("mist", "fog"))  # something is to be done
    put(trap, project / place, outside)
    before = digests(outside)
    for line, said in zip(lines, command_lines(project, *lines), strict=True):
        assert said.code == 5, f"{line}: {said.text}"
        assert f"error: {Path(place).name} is not ours" in said.text, line
        assert "mv " in said.text, line
    assert digests(outside) == before


FILES = (
    (".hailuo/run.lock", to_file, RUN, 5, "run.lock is not ours"),
    (".hailuo/run.lock", to_nothing, RUN, 5, "run.lock is not ours"),
    (".hailuo/run.lock", pipe, RUN, 9, "the run lock is not ours"),
    (".hailuo/run.lock", second_name, RUN, 9, "has a second name"),
    (".hailuo/run.lock", a_folder, RUN, 9, "the run lock cannot be taken"),
    (".hailuo/ledger.db", to_file, RUN, 9, "is not ours"),
    (".hailuo/ledger.db", to_nothing, RUN, 9, "is not ours"),
    (".hailuo/ledger.db", pipe, "audit", 9, "is not ours"),
    (".hailuo/ledger.db", to_device, "plan film.yaml", 9, "is not ours"),
    (".hailuo/ledger.db-wal", to_file, "plan film.yaml", 9, "is not ours"),
    (".hailuo/ledger.db-journal", to_nothing, RUN, 9, "is not ours"),
    (".hailuo/ledger.db-shm", pipe, RUN, 9, "is not ours"),
    (".hailuo/.gitignore", to_nothing, RUN, 5, ".gitignore is not ours"),
    (".hailuo/.gitignore", second_name, RUN, 0, ""),
    (".hailuo/memory/inputs.txt", to_device, "validate film.yaml", 0, ""),
    (".hailuo/memory/addresses.txt", pipe, "plan film.yaml", 0, ""),
    (".hailuo/store/incoming/1-ab.mp4", to_file, "gc --yes", 5, "1-ab.mp4 is not ours"),
    (".hailuo/store/incoming/1-ab.mp4", second_name, RUN, 0, ""),
    (".hailuo/store/incoming/1-ab.mp4", pipe, RUN, 0, ""),
    (f".hailuo/store/ab/{DIGEST}.mp4", to_device, "verify --sketch film.yaml", 4, "not in the ledger"),
    ("renders/teaser_open_v002_sketch.mp4", to_file, RUN, 4, "is there already, with other content"),
    ("renders/teaser_open_v002_sketch.mp4", to_device, RUN, 4, "is there already, with other content"),
    ("renders/teaser_open_v002_sketch.mp4", pipe, RUN, 4, "is there already, with other content"),
    ("renders/teaser_open_v002_sketch.mp4", second_name, RUN, 4, "is there already, with other content"),
    ("renders/teaser_open_v002_sketch.json", to_file, RUN, 4, "is there already, with other content"),
    ("renders/teaser_open_v002_sketch.json", pipe, RUN, 4, "is there already, with other content"),
    ("renders/teaser_open_v002_sketch.json", to_nothing, RUN, 4, "is there already, with other content"),
    ("renders/teaser_sketch.html", to_file, "report --sketch film.yaml", 3, "is a link"),
    ("renders/teaser_sketch.html", to_nothing, "report --sketch film.yaml", 3, "is a link"),
    ("renders/teaser_sketch.html", pipe, "report --sketch film.yaml", 3, "is a pipe"),
    ("renders/.teaser_sketch.html.new", to_nothing, "report --sketch film.yaml", 0, ""),
    ("page.html", to_nothing, "report --sketch film.yaml --out page.html", 3, "is a link"),
    ("film.yaml", to_file, "plan film.yaml", 3, "leads out of the project"),
    ("film.yaml", to_device, "validate film.yaml", 3, "leads out of the project"),
    ("film.yaml", pipe, "run --sketch film.yaml", 3, "is a pipe (FIFO)"),
    ("film.yaml", socket_file, "plan film.yaml", 3, "is a socket"),
    ("film.yaml", to_nothing, "plan film.yaml", 3, "leads out of the project"),
    ("film.yaml", a_folder, "plan film.yaml", 3, "is a folder"),
    ("hailuo.yaml", to_file, "plan film.yaml", 3, "leads out of the project"),
    ("hailuo.yaml", pipe, "doctor --offline", 3, "is a pipe"),
    ("film.lock.yaml", to_file, "plan film.yaml", 3, "leads out of the project"),
    ("film.lock.yaml", pipe, "plan film.yaml", 3, "is a pipe"),
    ("film.lock.yaml", to_device, "gc --yes", 3, "leads out of the project"),
    ("film.tasks.yaml", to_file, "plan film.yaml", 3, "is a link"),
    ("film.tasks.yaml", pipe, "plan film.yaml", 3, "is a pipe"),
    ("film.review.yaml", to_file, "plan film.yaml", 3, "leads out of the project"),
    ("film.review.yaml", to_nothing, RETAKE, 3, "leads out of the project"),
    ("film.review.yaml", pipe, RETAKE, 3, "is a pipe"),
)  # fmt: skip


@pytest.mark.parametrize(("place", "trap", "line", "code", "words"), [
    pytest.param(*row, id=f"{row[0]} {row[1].__name__}") for row in FILES
])  # fmt: skip
def test_what_is_in_the_place_of_a_file_is_neither_followed_nor_waited_for(
    project: Path, outside: Path, place: str, trap: Trap, line: str, code: int, words: str
) -> None:
    if place != "film.yaml":
        (project / "film.yaml").write_text(FILM.replace("mist", "fog"))  # something is to be drawn, as version 2
    put(trap, project / place, outside)
    before = digests(outside)
    (said,) = command_lines(project, line)
    assert (said.code, words in " ".join(said.text.split())) == (code, True), said.text
    assert digests(outside) == before


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("version", ["2", "4"])
@pytest.mark.parametrize("below", ["", "films/spring/"])
def test_a_folder_of_ours_that_came_with_the_repository_is_refused_by_every_command(
    drawn: Path, tmp_path: Path, below: str, version: str
) -> None:
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    shutil.copytree(drawn, origin / below, dirs_exist_ok=True)
    git(origin, "init", "-q")
    git(origin, "add", "-f", ".")
    git(origin, "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-q", "-m", "all")
    git(tmp_path, "clone", "-q", str(origin), str(clone))
    git(clone, "update-index", "--index-version", version)
    before = digests(clone)
    lines = [line for line in (*WRITERS, *READERS) if "open film" not in line or line == RETAKE]
    for line, said in zip(lines, command_lines(clone / below, *lines), strict=True):
        assert said.code == 5, f"{line}: {said.text}"
        assert f"came with the repository: git tracks {below}.hailuo/" in " ".join(said.text.split()), said.text
        assert "git rm -r --cached" in said.text
    assert {name: each for name, each in digests(clone).items() if ".git/" not in name} == {
        name: each for name, each in before.items() if ".git/" not in name
    }
    git(clone, "rm", "-q", "-r", *(("--cached",) if below else ()), f"{below}.hailuo")
    assert command_lines(clone / below, RUN)[0].code == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives a folder away")
@pytest.mark.parametrize("place", [".hailuo", ".hailuo/store", "renders"])
def test_a_folder_of_another_user_is_not_written_to(project: Path, place: str) -> None:
    os.chown(project / place, 12345, -1)
    (project / "film.yaml").write_text(FILM.replace("mist", "fog"))
    before = digests(project)
    for said in command_lines(project, RUN, "gc --yes", "report --sketch film.yaml"):
        assert (said.code, "belongs to another user" in said.text, "chown" in said.text) == (5, True, True), said.text
    assert digests(project) == before


def test_a_store_that_a_run_of_ours_cleans_loses_only_files_directly_below(project: Path, outside: Path) -> None:
    incoming = project / ".hailuo/store/incoming"
    for name in ("1-ab.mp4", "inside/2-ab.mp4"):
        (incoming / name).parent.mkdir(exist_ok=True)
        (incoming / name).write_text("half")
        os.utime(incoming / name, (OLD, OLD))
    (said,) = command_lines(project, "gc --yes")
    assert said.code == 0, said.text
    assert [path.name for path in incoming.rglob("*")] == ["inside", "2-ab.mp4"]
    assert outside.is_dir()


@pytest.mark.parametrize(("place", "trap"), [
    ("hailuo.yaml", to_nothing), ("manifests", to_folder), ("manifests/first.yaml", to_nothing),
    ("manifests/stills", to_folder), ("manifests/stills/morning.jpg", to_nothing), ("schemas", to_folder),
    (".gitignore", to_file), (".gitattributes", to_file),
    (".gitignore", to_nothing), (".gitignore", pipe), (".gitignore", to_device),
])  # fmt: skip
def test_a_first_project_is_not_written_through_a_link(tmp_path: Path, outside: Path, place: str, trap: Trap) -> None:
    folder = tmp_path / "clone"
    put(trap, folder / place, outside)
    before, mine = digests(outside), sorted(path.name for path in folder.rglob("*"))
    (said,) = command_lines(tmp_path, "init clone")
    assert said.code == 5, said.text
    assert (digests(outside), sorted(path.name for path in folder.rglob("*"))) == (before, mine)


@pytest.mark.parametrize("name", ["../home/film.yaml", "{outside}/film.yaml", "in/film.yaml"])
def test_a_manifest_elsewhere_that_a_shipped_ledger_names_is_not_read(project: Path, outside: Path, name: str) -> None:
    (project / "in").symlink_to(outside)
    with closing(sqlite3.connect(project / ".hailuo/ledger.db")) as ledger:
        ledger.execute("UPDATE runs SET manifest = ?", (name.format(outside=outside),))
        ledger.commit()
    (project / "film.yaml").write_text(FILM.replace("mist", "fog"))
    before = digests(outside)
    for line, said in zip(("gc", "fetch", RUN), command_lines(project, "gc", "fetch", RUN), strict=True):
        assert (said.code, "home" in said.text) == (0, False), f"{line}: {said.text}"
    assert digests(outside) == before


def test_a_manifest_in_a_folder_that_leads_elsewhere_is_not_read(project: Path, outside: Path) -> None:
    (outside / "manifests").mkdir()
    (outside / "manifests/only.yaml").write_text(SECRET)
    (project / "manifests").symlink_to(outside / "manifests")
    for said in command_lines(project, "validate", "plan manifests/only.yaml", RUN.replace("film", "manifests/only")):
        assert (said.code, "leads out of the project" in said.text) == (3, True), said.text


def test_a_manifest_may_be_a_link_inside_its_project_and_a_project_behind_a_link(project: Path, tmp_path: Path) -> None:
    (project / "now.yaml").symlink_to("film.yaml")
    (tmp_path / "here").symlink_to(project)
    assert [said.code for said in command_lines(project, "validate now.yaml", "run --sketch now.yaml")] == [0, 0]
    assert [said.code for said in command_lines(tmp_path, "validate here/film.yaml", "plan here/now.yaml")] == [0, 0]


@pytest.mark.parametrize("name", ["film.yaml", "hailuo.yaml", "film.review.yaml", "film.lock.yaml"])
def test_a_file_that_would_fill_the_memory_is_not_read(project: Path, name: str) -> None:
    with (project / name).open("ab") as file:
        file.truncate(300 * 1024**2)
    (said,) = command_lines(project, "plan film.yaml")
    assert (said.code, "is larger than" in said.text) == (3, True), said.text


@pytest.mark.parametrize(("trap", "words"), [(pipe, "pipe"), (to_device, "leads out"), (to_file, "leads out")])
def test_an_image_that_is_no_file_of_the_project_is_not_read(
    project: Path, outside: Path, trap: Trap, words: str
) -> None:
    put(trap, project / "in.png", outside)
    (project / "film.yaml").write_text(
        FILM.replace("}", ", frames: {first: in.png}}", 2).replace(", frames: {first: in.png}}", "}", 1)
    )
    for said in command_lines(project, "validate film.yaml", RUN):
        assert (said.code, words in said.text) == (3, True), said.text


def test_a_trace_is_the_users_own_file_and_may_be_a_link(project: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").touch()
    (tmp_path / "trace").symlink_to("mine.jsonl")
    assert command_lines(project, f"validate --trace {tmp_path / 'trace'} film.yaml")[0].code == 0
    assert (tmp_path / "mine.jsonl").stat().st_size > 0
