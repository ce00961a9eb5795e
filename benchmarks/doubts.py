"""How many submits a kept connection leaves in doubt, beside a new one for each, where gateways close idle connections.

    python benchmarks/doubts.py [--submits 10000]

The gateway is a process of its own on loopback. It closes a connection that has been idle: after a fixed time, at
random (with a mean), or by script right behind an answer. A submit is in doubt when it left and no whole answer came.
"""

import argparse
import asyncio
import multiprocessing
import random
import resource
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from multiprocessing.connection import Connection

from measure import table

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.drivers.kept_connections import open_kept_session
from hailuo_batch.drivers.transport import Transport, open_sessions
from hailuo_batch.gateways.dialect import Call

AT_ONCE = 20
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
# How long a connection may be idle before the gateway closes it, in seconds.
CLOSERS: dict[str, Callable[[random.Random], float]] = {
    "after 5 s": lambda _: 5.0,
    "after 1.05 s": lambda _: 1.05,
    "after 0.05 s": lambda _: 0.05,
    "at random, 1 s on average": lambda chance: chance.expovariate(1.0),
    "at random, 0.05 s on average": lambda chance: chance.expovariate(20.0),
    "by script: at once behind every tenth answer": lambda chance: 0.0 if chance.random() < 0.1 else 5.0,
}


class _Line(asyncio.Protocol):
    """One connection of the gateway."""

    def __init__(self, closer: Callable[[], float]) -> None:
        self._closer, self._came = closer, b""
        self._alarm: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._came += data
        head, end, rest = self._came.partition(b"\r\n\r\n")
        at = head.lower().find(b"content-length:")
        if not end or len(rest) < int(head[at + 15 :].partition(b"\r")[0]):
            return
        self._came = b""
        self._transport.write(OK)
        seconds = self._closer()
        if b"connection: close" in head.lower() or seconds == 0.0:
            self._transport.close()
        else:
            self._alarm = asyncio.get_running_loop().call_later(seconds, self._transport.close)


def _serve(pipe: Connection, closer: str) -> None:
    async def run() -> None:
        chance = random.Random(1)
        server = await asyncio.get_running_loop().create_server(
            lambda: _Line(lambda: CLOSERS[closer](chance)), "127.0.0.1", 0, backlog=2048
        )
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@contextmanager
def _gateway(closer: str) -> Iterator[str]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there, closer), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join()


@asynccontextmanager
async def _transport(url: str, *, kept: bool) -> AsyncIterator[Transport]:
    async with AsyncExitStack() as stack:
        reading, fresh, _ = await stack.enter_async_context(open_sessions(loopback=True))
        paying = await stack.enter_async_context(open_kept_session()) if kept else fresh
        yield Transport(session=reading, paying=paying, base_url=url, key="sk-bench", seconds=20.0)


async def _submit_all(url: str, submits: int, *, kept: bool) -> tuple[Counter[str], float]:
    """How the submits ended, and the CPU milliseconds of one."""
    seen: Counter[str] = Counter()
    left, chance = iter(range(submits)), random.Random(2)
    call = Call(method="POST", path="/make", body={"prompt": "a kite"}, paid=True)
    async with _transport(url, kept=kept) as transport:

        async def worker() -> None:
            for _ in left:
                await asyncio.sleep(chance.uniform(0.0, 0.1))  # so that idle connections are of every age
                said = await transport.send_call(call)
                seen[said.kind if isinstance(said, Failure) else "accepted"] += 1

        before = resource.getrusage(resource.RUSAGE_SELF)
        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        after = resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seen, 1e3 * used / submits


def report(*, submits: int) -> str:
    """The table of doubts."""
    rows = []
    for closer in CLOSERS:
        row = [closer]
        with _gateway(closer) as url:
            for kept in (False, True):
                seen, milliseconds = asyncio.run(_submit_all(url, submits, kept=kept))
                others = submits - seen["accepted"] - seen["unclear"]
                row += [f"{seen['unclear'] * 10_000 / submits:g}", f"{others}", f"{milliseconds:.2f}"]
        rows.append(row)
    head = (
        "closes idle connections",
        "new: in doubt of 10,000",
        "others",
        "CPU ms",
        "kept: in doubt",
        "others",
        "CPU ms",
    )
    return f"{submits:,} submits each, {AT_ONCE} at once\n\n" + table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submits", type=int, default=10_000)
    print(report(submits=parser.parse_args().submits))


if __name__ == "__main__":
    main()
