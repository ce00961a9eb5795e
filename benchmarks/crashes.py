"""Kills a run that buys at every moment that there is, and says what was charged.

    python benchmarks/crashes.py                  at every moment of each gateway
    python benchmarks/crashes.py --random 300     at random times, up to three in a row
    python benchmarks/crashes.py --calls          before every system call that writes (Linux, with strace)

After each kill the run is started again until nothing changes; then each doubt is settled by the mock's own books, and
it is started once more. What was bought twice or lost is counted by the mock's books, the ledger and the store. Beside
that `tests/crashing.py` looks at everything that is promised, and ends the script with a traceback where it is broken.
"""

import argparse
import asyncio
import logging
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from measure import table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import tracing
from crashing import ENVIRONMENT, Film, Tally, new_mock
from forking import KILLED, Forks
from rehearsal import GATEWAYS

IN_A_ROW = 3
LONGEST = 0.3  # seconds; a run that nobody disturbs takes about as long


@asynccontextmanager
async def new_film(forks: Forks, gateway: str) -> AsyncIterator[Film]:
    """A project of its own, with a mock of its own unless it is a sketch."""
    with tempfile.TemporaryDirectory(prefix="hailuo-crashes-") as folder:
        if gateway == "sketch":
            yield Film.begun(Path(folder), forks, None)
        else:
            async with new_mock() as mock:
                yield Film.begun(Path(folder), forks, mock, gateway)


async def every_moment(forks: Forks, gateway: str) -> Tally:
    """A kill at each moment, until a run has no such moment any more."""
    tally, number, code = Tally(), 0, KILLED
    while code == KILLED:
        number += 1
        async with new_film(forks, gateway) as film:
            code = await film.run_until(lambda moment: moment.number == number)  # noqa: B023 - used at once
            await film.assert_kept()
            tally.add(film.tally)
    return tally


async def random_times(forks: Forks, gateway: str, kills: int, seed: int) -> Tally:
    """So many kills at any time, one to three on the same project."""
    tally, chance = Tally(), random.Random(f"{seed} {gateway}")
    while tally.kills < kills:
        async with new_film(forks, gateway) as film:
            for _ in range(min(chance.randint(1, IN_A_ROW), kills - tally.kills)):
                await film.run_for(chance.uniform(0, LONGEST))
            await film.assert_kept()
            tally.add(film.tally)
    return tally


async def every_call(forks: Forks, gateway: str, place: tracing.Place) -> Tally:
    """A kill before each call of a kind, until a run has no such call any more."""
    tally = Tally()
    for number in range(1, place.most + 1):
        async with new_film(forks, gateway) as film:
            code, said = await tracing.traced(film.folder, film.base, place, f"signal=SIGKILL:when={number}")
            if code not in {0, KILLED}:
                raise SystemExit(f"{place} {number}: {code}\n{said}")
            await film.assert_kept()
            tally.add(film.tally)
        if code != KILLED:
            tally.ended += 1
            break
        tally.kills += 1
    return tally


async def report(given: argparse.Namespace) -> str:
    rows: list[tuple[str, Tally]] = []
    begin = time.perf_counter()
    async with Forks(ENVIRONMENT) as forks:
        if given.calls:
            if why := tracing.why_not():
                raise SystemExit(why)
            title = "A kill before each system call that writes"
            for gateway in ("minimax", "sketch"):
                rows += [(f"{gateway}: {each}", await every_call(forks, gateway, each)) for each in tracing.PLACES]
        elif given.random:
            title = f"{given.random} kills at random times, seed {given.seed}"
            for place, gateway in enumerate(GATEWAYS):
                kills = given.random * (place + 1) // len(GATEWAYS) - given.random * place // len(GATEWAYS)
                rows.append((gateway, await random_times(forks, gateway, kills, given.seed)))
        else:
            title = "A kill at each moment"
            rows += [(gateway, await every_moment(forks, gateway)) for gateway in GATEWAYS]
    return f"{title}; {time.perf_counter() - begin:.0f} s\n\n{drawn(rows)}"


def drawn(rows: list[tuple[str, Tally]]) -> str:
    whole = Tally()
    for _, tally in rows:
        whole.add(tally)
    head = ("", "kills", "takes", "charges", "bought twice", "lost", "doubts", "found", "never sent")
    lines = [
        (
            name,
            *(f"{figure:,}" for figure in (each.kills, each.takes, each.charges, each.twice, each.lost)),
            *(f"{figure:,}" for figure in (each.doubts, each.found, each.never_sent)),
        )
        for name, each in [*rows, ("together", whole)]
    ]
    return table(head, lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--random", type=int, default=0, metavar="KILLS")
    parser.add_argument("--calls", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # clients of the mock die all the time
    os.environ.update(ENVIRONMENT)  # keys for the mock, which takes any
    print(asyncio.run(report(parser.parse_args())))


if __name__ == "__main__":
    main()
