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
