"""`validate --format` and `--strict`: what each format carries, and which paths it names from which folder."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sarif_form import require_sarif

Say = Callable[..., Any]
HEAD = "version: 1\ncampaign: c\nshots:\n"
WRONG = HEAD + "- {id: a, prompt: mist, duration: 8}\n"
WARNED = HEAD + '- {id: a, prompt: "mist [Push on]"}\n'
GOOD = HEAD + "- {id: a, prompt: mist}\n"


@pytest.fixture
def repository(surroundings: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project two folders below a repository's first one, and a shell in the project."""
    (surroundings / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (surroundings / ".git" / "objects").mkdir()
    folder = surroundings / "work" / "film, one"
    (folder / "manifests").mkdir(parents=True)
    (folder / "hailuo.yaml").write_text("version: 1\n")
    monkeypatch.chdir(folder)
    return folder


def annotated_files(said: Any) -> list[str]:
    return [line.split("file=")[1].split(",line")[0] for line in said.out.splitlines() if "file=" in line]


def log_of(said: Any) -> dict[str, Any]:
    log = json.loads(said.out)
    require_sarif(log)
    return dict(log)


@pytest.mark.parametrize(
    ("text", "strict", "code", "valid"),
    [(GOOD, False, 0, True), (GOOD, True, 0, True), (WARNED, False, 0, True), (WARNED, True, 3, False),
     (WRONG, False, 3, False), (WRONG, True, 3, False)],
)  # fmt: skip
def test_strict_refuses_what_only_warns(
    repository: Path, say: Say, text: str, *, strict: bool, code: int, valid: bool
) -> None:
    (repository / "manifests" / "a.yaml").write_text(text)
    options = ["--strict"] * strict
    assert [say("validate", *options, "--format", form).code for form in ("text", "github", "sarif", "junit")] == [
        code
    ] * 4
    said = say("validate", *options, "--format", "json")
    assert said.code == code
    assert [each["valid"] for each in json.loads(said.out)["manifests"]] == [valid]
    assert (": valid, " in say("validate", *options).out) == valid


@pytest.mark.parametrize("given", ["manifests/a.yaml", "{folder}/manifests/a.yaml", "../film, one/manifests/a.yaml"])
def test_paths_of_annotations_begin_at_the_repository(repository: Path, say: Say, given: str) -> None:
    (repository / "manifests" / "a.yaml").write_text(WRONG)
    (repository / "hailuo.yaml").write_text("version: 1\nproviders: [minimx]\n")
    file = given.format(folder=repository)
    base = "work/film%2C one"
    assert sorted(annotated_files(say("validate", file, "--format", "github"))) == [
        f"{base}/hailuo.yaml", f"{base}/manifests/a.yaml",
    ]  # fmt: skip
    results = log_of(say("validate", file, "--format", "sarif"))["runs"][0]["results"]
    uris = {each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in results}
    assert uris == {"work/film%2C%20one/hailuo.yaml", "work/film%2C%20one/manifests/a.yaml"}


def test_without_a_repository_they_begin_at_the_project(surroundings: Path, say: Say) -> None:
    (surroundings / "a.yaml").write_text(WRONG)
    assert annotated_files(say("validate", "a.yaml", "--format", "github")) == ["a.yaml"]


def test_several_manifests_are_one_run_errors_first_and_settings_once(repository: Path, say: Say) -> None:
    (repository / "manifests" / "a.yaml").write_text(WARNED)
    (repository / "manifests" / "b.yaml").write_text(WRONG)
    (repository / "hailuo.yaml").write_text("version: 1\nproviders: [minimx, minimax]\n")
    (run,) = log_of(say("validate", "--format", "sarif"))["runs"]
    assert [each["ruleId"] for each in run["results"]] == ["provider", "shot-length", "camera-unknown"]
    lines = say("validate", "--format", "github").out.splitlines()
    assert [line.split()[0] for line in lines] == ["::error", "::error", "::warning"]


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif", "junit"])
def test_each_problem_names_its_shot_and_rule(repository: Path, say: Say, form: str) -> None:
    (repository / "manifests" / "a.yaml").write_text(HEAD + "- {id: dew-drop, promt: mist}\n")
    said = say("validate", "--format", form).out
    assert "dew-drop" in said
    assert "key-unknown" in said


def test_a_mistake_of_many_cells_is_reported_once_with_their_number(repository: Path, say: Say) -> None:
    matrix = "matrix: {n: [1, 2, 3, 4, 5]}"
    shots = (
        f'- {{id: "a${{n}}", prompt: "${{sent}}", {matrix}}}\n'
        f'- {{id: "b/${{n}}", prompt: mist, {matrix}}}\n'
        f'- {{id: "c${{n}}", prompt: "mist ${{n}}", frames: {{first: "no-${{n}}.png"}}, {matrix}}}\n'
    )
    (repository / "manifests" / "a.yaml").write_text(HEAD + shots)
    (row,) = json.loads(say("validate", "--format", "json").out)["manifests"]
    assert [(each["code"], each["shot"], each["count"]) for each in row["problems"]] == [
        ("name-unknown", "a${n}", 5), ("shot-id", "b/${n}", 5), ("frame-file", "c1", 5),
    ]  # fmt: skip
    assert say("validate").out.count("The same in 5 shots.") == 3
    assert "The same in 5 shots." in say("validate", "--format", "github").out


def test_on_github_a_line_of_a_manifest_is_no_command(
    repository: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    (repository / "manifests" / "a.yaml").write_text(HEAD + "- id: a\n  prompt: mist\n  ? ::add-mask::mist\n  : 1\n")
    lines = [line.strip() for line in say("validate").out.splitlines()]
    token = lines[0].removeprefix("::stop-commands::")
    assert len(token) == 32
    commands = [line for line in lines[lines.index(f"::{token}::") + 1 :] if line.startswith("::")]
    assert all(line.startswith("::error file=work/film%2C one/manifests/a.yaml,") for line in commands)
    assert commands


def test_a_log_has_more_problems_than_people_read(repository: Path, say: Say) -> None:
    shots = "".join(f"- {{id: s{n}, key{n:04}x: 1, prompt: mist {n}}}\n" for n in range(5_100))
    (repository / "manifests" / "a.yaml").write_text(HEAD + shots)
    (row,) = json.loads(say("validate", "--format", "json").out)["manifests"]
    assert [row["problems"][-1]["code"], len(row["problems"])] == ["more", 51]
    (run,) = log_of(say("validate", "--format", "sarif"))["runs"]
    assert len(run["results"]) == 5_000
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("100 more problems are not shown")
