"""Choosing takes on the command line: what is not chosen is not touched, in every command."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Say = Callable[..., Any]
FILM = """\
version: 1
campaign: teaser
providers: [minimax]
shots:
  - {id: open, prompt: a bottle in mist, takes: 3, tags: [hero]}
  - {id: turn, prompt: the cap turns, takes: 2, frames: {first: {shot: open}}}
  - {id: pack, prompt: a box on a table}
"""
QUICK = ("--rehearsal", "--progress", "none")


@pytest.fixture
def bought(film: Path) -> Path:
    film.write_text(FILM, encoding="utf-8")
    return film


def stored(say: Say, *args: str) -> list[str]:
    found = json.loads(say("status", "--rehearsal", *args, "--format", "json").out)
    return [f"{row['shot']}#{row['take']}" for row in found["takes"] if row["stage"] == "stored"]


def test_a_run_of_one_take_buys_that_take_alone_also_behind_a_frame(bought: Path, say: Say) -> None:
    assert say("run", *QUICK, "--only", "open#2").code == 0
    assert stored(say) == ["open#2"]
    assert say("run", *QUICK, "--only", "open#1", "--only", "turn#2").code == 0
    assert stored(say) == ["open#1", "open#2", "turn#2"]
    assert "open_v001_t03" not in "".join(path.name for path in bought.parent.parent.rglob("*.mp4"))


def test_what_was_chosen_by_its_state_is_reported_when_it_has_another(bought: Path, say: Say) -> None:
    said = say("run", *QUICK, "--only", "state:new", "--only", "pack")
    assert (said.code, "matches no" in said.err) == (0, False)
    assert "6 takes in the store" in said.out
    assert "Nothing to do" in say("run", *QUICK, "--only", "state:new").out


@pytest.mark.parametrize(
    "args",
    [
        ("plan",), ("run",), ("run", "--dry-run"), ("status",), ("report",), ("verify",),
        ("fetch", "manifests/film.yaml"),
    ],
)  # fmt: skip
def test_every_command_with_only_reads_the_same_patterns(bought: Path, say: Say, args: tuple[str, ...]) -> None:
    for pattern, words in (
        ("tga:hero", 'Did you mean "tag:"?'),
        ("opne", 'Did you mean "open"?'),
        ("open#9", 'Shot "open" has 3 takes here.'),
        ("state:lost", "Write one of: state:new"),
    ):
        said = say(*args, "--rehearsal", "--only", pattern)
        assert (said.code, words in said.err) == (3, True), said.err


@pytest.mark.parametrize("command", ["show", "explain", "retake", "accept"])
def test_every_command_that_names_shots_reads_them_too(bought: Path, say: Say, command: str) -> None:
    more = ("--why", "x") if command == "accept" else ("--rehearsal",)
    for pattern in ("tga:hero", "opne", "open#9"):
        assert say(command, pattern, *more).code == 3
    assert 'Did you mean "open"?' in say(command, "opne", *more).err


def test_all_parts_together_are_the_run(bought: Path, say: Say) -> None:
    parts = [json.loads(say("plan", "--rehearsal", "--shard", f"{n}/3", "--format", "json").out) for n in (1, 2, 3)]
    takes = [f"{row['shot']}#{row['take']}" for part in parts for row in part["takes"]]
    assert sorted(takes) == ["open#1", "open#2", "open#3", "pack#1", "turn#1", "turn#2"]
    for number in (1, 2, 3):
        assert say("run", *QUICK, "--shard", f"{number}/3").code == 0
    assert stored(say) == ["open#1", "open#2", "open#3", "turn#1", "turn#2", "pack#1"]
    assert say("plan", "--shard", "4/3").code == 3


def test_verify_of_some_takes_says_nothing_of_the_others(bought: Path, say: Say) -> None:
    assert say("run", *QUICK, "--only", "pack", "--only", "open#2").code == 0
    renders = bought.parent.parent / ".hailuo" / "rehearsal" / "renders"
    (renders / "teaser_open_v001_t02.mp4").unlink()
    assert say("verify", "--rehearsal", "--only", "pack").code == 0
    said = say("verify", "--rehearsal", "--only", "open#2")
    assert (said.code, "its file in renders/ is gone" in said.out) == (4, True)


def test_costs_and_resolve_read_the_ledger_which_has_no_states(bought: Path, say: Say) -> None:
    assert say("run", *QUICK).code == 0
    found = json.loads(say("costs", "--rehearsal", "--by", "shot", "--only", "open#1", "--format", "json").out)
    assert [(row["group"], row["attempts"]) for row in found["rows"]] == [("teaser/open", 1)]
    said = say("costs", "--rehearsal", "--only", "state:new")
    assert (said.code, "neither sequences nor states" in said.err) == (3, True)
    assert 'Did you mean "open"?' in say("costs", "--rehearsal", "--only", "opne").err
    assert say("resolve", "--rehearsal", "pa*", "--never-sent", "--reason", "x").code == 3
