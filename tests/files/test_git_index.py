"""git's own index against what we read in it; git makes every one of them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from hailuo_batch.files.git_index import find_tracked

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)
    return done.stdout.decode()


@pytest.fixture(params=["sha1", "sha256"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A project below a repository's top, with neighbours whose names begin alike."""
    git(tmp_path, "init", "-q", f"--object-format={request.param}", "repository")
    top = tmp_path / "repository"
    for name in (
        "film/.hailuo/ledger.db",
        "film/.ha",
        "film/.hailuo-notes",
        "film/.hailuos/a",
        "film/ü.yaml",
        "é" * 90,
    ):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(name)
    git(top, "add", ".")
    git(top, "rm", "-q", "-r", "--cached", "film/.hailuo")
    return top


@pytest.mark.parametrize("version", [2, 3, 4])
def test_every_form_of_the_index_is_read(repository: Path, version: int):
    if version == 3:  # has flags that only it can hold
        (repository / "later").touch()
        git(repository, "add", "-N", "later")
    else:
        git(repository, "update-index", "--index-version", str(version))
    assert (repository / ".git/index").read_bytes()[7] == version
    assert find_tracked(repository / "film", ".hailuo") == ""
    git(repository, "add", "-f", "film/.hailuo")
    assert find_tracked(repository / "film", ".hailuo") == "film/.hailuo/ledger.db"
    assert find_tracked(repository, ".hailuo") == "", "of another folder"
    git(repository, "update-index", "--split-index")
    assert find_tracked(repository / "film", ".hailuo") == "film/.hailuo/ledger.db"


@pytest.mark.skipif(os.name == "nt", reason="links are made only for some there")
@pytest.mark.parametrize("version", ["2", "4"])
def test_a_link_and_another_case_are_found_too(repository: Path, version: str):
    git(repository, "update-index", "--index-version", version)
    shutil.rmtree(repository / "film/.hailuo")  # on some disks it has the same name
    (repository / "film/.HAILUO").symlink_to("elsewhere")
    git(repository, "add", "-f", "film/.HAILUO")
    assert find_tracked(repository / "film", ".hailuo") == "film/.HAILUO"


def test_a_worktree_has_an_index_of_its_own(repository: Path, tmp_path: Path):
    git(repository, "add", "-f", "film/.hailuo")
    git(repository, "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-q", "-m", "all")
    git(repository, "worktree", "add", "-q", str(tmp_path / "tree"))
    git(repository, "rm", "-q", "-r", "--cached", "film/.hailuo")
    assert find_tracked(repository / "film", ".hailuo") == ""
    assert find_tracked(tmp_path / "tree" / "film", ".hailuo") == "film/.hailuo/ledger.db"


@pytest.mark.parametrize("damage", [b"", b"DIRC", b"DIRC\0\0\0\x09\0\0\0\x01", b"DIRC\0\0\0\x04\0\0\0\xff\0\0"])
def test_an_index_that_cannot_be_read_is_searched_for_the_name(repository: Path, damage: bytes):
    (repository / ".git/index").write_bytes(damage)
    assert find_tracked(repository / "film", ".hailuo") == ""
    (repository / ".git/index").write_bytes(damage + b"\0film/.hailuo/ledger.db\0")
    assert find_tracked(repository / "film", ".hailuo") == "film/.hailuo"


def test_no_repository_tracks_nothing(tmp_path: Path):
    assert find_tracked(tmp_path, ".hailuo") == ""
    (tmp_path / ".git").write_text("gitdir: nowhere\n")
    assert find_tracked(tmp_path, ".hailuo") == ""
