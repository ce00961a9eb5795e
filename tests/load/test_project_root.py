"""Tests of `hailuo_batch.load.project_root`."""

from pathlib import Path

import pytest

from hailuo_batch.load.project_root import find_project_root


@pytest.mark.parametrize(
    ("marks", "root"),
    [
        ((".hailuo/", "work/film/.git/"), "work/film"),
        ((".hailuo/", "work/film/.git"), "work/film"),  # a worktree and a submodule have a file
        ((".hailuo/",), "."),
        (("work/film/.git/", "work/film/manifests/.hailuo/"), "work/film/manifests"),
        (("work/film/.git/", "work/film/.hailuo/"), "work/film"),
        (("hailuo.yaml", "work/film/.git/"), "."),  # settings are written on purpose
        (("hailuo.yaml", "work/film/.hailuo/"), "work/film"),
    ],
)
def test_a_state_folder_above_the_git_root_marks_no_project(tmp_path: Path, marks: tuple[str, ...], root: str) -> None:
    (tmp_path / "work/film/manifests").mkdir(parents=True)
    for mark in marks:
        (tmp_path / mark).mkdir(parents=True) if mark.endswith("/") else (tmp_path / mark).write_text("")
    assert find_project_root(tmp_path / "work/film/manifests") == tmp_path / root
