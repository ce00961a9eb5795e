"""`export` for editing programs, as a person runs it: words, files and exit codes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Say = Callable[..., Any]
SUMMARY = "1 clip, 1 gap, 2.00 s (48 frames at 24 a second).\nWithout a clip: turn.\n"
UNSELECTED = "No take is selected, so each shot has the first that nobody rejected.\n"


@pytest.fixture
def drawn(film: Path, quick_sketches: None, say: Say) -> Path:
    """A manifest with the sketch of one of its two shots."""
    assert say("run", "--sketch", "--only", "open").code == 0
    return film


def test_text_goes_to_stdout_and_what_is_missing_to_stderr(drawn: Path, say: Say):
    said = say("export", "--sketch", "--format", "fcpxml")
    assert (said.code, said.err) == (0, SUMMARY + UNSELECTED)
    assert said.out.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    assert 'src="./renders/teaser_open_v001_sketch.mp4"' in said.out


def test_the_ending_decides_and_a_folder_gets_a_file_named_after_the_campaign(drawn: Path, say: Say):
    said = say("export", "--sketch", "-o", "cut.fcpxml", "--media", "clips")
    assert (said.code, said.err) == (0, "")
    assert said.out == f"Written: cut.fcpxml\n{SUMMARY}{UNSELECTED}Clips: clips (1 new)\n"
    assert 'src="./clips/teaser_open_v001_t01_sketch.mp4"' in Path("cut.fcpxml").read_text()
    Path("out").mkdir()
    assert say("export", "--sketch", "-o", "out", "--format", "fcpxml").out.startswith(
        "Written: out/teaser_sketch.fcpxml\n"
    )


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("--format", "rough-cut"), 2, "a rough cut is one file: name it with -o film.mp4"),
        (("-o", "film.mp4", "--media", "clips"), 2, "a rough cut is one file"),
        (("-o", "film.csv", "--media", "clips"), 2, "the rest is for hand-over formats"),
        (("--only", "open"), 2, "the rest is for hand-over formats"),
        (("-o", "manifests", "--format", "csv"), 2, "manifests is a folder; name a file in it"),
        (("-o", "manifests"), 2, "manifests is a folder: say what to write into it"),
        (("-o", "film.fcpxml", "--sketch", "--only", "turn"), 3, "no clip to hand over"),
        (("-o", "manifests/film.yaml", "--format", "fcpxml", "--sketch"), 5, "manifests/film.yaml is there already"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(
    drawn: Path, say: Say, args: tuple[str, ...], code: int, words: str
):
    before = sorted(Path().rglob("*"))
    said = say("export", *args)
    assert said.code == code
    assert words in " ".join(said.err.split())
    assert sorted(Path().rglob("*")) == before


def test_a_template_with_an_unknown_field_stops_before_anything_is_written(drawn: Path, say: Say):
    Path("hailuo.yaml").write_text('version: 1\nnames: "{shoot}"\n')
    said = say("export", "--sketch", "--format", "fcpxml", "--media", "clips")
    assert said.code == 3
    assert 'Did you mean "shot"?' in said.err + said.out
