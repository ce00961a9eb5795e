"""The figures of docs/performance.md, measured on this machine: `make bench`, or

    python benchmarks/run.py [starting] [planning] [drawing] [feeding] [measuring] [buying] [connections] [doubts]
        [waiting] [looking] [extremes] [sheeting] [--sizes 1000] [--runs 5] [--quick]

Ratios are what count: every anchor (an empty Python, ninja, doit, the plain filter graph, the loop of `bare.py`) is
measured in the same run. `--quick` measures little of everything, which shows in minutes that all of it runs.
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import buying
import doubts
import drawing
import extremes
import feeding
import looking
import measuring
import planning
import sheeting
import starting
import waiting


def _buying(folder: Path, runs: int, *, quick: bool) -> Iterator[str]:
    yield buying.report(folder, runs=runs, shots=100 if quick else 1000)
    yield buying.report(folder / "decoded", runs=1, shots=20 if quick else 200, decode=True)


def _connections(folder: Path, runs: int, *, quick: bool) -> Iterator[str]:
    for tls in (False, True):
        with patch.dict(os.environ):  # the certificate is trusted by this part alone
            own = folder / ("https" if tls else "http")
            own.mkdir()
            yield buying.report_connections(own, runs=runs, shots=100 if quick else 600, tls=tls)


def _waiting(folder: Path, *, quick: bool) -> str:
    return waiting.report(folder, takes=500, tasks=2_000, seconds=10) if quick else waiting.report(folder)


def _looking(folder: Path, *, quick: bool) -> str:
    return looking.report(folder, clips=200, takes=20) if quick else looking.report(folder)


def _parts(sizes: list[int], runs: int, *, quick: bool) -> dict[str, Callable[[Path], str]]:
    """Each part by its name, in the order of the page; planning has one changed shot and what was just written."""
    return {
        "starting": lambda folder: starting.report(folder, runs=runs),
        "planning": lambda folder: planning.report(folder, sizes=sizes, runs=runs),
        "drawing": lambda folder: drawing.report(folder, runs=runs),
        "feeding": lambda folder: feeding.report(folder, parts=32 if quick else 8),
        "measuring": lambda folder: measuring.report(folder, runs=runs),
        "buying": lambda folder: "\n\n".join(_buying(folder, runs, quick=quick)),
        "connections": lambda folder: "\n\n".join(_connections(folder, runs, quick=quick)),
        "doubts": lambda _: doubts.report(submits=200 if quick else 10_000),
        "waiting": lambda folder: _waiting(folder, quick=quick),
        "looking": lambda folder: _looking(folder, quick=quick),
        "extremes": lambda folder: extremes.report(folder, runs=runs),
        "sheeting": lambda folder: sheeting.report(folder, shots=100 if quick else 1000),
    }


def main() -> None:
    names = list(_parts([], 1, quick=True))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*names, []], help="all when none is named")
    parser.add_argument("--sizes", help="how many shots, separated by commas; 1000,10000,100000 when not given")
    parser.add_argument("--runs", type=int)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    sizes = given.sizes or ("200" if given.quick else "1000,10000,100000")
    runs = given.runs or (1 if given.quick else 5)
    parts = _parts([int(size) for size in sizes.split(",")], runs, quick=given.quick)
    with tempfile.TemporaryDirectory(prefix="hailuo-bench-") as folder:
        for name in given.parts or names:
            own = Path(folder) / name
            own.mkdir()
            print(f"{parts[name](own)}\n", flush=True)  # at once: all of it takes an hour


if __name__ == "__main__":
    main()
