"""The first minutes: init in an empty folder, then what the page says next."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Say = Callable[..., Any]
Golden = Callable[[str, str], None]


@pytest.fixture
def quick(surroundings: Path) -> Callable[[], None]:
    """Makes the first manifest's clips short and small, so that the test is."""

    def hurry() -> None:
        file = surroundings / "manifests" / "first.yaml"
        text = file.read_text(encoding="utf-8")
        assert "duration: 6, resolution: 768p" in text
        file.write_text(
            text.replace("duration: 6, resolution: 768p", "duration: 1, resolution: 512p"), encoding="utf-8"
        )

    return hurry


def test_from_an_empty_folder_to_a_page_of_sketches(
    surroundings: Path, say: Say, golden: Golden, quick: Callable[[], None]
) -> None:
    said = say("init")
    assert (said.code, said.err) == (0, "")
    golden(said.out, "newcomer_init.txt")

    assert say("validate").out == "manifests/first.yaml: valid, 4 shots, 4 takes.\n"
    golden(say("plan").out, "newcomer_plan.txt")
    assert not (surroundings / ".hailuo").exists(), "looking writes nothing"

    quick()
    said = say("run", "--sketch")
    assert said.code == 0
    assert said.out.startswith("Sketched 4 clips in ")
    assert "\n4 takes in the store, named in renders/.\n" in said.out
    assert said.out.endswith("\n    hailuo-batch report --sketch manifests/first.yaml\n")
    assert said.err.count(" stored ") == 4

    said = say("run", "--sketch")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Nothing to do: 4 takes in the store, 4.0 s of video, ")

    said = say("report", "--sketch")
    assert said.out.endswith("\nPage: renders/project_sketch.html\n")
    assert len(list((surroundings / "renders" / "posters").glob("*.jpg"))) == 3 * 4
    assert say("verify", "--sketch").out.endswith("and 4 names checked: all intact.\n")


def test_init_adds_to_a_gitignore_and_overwrites_nothing(surroundings: Path, say: Say) -> None:
    (surroundings / ".gitignore").write_text("*.tmp\n.hailuo/")
    assert say("init").code == 0
    assert (surroundings / ".gitignore").read_text() == "*.tmp\n.hailuo/\nrenders/\n"
    before = (surroundings / "manifests" / "first.yaml").read_text()
    assert say("init").code == 5
    assert (surroundings / "manifests" / "first.yaml").read_text() == before


def test_init_elsewhere_says_how_to_get_there(surroundings: Path, say: Say) -> None:
    said = say("init", "my film's")
    assert "    cd 'my film'\"'\"'s'\n    hailuo-batch run --sketch manifests/first.yaml\n" in said.out
    assert (surroundings / "my film's" / "hailuo.yaml").exists()
    assert "\ncampaign: my-film-s\n" in (surroundings / "my film's" / "manifests" / "first.yaml").read_text()


def test_a_changed_shot_is_said_by_its_field_and_gets_its_next_version(
    surroundings: Path, say: Say, golden: Golden, quick: Callable[[], None]
) -> None:
    say("init")
    quick()
    assert say("run", "--sketch", "--only", "pack-*").code == 0
    file = surroundings / "manifests" / "first.yaml"
    file.write_text(file.read_text().replace("on a slow turntable", "on a slow, slow turntable"))
    golden(say("plan", "--sketch", "--only", "pack-red").out, "newcomer_plan_changed.txt")
    assert say("run", "--sketch", "--only", "pack-red").code == 0
    named = sorted(path.name for path in (surroundings / "renders").glob("*pack-red*.mp4"))
    assert named == ["project_pack-red_v001_sketch.mp4", "project_pack-red_v002_sketch.mp4"]


def test_a_plan_of_many_takes_is_folded_and_leads_to_each_of_them(surroundings: Path, say: Say) -> None:
    """The command below the groups is about the same takes, and so is the one that carries the plan out."""
    (surroundings / "manifests").mkdir()
    shots = "".join(f"  - {{id: s{number}, prompt: bottle {number}}}\n" for number in range(70))
    (surroundings / "manifests" / "many.yaml").write_text(
        f"version: 1\ncampaign: many\nproviders: [minimax]\nshots:\n{shots}"
    )
    words = "--only 's[0-9]*' --max-cost 5 manifests/many.yaml"
    folded = say("plan", "--only", "s[0-9]*", "--max-cost", "5").out
    assert "  + 17 takes  s0#1, …   never rendered  minimax 4.76 USD\n" in folded
    assert "  x 53 takes  s17#1, …  never rendered  left out\n" in folded
    assert folded.endswith(
        f"To show each take:\n    hailuo-batch plan --full {words}\n"
        f"To carry it out, after a question:\n    hailuo-batch run {words}\n"
    )
    full = say("plan", "--full", "--only", "s[0-9]*", "--max-cost", "5").out
    assert [line.split()[:2] for line in full.splitlines() if "#1 " in line][16:18] == [["+", "s16#1"], ["x", "s17#1"]]
