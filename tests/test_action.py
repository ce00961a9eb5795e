"""The GitHub action: its scripts run here by bash, with the real program, a `gh` of the test's own and real git."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from junit_form import read_junit, verdicts
from ruamel.yaml import YAML

from hailuo_batch.cli.main import COMMANDS, load_command
from hailuo_batch.errors import Exit

ROOT = Path(__file__).parent.parent
ACTION: dict[str, Any] = YAML(typ="safe").load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: dict[str, dict[str, Any]] = {each["name"]: each for each in ACTION["runs"]["steps"]}
BASH = shutil.which("bash")
needs_bash = pytest.mark.skipif(BASH is None or sys.platform == "win32", reason="the scripts are for bash")
MARKER = "<!-- hailuo-batch diff -->"
FILM = (
    "version: 1\ncampaign: c\nproviders: [minimax]\ndefaults: {duration: 6, resolution: 768p}\n"
    "shots: [{id: a, prompt: mist}]\n"
)

CONTEXT = {"${{ github.event.pull_request.number }}": "7", "${{ github.action_path }}": str(ROOT)}
CAPPED = {"command": "run", "max_cost": "5", "GITHUB_REF_PROTECTED": "true"}

# `diff` of the program is held by tests of its own; here it is what the action does with its answer that counts.
PROGRAM = """\
#!{python}
import json, os, sys
with open(os.environ["LOG"], "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
if sys.argv[1] == "diff":
    assert not os.environ.get("GH_TOKEN"), "the program needs no token"
    print(open(os.environ["DIFF"]).read(), end="")
    sys.exit()
if any(each.startswith(("--plan", "--shard", "--out")) for each in sys.argv):
    sys.exit()
if os.environ.get("FAULTS"):
    sys.argv[2:2] = ["-v", "--rehearsal-script=" + os.environ["FAULTS"]]
from hailuo_batch.cli.main import main
main()
"""
GH = """\
#!{python}
import json, os, sys
words = sys.argv[1:]
assert words[0] == "api" and os.environ["GH_TOKEN"] == "t0ken"
if os.environ.get("GH_FAILS"):
    sys.exit("HTTP 403: Resource not accessible by integration")
kept = json.load(open(os.environ["COMMENTS"]))
body = next((open(each[len("body=@"):]).read() for each in words if each.startswith("body=@")), None)
if "PATCH" in words:
    number = words[words.index("PATCH") + 1].removeprefix("repos/o/r/issues/comments/")
    (comment,) = (each for each in kept if str(each["id"]) == number)
    comment["body"] = body
elif "POST" in words:
    assert "repos/o/r/issues/7/comments" in words
    kept.append({{"id": len(kept) + 1, "author": "github-actions[bot]", "body": body}})
else:
    assert "--paginate" in words and "--jq" in words
    for each in kept:
        if "<!-- hailuo-batch diff -->" in each["body"]:
            print(each["id"], each["author"])
json.dump(kept, open(os.environ["COMMENTS"], "w"))
"""


@pytest.fixture
def act(tmp_path: Path) -> Callable[..., Any]:
    """Runs the script of a step as a runner does, in a repository of its own; inputs are those of action.yml."""
    programs, project = tmp_path / "bin", tmp_path / "project"
    for folder in (programs, project / "manifests"):
        folder.mkdir(parents=True)
    for name, text in (("hailuo-batch", PROGRAM), ("gh", GH)):
        (programs / name).write_text(text.format(python=sys.executable))
        (programs / name).chmod(0o755)
    (project / "manifests" / "film.yaml").write_text(FILM)
    (tmp_path / "comments.json").write_text("[]")
    (tmp_path / "diff.md").write_text(f"{MARKER}\n1 shot changes\n")
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@b.test", "-C", str(project))
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "film")):
        subprocess.run([*git, *words], check=True)

    def run(
        step: str, *, begun: Callable[[Any], None] | None = None, **members: str
    ) -> subprocess.CompletedProcess[str]:
        given = {name: each.get("default", "") for name, each in ACTION["inputs"].items()}
        given |= {name.replace("_", "-"): value for name, value in members.items() if name.islower()}
        env = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "LOG": str(tmp_path / "log.jsonl"),
            "DIFF": str(tmp_path / "diff.md"),
            "COMMENTS": str(tmp_path / "comments.json"),
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_ACTIONS": "true",
            "CI": "true",
            "GITHUB_STEP_SUMMARY": str(tmp_path / "page.md"),
            "GITHUB_PATH": str(tmp_path / "path"),
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_SERVER_URL": "https://github.test",
        }
        for name, value in STEPS[step].get("env", {}).items():
            if found := re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", value):
                env[name] = given[found[1]]
            else:
                env[name] = CONTEXT[value]
        env |= {name: value for name, value in members.items() if name.isupper()}
        words = [BASH or "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[step]["run"]]
        process = subprocess.Popen(
            words, cwd=project, env=env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        if begun is not None:
            begun(process)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    return run


def log_of(folder: Path) -> list[list[str]]:
    """What the program was given, call by call."""
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("name", STEPS)
def test_no_script_has_an_expression_and_each_input_is_a_variable(name: str) -> None:
    step = STEPS[name]
    assert "${{" not in step["run"], "an input in a script would be run"
    assert step["shell"] == "bash"
    used = set(re.findall(r"\$\{?(HB_\w+)", step["run"]))
    assert used == {each for each in step["env"] if each.startswith("HB_")}
    for value in step["env"].values():
        found = re.fullmatch(r"\$\{\{ (?:inputs\.([\w-]+)|github\.[\w.]+) \}\}", value)
        assert found
        assert not found[1] or found[1] in ACTION["inputs"]


@needs_bash
@pytest.mark.parametrize("name", STEPS)
def test_each_script_is_one(name: str, tmp_path: Path) -> None:
    (tmp_path / "step.sh").write_text(f"#!/usr/bin/env bash\n{STEPS[name]['run']}")
    checks = [[BASH or "bash", "-n"]] + [["shellcheck"]] * bool(shutil.which("shellcheck"))
    for check in checks:
        ended = subprocess.run([*check, str(tmp_path / "step.sh")], capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")


def test_each_option_that_a_script_writes_is_one_of_the_command() -> None:
    for script in (step["run"] for step in STEPS.values()):
        for name in set(re.findall(r"hailuo-batch (validate|diff|plan|run) ", script)) & set(COMMANDS):
            known = {
                each for param in load_command(name).params if isinstance(param, click.Option) for each in param.opts
            }
            written = set(re.findall(r"(?<=[(\" ])(--[a-z][a-z-]+)(?=[=) \"])", script))
            later = {"--out", "--plan", "--shard"} - known  # of commands that do not have them yet
            assert written - {"--paginate", "--jq", "--silent"} - later <= known


@needs_bash
@pytest.mark.parametrize(
    ("members", "refusal"),
    [
        ({"command": "rum"}, "validate, diff, plan or run"),
        ({"command": "run", "world": "reel"}, "real, sketch or rehearsal"),
        ({"command": "run", "GITHUB_REF_PROTECTED": "true"}, "max-cost is missing"),
        ({"command": "run", "max_cost": "5", "GITHUB_REF_PROTECTED": "false"}, "only on a protected branch"),
        (
            {
                "command": "run",
                "max_cost": "5",
                "GITHUB_REF_PROTECTED": "true",
                "GITHUB_EVENT_NAME": "pull_request_target",
            },
            "nothing for a pull request",
        ),
        ({**CAPPED, "GITHUB_EVENT_NAME": "push"}, ""),
        ({"command": "run", "world": "rehearsal", "GITHUB_EVENT_NAME": "pull_request"}, ""),
    ],
)
def test_a_run_that_could_buy_needs_a_cap_and_a_protected_branch(
    act: Callable[..., Any], members: dict[str, str], refusal: str
) -> None:
    ended = act("Check the inputs", **members)
    assert (ended.returncode == 0) == (not refusal)
    assert refusal in ended.stdout


@needs_bash
def test_validate_annotates_writes_sarif_and_junit_and_fails(act: Callable[..., Any], tmp_path: Path) -> None:
    project = tmp_path / "project"
    evil = "manifests/a b; touch pwned $(touch pwned).yaml"
    (project / evil).write_text(FILM.replace("duration: 6", "duration: 8"))
    ended = act("Validate", manifests=f"{evil}\nmanifests/film.yaml\n", sarif_file="out.sarif", junit_file="out.xml")
    assert ended.returncode == Exit.INVALID, ended
    assert "::error file=manifests/a b; touch pwned" in ended.stdout
    assert json.loads((project / "out.sarif").read_text())["runs"][0]["results"]
    assert [each[2] for each in verdicts(read_junit((project / "out.xml").read_text()))] == ["failure", "passed"]
    assert not list(project.rglob("pwned"))
    assert (tmp_path / "page.md").read_text().count("### Validation") == 1


@needs_bash
def test_the_comment_is_written_once_then_updated_and_those_of_others_stay(
    act: Callable[..., Any], tmp_path: Path
) -> None:
    kept = tmp_path / "comments.json"
    other = {"id": 1, "author": "mallory", "body": f"{MARKER} mine"}
    kept.write_text(json.dumps([other]))
    for text in ("1 shot changes", "2 shots change"):
        (tmp_path / "diff.md").write_text(f"{MARKER}\n{text} `$(touch pwned)`\n")
        assert act("Compare", base="HEAD", github_token="t0ken").returncode == 0
        assert [each["author"] for each in json.loads(kept.read_text())] == ["mallory", "github-actions[bot]"]
        assert text in json.loads(kept.read_text())[1]["body"]
    assert json.loads(kept.read_text())[0] == other
    assert log_of(tmp_path)[0] == ["diff", "--format=md", "--", "HEAD...HEAD"]
    assert act("Compare", base="HEAD", images="true", comment="false").returncode == 0
    assert log_of(tmp_path)[2] == [
        "diff",
        "--format=md",
        "--image-base=https://github.test/o/r/raw",
        "--",
        "HEAD...HEAD",
    ]
    assert "2 shots change" in (tmp_path / "page.md").read_text()


@needs_bash
def test_a_comment_that_may_not_be_written_or_is_too_long_fails_nothing(
    act: Callable[..., Any], tmp_path: Path
) -> None:
    ended = act("Compare", base="HEAD", github_token="t0ken", GH_FAILS="1")
    assert (ended.returncode, ended.stdout[:11]) == (0, "::warning::")
    (tmp_path / "diff.md").write_text("x" * 70_000)
    assert act("Compare", base="HEAD", github_token="t0ken").returncode == 0
    (comment,) = json.loads((tmp_path / "comments.json").read_text())
    assert comment["body"].startswith(f"{MARKER}\nWhat changed is too long")
    assert act("Compare", base="--output=x", github_token="t0ken").returncode == 2


@needs_bash
def test_a_rehearsal_runs_and_a_saved_plan_is_run_without_yes(act: Callable[..., Any], tmp_path: Path) -> None:
    ended = act("Run", world="rehearsal", max_cost="5", manifests="manifests/film.yaml", junit_file="run.xml")
    assert ended.returncode == 0, ended
    assert [each[2] for each in verdicts(read_junit((tmp_path / "project" / "run.xml").read_text()))] == ["passed"]
    assert act("Run", plan="plans/a b.json", max_cost="5", shard="2/5").returncode == 0
    assert act("Plan", plan="plans/a b.json", manifests="manifests/film.yaml").returncode == 0
    assert log_of(tmp_path)[1:] == [
        ["run", "--progress=lines", "--max-cost=5", "--plan=plans/a b.json", "--shard=2/5", "--"],
        ["plan", "--out=plans/a b.json", "--", "manifests/film.yaml"],
    ]


@needs_bash
def test_the_exit_code_of_a_run_is_that_of_the_step_and_commands_are_stopped(act: Callable[..., Any]) -> None:
    ended = act("Run", max_cost="5", manifests="manifests/film.yaml", MINIMAX_API_KEY="")
    assert ended.returncode == Exit.KEY, ended
    token = ended.stdout.splitlines()[0].removeprefix("::stop-commands::")
    assert len(token) == 32
    assert ended.stdout.splitlines()[-1] == f"::{token}::"


@needs_bash
def test_a_cancelled_job_stops_the_run_which_then_says_what_it_did(act: Callable[..., Any], tmp_path: Path) -> None:
    def cancel(process: Any) -> None:
        for line in process.stderr:
            if "submitted" in line:
                break
        process.send_signal(signal.SIGINT)  # to the shell alone, as a runner does

    (tmp_path / "slow.yaml").write_text("task: {queued: 0, running: 20000}\n")
    members = {"world": "rehearsal", "manifests": "manifests/film.yaml", "junit_file": "run.xml"}
    ended = act("Run", begun=cancel, FAULTS=str(tmp_path / "slow.yaml"), **members)
    assert ended.returncode == Exit.INTERRUPTED, ended
    found = verdicts(read_junit((tmp_path / "project" / "run.xml").read_text()))
    assert [each[1:] for each in found] == [("a#1", "skipped", ""), ("run", "error", "interrupted")]


@needs_bash
def test_what_installs_sees_no_key_and_takes_no_other_package(act: Callable[..., Any], tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python3"  # makes an environment that only writes down what it was given
    python.write_text(
        '#!/usr/bin/env bash\nmkdir -p "$3/bin"\nprintf \'#!/usr/bin/env bash\\nenv >> "%s"\\necho "$@" >> "%s"\\n\' '
        f'"{tmp_path}/seen" "{tmp_path}/given" > "$3/bin/python"\nchmod +x "$3/bin/python"\n'
    )
    python.chmod(0o755)
    keys = {"MINIMAX_API_KEY": "S1", "GH_TOKEN": "S2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "S3"}
    assert act("Install hailuo-batch", version="1.2.0", **keys).returncode == 0
    assert "hailuo-batch==1.2.0" in (tmp_path / "given").read_text()
    assert act("Install hailuo-batch", **keys).returncode == 0
    assert f"--require-hashes -r {ROOT}/requirements/run.lock" in (tmp_path / "given").read_text()
    assert not [line for line in (tmp_path / "seen").read_text().splitlines() if line.partition("=")[0] in keys]
    assert (tmp_path / "path").read_text() == f"{tmp_path}/hailuo-batch/bin\n" * 2
    assert act("Install hailuo-batch", version="1 --index-url=x").returncode == 2
