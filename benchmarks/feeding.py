"""How many drawing processes one run can feed, and how many of 16 it keeps at work.

    python benchmarks/feeding.py [--parts 8]

A part of the 946 prompts is sketched, which gives a worker's CPU for a sketch. Then all are "drawn" by 16 workers that
wait as long as a drawing took on a large machine. They need no processor, so that a small machine shows how many of 16
would be at work, and what the run itself takes for a sketch: planning, handing over, storing, naming and recording.
"""

import argparse
import gc
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

import waiting_worker
from measure import table, use_own_machine

from hailuo_batch.core.sketch import Sketch
from hailuo_batch.drivers import render_pool, render_worker

FILM = Path(__file__).resolve().parent.parent / "manifests" / "vbench-946.yaml"
AT_ONCE, SECONDS = 16, 0.09  # workers, and what 944 sketches took each on a machine of 16 cores


def report(folder: Path, *, parts: int = 8) -> str:
    """The table of what a sketch takes of the run and of a worker: one part of `parts` is drawn, and all are fed."""
    drawn = _child(folder / "drawn", "drawn", f"1/{parts}")
    fed = _child(folder / "fed", "fed", "1/1")
    own, others = fed["own"] / fed["sketches"], drawn["others"] / drawn["sketches"]
    row = (
        f"{fed['sketches']:.0f}",
        f"{1e3 * own:.1f}",
        f"{1e3 * others:.0f}",
        f"{others / own:.0f} workers",
        f"{fed['busy'] / fed['span']:.1f} of {AT_ONCE}",
        f"{fed['span']:.1f}",
    )
    head = (
        "sketches",
        "CPU ms of the run",
        "CPU ms of a worker",
        "one run feeds",
        f"at work, {1e3 * SECONDS:.0f} ms each",
        "s",
    )
    return "Feeding drawing processes (target: all cores at work)\n\n" + table(head, [row])


def _child(folder: Path, what: str, shard: str) -> dict[str, float]:
    folder.mkdir()
    (folder / "hailuo.yaml").write_text("version: 1\n")
    shutil.copy(FILM, folder / "film.yaml")
    use_own_machine(folder)
    command = [sys.executable, __file__, "child", what, shard]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(ended.stderr)
    found: dict[str, float] = json.loads(ended.stdout)
    return found


def child(what: str, shard: str) -> None:
    """Runs the command in this process, and prints what it took."""
    from hailuo_batch.cli.main import run_command_line

    if what == "fed":
        _draw_once(Path("clip.mp4"))
        os.environ.update({waiting_worker.CLIP: str(Path("clip.mp4").resolve()), waiting_worker.SECONDS: str(SECONDS)})
    worker = render_pool._Worker  # noqa: SLF001 - each of its exchanges is one drawing
    gc.disable()  # as the command line does
    times: list[tuple[float, float]] = []
    with (
        patch.object(worker, "exchange", _timed(worker.exchange, times)),
        patch.object(render_worker, "__name__", waiting_worker.__name__ if what == "fed" else render_worker.__name__),
        patch("hailuo_batch.app.run.cpu_count", lambda: AT_ONCE if what == "fed" else os.cpu_count()),
        patch("hailuo_batch.app.running.context.cpu_count", lambda: AT_ONCE),
        redirect_stdout(sys.stderr),
    ):
        code = run_command_line(["run", "--sketch", "--progress", "none", "--shard", shard, "film.yaml"])
    assert code == 0, code
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    found = {
        "sketches": len(times),
        "own": own.ru_utime + own.ru_stime,
        "others": others.ru_utime + others.ru_stime,
        "busy": sum(end - begin for begin, end in times),
        "span": max(end for _, end in times) - min(begin for begin, _ in times),
    }
    print(json.dumps(found))


def _timed(exchange: Any, times: list[tuple[float, float]]) -> Any:
    async def timed(*args: Any) -> bytes:
        begin = time.perf_counter()
        answer: bytes = await exchange(*args)
        times.append((begin, time.perf_counter()))
        return answer

    return timed


def _draw_once(target: Path) -> None:
    from hailuo_batch.media.animatic.draw import draw

    draw(Sketch(campaign="bench", shot="one", take=1, prompt="a bottle", seconds=6, resolution="512p"), target)


def main() -> None:
    if sys.argv[1:2] == ["child"]:
        child(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=int, default=8)
    with tempfile.TemporaryDirectory(prefix="hailuo-bench-") as folder:
        print(report(Path(folder), parts=parser.parse_args().parts))


if __name__ == "__main__":
    main()
