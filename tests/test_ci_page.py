"""docs/ci.md: its workflows fit the action, ask for few permissions, and their own scripts do what the page says."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
ACTION = YAML(typ="safe").load((ROOT / "action.yml").read_text(encoding="utf-8"))
BLOCKS: list[dict[str, Any]] = [
    YAML(typ="safe").load(each) for each in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
]
WORKFLOWS = [pytest.param(each, id=each["name"]) for each in BLOCKS if "jobs" in each]


def list_steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_there_are_three_workflows() -> None:
    assert len(WORKFLOWS) == 3


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_workflow_uses_inputs_that_the_action_has(workflow: dict[str, Any]) -> None:
    used = [step for step in list_steps(workflow) if step.get("uses", "").startswith("hailuo-batch/")]
    assert used
    for step in used:
        assert set(step["with"]) <= set(ACTION["inputs"])
        assert step["with"]["command"] in {"validate", "diff", "plan", "run"}


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_workflow_may_only_read_and_its_jobs_name_what_they_write(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        for name in {name for name, value in job.get("permissions", {}).items() if value == "write"}:
            assert f"| `{name}: write` |" in PAGE
    for step in list_steps(workflow):
        pinned = re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step.get("uses", "x@" + "0" * 40))
        assert pinned or step["uses"].startswith("hailuo-batch/")


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_what_buys_has_a_cap_an_environment_and_a_group_and_only_it_has_a_key(workflow: dict[str, Any]) -> None:
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            given = step.get("with", {})
            is_real = given.get("command") == "run" and given.get("world", "real") == "real"
            assert ("secrets." in str(step)) == is_real
            if is_real:
                assert given["max-cost"]
                assert job["environment"]
                assert workflow["concurrency"]["cancel-in-progress"] is False
                assert set(workflow["on"]) == {"push"}


@pytest.mark.skipif(sys.platform == "win32", reason="the script is for bash")
@pytest.mark.parametrize("there", [("film.lock.yaml", "film.tasks.yaml"), ("film.lock.yaml",), ()])
def test_lock_and_tasks_file_are_pushed_to_a_branch_whichever_are_there(tmp_path: Path, there: tuple[str, ...]) -> None:
    (script,) = (step["run"] for block in BLOCKS if "jobs" in block for step in list_steps(block) if "run" in step)
    project, origin = tmp_path / "project", tmp_path / "origin.git"
    (project / "manifests").mkdir(parents=True)
    (project / "manifests" / "film.yaml").touch()
    git = ("git", "-C", str(project), "-c", "user.name=a", "-c", "user.email=a@b.test")
    subprocess.run(["git", "init", "-q", "--bare", str(origin)], check=True)
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "x"), ("remote", "add", "origin", str(origin))):
        subprocess.run([*git, *words], check=True)
    for name in there:
        (project / "manifests" / name).write_text("version: 1\n")
    (project / "other.txt").touch()
    bash = [shutil.which("bash") or "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    ended = subprocess.run(bash, cwd=project, env={"GITHUB_RUN_ID": "9", "PATH": "/usr/bin:/bin"}, check=False)
    assert ended.returncode == 0
    listed = subprocess.run(
        ["git", "-C", str(origin), "ls-tree", "-r", "--name-only", "hailuo-batch/run-9"],
        capture_output=True, text=True, check=False,
    ).stdout.split()  # fmt: skip
    assert set(listed) == ({f"manifests/{name}" for name in ("film.yaml", *there)} if there else set())
