"""Validating, planning and having nothing to do at 1,000 to 100,000 shots, beside ninja and doit with nothing to do."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from campaign import finished_campaign, manifest_text
from measure import Figures, measure, table, tool, use_own_machine

from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.core.world import World
from hailuo_batch.ledger.sqlite import open_ledger

MANIFEST = "manifests/bench.yaml"
# What we are held to: seconds, or times ninja's no-op in the same run.
HELD = {
    ("first validate", 10_000): "1 s",
    ("first validate", 100_000): "8 s",
    ("no-op run", 10_000): "3 x ninja",
    ("no-op run", 100_000): "1.2 x ninja",
    ("unchanged plan", 10_000): "3 x ninja",
    ("unchanged plan", 100_000): "1.2 x ninja",
    ("plan, one changed", 10_000): "4 x ninja",
    ("plan, one changed", 100_000): "2 x ninja",
    ("validate, one changed", 10_000): "4 x ninja",
    ("validate, one changed", 100_000): "2 x ninja",
    ("plan, just written", 10_000): "3 x ninja",
    ("plan, just written", 100_000): "1.2 x ninja",
    ("bought: plan, one changed", 10_000): "4 x ninja",
    ("bought: plan, a sketch since", 10_000): "4 x ninja",
}
_MOST_BOUGHT = 10_000  # shots: to make a larger campaign with a lock takes minutes
# A generator's outputs count as made by their times alone: ninja need not first run 100,000 commands to know them.
NINJA = """\
rule copy
  command = cp $in $out
  generator = 1
"""
DODO = """\
def copy():
    pass

def task_shots():
    for n in range({shots}):
        yield dict(name=str(n), file_dep=[f"in/{{n}}"], targets=[f"out/{{n}}"], actions=[copy])
"""


def report(folder: Path, *, sizes: list[int], runs: int) -> str:
    """The table of planning costs."""
    rows = []
    for shots in sizes:
        few = runs if shots < 100_000 else min(runs, 3)
        figures = _ours(folder / str(shots), shots, few)
        if shots <= _MOST_BOUGHT:
            figures |= _bought(folder / str(shots) / "bought", shots, few)
        anchors = _anchors(folder, shots, few)
        ninja, doit = anchors.get("ninja"), anchors.get("doit")
        for name, each in (*figures.items(), *((f"({name} no-op)", each) for name, each in anchors.items())):
            rows.append(
                (
                    f"{shots:,}",
                    name,
                    f"{each.wall:.3f}",
                    f"{each.cpu:.3f}",
                    f"{each.megabytes:.0f}",
                    f"{each.wall / ninja.wall:.2f}" if ninja else "-",
                    f"{each.wall / doit.wall:.2f}" if doit else "-",
                    HELD.get((name, shots), ""),
                )
            )
    head = ("shots", "what", "wall s", "CPU s", "MB", "x ninja", "x doit", "target")
    return "Planning\n\n" + table(head, rows)


def _ours(folder: Path, shots: int, runs: int) -> dict[str, Figures]:
    fresh = folder / "fresh"
    (fresh / "manifests").mkdir(parents=True)
    (fresh / "hailuo.yaml").write_text("version: 1\n")
    (fresh / MANIFEST).write_text(manifest_text(shots))
    figures = {
        "first validate": measure(tool("validate", "--sketch", MANIFEST), folder=fresh, runs=runs),
        "first plan": measure(tool("plan", "--sketch", MANIFEST), folder=fresh, runs=runs),
    }
    done = folder / "done"
    manifest = finished_campaign(done, shots)
    memory = done / ".hailuo" / "memory"

    def forget() -> None:
        shutil.rmtree(memory, ignore_errors=True)

    figures["plan, nothing remembered"] = _run(done, runs, "plan", forget)
    figures["unchanged plan"] = _run(done, runs, "plan")
    figures["no-op run"] = _run(done, runs, "run")
    ledger = done / ".hailuo" / "ledger.db"

    def write_now() -> None:
        forget()
        os.utime(ledger, (time.time() + 60,) * 2)  # younger than what is remembered, as after a run, however slow
        subprocess.run(tool("plan", "--sketch", MANIFEST), cwd=done, check=True, capture_output=True)

    figures["plan, just written"] = _run(done, runs, "plan", write_now)
    manifest.write_text(manifest_text(shots, changed=shots // 2))
    figures["plan, one changed"] = _run(done, runs, "plan")
    figures["validate, one changed"] = _run(done, runs, "validate")
    return figures


def _bought(folder: Path, shots: int, runs: int) -> dict[str, Figures]:
    """A campaign that was bought: with a lock, and in the ledger in which sketches are too."""
    folder.mkdir(parents=True)
    use_own_machine(folder)
    manifest = finished_campaign(folder, shots, world=World.REAL)
    ledger = folder / ".hailuo" / "ledger.db"

    def sketch_another() -> None:
        asyncio.run(_sketch_another(ledger))

    plan_it = tool("plan", MANIFEST)
    figures = {"bought: unchanged plan": measure(plan_it, folder=folder, runs=runs, warm=2)}
    figures["bought: plan, a sketch since"] = measure(plan_it, folder=folder, runs=runs, warm=2, before=sketch_another)
    manifest.write_text(manifest_text(shots, changed=shots // 2))
    figures["bought: plan, one changed"] = measure(plan_it, folder=folder, runs=runs, warm=2)
    return figures


async def _sketch_another(file: Path) -> None:
    """What the run of another manifest's sketches leaves in the ledger, but for the clips."""
    async with open_ledger(file, clock=SystemClock()) as ledger:
        run = await ledger.begin_run(manifest="manifests/other.yaml", campaign="other", sketch=True)
        await ledger.end_run(run, stored=0, failed=0, exit=0)


def _run(folder: Path, runs: int, command: str, before: Callable[[], None] | None = None) -> Figures:
    return measure(tool(command, "--sketch", MANIFEST), folder=folder, runs=runs, warm=2, before=before)


def _anchors(folder: Path, shots: int, runs: int) -> dict[str, Figures]:
    found = {name: _anchor(name, folder / f"{name}-{shots}", shots, runs) for name in ("ninja", "doit")}
    return {name: each for name, each in found.items() if each is not None}


def _anchor(name: str, folder: Path, shots: int, runs: int) -> Figures | None:
    """ninja or doit with as many files up to date: one input and one output each."""
    beside = Path(sys.executable).with_name(name)
    command = str(beside) if beside.exists() else shutil.which(name)
    if command is None:
        print(f"{name} is not installed: no ratio to it")
        return None
    (folder / "in").mkdir(parents=True)
    (folder / "out").mkdir()
    for n in range(shots):
        (folder / "in" / str(n)).touch()
    if name == "ninja":
        edges = "".join(f"build out/{n}: copy in/{n}\n" for n in range(shots))
        (folder / "build.ninja").write_text(NINJA + edges)
    else:
        (folder / "dodo.py").write_text(DODO.format(shots=shots))
    for n in range(shots):
        (folder / "out" / str(n)).touch()
    return measure([command], folder=folder, runs=runs, warm=2)  # doit's first run writes its database
