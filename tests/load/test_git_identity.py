"""Who the user is to git; a repository's own configuration runs nothing."""

from pathlib import Path

import pytest

from hailuo_batch.core.plan.approval import Person
from hailuo_batch.load.git_identity import read_git_identity, read_signing_key


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")


def configure(folder: Path, text: str) -> None:
    git = folder / ".git"
    for name in ("objects", "refs", "hooks"):
        (git / name).mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "config").write_text(f"[core]\n\trepositoryformatversion = 0\n{text}")


def test_a_repository_says_who_the_user_is_and_runs_nothing(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    spy = f"touch {ran}"
    configure(
        tmp_path,
        f"\tfsmonitor = {spy}\n\tpager = {spy}\n\thooksPath = {tmp_path}\n\tsshCommand = {spy}\n\teditor = {spy}\n"
        f"[pager]\n\tconfig = {spy}\n[alias]\n\tconfig = !{spy}\n[credential]\n\thelper = !{spy}\n"
        '[user]\n\tname = "Ana\\tB\\u001b"\n\temail = ana@acme.test\n\tsigningkey = ~/.ssh/id\n',
    )
    (tmp_path / ".git" / "config").write_text((tmp_path / ".git" / "config").read_text().replace("\\u001b", "\x1b"))
    assert read_git_identity(tmp_path) == Person(name="AnaB", email="ana@acme.test")
    assert read_signing_key(tmp_path) == "~/.ssh/id"
    assert not ran.exists()


def test_a_key_of_another_kind_is_none_for_ssh(tmp_path: Path) -> None:
    configure(tmp_path, "[gpg]\n\tformat = openpgp\n[user]\n\tsigningkey = ABCDEF\n")
    assert read_signing_key(tmp_path) == ""


def test_without_git_or_its_settings_nobody_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_git_identity(tmp_path) == Person(name="")
    monkeypatch.setattr("hailuo_batch.load.git_identity.which", lambda _: None)
    assert read_git_identity(tmp_path).identity == ""
