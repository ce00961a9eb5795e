"""`plan` and `run` over several manifests: one plan, one price, one agreement, and one purchase for one request."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Say = Callable[..., Any]
QUICK = ("--rehearsal", "--progress", "none")
BOTH = ("manifests/a.yaml", "manifests/b.yaml")
FAULTY = "faults: [{fault: task_failed, first: 1}]\n"


def film(campaign: str, **prompts: str) -> str:
    shots = "\n".join(f"  - {{id: {name}, prompt: {prompt}}}" for name, prompt in prompts.items())
    return f"version: 1\ncampaign: {campaign}\nproviders: [minimax]\nshots:\n{shots}\n"


@pytest.fixture
def many(surroundings: Path) -> Path:
    """Two manifests that share one request of three."""
    folder = surroundings / "manifests"
    folder.mkdir()
    (folder / "a.yaml").write_text(film("spring", open="a kite", pack="a box"))
    (folder / "b.yaml").write_text(film("autumn", fly="a kite", rain="an umbrella"))
    return folder


def charged(say: Say) -> int:
    """How many attempts the ledger has."""
    found = json.loads(say("costs", "--rehearsal", "--format", "json").out)
    return sum(row["attempts"] for row in found["rows"])


def test_a_plan_has_a_section_for_each_and_one_price_for_what_both_need(many: Path, say: Say) -> None:
    said = say("plan", "--rehearsal", *BOTH)
    assert (said.code, said.err) == (0, "")
    assert "spring · manifests/a.yaml" in said.out
    assert "same clip as open#1 of manifests/a.yaml" in " ".join(said.out.split())
    *_, total, hint, command = said.out.splitlines()
    assert total == "All 2 manifests · Plan: 4 to render. Cost: 0.84 USD." + (
        " Takes with the same request share a clip: 3 clips to buy." if "share a clip" in said.out else ""
    )
    assert hint == "To carry it out:", "a rehearsal asks nothing"
    assert command == f"    hailuo-batch run --rehearsal {' '.join(BOTH)}"


def test_programs_get_each_manifest_as_alone_and_a_total(many: Path, say: Say) -> None:
    found = json.loads(say("plan", "--rehearsal", "manifests/*.yaml", "--format", "json").out)
    assert [each["manifest"] for each in found["manifests"]] == list(BOTH)
    assert found["total"]["summary"]["to_spend"] == [{"amount": "0.84", "currency": "USD"}]
    alone = json.loads(say("plan", "--rehearsal", "manifests/a*.yaml", "--format", "json").out)
    assert alone == found["manifests"][0]


def test_a_run_buys_what_both_need_once_and_both_get_their_names(many: Path, say: Say) -> None:
    said = say("run", *QUICK, *BOTH, "--format", "json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert [each["run"]["stored"] for each in found["manifests"]] == [2, 1]
    assert (found["exit"], charged(say)) == (0, 3)
    names = sorted(path.name for path in many.parent.rglob("renders/*.mp4"))
    assert names == [f"{each}_v001_t01.mp4" for each in ("autumn_fly", "autumn_rain", "spring_open", "spring_pack")]
    again = say("run", *QUICK, "manifests")
    assert (again.code, charged(say)) == (0, 3)
    assert "All 2 manifests · Nothing to do: 4 takes in the store" in again.out
    assert say("audit", "--rehearsal").code == 0


def test_what_failed_for_one_manifest_is_not_bought_again_for_the_other(many: Path, say: Say, tmp_path: Path) -> None:
    script = tmp_path / "script.yaml"
    script.write_text(FAULTY)
    (many / "a.yaml").write_text(film("spring", open="a kite"))
    (many / "b.yaml").write_text(film("autumn", fly="a kite"))
    said = say("run", *QUICK, "--rehearsal-script", str(script), *BOTH, "--format", "json")
    assert (said.code, charged(say)) == (4, 1)
    assert [len(each["run"]["failed"]) for each in json.loads(said.out)["manifests"]] == [1, 1]
    assert say("run", *QUICK, *BOTH).code == 0
    assert charged(say) == 2


def test_a_cap_of_the_command_is_for_all_manifests_together(many: Path, say: Say) -> None:
    assert "1 take left out under a cap" in say("plan", "--rehearsal", *BOTH, "--max-cost", "0.60").out
    said = say("run", *QUICK, *BOTH, "--max-cost", "0.60")
    assert (said.code, charged(say)) == (5, 2)


@pytest.mark.parametrize(
    ("only", "takes"),
    [(("open",), ["open"]), (("fly", "pack"), ["pack", "fly"]), (("state:new",), ["open", "pack", "fly", "rain"])],
)
def test_a_pattern_has_to_match_in_one_of_them(many: Path, say: Say, only: tuple[str, ...], takes: list[str]) -> None:
    options = [word for pattern in only for word in ("--only", pattern)]
    found = json.loads(say("plan", "--rehearsal", *BOTH, *options, "--format", "json").out)
    assert [row["shot"] for each in found["manifests"] for row in each["takes"]] == takes
    said = say("plan", "--rehearsal", *BOTH, "--only", "opne")
    assert (said.code, 'Did you mean "open"?' in said.err) == (3, True)


def test_parts_of_several_manifests_are_the_whole_and_share_no_request(many: Path, say: Say) -> None:
    places: dict[str, int] = {}
    for part in (1, 2, 3):
        found = json.loads(say("plan", "--rehearsal", *BOTH, "--shard", f"{part}/3", "--format", "json").out)
        for row in (row for each in found["manifests"] for row in each["takes"]):
            assert row["shot"] not in places
            places[row["shot"]] = part
    assert sorted(places) == ["fly", "open", "pack", "rain"]
    assert places["fly"] == places["open"]
    assert {say("run", *QUICK, *BOTH, "--shard", f"{part}/3").code for part in (1, 2, 3)} == {0}
    assert charged(say) == 3


def test_a_shot_twice_in_a_campaign_and_every_other_problem_stops_all_of_them(many: Path, say: Say) -> None:
    (many / "b.yaml").write_text(film("spring", open="an umbrella", wet="rain"))
    (many / "c.yaml").write_text(film("winter", snow="snow").replace("prompt", "promt"))
    for command in ("plan", "run"):
        said = say(command, "--rehearsal", "manifests")
        assert said.code == 3
        assert "[shot-shared]" in said.err
        assert "manifests/c.yaml" in said.err
    assert charged(say) == 0


def test_manifests_of_two_projects_have_two_accounts(many: Path, say: Say) -> None:
    other = many.parent / "other"
    other.mkdir()
    (other / "hailuo.yaml").write_text("version: 1\n")
    (other / "c.yaml").write_text(film("winter", snow="snow"))
    said = say("run", *QUICK, BOTH[0], "other/c.yaml")
    assert (said.code, "the manifests are of several projects" in said.err) == (3, True)


def test_an_amount_without_a_currency_is_refused_where_it_would_mean_two(many: Path, say: Say) -> None:
    text = (many / "b.yaml").read_text()
    (many / "b.yaml").write_text(text.replace("shots:", "budget: {max: 4, currency: EUR}\nshots:"))
    said = say("plan", "--rehearsal", *BOTH, "--max-cost", "5")
    assert (said.code, "--max-cost 5 has no currency" in said.err) == (3, True)
    assert say("plan", "--rehearsal", *BOTH, "--max-cost", "5 USD").code == 0


def test_our_own_files_and_what_manifests_include_are_no_manifests(many: Path, say: Say) -> None:
    (many / "looks.yaml").write_text("version: 1\nvars: {bottle: glass}\n")
    (many / "a.lock.yaml").write_text("version: 1\n")
    (many / "a.yaml").write_text((many / "a.yaml").read_text().replace("shots:", "include: [looks.yaml]\nshots:"))
    found = json.loads(say("plan", "--rehearsal", "manifests", "--format", "json").out)
    assert [each["manifest"] for each in found["manifests"]] == list(BOTH)


def test_where_nothing_failed_a_retry_says_so_for_each(many: Path, say: Say) -> None:
    for args in (("--dry-run",), ("--progress", "none")):
        said = say("run", "--rehearsal", "--failed", *args, *BOTH)
        assert (said.code, said.out.count("No take has failed or was refused")) == (0, 2)
    assert charged(say) == 0


def test_work_is_pending_when_one_of_them_has_some(many: Path, say: Say) -> None:
    assert say("run", *QUICK, BOTH[0]).code == 0
    assert say("plan", "--rehearsal", *BOTH, "--detailed-exitcode").code == 10
    assert say("run", *QUICK, BOTH[1]).code == 0
    assert say("plan", "--rehearsal", *BOTH, "--detailed-exitcode").code == 0


@pytest.mark.usefixtures("quick_sketches")
def test_finished_manifests_are_not_even_planned(many: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hailuo_batch.load.cache.MTIME_SLACK_NS", 0)  # nothing is too fresh
    assert say("run", "--sketch", "--progress", "none", *BOTH).code == 0
    say("plan", "--sketch", *BOTH)
    monkeypatch.setattr("hailuo_batch.app.planning.several.plan_several", None)
    for command in ("plan", "run"):
        said = say(command, "--sketch", *BOTH)
        first, second, *last = said.out.splitlines()
        assert [line.split(": ")[:2] for line in (first, second)] == [[each, "Nothing to do"] for each in BOTH]
        assert bool(last) == (command == "run")  # its last line is the next command
