"""What it costs to start: CPU milliseconds of whole processes, beside an empty Python."""

import sys
from pathlib import Path

from measure import measure, table, tool

ONE_SHOT = "version: 1\ncampaign: one\nshots: [{id: a, prompt: a bottle in morning mist}]\n"
HELD_TO_MS = 100


def report(folder: Path, *, runs: int) -> str:
    """The table of start-up costs."""
    (folder / "hailuo.yaml").write_text("version: 1\n")
    (folder / "one.yaml").write_text(ONE_SHOT)
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "--version": tool("--version"),
        "--help": tool("--help"),
        "completion bash": tool("completion", "bash"),
        "validate, one shot": tool("validate", "one.yaml"),
    }
    figures = {name: measure(command, folder=folder, runs=runs) for name, command in commands.items()}
    empty = figures["python -c pass"].cpu
    rows = [
        (name, f"{each.cpu * 1e3:.0f}", f"{each.cpu / empty:.1f}", f"{each.megabytes:.0f}")
        for name, each in figures.items()
    ]
    return f"Starting (target {HELD_TO_MS} ms CPU)\n\n" + table(("command", "CPU ms", "x empty Python", "MB"), rows)
