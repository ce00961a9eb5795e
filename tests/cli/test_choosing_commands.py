"""`select`, `approve`, `reject`, `omit`, `note` and `retake` as they are typed: words, exit codes, JSON."""

import json
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
  - {id: open, prompt: a bottle in mist, takes: 2, tags: [hero]}
  - {id: turn, prompt: the cap turns, frames: {first: {shot: open}}}
  - {id: pack, prompt: a box}
"""


@pytest.fixture
def drawn(film: Path, say: Say) -> Path:
    """A manifest whose clips are there."""
    film.write_text(FILM, encoding="utf-8")
    assert say("run", "--progress", "none").code == 0
    return film


def review(film: Path) -> str:
    return film.with_name("film.review.yaml").read_text(encoding="utf-8")


def test_a_selection_shows_what_starts_from_another_clip_and_what_to_run(drawn: Path, say: Say) -> None:
    said = say("select", "open#2")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[:3] == [
        "Selected open#2.",
        "  Note: turn starts from another clip now, and would be rendered again; the price is below.",
        "Saved in manifests/film.review.yaml. Commit it together with the manifest.",
    ]
    assert "first frame changed: last frame of open#1 → last frame of open#2" in said.out
    assert lines[-1] == "    hailuo-batch run manifests/film.yaml"
    assert "selected: {take: 2" in review(drawn)
    assert "selected: 2\n" in drawn.with_name("film.lock.yaml").read_text()
    assert "Took back the selection of open." in say("select", "--undo", "open").out
    assert "Nothing to do" in say("plan").out


APPROVED = ["Approved pack#1.", "  Note: pack#1 is selected as well, since no take of the shot was."]


@pytest.mark.parametrize(
    ("args", "words", "kept"),
    [
        (("approve", "pack"), APPROVED,
         "approved"),
        (("reject", "open#1", "--why", "too dark"), ["Rejected open#1: too dark."], "verdict: rejected"),
        (("omit", "pack", "--why", "cut"), ["Omitted pack: cut."], "omitted: {by: ben"),
        (("note", "open", "a note"), ["Noted about open: a note."], 'text: "a note"'),
        (("retake", "pack", "--why", "jumps", "--note", "slower"), ["Requested one more take, pack#2: jumps."],
         "take: 2"),
    ],
)  # fmt: skip
def test_each_decision_is_said_written_and_taken_back(
    drawn: Path, say: Say, args: Any, words: list[str], kept: str
) -> None:
    said = say(*args, "--as", "ben")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[: len(words)] == words
    assert kept in review(drawn)
    undone = say(args[0], args[1], "--undo", "--format", "json")
    assert undone.code == 0
    (made,) = json.loads(undone.out)["choices"]
    assert (made["kind"], made["undo"]) == (args[0], True)
    assert kept not in review(drawn)


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("select", "open"), 3, '"open" has 2 clips\n  Name the take:\n      hailuo-batch select open#1 manif'),
        (("reject", "open", "--why", "too dark"), 3, "reject open#1 --why 'too dark' manifests/film.yaml"),
        (("reject", "pack"), 2, "--why is needed"),
        (("omit", "pack"), 2, "--why is needed"),
        (("omit", "open", "--why", "x"), 3, '"turn" would start from an omitted shot'),
        (("omit", "open", "--why", "x"), 3, "hailuo-batch omit open turn --why x manifests/film.yaml"),
        (("note", "pack"), 2, "TEXT is needed"),
        (("approve", "none.json"), 3, "none.json"),
        (("approve", "pack", "--sign"), 2, "are for a saved plan"),
        (("approve", "plan.json", "--undo"), 2, "are for takes"),
        (("select", "--sketch", "pack"), 3, "select is about clips that were rendered"),
        (("select", "--undo", "pack"), 3, 'there is no select of "pack" to take back'),
    ],
)  # fmt: skip
def test_what_cannot_be_decided_says_what_to_do(drawn: Path, say: Say, args: Any, code: int, words: str) -> None:
    said = say(*args)
    assert (said.code, said.out) == (code, "")
    assert words in said.err
    assert not drawn.with_name("film.review.yaml").exists()


def test_omitted_shots_are_counted_in_every_view(drawn: Path, say: Say) -> None:
    assert say("omit", "pack", "--why", "cut").code == 0
    for args in (("plan",), ("status",), ("run", "--progress", "none"), ("run", "--progress", "none")):
        assert "1 shot is omitted." in say(*args).out, args
    assert json.loads(say("status", "--format", "json").out)["summary"]["omitted"] == ["pack"]
    said = say("plan", "--only", "pack")
    assert said.code == 3
    assert "hailuo-batch omit --undo pack manifests/film.yaml" in said.err


def test_the_status_says_states_verdicts_and_notes(drawn: Path, say: Say) -> None:
    for args in (
        ("approve", "open#2"), ("reject", "pack", "--why", "jumps"), ("note", "pack", "warmer"),
        ("note", "open#2", "lovely"),
    ):  # fmt: skip
        assert say(*args, "--as", "ann").code == 0
    assert say("run", "--progress", "none").code == 0
    out = say("status").out
    assert 'Shots: 1 wfa, 1 retake, 1 done.\n  pack: "warmer" (ann)\n' in out
    assert 'selected, approved; "lovely" (ann)' in out
    members = json.loads(say("status", "--format", "json").out)
    assert members["states"] == {"open": "done", "turn": "wfa", "pack": "retake"}
    assert members["shot_notes"] == {
        "pack": [{"by": "ann", "at": members["shot_notes"]["pack"][0]["at"], "text": "warmer"}]
    }
    takes = {(each["shot"], each["take"]): each for each in members["takes"]}
    second = takes["open", 2]
    assert (second["selected"], second["verdict"], [each["text"] for each in second["review_notes"]]) == (
        True,
        "approved",
        ["lovely"],
    )
    assert (takes["pack", 1]["selected"], takes["pack", 1]["verdict"]) == (False, "rejected")
