"""What a first command leaves in a folder where `init` was never run, whatever the umask, and what reading leaves."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

MANIFEST = "version: 1\ncampaign: film\nshots: [{id: a, prompt: a boat, duration: 1, resolution: 512p}]\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "film"
    (root / "manifests").mkdir(parents=True)
    (root / "manifests" / "film.yaml").write_text(MANIFEST)
    subprocess.run(["git", "init", "-q", root], check=True)
    return root


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def call(root: Path, *words: str, user: int | None = None) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "hailuo_batch.cli.main", *words]
    return subprocess.run(line, cwd=root, capture_output=True, text=True, user=user, group=user, check=False)


def git_status(root: Path) -> list[str]:
    words = ["git", "-C", str(root), "status", "--short"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.usefixtures("open_umask")
@pytest.mark.parametrize("world", ["--sketch", "--rehearsal"])
def test_a_first_run_leaves_private_folders_and_nothing_for_git(repository: Path, world: str):
    priced = MANIFEST.replace("duration: 1, resolution: 512p", "duration: 6")
    (repository / "manifests" / "film.yaml").write_text(MANIFEST if world == "--sketch" else priced)
    assert call(repository, "run", world, "--progress", "none").returncode == 0
    folders = [each for each in repository.rglob("*") if each.name == ".hailuo"]
    assert folders
    assert {oct(each.stat().st_mode & 0o777) for each in folders} == {"0o700"}
    assert git_status(repository) == ["??", "manifests/"]


def test_a_report_as_json_writes_nothing(repository: Path):
    assert call(repository, "run", "--sketch", "--progress", "none").returncode == 0
    said = call(repository, "report", "--sketch", "--format", "json")
    assert (said.returncode, said.stdout[:1]) == (0, "{")
    assert not list(repository.rglob("*.html"))


def test_a_first_report_makes_a_folder_that_git_ignores(repository: Path):
    assert call(repository, "report", "--sketch").returncode == 0
    assert git_status(repository) == ["??", "manifests/"]


def test_a_page_that_cannot_be_written_can_go_elsewhere(repository: Path, monkeypatch: pytest.MonkeyPatch):
    from hailuo_batch.app.pages import page_file as room
    from hailuo_batch.cli.main import run_command_line

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.chdir(repository)
    monkeypatch.setattr(room, "write_beside", refuse)
    capture: list[str] = []
    monkeypatch.setattr("hailuo_batch.cli.main._print_stderr", capture.append)
    assert run_command_line(["report", "--sketch"]) == 3
    assert "hailuo-batch sheet --sketch --out" in capture[0]
    assert "hailuo-batch report --sketch --format json manifests/film.yaml" in capture[0]
    shutil.rmtree(repository / "renders")
