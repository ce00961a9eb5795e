"""Saving, approving and running a plan from the command line: nothing is asked, and nothing else may choose."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from hailuo_batch.load.schemas import read_schema

Say = Callable[..., Any]


@pytest.fixture(autouse=True)
def git_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = tmp_path / "gitconfig"
    settings.write_text("[user]\n\tname = Ana\n\temail = ana@acme.test\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")


@pytest.mark.usefixtures("priced")
def test_a_plan_is_saved_as_its_schema_says_and_approved(say: Say, surroundings: Path) -> None:
    saved = say("plan", "-o", "film.plan.json")
    assert saved.code == 0
    assert saved.err.splitlines()[0].startswith("Saved as film.plan.json, sha256:")
    assert "2 clips for 0.56 USD." in " ".join(saved.err.split())
    assert "    hailuo-batch run --plan film.plan.json" in saved.err
    tree = json.loads((surroundings / "film.plan.json").read_text())
    Draft7Validator(read_schema("plan")).validate(tree)
    (way, *_) = tree["steps"][0]["routes"]
    assert way["price"]["read"]
    assert way["price"]["source"].startswith("https://")
    approved = say("approve", "film.plan.json", "--as", "Ben <ben@acme.test>")
    assert approved.code == 0
    assert "\nApproved by Ben <ben@acme.test>.\nWritten to film.plan.json.approval; commit it" in approved.out
    assert say("plan", "--format", "json", "-o", "film.plan.json").code == 0


@pytest.mark.usefixtures("priced")
def test_where_a_run_would_need_an_approval_each_step_names_the_next(
    say: Say, surroundings: Path, golden: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    (surroundings / "hailuo.yaml").write_text(
        "version: 1\nrequire_approval: {above: 0.30 USD, by: [ben@acme.test], two_persons: true}\n"
    )
    lines = []
    for words in (
        ("plan",),
        ("plan", "--only", "open"),  # below the amount
        ("plan", "-o", "film.plan.json"),
        ("approve", "-n", "film.plan.json"),
        ("approve", "film.plan.json"),
        ("approve", "film.plan.json", "--as", "Ben <ben@acme.test>"),
    ):
        said = say(*words)
        assert said.code == 0
        lines.append(f"$ hailuo-batch {' '.join(words)}\n{said.out}{said.err}")
    text = re.sub(r"sha256:[0-9a-f]+", "sha256:…", "\n".join(lines))
    golden(re.sub(r"\d{4}-\d\d-\d\d", "DAY", text), "approval_steps.txt")
    assert len((surroundings / "film.plan.json.approval").read_text().splitlines()) == 2


@pytest.mark.usefixtures("quick_sketches")
def test_a_saved_sketch_is_carried_out_without_a_question(say: Say, film: Path) -> None:
    assert say("plan", "--sketch", "-o", "film.plan.json").code == 0
    (film.parent / "other.yaml").write_text(film.read_text())  # which manifest is meant stands in the plan
    ran = say("run", "--sketch", "--plan", "film.plan.json", "--progress", "none")
    assert ran.code == 0, ran.err
    again = say("run", "--sketch", "--plan", "film.plan.json", "--progress", "none")
    assert again.code == 0
    film.write_text(film.read_text().replace("the cap turns", "the cap stops"))
    drifted = say("run", "--sketch", "--plan", "film.plan.json", str(film))
    assert drifted.code == 5
    assert drifted.err.splitlines()[1] == '  turn#1: prompt: "the cap turns" → "the cap stops"'
    assert drifted.err.splitlines()[-1] == "      hailuo-batch plan --sketch -o film.plan.json manifests/film.yaml"


@pytest.mark.parametrize(
    "option", [("--only", "open"), ("--shard", "1/2"), ("--failed",), ("--frozen",), ("--new-ledger",), ("--dry-run",)]
)
@pytest.mark.usefixtures("film")
def test_nothing_else_may_choose_what_is_bought(say: Say, option: tuple[str, ...]) -> None:
    said = say("run", "--plan", "film.plan.json", *option)
    assert said.code == 2
    assert f"leave {option[0]} out" in said.err


@pytest.mark.usefixtures("quick_sketches")
def test_a_saved_plan_of_several_manifests_is_one_file(say: Say, film: Path) -> None:
    other = film.with_name("other.yaml")
    other.write_text(film.read_text().replace("campaign: teaser", "campaign: other").replace("a bottle", "a box"))
    both = ("manifests/film.yaml", "manifests/other.yaml")
    saved = say("plan", "--sketch", *both, "-o", "all.plan.json")
    assert saved.code == 0
    assert saved.err.endswith("To carry out exactly this:\n    hailuo-batch run --sketch --plan all.plan.json\n")
    run = ("run", "--sketch", "--plan", "all.plan.json", "--progress", "none")
    assert say(*run, str(film)).err.startswith("error: all.plan.json is a plan of other manifests")
    assert [say(*run).code for _ in range(2)] == [0, 0]
    other.write_text(other.read_text().replace("the cap turns", "the cap stops"))
    drifted = say(*run, *both)
    assert drifted.code == 5
    assert '  manifests/other.yaml: turn#1: prompt: "the cap turns" → "the cap stops"' in drifted.err.splitlines()


@pytest.mark.usefixtures("priced")
def test_a_plan_of_failed_takes_says_so_in_the_command_that_follows(say: Say) -> None:
    said = say("plan", "--failed", "-o", "film.plan.json")
    assert (said.code, said.out.startswith("No take has failed or was refused")) == (0, True)
    assert say("plan", "--failed", "--detailed-exitcode").code == 0


@pytest.mark.usefixtures("film")
def test_what_is_no_plan_is_named(say: Say, surroundings: Path) -> None:
    assert say("run", "--plan", "none.json").err.startswith("error: no such file: none.json")
    assert say("approve", "none.json").code == 3
    assert say("plan", "--sketch", "-o", "plans/film.plan.json").code == 0
    assert "is a directory" in say("plan", "--sketch", "-o", "plans").err
    assert "is a file" in say("plan", "--sketch", "-o", "plans/film.plan.json/a.json").err
    (surroundings / "film.plan.json").symlink_to(surroundings / "manifests" / "film.yaml")
    assert say("run", "--plan", "film.plan.json").code == 3


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("[x]", "require_approval"),
        ("{above: 20}", "above"),
        ("{above: lots of money}", "above"),
        ("{two_person: true}", "two_persons"),
    ],
)
@pytest.mark.usefixtures("priced")
def test_a_rule_that_cannot_be_read_stops_every_run(say: Say, surroundings: Path, rule: str, words: str) -> None:
    (surroundings / "hailuo.yaml").write_text(f"version: 1\nrequire_approval: {rule}\n")
    said = say("run", "--yes")
    assert said.code == 3
    assert words in said.err
