"""Paid calls over connections that were used before: when that is done, and what a break leaves."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from driver_samples import KEY, nobody

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.drivers.departure import make_departure_trace
from hailuo_batch.drivers.kept_connections import KeptConnector, open_kept_session
from hailuo_batch.drivers.transport import Transport
from hailuo_batch.gateways.dialect import Call

PAID = Call(method="POST", path="/v1/make", query={}, body={"prompt": "a kite"}, paid=True)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
Line = Callable[[int, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def read_request(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r")[0]))


async def answer_all(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await read_request(reader)
        writer.write(OK)


@asynccontextmanager
async def gateway(line: Line = answer_all, *, seconds: float = 1.0) -> AsyncIterator[tuple[Transport, list[int]]]:
    """A transport with kept connections to a host on loopback, and the number of each connection that was made."""
    made: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.append(len(made))
        try:
            await line(made[-1], reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    session = aiohttp.ClientSession(connector=KeptConnector(seconds=seconds), trace_configs=[make_departure_trace()])
    async with session:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield Transport(session=session, paying=session, base_url=url, key=KEY, seconds=5.0), made
    server.close()


async def submit(transport: Transport) -> FailureKind | None:
    said = await transport.send_call(PAID)
    return said.kind if isinstance(said, Failure) else None


async def test_a_connection_whose_answer_just_came_is_used_again():
    async with gateway() as (transport, made):
        assert [await submit(transport) for _ in range(3)] == [None] * 3
        assert made == [0]


async def test_a_connection_whose_answer_is_too_old_is_not():
    async with gateway(seconds=-1.0) as (transport, made):
        assert [await submit(transport) for _ in range(3)] == [None] * 3
        assert made == [0, 1, 2]


async def test_a_connection_from_before_the_machine_slept_is_not(monkeypatch: pytest.MonkeyPatch):
    async with gateway() as (transport, made):
        await submit(transport)
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() + 60.0)
        assert await submit(transport) is None
        assert made == [0, 1]


async def test_a_gateway_that_once_closed_one_at_once_gets_new_connections_from_then_on():
    """Whoever closes within the second may close under the next submit, and that would be a doubt."""
    closed = asyncio.Event()

    async def close_first(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        if number == 0:
            writer.close()
            closed.set()
        else:
            await answer_all(number, reader, writer)

    async with gateway(close_first) as (transport, made):
        assert await submit(transport) is None
        await asyncio.wait_for(closed.wait(), 10)
        assert [await submit(transport) for _ in range(3)] == [None] * 3
        assert made == [0, 1, 2, 3]


LATE = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("said", [b"", LATE], ids=["its end", "a late word"])
async def test_nothing_is_sent_over_a_connection_whose_end_has_arrived_and_was_not_read(said: bytes):
    go, gone, made = threading.Event(), threading.Event(), list[bytes]()

    def serve() -> None:
        for _ in range(2):
            line, _ = server.accept()
            with line:
                made.append(line.recv(10_000))
                line.sendall(OK)
                go.wait(10)
                line.sendall(said)
            gone.set()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        async with open_kept_session() as session:
            url = f"http://127.0.0.1:{server.getsockname()[1]}"
            transport = Transport(session=session, paying=session, base_url=url, key=KEY, seconds=5.0)
            assert await submit(transport) is None
            go.set()
            assert gone.wait(10)  # the loop is held meanwhile, as a busy one is
            assert await submit(transport) is None
        thread.join()
    assert len(made) == 2


async def test_what_breaks_on_its_way_is_in_doubt_and_sent_once():
    seen: list[int] = []

    async def break_second(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        seen.append(number)
        writer.write(OK)
        await read_request(reader)
        seen.append(number)

    async with gateway(break_second) as (transport, _):
        assert [await submit(transport) for _ in range(2)] == [None, FailureKind.UNKNOWN_OUTCOME]
    assert seen == [0, 0]


async def test_a_new_connection_in_place_of_a_closed_one_that_never_stands_sent_nothing():
    async with gateway() as (transport, _):
        await submit(transport)
        transport._base = nobody()
        assert await submit(transport) is FailureKind.NOT_SENT


def test_a_paid_call_is_a_post():
    """aiohttp sends a PUT a second time when its connection breaks."""
    with pytest.raises(AssertionError, match="a paid call is a POST, not a PUT"):
        Call(method="PUT", path="/v1/make", query={}, paid=True)
