"""The figures of docs/performance.md, measured on this machine: `make bench`, or

    python benchmarks/run.py [starting] [planning] [drawing] [measuring] [buying] [waiting] [looking]
        [extremes] [sheeting] [--sizes 1000] [--runs 5]

Ratios are what count: every anchor (an empty Python, ninja, doit, the plain filter graph, the loop of `bare.py`) is
measured in the same run.
"""

import argparse
import tempfile
from pathlib import Path

import buying
import drawing
import extremes
import looking
import measuring
import planning
import sheeting
import starting
import waiting

PARTS = ["starting", "planning", "drawing", "measuring", "buying", "waiting", "looking", "extremes", "sheeting"]
OTHERS = {"waiting": waiting, "looking": looking, "sheeting": sheeting}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all when none is named")
    parser.add_argument("--sizes", default="1000,10000,100000", help="how many shots, separated by commas")
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    parts = given.parts or PARTS
    with tempfile.TemporaryDirectory(prefix="hailuo-bench-") as folder:
        tables = []
        for part in parts:
            own = Path(folder) / part
            own.mkdir()
            match part:
                case "starting":
                    tables.append(starting.report(own, runs=given.runs))
                case "planning":
                    sizes = [int(size) for size in given.sizes.split(",")]
                    tables.append(planning.report(own, sizes=sizes, runs=given.runs))
                case "drawing":
                    tables.append(drawing.report(own, runs=given.runs))
                case "measuring":
                    tables.append(measuring.report(own, runs=given.runs))
                case "buying":
                    tables.append(buying.report(own, runs=given.runs))
                    tables.append(buying.report(own / "decoded", runs=1, shots=200, decode=True))
                case "extremes":
                    tables.append(extremes.report(own, runs=given.runs))
                case _:
                    tables.append(OTHERS[part].report(own))
    print("\n\n".join(tables))


if __name__ == "__main__":
    main()
