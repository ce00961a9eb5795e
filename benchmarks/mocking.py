"""How many requests a second the mock serves: for each clip a submit, two polls and a small file, at every gateway.

    python benchmarks/mocking.py [--clips 3000] [--connections 64] [--kilobytes 20]

The mock runs in a process of its own. The client is a few lines over bare sockets, so that the mock is what is
measured; its CPU time stands beside the wall time, for a machine with other things to do.
"""

import argparse
import asyncio
import json
import multiprocessing
import re
import resource
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from measure import table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "mock"))
from mock_samples import GATEWAYS, UNDER, body_of, poll_path, submit_path

_WARM = 200  # clips before the clock runs
_LINK = re.compile(rb'http://[^"]+\.mp4[^"]*')


def run_mock(pipe: Connection, kilobytes: int, log: str) -> None:
    """The mock, until the pipe says stop; then its CPU seconds, its memory and how many it charged."""
    from hailuo_batch.mock.rule import Script
    from hailuo_batch.mock.server import Mock

    async def run() -> None:
        clip = bytes(kilobytes * 1000)
        async with Mock(Script(queued=0.0, running=0.0), clip=clip, log=Path(log) if log else None) as mock:
            pipe.send(mock.base_url)
            await asyncio.to_thread(pipe.recv)
            begin = _cpu()
            pipe.send(None)
            await asyncio.to_thread(pipe.recv)
            pipe.send((_cpu() - begin, _megabytes(), len(mock.charges)))

    asyncio.run(run())


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


class Line:
    """One connection that is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, method: str, path: str, body: bytes = b"", key: str = "Authorization: Bearer k\r\n") -> bytes:
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        self._writer.write(f"{method} {path} HTTP/1.1\r\nHost: mock\r\n{key}{kind}\r\n".encode() + body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(head.decode())
        lower = head.lower()
        at = lower.index(b"content-length:") + 15
        return await self._reader.readexactly(int(lower[at : lower.index(b"\r", at)]))


async def _clip(line: Line, gateway: str) -> int:
    """Orders one clip, looks twice, fetches it; how many requests that took."""
    name = UNDER.get(gateway, "task_id").rpartition(".")[2]
    answer = await line.ask("POST", f"/{gateway}{submit_path(gateway)}", json.dumps(body_of(gateway)).encode())
    task = re.search(rf'"{name}":"([^"]+)"'.encode(), answer)[1].decode()  # type: ignore[index]
    await line.ask("GET", f"/{gateway}{poll_path(gateway, task)}")
    seen = await line.ask("GET", f"/{gateway}{poll_path(gateway, task)}")
    count = 4
    if gateway == "minimax":
        file = json.loads(seen)["file_id"]
        seen = await line.ask("GET", f"/minimax/v1/files/retrieve?file_id={file}")
        count = 5
    link = _LINK.search(seen)[0].decode()  # type: ignore[index]
    await line.ask("GET", "/" + link.split("/", 3)[3], key="")
    return count


async def _campaign(base: str, gateways: list[str], clips: int, connections: int) -> int:
    host, port = base.removeprefix("http://").split(":")
    left = iter(range(clips))

    async def work() -> int:
        line = Line(*await asyncio.open_connection(host, int(port), limit=1 << 20))
        return sum([await _clip(line, gateways[number % len(gateways)]) for number in left])

    return sum(await asyncio.gather(*[work() for _ in range(connections)]))


def measure_mock(
    gateways: list[str], *, clips: int, connections: int, kilobytes: int, log: str = ""
) -> dict[str, float]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=run_mock, args=(there, kilobytes, log))
    process.start()
    base = here.recv()
    asyncio.run(_campaign(base, gateways, min(clips, _WARM), connections))
    here.send("begin")
    here.recv()
    begin = time.perf_counter()
    requests = asyncio.run(_campaign(base, gateways, clips, connections))
    wall = time.perf_counter() - begin
    here.send("end")
    cpu, megabytes, charges = here.recv()
    process.join()
    if charges != clips + min(clips, _WARM):
        raise SystemExit(f"{charges} charges for {clips} clips")
    return {"requests": requests, "wall": wall, "cpu": cpu, "megabytes": megabytes}


def report(*, clips: int, connections: int, kilobytes: int) -> str:
    rows = []
    every = list(GATEWAYS)
    folder = Path(tempfile.mkdtemp(prefix="hailuo-bench-"))
    runs = [*((name, [name], "") for name in every), ("all", every, ""), ("and a log", every, str(folder / "log"))]
    for name, gateways, log in runs:
        found = measure_mock(gateways, clips=clips, connections=connections, kilobytes=kilobytes, log=log)
        requests = found["requests"]
        rows.append(
            (
                name,
                f"{requests / found['wall']:,.0f}",
                f"{requests / found['cpu']:,.0f}",
                f"{1e3 * found['cpu'] / clips:.2f}",
                f"{found['megabytes']:.0f}",
            )
        )
    head = ("gateway", "requests/s", "requests per CPU s of the mock", "CPU ms a clip", "MB")
    title = f"The mock: {clips} clips of {kilobytes} kB, submit + 2 polls + file, {connections} connections"
    return f"{title}\n\n" + table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=3000)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--kilobytes", type=int, default=20)
    given = parser.parse_args()
    print(report(clips=given.clips, connections=given.connections, kilobytes=given.kilobytes))


if __name__ == "__main__":
    main()
