"""Whole processes measured from outside: wall and CPU seconds, peak memory; medians of several runs after a warm-up."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hailuo_batch.load.settings import read_project
from hailuo_batch.load.trust import write_trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Medians: seconds of wall and CPU time, and MB of the largest process."""

    wall: float
    cpu: float
    megabytes: float


def use_own_machine(folder: Path) -> None:
    """Lets a project's purchases be the first of a user, who trusts it: they are known to no other measurement."""
    os.environ["HAILUO_STATE"] = str(folder / "user")
    write_trust(folder, read_project(folder).stakes)


def tool(*args: str) -> list[str]:
    """Our own command line, by the entry point that users call."""
    return [str(Path(sys.executable).with_name("hailuo-batch")), *args]


def measure(
    command: Sequence[str], *, folder: Path, runs: int = 5, warm: int = 1, before: Callable[[], None] | None = None
) -> Figures:
    """Medians over `runs` after `warm` runs that are not counted; `before` makes the same start for each."""
    taken = [_once(command, folder, before) for _ in range(warm + runs)][warm:]
    return Figures(
        wall=statistics.median(figures.wall for figures in taken),
        cpu=statistics.median(figures.cpu for figures in taken),
        megabytes=max(figures.megabytes for figures in taken),
    )


def _once(command: Sequence[str], folder: Path, before: Callable[[], None] | None) -> Figures:
    if before is not None:
        before()
    launcher = [sys.executable, "-S", "-E", str(Path(__file__).with_name("launch.py"))]
    ended = subprocess.run([*launcher, *command], cwd=folder, capture_output=True, text=True, check=False)
    code, wall, cpu, peak = json.loads(ended.stdout)
    if code not in {0, 10}:
        raise SystemExit(f"{' '.join(command)} ended with {code}:\n{ended.stderr}")
    return Figures(wall=wall, cpu=cpu, megabytes=peak / 1e6)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, its columns as wide as they need to be."""
    lines = [list(head), ["-" * len(word) for word in head], *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "| " + " | ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)) + " |" for line in lines
    )
