"""Whose a folder is: the user's, whom `sudo` made root, or everybody's on a disk that knows no owners."""

import os
from pathlib import Path

import pytest

from hailuo_batch.errors import Exit, RefusedError
from hailuo_batch.files.folder import OpenFolder
from hailuo_batch.files.ownership import require_own_folders

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows knows no such owners")
OTHER = 54321


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose folders are another user's."""
    (tmp_path / ".hailuo").mkdir()
    monkeypatch.setattr(OpenFolder, "owner", lambda _: OTHER)
    return tmp_path


def test_a_folder_of_another_user_is_read_and_not_written_to(root: Path):
    require_own_folders(root, state=".hailuo")
    with pytest.raises(RefusedError, match=r"\.hailuo is not ours") as wrong:
        require_own_folders(root, state=".hailuo", writing=True)
    assert f"belongs to another user (number {OTHER}" in wrong.value.why
    assert "sudo chown" in wrong.value.remedy
    assert wrong.value.exit is Exit.REFUSED
    assert list((root / ".hailuo").iterdir()) == [], "what was tried is gone"


@pytest.mark.parametrize(("us", "accepted"), [(0, True), (1000, False)])
def test_what_belongs_to_whom_sudo_made_root_is_theirs(
    root: Path, monkeypatch: pytest.MonkeyPatch, us: int, accepted: bool
):
    monkeypatch.setattr(os, "geteuid", lambda: us)
    monkeypatch.setattr(OpenFolder, "owner_of_new_file", lambda _: us)
    monkeypatch.setenv("SUDO_UID", str(OTHER))
    if accepted:
        require_own_folders(root, state=".hailuo", writing=True)
    else:
        with pytest.raises(RefusedError):
            require_own_folders(root, state=".hailuo", writing=True)


def test_a_disk_that_gives_every_file_one_owner_is_accepted(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(OpenFolder, "owner_of_new_file", lambda _: OTHER)
    require_own_folders(root, state=".hailuo", writing=True)


def test_a_state_folder_outside_of_the_project_is_looked_at_by_its_end(tmp_path: Path):
    (tmp_path / "project").mkdir()
    (tmp_path / "git").mkdir()
    (tmp_path / "link").symlink_to("git")
    require_own_folders(
        tmp_path / "project", tmp_path / "git", tmp_path / "git" / "none", state=".hailuo", writing=True
    )
    with pytest.raises(RefusedError, match="link is not ours"):
        require_own_folders(tmp_path / "project", tmp_path / "link", state=".hailuo", writing=True)
