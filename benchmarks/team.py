"""What several machines share, measured: the ledger's cost, and what is left of it when everything is killed and cut.

    python benchmarks/team.py ledger [--shots 5000] [--flight 500] [--rounds 3]
    python benchmarks/team.py kills [--takes 10000] [--kills 1000] [--machines 3] [--minutes 60]
    python benchmarks/team.py cut [--takes 300] [--away 30]
    python benchmarks/team.py store [--clips 10000] [--runs 200]
    python benchmarks/team.py rates [--machines 3] [--per-second 10] [--seconds 30]

Each starts a server of its own: a PostgreSQL, or one of buckets.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "ledger"))

from measure import table
from postgres_fixtures import PostgresServer, start_postgres
from team_of_machines import BookGateway, Team
from team_rates import measure_rates

from hailuo_batch.core.spending.budget import Cap
from hailuo_batch.ledger.postgres.writer import open_shared_ledger
from hailuo_batch.ledger.sqlite import open_ledger
from hailuo_batch.testing.clock import FakeClock
from hailuo_batch.testing.ledger_samples import MOVES_TO, make_intent, usd

_CAPS = (
    Cap(description="a budget", limit=usd("1000000"), campaign="aurora"),
    Cap(description="a cap", limit=usd("1000000"), tag="client:*"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    ledger = commands.add_parser("ledger")
    ledger.add_argument("--shots", type=int, default=5000)
    ledger.add_argument("--flight", type=int, default=500)
    ledger.add_argument("--rounds", type=int, default=3)
    ledger.set_defaults(act=lambda given: measure_ledger(given.shots, given.flight, given.rounds))
    kills = commands.add_parser("kills")
    kills.add_argument("--takes", type=int, default=10_000)
    kills.add_argument("--kills", type=int, default=1000)
    kills.add_argument("--machines", type=int, default=3)
    kills.add_argument("--minutes", type=float, default=60)
    kills.set_defaults(act=lambda given: kill_machines(given.takes, given.kills, given.machines, given.minutes))
    cut = commands.add_parser("cut")
    cut.add_argument("--takes", type=int, default=300)
    cut.add_argument("--away", type=float, default=30)
    cut.set_defaults(act=lambda given: cut_line(given.takes, given.away))
    store = commands.add_parser("store")
    store.add_argument("--clips", type=int, default=10_000)
    store.add_argument("--runs", type=int, default=200)
    store.set_defaults(act=lambda given: measure_store(given.clips, given.runs))
    rates = commands.add_parser("rates")
    rates.add_argument("--machines", type=int, default=3)
    rates.add_argument("--per-second", type=float, default=10.0)
    rates.add_argument("--seconds", type=float, default=30.0)
    rates.set_defaults(act=lambda given: measure_rates(given.machines, given.per_second, given.seconds))
    given = parser.parse_args()
    given.act(given)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFigures:
    """What one way of writing took: seconds, CPU seconds of this process and of the server, commits."""

    seconds: float
    client: float
    server: float
    commits: int


def measure_ledger(shots: int, flight: int, rounds: int) -> None:
    """One process, so many shots in flight; SQLite and PostgreSQL in turns, the cheapest of each."""
    found: dict[str, list[LedgerFigures]] = {"SQLite": [], "PostgreSQL": []}
    with tempfile.TemporaryDirectory() as folder, start_postgres(sync=True, on_disk=True) as server:
        numbers = count()
        for _ in range(rounds):
            file = Path(folder) / f"{next(numbers)}.db"
            found["SQLite"].append(asyncio.run(_write_shots(open_ledger(file, clock=FakeClock()), shots, flight, int)))
            url = server.url(server.create_database())
            opened = open_shared_ledger(url, clock=FakeClock())
            seconds = asyncio.run(_write_shots(opened, shots, flight, lambda: server_cpu(server)))
            found["PostgreSQL"].append(seconds)
    rows = []
    for name, figures in found.items():
        best = min(figures, key=lambda each: each.client)
        fastest = min(each.seconds for each in figures)
        milli = [f"{1000 * each / shots:.3f}" for each in (best.client, best.server)]
        rows.append([name, f"{shots / fastest:,.0f}", *milli, f"{best.commits / shots:.4f}"])
    print(
        f"{shots} shots, {flight} in flight, two caps, {rounds} rounds; the cheapest round, and the fastest one's rate"
    )
    print(table(["ledger", "shots a second", "client, CPU ms a shot", "server, CPU ms a shot", "commits a shot"], rows))


async def _write_shots(
    opened: AbstractAsyncContextManager[Any], shots: int, flight: int, server: Callable[[], float]
) -> LedgerFigures:
    numbers = iter(range(shots))

    async def worker(ledger: Any) -> None:
        for number in numbers:
            attempt = await ledger.record_intent(make_intent(number))
            for move, facts in MOVES_TO["stored"]:
                clip = facts.clip and replace(facts.clip, digest=f"sha256:{number:064x}")  # each has its own
                await ledger.move(attempt, move, replace(facts, clip=clip))

    async with opened as ledger:
        await ledger.register_caps(_CAPS)
        before, cpu, of_server = time.perf_counter(), time.process_time(), server()
        await asyncio.gather(*(worker(ledger) for _ in range(flight)))
        return LedgerFigures(
            seconds=time.perf_counter() - before,
            client=time.process_time() - cpu,
            server=server() - of_server,
            commits=ledger.commits,
        )


def kill_machines(takes: int, kills: int, machines: int, minutes: float) -> None:
    """Machines buy the same takes while they are killed and their lines cut; what the gateway sold is compared."""
    with start_postgres(sync=True, on_disk=True) as server, BookGateway(seconds=0.05) as gateway:
        price = make_intent(1).estimate
        assert price is not None
        cap = price.amount * takes
        team = Team(server, gateway, takes=takes, machines=machines, cap=str(cap), flight=40, answer_seconds=2.0)
        began = time.perf_counter()
        result = team.run(kills=kills, seconds=60 * minutes, pause=0.15)
        took = time.perf_counter() - began
    print(f"{takes} takes, {machines} machines, {took:.0f} s; lines: {result.cuts}; other ends: {team.errors}")
    head = ["kills", "POSTs", "twice", "lost", "stored", "in doubt", "most under the cap", "cap"]
    most = f"{result.highest_use:.2f}"
    row = [
        result.kills,
        result.posts,
        len(result.bought_twice),
        len(result.lost),
        result.stored,
        result.doubts,
        most,
        cap,
    ]
    print(table(head, [[str(each) for each in row]]))


def cut_line(takes: int, away: float) -> None:
    """The line goes away in the middle of submits and comes back after a time; which doubts heal by themselves."""
    with start_postgres(sync=True, on_disk=True) as server, BookGateway(seconds=3.0) as gateway:
        team = Team(server, gateway, takes=takes, machines=2, flight=takes, answer_seconds=5.0, patience=away + 60)
        result = team.run_cut(away=away, seconds=away + 120)
    healed = 1 - result.doubts / max(1, team.doubts_while_away)
    print(f"{takes} takes, the line away for {away:g} s in the middle of their submits; other ends: {team.errors}")
    head = ["POSTs", "twice", "lost", "in doubt while away", "in doubt after", "healed"]
    row = [result.posts, len(result.bought_twice), len(result.lost), team.doubts_while_away, result.doubts]
    print(table(head, [[*(str(each) for each in row), f"{healed:.1%}"]]))


def measure_store(clips: int, runs: int) -> None:
    """The figures of the shared store."""
    import team_store

    with tempfile.TemporaryDirectory(prefix="hailuo-team-store-") as folder:
        print(team_store.report(Path(folder), clips=clips, runs=runs))


def server_cpu(server: PostgresServer) -> float:
    """CPU seconds of all processes of a server that live."""
    total = 0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if server.process in {int(fields[1]), int(entry.parent.name)}:
            total += sum(int(each) for each in fields[11:15])
    return total / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
