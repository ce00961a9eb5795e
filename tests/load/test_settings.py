import os
from pathlib import Path

import pytest

from hailuo_batch.errors import Exit, InputError
from hailuo_batch.load.project_root import find_project_root
from hailuo_batch.load.settings import Project, read_file, read_project
from hailuo_batch.load.trust import write_trust


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """A folder three below a git root, which keeps the search inside of the test."""
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "a" / "b" / "c"
    folder.mkdir(parents=True)
    return folder


def test_settings_mark_the_root(deep: Path) -> None:
    (deep.parent / "hailuo.yaml").write_text("version: 1\n")
    assert find_project_root(deep) == deep.parent


def test_the_hidden_folder_marks_the_root(deep: Path) -> None:
    (deep.parent.parent / ".hailuo").mkdir()
    assert find_project_root(deep) == deep.parent.parent


def test_of_two_marks_the_nearest_counts(deep: Path) -> None:
    (deep.parent.parent / "hailuo.yaml").write_text("version: 1\n")
    (deep.parent / ".hailuo").mkdir()
    assert find_project_root(deep) == deep.parent


def test_a_project_above_outranks_a_git_root_below(deep: Path) -> None:
    (deep.parent.parent / "hailuo.yaml").write_text("version: 1\n")
    (deep.parent / ".git").mkdir()
    assert find_project_root(deep) == deep.parent.parent


def test_without_marks_the_git_root_is_the_root(deep: Path, tmp_path: Path) -> None:
    assert find_project_root(deep) == tmp_path


def test_the_git_mark_may_be_a_file_as_in_a_worktree(deep: Path) -> None:
    (deep / ".git").write_text("gitdir: elsewhere")
    assert find_project_root(deep) == deep


def test_without_anything_the_manifests_folder_is_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.exists
    inside = lambda path: path.is_relative_to(tmp_path) and real(path)  # noqa: E731 - stands in for a method
    monkeypatch.setattr(Path, "exists", inside)
    assert find_project_root(tmp_path) == tmp_path


def test_a_project_without_settings_has_none(deep: Path, tmp_path: Path) -> None:
    assert read_project(deep) == Project(root=tmp_path)


def settings(folder: Path, text: str) -> Project:
    (folder / "hailuo.yaml").write_text(text)
    write_trust(folder, read_project(folder).stakes)
    return read_project(folder)


def test_settings_say_who_may_be_asked_and_what_is_allowed(deep: Path) -> None:
    project = settings(deep, "version: 1\nproviders: [vtrix, minimax]\nallow_outside: [../shared, /mnt/brand]\n")
    assert project.providers == ("vtrix", "minimax")
    assert project.allow_outside == (deep.parent / "shared", Path("/mnt/brand"))
    assert project.problems == ()


def test_a_home_folder_is_written_as_people_write_it(deep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ana")
    assert settings(deep, "version: 1\nallow_outside: [~/brand]\n").allow_outside == (Path("/home/ana/brand"),)


@pytest.mark.parametrize("written", ["~nobody-at-all/brand", '"a\\0b"'])
def test_a_folder_that_cannot_be_is_a_problem_with_its_place(deep: Path, written: str) -> None:
    (problem,) = settings(deep, f"version: 1\nallow_outside: [/mnt, {written}]\n").problems
    assert (problem.rule.id, problem.path) == ("folder", ("allow_outside", 1))
    assert problem.place is not None
    assert (problem.place.file, problem.place.line) == ("hailuo.yaml", 2)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("version: 1\nprovider: [vtrix]\n", "key-unknown", 2),
        ("providers: [vtrix]\n", "key-missing", 1),
        ("version: 1\nproviders: vtrix\n", "type", 2),
        ("version: 1\nproviders: [vtrixx]\n", "provider", 2),
        ("version: 1\n\tproviders: [vtrix]\n", "yaml-tab", 2),
        ("version: 1\nminimax: {api_key: hunter2hunter2}\n", "key-unknown", 2),
        ("version: 1\n# sk-0123456789012345678901234\n", "secret", 2),
    ],
)
def test_wrong_settings_are_problems_of_their_own_file_and_hide_secrets(
    deep: Path, text: str, code: str, line: int
) -> None:
    (problem,) = settings(deep, text).problems
    assert problem.rule.id == code
    assert problem.place is not None
    assert (problem.place.file, problem.place.line) == ("hailuo.yaml", line)
    assert "hunter2" not in repr(problem)
    assert "sk-0123" not in repr(problem)


def test_an_unknown_provider_of_the_settings_is_not_asked(deep: Path) -> None:
    assert settings(deep, "version: 1\nproviders: [vtrixx, vtrix]\n").providers == ("vtrix",)


def test_a_folder_called_like_the_settings_is_no_settings(deep: Path) -> None:
    (deep / "hailuo.yaml").mkdir()
    assert read_project(deep) == Project(root=deep)


def test_people_see_paths_below_the_root(deep: Path, tmp_path: Path) -> None:
    project = Project(root=tmp_path)
    assert project.display_path(deep / "teaser.yaml") == "a/b/c/teaser.yaml"
    assert project.display_path(Path("/elsewhere/teaser.yaml")) == "/elsewhere/teaser.yaml"


def test_a_file_that_cannot_be_read_ends_a_command_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file") as missing:
        read_file(tmp_path / "teaser.yaml")
    assert missing.value.exit is Exit.INVALID
    with pytest.raises(InputError, match="is a folder"):
        read_file(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot read") as wrong:
        read_file(tmp_path / "file" / "teaser.yaml")
    assert wrong.value.why == "The system says: Not a directory."


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "teaser.yaml").touch()

    def refuse(path: Path, *_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InputError, match="cannot read") as wrong:
        read_file(tmp_path / "teaser.yaml")
    assert wrong.value.why == "The system says: Permission denied."


@pytest.mark.parametrize(
    ("written", "why", "line"),
    [
        ('"{sequenze}_{shot}"', 'there is no field "sequenze".', 2),
        ('"{campaign}/{shot}"', "a file name cannot have '/'.", 2),
        ('""', "", 2),  # by the schema
    ],
)
def test_a_template_of_names_is_checked_where_it_is_written(tmp_path: Path, written: str, why: str, line: int) -> None:
    (tmp_path / "hailuo.yaml").write_text(f"version: 1\nnames: {written}\n")
    (problem,) = read_project(tmp_path).problems
    assert why in problem.why
    assert problem.place is not None
    assert problem.place.line == line


def test_a_template_of_names_is_kept(tmp_path: Path) -> None:
    (tmp_path / "hailuo.yaml").write_text('version: 1\nnames: "{shot}_t{take:02d}"\n')
    assert read_project(tmp_path).names == "{shot}_t{take:02d}"
