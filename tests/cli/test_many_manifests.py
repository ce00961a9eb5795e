"""Several manifests at once: folders, patterns, our own files among them, and what is wrong between two of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("quick_sketches")
Say = Callable[..., Any]


@pytest.fixture
def many(surroundings: Path) -> Path:
    """Two manifests with what stands beside them."""
    folder = surroundings / "manifests"
    folder.mkdir()
    for name in ("a", "b"):
        text = f"version: 1\ncampaign: {name}\nshots: [{{id: s, prompt: boat {name}}}]\n"
        (folder / f"{name}.yaml").write_text(text)
    for name in ("a.lock.yaml", "a.review.yaml", "b.tasks.yaml"):
        (folder / name).write_text("version: 1\n")
    return folder


@pytest.mark.parametrize(
    ("given", "passed_over"),
    [
        ((), True),
        (("manifests",), True),
        (("manifests/*.yaml",), True),
        (("manifests/a.yaml", "manifests/a.lock.yaml", "manifests/b.yaml"), True),
        (("manifests/a.yaml", "manifests/b.yaml"), False),
    ],
)
def test_all_manifests_are_checked_and_our_own_files_passed_over(
    many: Path, say: Say, given: tuple[str, ...], passed_over: bool
):
    for file in many.glob("*.review.yaml"):
        file.unlink()
    said = say("validate", *given, "--sketch")
    assert said.code == 0
    assert [line.split(":")[0] for line in said.out.splitlines()[:2]] == ["manifests/a.yaml", "manifests/b.yaml"]
    assert ("manifests/a.lock.yaml" in said.out) == (passed_over and bool(given))
    found = json.loads(say("validate", *given, "--sketch", "--format", "json").out)
    assert [each["manifest"] for each in found["manifests"]] == ["manifests/a.yaml", "manifests/b.yaml"]
    assert bool(found["passed_over"]) == passed_over


def test_a_lock_that_is_named_alone_is_no_manifest(many: Path, say: Say):
    said = say("validate", "manifests/a.lock.yaml")
    assert said.code == 3
    assert "[lock-file]" in said.out


def test_a_folder_without_manifests_is_an_error(surroundings: Path, say: Say):
    (surroundings / "empty").mkdir()
    assert (say("validate", "empty").code, say("validate").code) == (3, 3)


def test_a_shot_that_two_manifests_of_a_campaign_have_is_refused_by_validate_and_plan_as_by_run(many: Path, say: Say):
    (many / "b.yaml").write_text((many / "a.yaml").read_text().replace("boat a", "another boat"))
    (many / "a.review.yaml").unlink()
    said = say("validate", "--sketch")
    assert said.code == 3
    assert "manifests/b.yaml:2:11: two manifests have this shot [shot-shared]" in said.out
    assert say("run", "--sketch", "manifests/a.yaml").code == 0
    for command in (("plan",), ("plan", "--format", "json"), ("run",)):
        said = say(*command, "--sketch", "manifests/b.yaml")
        assert said.code == 5
        assert 'two manifests have a shot "s" in one campaign' in said.err


@pytest.fixture
def shared(many: Path) -> Path:
    """Beside the manifests two files that `b.yaml` includes, one of which has all of a manifest but its campaign."""
    (many / "a.review.yaml").unlink()
    (many / "looks.yaml").write_text("vars: {sea: rough}\n")
    (many / "more.yaml").write_text("version: 1\nshots: [{id: m, prompt: '${sea}'}]\n")
    (many / "b.yaml").write_text("version: 1\ncampaign: b\ninclude: [looks.yaml, more.yaml]\n")
    return many


@pytest.mark.parametrize(
    "given", [(), ("manifests",), ("manifests/*.yaml",), ("manifests/b.yaml", "manifests/looks.yaml")]
)
def test_files_that_are_only_included_are_passed_over_with_words(shared: Path, say: Say, given: tuple[str, ...]):
    said = say("validate", "--sketch", *given)
    assert said.code == 0
    assert "Passed over, as they have no campaign, and manifests include them: manifests/looks.yaml" in said.out
    assert "manifests/b.yaml: valid, 1 shot, 1 take." in said.out


def test_an_included_file_that_is_named_says_what_it_is(shared: Path, say: Say):
    for command in ("validate", "plan", "run", "status"):
        said = say(command, "--sketch", "manifests/looks.yaml")
        assert said.code == 3
        assert "manifests/looks.yaml:1:1: this is an included file [included-file]" in said.out + said.err
    said = say("validate", "manifests/more.yaml")
    assert said.code == 3
    assert "it has no campaign: manifests/b.yaml includes it" in said.out
    assert said.out.splitlines()[-3] == "        hailuo-batch validate manifests/b.yaml"


def test_a_folder_of_included_files_is_passed_over(shared: Path, say: Say):
    (shared / "s" / "t").mkdir(parents=True)
    (shared / "more.yaml").rename(shared / "s" / "t" / "more.yaml")
    (shared / "b.yaml").write_text("version: 1\ncampaign: b\ninclude: [looks.yaml, s/all.yaml]\n")
    (shared / "s" / "all.yaml").write_text("version: 1\ninclude: [t/more.yaml]\nshots: [{id: k}]\n")
    said = say("validate", "manifests/s", "manifests/s/t")
    assert said.code == 0
    assert said.out.endswith("manifests include them: manifests/s/all.yaml, manifests/s/t/more.yaml.\n")
    (shared / "b.yaml").unlink()
    said = say("validate", "manifests/s/t")
    assert said.code == 3
    assert "If it is a file that manifests include, name one of those." in said.out


def test_the_only_manifest_is_found_among_files_that_it_includes(shared: Path, say: Say):
    (shared / "a.yaml").unlink()
    assert say("plan", "--sketch").code in {0, 2}
    assert say("run", "--sketch").code == 0
    assert "nothing to do" in say("run", "--sketch").out.lower()


def test_a_problem_in_an_included_file_names_who_includes_it(shared: Path, say: Say, monkeypatch: pytest.MonkeyPatch):
    (shared / "looks.yaml").write_text("vars: {see: rough}\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    said = say("validate", "--sketch", "manifests/b.yaml")
    assert "manifests/more.yaml:2:25: unknown name [name-unknown] (included by manifests/b.yaml:3)" in said.out
    assert "::error file=manifests/more.yaml,line=2,col=25," in said.out
    [problem] = json.loads(say("validate", "--sketch", "manifests/b.yaml", "--format", "json").out)["manifests"][0][
        "problems"
    ]
    assert (problem["file"], problem["included_by"]) == ("manifests/more.yaml", ["manifests/b.yaml:3"])
