"""`trust` on a terminal and in a script: what is shown, what is asked, and what one yes is good for."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from hailuo_batch.errors import Exit
from hailuo_batch.load.settings import read_project

Say = Callable[..., Any]

SETTINGS = """\
version: 1
gateways:
  studio: {title: Studio, key: STUDIO_API_KEY, base_url: https://api.studio.example, like: mindvideo}
regions: {minimax: "https://proxy.example"}
allow_outside: [/mnt/brand]
allow_private_downloads: true
"""


@pytest.fixture
def project(surroundings: Path) -> Path:
    (surroundings / "hailuo.yaml").write_text(SETTINGS)
    return surroundings


def answer(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    stdin = StringIO(words)
    stdin.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stdin", stdin)


def digest_of(folder: Path) -> str:
    return read_project(folder).stakes.digest


@pytest.mark.parametrize(("words", "code"), [("y\n", Exit.DONE), ("n\n", Exit.REFUSED), ("\n", Exit.REFUSED)])
def test_a_person_is_shown_what_is_at_stake_and_asked(
    words: str, code: Exit, project: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, words)
    said = say("trust")
    assert said.code == code
    assert said.err.startswith(
        f"{project} would, when you trust it:\n"
        "  minimax: send MINIMAX_API_KEY to https://proxy.example\n"
        "    MINIMAX_API_KEY is your key of minimax, which is at https://api.minimax.io\n"
        "  studio: send STUDIO_API_KEY to https://api.studio.example\n"
        "  allow frames from /mnt/brand\n"
        "  allow downloads from private addresses\n"
        f"  {digest_of(project)}\n"
        "Trust this project, with 2 addresses, 2 keys and 1 folder? [y/N]: "
    )
    assert read_project(project).is_trusted is (code == Exit.DONE)


@pytest.mark.parametrize("options", [(), ("--yes",)])
def test_a_script_is_refused_until_it_names_the_content(options: tuple[str, ...], project: Path, say: Say) -> None:
    said = say("trust", *options)
    assert (said.code, said.out) == (Exit.REFUSED, "")
    *_, line = said.err.splitlines()
    assert line.strip() == f"hailuo-batch trust --yes --digest {digest_of(project)} {project}"
    assert not read_project(project).is_trusted
    assert say(*line.split()[1:]).code == Exit.DONE
    assert read_project(project).is_trusted
    assert say("trust").out.startswith(f"Trusted: {project}\n")


def test_a_script_trusts_no_other_content(project: Path, say: Say) -> None:
    digest = digest_of(project)
    (project / "hailuo.yaml").write_text(SETTINGS.replace("studio.example", "evil.example"))
    said = say("trust", "--yes", "--digest", digest)
    assert said.code == Exit.REFUSED
    assert "error: not trusted: the digest is another one\n" in said.err
    assert not read_project(project).is_trusted


def test_trust_is_listed_and_taken_back(project: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    assert say("trust", "--list").out == "You trust no project.\n"
    say("trust", "--yes", "--digest", digest_of(project))
    listed = say("trust", "--list").out
    assert listed.startswith(
        f"{project}  {digest_of(project)}\n  minimax: https://proxy.example, key MINIMAX_API_KEY\n"
    )
    (row,) = json.loads(say("trust", "--list", "--format", "json").out)["trusted"]
    assert (row["project"], row["agreed"][-1]) == (str(project), "downloads from private addresses")
    monkeypatch.chdir(project.parent)
    assert say("trust", "--undo", str(project)).out == "No longer trusted.\n"
    assert say("trust", "--undo", str(project)).out == "It was not trusted.\n"
    assert not read_project(project).is_trusted


def test_a_project_that_needs_no_trust_says_so(surroundings: Path, say: Say) -> None:
    said = say("trust")
    assert (said.code, said.out) == (Exit.DONE, f"Nothing in {surroundings} needs trust.\n")
    assert say("trust", "--yes", "--digest", "sha256:0").code == Exit.REFUSED


def test_settings_that_cannot_be_used_are_not_trusted(project: Path, say: Say) -> None:
    (project / "hailuo.yaml").write_text(f"{SETTINGS}providers: [nobody]\n")
    assert say("trust", "--yes", "--digest", digest_of(project)).code == Exit.INVALID
    assert not read_project(project).is_trusted


@pytest.mark.parametrize("words", [("--undo", "--list"), ("--undo", "--yes"), ("--list", "--digest", "sha256:0")])
def test_two_ways_at_once_are_a_wrong_command_line(words: tuple[str, ...], say: Say) -> None:
    assert say("trust", *words).code == Exit.USAGE


def test_a_folder_that_is_none_is_told(say: Say) -> None:
    assert say("trust", "nowhere").code == Exit.INVALID
