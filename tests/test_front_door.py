"""The pages for contributors name files that exist, and the workflows say what the Makefile and the lock say."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
GUIDES = [ROOT / name for name in ("CONTRIBUTING.md", "STYLE.md", "SECURITY.md", "docs/releasing.md")] + sorted(
    (ROOT / "docs" / "decisions").glob("*.md")
)
# Being built; take a line out when it is there.
PATH = re.compile(r"`(?:python )?((?:hailuo_batch|tests|docs|schemas|tools|requirements|\.github)/[\w./*-]+)")
PIN = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+\Z")


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def paths_named(page: Path) -> set[str]:
    return set(PATH.findall(page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", GUIDES, ids=named)
def test_every_path_that_is_named_exists(page: Path) -> None:
    missing = {path for path in paths_named(page) if not list(ROOT.glob(path.replace("NAME", "*").rstrip("/")))}
    assert missing == set()


def test_the_guide_names_files() -> None:
    assert len(paths_named(ROOT / "CONTRIBUTING.md")) > 20


def test_the_decisions_are_all_in_their_index() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    pages = [path.name for path in sorted((ROOT / "docs" / "decisions").glob("0*.md"))]
    assert re.findall(r"^\| \[\d+\]\(([^)]+)\)", index, re.MULTILINE) == pages


@pytest.mark.parametrize("page", [page for page in GUIDES if page.name.startswith("0")], ids=named)
def test_a_decision_has_its_four_parts(page: Path) -> None:
    heads = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert heads == ["What", "Why", "What else was tried", "What follows"]


def workflow(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - `on` stays a word


@pytest.mark.parametrize("path", WORKFLOWS, ids=named)
def test_a_workflow_may_read_and_each_more_is_given_to_one_job(path: Path) -> None:
    whole = workflow(path)
    assert whole["permissions"] == {"contents": "read"}
    writing = {
        name: job["permissions"] for name, job in whole["jobs"].items() if "write" in str(job.get("permissions"))
    }
    assert writing in ({}, {"publish": {"id-token": "write"}, "announce": {"contents": "write"}})
    assert all(int(job.get("timeout-minutes", 0)) > 0 or "if" in job for job in whole["jobs"].values())


@pytest.mark.parametrize("path", WORKFLOWS, ids=named)
def test_every_action_is_pinned_by_commit(path: Path) -> None:
    used = re.findall(r"uses: (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert used
    assert [line for line in used if not PIN.fullmatch(line)] == []


def test_windows_runs_what_make_test_runs() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (parts,) = re.findall(r"^test: (.*)$", makefile, re.MULTILINE)
    targets = rf"^(?:{parts.replace(' ', '|')}):.*\n((?:\t.*\n)+)"
    lines = "".join(re.findall(targets, makefile, re.MULTILINE))
    recipes = re.findall(r"^\t\$\(BIN\)/(?:python -m )?((?:ruff|mypy|pytest).*)$", lines, re.MULTILINE)
    (ci,) = (path for path in WORKFLOWS if path.name == "ci.yml")
    steps = [step.get("run", "") for step in workflow(ci)["jobs"]["windows"]["steps"]]
    ran = [line.removeprefix(".venv/Scripts/").removeprefix("python -m ") for line in steps]
    assert recipes
    assert [line for line in ran if line.startswith(("ruff", "mypy", "pytest"))] == recipes


def locked(name: str) -> dict[str, list[str]]:
    """The entries of a lock by package: version and hashes; one for each Python where they differ.

    Markers differ: what the program needs on older Pythons only, a tool may need on all.
    """
    text = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
    plain = "".join(line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("#"))
    found: dict[str, list[str]] = {}
    for entry in filter(None, re.split(r"^(?=[a-z0-9])", plain, flags=re.MULTILINE)):
        found.setdefault(entry.split("==")[0], []).append(re.sub(r" ;.*(?= \\$)", "", entry, flags=re.MULTILINE))
    return found


def test_the_lock_of_the_demo_has_what_the_program_needs_and_no_tool() -> None:
    run, dev = locked("run"), locked("dev")
    assert {name: entries for name, entries in run.items() if dev.get(name) != entries} == {}, "run make lock"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["install"]]
    assert [each for each in wanted if re.split("[<>=~ ]", each)[0].replace(".", "-") not in run] == [], "run make lock"
    assert not {"pytest", "mypy", "ruff", "hypothesis", "playwright"} & set(run)


def test_the_first_lock_of_the_demo_is_a_part_of_the_second() -> None:
    sketch, run = locked("sketch"), locked("run")
    assert {name: entries for name, entries in sketch.items() if run.get(name) != entries} == {}, "run make lock"
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    assert sorted(sketch) == groups["sketch"], "run make lock"


@pytest.mark.skipif(sys.platform == "win32", reason="make is for Unix")
def test_a_sketch_needs_nothing_but_the_first_lock(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    (room,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    for name in locked("sketch"):
        for file in distribution(name).files or ():
            if file.parts[0] != ".." and not (there := room / file.parts[0]).exists():
                there.symlink_to(Path(str(file.locate())).parents[len(file.parts) - 1] / file.parts[0])
    shutil.copytree(ROOT / "manifests", tmp_path / "film", ignore=shutil.ignore_patterns("renders", ".hailuo"))
    command = [str(tmp_path / "venv/bin/python"), "-m", "hailuo_batch.cli.main", "run", "--sketch", "--only", "dew"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [*command, "--progress", "none", str(tmp_path / "film" / "product-film.yaml")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, len(list(tmp_path.glob("film/renders/*.mp4")))) == (0, 1), ended.stderr


def test_the_matrix_has_the_pythons_that_are_promised() -> None:
    jobs = workflow(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]
    promised = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text())
    for name in ("unix", "windows"):
        assert set(jobs[name]["strategy"]["matrix"]["python"]) >= set(promised)


def test_the_container_and_the_hooks_are_readable() -> None:
    json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in hooks["repos"]] == ["local"]  # nothing downloads another version of a tool
