"""The shells' completion: scripts that the shells accept, and words completed by the shell itself."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hailuo_batch.cli.main import COMMANDS

Say = Callable[..., Any]

SHELLS = ["bash", "zsh", "fish"]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A PATH on which `hailuo-batch` is this checkout."""
    program = tmp_path / "bin" / "hailuo-batch"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hailuo_batch.cli.main "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return str(program)


def script(shell: str, say: Say, tmp_path: Path) -> Path:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    said = say("completion", shell)
    assert (said.code, said.err) == (0, "")
    file = tmp_path / f"hailuo-batch.{shell}"
    file.write_text(said.out)
    return file


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_accepts_its_script(shell: str, say: Say, tmp_path: Path) -> None:
    ended = subprocess.run([shell, "-n", script(shell, say, tmp_path)], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def bash(file: Path, *words: str) -> list[str]:
    """What bash would offer for the last word."""
    line = (
        f"source {file}; COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; "
        f'_hailuo_batch_completion hailuo-batch "${{COMP_WORDS[COMP_CWORD]}}"; printf "%s\\n" "${{COMPREPLY[@]}}"; '
        "complete -p hailuo-batch"
    )
    ended = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    *offered, registered = ended.stdout.splitlines()
    assert "_hailuo_batch_completion" in registered
    assert ended.stderr == ""
    return [word for word in offered if word]


@pytest.mark.usefixtures("path")
def test_bash_completes_commands_options_and_choices(say: Say, tmp_path: Path) -> None:
    file = script("bash", say, tmp_path)
    assert bash(file, "hailuo-batch", "''") == list(COMMANDS)
    assert bash(file, "hailuo-batch", "pl") == ["plan"]
    assert bash(file, "hailuo-batch", "rep") == ["report"]
    assert bash(file, "hailuo-batch", "--vers") == ["--version"]
    assert bash(file, "hailuo-batch", "run", "--pro") == ["--progress"]
    assert bash(file, "hailuo-batch", "run", "--progress", "l") == ["live", "lines"]
    assert bash(file, "hailuo-batch", "completion", "z") == ["zsh"]


@pytest.mark.usefixtures("path")
def test_zsh_and_fish_are_given_words_with_their_meaning(spawn: Say, say: Say, tmp_path: Path) -> None:
    said = spawn(_HAILUO_BATCH_COMPLETE="zsh_complete", COMP_WORDS="hailuo-batch pl", COMP_CWORD="1")
    assert said.code == 0
    assert said.out.splitlines() == ["plain", "plan", COMMANDS["plan"]]
    file = script("fish", say, tmp_path)
    line = f"source {file}; complete --do-complete 'hailuo-batch pl'"
    ended = subprocess.run(["fish", "-c", line], capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("plan\tShow what a run would do")  # click's script for fish ends at a comma
    assert ended.stdout.count("\n") == 1


def test_completing_a_command_loads_no_command(tmp_path: Path) -> None:
    line = (
        "import sys; from hailuo_batch.cli.main import run_command_line; run_command_line();"
        "sys.stderr.write(' '.join(sorted(name for name in sys.modules if name.startswith('hailuo_batch.'))))"
    )
    env = {**os.environ, "_HAILUO_BATCH_COMPLETE": "bash_complete", "COMP_WORDS": "hailuo-batch ru", "COMP_CWORD": "1"}
    ended = subprocess.run([sys.executable, "-c", line], env=env, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["plain,run"]
    assert "hailuo_batch.cli.main" in ended.stderr
    assert "hailuo_batch.app" not in ended.stderr
    assert "hailuo_batch.cli.run" not in ended.stderr
