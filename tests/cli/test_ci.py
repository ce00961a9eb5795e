"""What CI servers read: JUnit of `validate` and `run`, and the page of a job after each way to end."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_samples import FILM
from junit_form import read_junit, verdicts

from hailuo_batch.cli.output import _MAX_PAGE, _append_to_page
from hailuo_batch.errors import Exit

Say = Callable[..., Any]
SOLD = FILM.replace("duration: 1, resolution: 512p", "duration: 6, resolution: 768p")
WRONG = SOLD.replace("duration: 6", "duration: 8")
FAULTS = "version: 1\nfaults: [{fault: task_failed, prompt: mist, first: 1}]\n"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The page of a job."""
    file = tmp_path / "page.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    return file


@pytest.mark.usefixtures("quick_sketches")
def test_a_run_reports_each_take_and_its_exit_code_stays(film: Path, say: Say) -> None:
    said = say("run", "--sketch", "--format", "junit", str(film))
    assert said.code == 0
    assert verdicts(read_junit(said.out)) == [("teaser", "open#1", "passed", ""), ("teaser", "turn#1", "passed", "")]
    again = say("run", "--sketch", "--format", "junit", str(film))
    assert verdicts(read_junit(again.out)) == verdicts(read_junit(said.out)), "takes with nothing to do are cases too"
    assert verdicts(read_junit(say("run", "--rehearsal", "-n", "--format", "junit", str(film)).out))


def test_a_rehearsed_failure_is_red_and_what_waits_for_it_is_skipped(surroundings: Path, say: Say, page: Path) -> None:
    (surroundings / "film.yaml").write_text(SOLD.replace("campaign: teaser", "campaign: teaser\nproviders: [minimax]"))
    (surroundings / "faults.yaml").write_text(FAULTS.replace("version: 1\n", ""))
    said = say("run", "film.yaml", "--rehearsal-script", "faults.yaml", "--format", "junit")
    assert said.code == Exit.TAKES_FAILED, said
    assert [each[1:3] for each in verdicts(read_junit(said.out))] == [("open#1", "failure"), ("turn#1", "skipped")]
    assert "### teaser (rehearsal: nothing is bought)\n" in page.read_text(encoding="utf-8")
    assert "1 failed" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", ["text", "junit"])
@pytest.mark.parametrize(
    ("command", "text", "code", "shown"),
    [
        (("run",), SOLD, Exit.KEY, "`run` ended with exit code 6."),
        (("run",), WRONG, Exit.INVALID, "shot-length"),
        (("run", "--only", "no-such"), SOLD, None, "`run` ended with exit code"),
        (("plan",), WRONG, Exit.INVALID, "`plan` was refused, since the manifest has problems."),
        (("validate",), WRONG, Exit.INVALID, "film.yaml: refused"),
        (("validate",), SOLD, Exit.DONE, "film.yaml: valid, 2 shots, 2 takes"),
    ],
)
def test_what_ends_early_is_on_the_page_and_whole_as_junit(
    surroundings: Path,
    say: Say,
    page: Path,
    command: tuple[str, ...],
    text: str,
    code: int | None,
    shown: str,
    form: str,
) -> None:
    if command == ("plan",) and form == "junit":
        return
    (surroundings / "film.yaml").write_text(text.replace("campaign: teaser", "campaign: teaser\nproviders: [minimax]"))
    said = say(*command, "film.yaml", "--format", form)
    assert said.code == code or (code is None and said.code), said
    if form == "junit":
        red = {"failure", "error"} & {each[2] for each in verdicts(read_junit(said.out))}
        assert bool(red) == bool(said.code)
    assert shown in page.read_text(encoding="utf-8")


def test_several_commands_of_one_job_follow_one_another_and_the_page_has_a_limit(page: Path) -> None:
    part = "### film\n\nNothing to do.\n\n"
    for _ in range(2):
        _append_to_page(str(page), part)
    assert page.read_text() == part * 2
    _append_to_page(str(page), "x" * _MAX_PAGE)
    assert page.read_text() == part * 2 + "\nA part did not fit on this page; the log of the job has it.\n\n"
    for _ in range(3):
        _append_to_page(str(page), "é" * (_MAX_PAGE // 3))
    assert page.stat().st_size <= _MAX_PAGE
    assert page.read_text(encoding="utf-8").endswith("the log of the job has it.\n\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals to a process alone")
@pytest.mark.parametrize("signals", [1, 2])
async def test_an_interrupted_run_prints_a_whole_document(surroundings: Path, page: Path, signals: int) -> None:
    (surroundings / "film.yaml").write_text(SOLD.replace("campaign: teaser", "campaign: teaser\nproviders: [minimax]"))
    (surroundings / "slow.yaml").write_text("faults: [{fault: hang}]\n")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hailuo_batch.cli.main", "run", "film.yaml", "--rehearsal-script", "slow.yaml",
        "--format", "junit", "--progress", "json",
        cwd=surroundings, env=dict(os.environ), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr
    try:
        for _ in range(signals):
            while line := await process.stderr.readline():
                if b"StepStarted" in line or b"Stopping" in line:
                    break
            process.send_signal(signal.SIGINT)
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == Exit.INTERRUPTED
    found = verdicts(read_junit(out.decode()))
    assert ("run", "error", "interrupted") in [each[1:] for each in found]
    assert "interrupted" in page.read_text(encoding="utf-8")
