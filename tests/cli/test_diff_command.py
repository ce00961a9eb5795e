"""`diff` as a person and a CI job call it."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
Say = Callable[..., Any]


@pytest.fixture
def committed(film: Path) -> Path:
    root = film.parent.parent
    film.write_text(film.read_text().replace("duration: 1, resolution: 512p", "duration: 6"))
    shutil.rmtree(root / ".git")
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "one"]):
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True)
    return film


def test_the_exit_code_says_whether_something_changed_only_when_that_is_wanted(committed: Path, say: Say) -> None:
    assert [say("diff", "--exit-code").code, say("diff").code] == [0, 0]
    committed.write_text(committed.read_text().replace("mist", "fog"))
    assert [say("diff", "--exit-code").code, say("diff").code] == [1, 0]


@pytest.mark.parametrize(
    "words", [[], ["HEAD"], ["manifests/film.yaml"], ["main", "manifests/film.yaml"], ["manifests"]]
)
def test_revisions_and_manifests_are_told_apart(committed: Path, say: Say, words: list[str]) -> None:
    committed.write_text(committed.read_text() + "  - {id: more, prompt: one more}\n")
    said = say("diff", *words, "--format", "json")
    (found,) = json.loads(said.out)["manifests"]
    assert (found["manifest"], found["counts"]["added"], said.code) == ("manifests/film.yaml", 1, 0)
    assert not (committed.parent.parent / ".hailuo").exists()


def test_a_comment_begins_with_its_marker_and_a_text_ends_with_the_next_command(committed: Path, say: Say) -> None:
    committed.write_text(committed.read_text() + "  - {id: more, prompt: one more}\n")
    assert say("diff", "--format", "md").out.startswith("<!-- hailuo-batch diff -->\n### 1 shot is added")
    assert say("diff").out.endswith("\n    hailuo-batch plan manifests/film.yaml\n")


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:x",
        "https://me:key@a.test",
        "https://a.test/?sig=x",
        'https://a.test/"x',
        "a.test",
        "https://a.test/a b",
    ],
)
def test_an_address_for_images_is_a_plain_one(committed: Path, say: Say, address: str) -> None:
    said = say("diff", "--image-base", address)
    assert (said.code, "no plain address" in said.err) == (2, True)
    assert say("diff", "--image-base", "https://a.test:8080/film/raw/").code == 0


def test_problems_of_the_newer_state_and_a_folder_without_git_end_with_3(committed: Path, say: Say) -> None:
    committed.write_text("version: 1\n")
    assert (say("diff").code, "film.yaml" in say("diff", "manifests/film.yaml").err) == (3, True)
    assert say("diff", "nowhere").code == 3
    shutil.rmtree(committed.parent.parent / ".git")
    said = say("diff")
    assert (said.code, "no git repository" in said.err, "git init" in said.err) == (3, True, True)
