"""`retake`, `accept` and `gc` as they are typed: arguments, words, exit codes, JSON."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("quick_sketches")
Say = Callable[..., Any]
FILM = """\
version: 1
campaign: teaser
model: animatic
defaults: {duration: 1, resolution: 512p}
shots:
  - {id: open, prompt: a bottle in mist, tags: [hero]}
  - {id: turn, prompt: the cap turns}
"""


@pytest.fixture
def drawn(film: Path, say: Say) -> Path:
    """A manifest that is drawn, and whose first shot was changed since."""
    film.write_text(FILM, encoding="utf-8")
    assert say("run", "--progress", "none").code == 0
    film.write_text(FILM.replace("in mist", "in fog"), encoding="utf-8")
    return film


@pytest.mark.parametrize(
    ("args", "takes"),
    [
        (("open",), {"open": 2}),
        (("open", "turn"), {"open": 2, "turn": 2}),
        (("open", "manifests/film.yaml"), {"open": 2}),
        (("tag:hero", "tur*", "manifests/film.yaml"), {"open": 2, "turn": 2}),
    ],
)
def test_shots_come_before_a_manifest_that_may_be_left_out(drawn: Path, say: Say, args: Any, takes: Any) -> None:
    said = say("retake", *args, "--format", "json")
    assert (said.code, said.err) == (0, "")
    assert {each["shot"]: each["take"] for each in json.loads(said.out)["retakes"]} == takes
    assert drawn.with_name("film.review.yaml").exists()


def test_a_retake_shows_what_the_next_run_would_do(drawn: Path, say: Say) -> None:
    said = say("retake", "turn", "--why", "too slow")
    assert said.code == 0
    assert said.out.splitlines()[:2] == [
        "Requested one more take, turn#2: too slow.",
        "Saved in manifests/film.review.yaml. Commit it together with the manifest.",
    ]
    assert "  + turn#2  1 s 512p  never rendered" in said.out
    plain, _, _ = say("plan", "--only", "turn").out.partition("To carry it out")
    assert plain in said.out


def test_an_earlier_clip_is_kept_and_taken_back(drawn: Path, say: Say) -> None:
    said = say("accept", "open", "--why", "only a word")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("open#1 keeps sha256:")
    for args in (("plan",), ("run", "--progress", "none")):
        assert "1 take uses an accepted earlier clip." in say(*args).out
    assert "an earlier clip was accepted for it: only a word" in say("status").out
    explained = say("explain", "open").out
    assert explained.startswith("open#1 v001: reuse, an earlier clip was accepted for it: only a word.\n")
    assert "  ~ prompt      a bottle in mist  a bottle in fog\n" in explained
    assert say("verify").code == 0
    members = json.loads(say("accept", "open", "--undo", "--format", "json").out)
    assert [each["take"] for each in members["withdrawn"]] == [1]
    assert 'prompt changed: "a bottle in mist" → "a bottle in fog"' in say("plan").out


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("accept", "turn", "--why", "x"), 3, "turn#1 has not changed\n  Its clip is in the store.\n"),
        (("accept", "open"), 2, "--why is needed"),
        (("accept", "open", "--why", " "), 2, "--why is needed"),
        (("accept", "open", "--why", "x", "--take", "0"), 2, "0 is not in the range"),
        (("accept", "--why", "x"), 2, "Missing argument"),
        (("accept", "open", "--undo"), 3, 'nothing was accepted for "open"'),
        (("retake",), 2, "Missing argument"),
        (("retake", "opn"), 3, '"opn" matches no shot\n  Did you mean "open"?\n'),
        (("retake", "open", "nosuch.yaml"), 3, "no such file: nosuch.yaml"),
        (("gc", "--older-than", "-1"), 2, "-1 is not in the range"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_what_cannot_be_done_says_why(drawn: Path, say: Say, args: tuple[str, ...], code: int, words: str) -> None:
    said = say(*args)
    assert (said.code, said.out) == (code, "")
    assert words in said.err
    assert not drawn.with_name("film.review.yaml").exists()


def test_a_review_file_is_no_manifest(drawn: Path, say: Say) -> None:
    say("retake", "open")
    said = say("validate", "manifests/film.review.yaml")
    assert said.code == 3
    assert "this is a review file" in said.out
    assert "Name manifests/film.yaml." in said.out
    assert say("validate").code == 0, "and is not taken for one"


def test_a_wrong_review_is_shown_with_its_place(drawn: Path, say: Say) -> None:
    drawn.with_name("film.review.yaml").write_text("version: 1\nshots:\n  opne: {retakes: [{take: 2, by: a, at: x}]}\n")
    said = say("validate")
    assert said.code == 3
    assert said.out.startswith("manifests/film.review.yaml:3:")


def test_the_schema_of_reviews_is_printed(say: Say) -> None:
    assert json.loads(say("schema", "review").out)["title"] == "hailuo_batch review, version 1"


def test_gc_shows_first_and_removes_when_it_is_told_to(drawn: Path, say: Say) -> None:
    root = drawn.parent.parent
    assert say("run", "--progress", "none").code == 0
    for name in (root / "renders").glob("*open_v001*"):
        name.unlink()
    for clip in (root / ".hailuo" / "store").glob("??/*.mp4"):
        os.utime(clip, (0, 0))
    said = say("gc")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("1 unreferenced clip, older than 30 days:\n  sha256:")
    assert said.out.endswith("Nothing was removed. To remove these files for good:\n    hailuo-batch gc --yes\n")
    assert say("gc", "--older-than", "7", "--rehearsal").out == "Nothing to remove that is older than 7 days.\n"
    members = json.loads(say("gc", "--yes", "--format", "json").out)
    assert (members["removed"], len(members["clips"]), members["paid"]) == (True, 1, [])
    assert len(list((root / ".hailuo" / "store").glob("??/*.mp4"))) == 2
    assert say("gc").out == "Nothing to remove that is older than 30 days.\n"
    assert say("verify").code == 0


@pytest.mark.parametrize("command", ["plan", "run", "status"])
def test_a_renamed_shot_that_would_lose_its_retakes_is_warned_of(surroundings: Path, say: Say, command: str) -> None:
    (surroundings / "film.yaml").write_text(FILM, encoding="utf-8")
    assert say("retake", "open", "film.yaml", "--why", "once more").code == 0
    (surroundings / "film.yaml").write_text(FILM.replace("id: open", "id: opening"), encoding="utf-8")
    said = say(command, "film.yaml", *(("--progress", "none") if command == "run" else ()))
    assert said.code == 0
    assert "[review-shot]" in said.err
    assert "If it was renamed, rename it here too." in said.err
