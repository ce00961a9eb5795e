"""How well machines keep one rate together: no window of a second above it, and how much of it is used.

    python benchmarks/team_rates.py [--machines 3] [--per-second 10] [--seconds 30]

Each machine is a process with a line of its own to one PostgreSQL.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from bisect import bisect_left
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "ledger"))

from measure import table
from postgres_fixtures import start_postgres

from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.core.pacing.shared_rate import slot_distance
from hailuo_batch.ledger.postgres.holders import HolderCard
from hailuo_batch.ledger.postgres.writer import open_shared_ledger
from hailuo_batch.ports import SharedAccount
from hailuo_batch.runner.shared_pace import SharedPace


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--machines", type=int, default=3)
    parser.add_argument("--per-second", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--url", help=argparse.SUPPRESS)  # this process is one of the machines
    given = parser.parse_args()
    if given.url:
        asyncio.run(_submit(given.url, given.per_second, given.seconds))
    else:
        measure_rates(given.machines, given.per_second, given.seconds)


def measure_rates(machines: int, per_second: float, seconds: float) -> None:
    """Prints the most submits of any window of a second, and which part of the rate was used."""
    with start_postgres() as server:
        url = server.url(server.create_database())
        words = ["--url", url, "--per-second", str(per_second), "--seconds", str(seconds)]
        started = [
            subprocess.Popen([sys.executable, __file__, *words], stdout=subprocess.PIPE, text=True)
            for _ in range(machines)
        ]
        outputs = [process.communicate()[0] for process in started]
    each = [[float(line) for line in output.split()] for output in outputs]
    at = sorted(moment for some in each for moment in some)
    # All machines are there between the last first submit and the first last one.
    begin, end = max(some[0] for some in each), min(some[-1] for some in each)
    together = [moment for moment in at if begin <= moment <= end]
    most = max(bisect_left(at, moment + 1.0) - place for place, moment in enumerate(at))
    used = (len(together) - 1) / ((end - begin) * per_second)
    rows = [[str(machines), f"{per_second:g}", str(most), f"{used:.1%}", " ".join(str(len(some)) for some in each)]]
    print(table(["machines", "limit a second", "most in any second", "used", "submits of each"], rows))


async def _submit(url: str, per_second: float, seconds: float) -> None:
    account = SharedAccount(account="a", gateway="minimax", distance=slot_distance(60.0 * per_second), places=None)
    async with open_shared_ledger(url, clock=SystemClock(), card=HolderCard.of_this_process("run")) as ledger:
        pace, end = SharedPace(account, ledger, time.monotonic), time.monotonic() + seconds
        while time.monotonic() < end:
            wait = await pace.take(used=0, wanted=4)
            if wait == 0:
                print(time.monotonic(), flush=True)  # all processes of a machine have this clock
            else:
                await asyncio.sleep(wait)


if __name__ == "__main__":
    main()
