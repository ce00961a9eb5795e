"""Who calls without being a gateway is told nothing, and nothing of what is sent is written down."""

import asyncio
import gzip
import json
import logging
import os
import re
import socket
import struct
from urllib.parse import urlsplit

import aiohttp
import pytest
from webhook_samples import call, hearing, local

from hailuo_batch.drivers import small_server
from hailuo_batch.drivers.small_server import LARGEST_BODY
from hailuo_batch.drivers.webhooks import WebhookReceiver


async def test_strangers_are_told_nothing_and_nothing_is_written_down(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    async with hearing() as callbacks:
        own = local(callbacks, "minimax")
        secret = own.rsplit("/", 1)[1]
        base = f"http://{callbacks.address}"
        body = json.dumps({"challenge": "tell me"}).encode()
        told = [
            await call(base, data=body),
            await call(f"{base}/minimax", data=body),
            await call(f"{base}/minimax/", data=body),
            await call(f"{base}/minimax/{secret[:-1]}", data=body),
            await call(f"{base}/minimax/{secret}/", data=body),
            await call(f"{base}/minimax/{secret}%C3%A9%FF", data=body),
            await call(f"{base}/odkkk/{secret}", data=body),
            await call(f"{base}/gccai/{secret}", data=body),
            await call(f"{base}/{secret}", data=body),
            await call(f"{base}/minimax/x", "GET"),
            await call(f"{base}/minimax/x", data=bytes(1024 * 1024)),
        ]
        assert told == [(404, b"")] * len(told)
        for method in ("GET", "PUT", "DELETE", "OPTIONS", "PATCH"):
            assert await call(own, method) == (405, b"")
        for broken in (b"", b"{", b"challenge=x", b"\xff\xfe\xff", b"[" * 50_000, b"9" * 5000):
            assert await call(own, data=broken) == (400, b""), broken[:20]
    assert [record for record in caplog.records if record.name != "asyncio"] == []
    assert secret not in caplog.text


async def test_a_huge_body_is_not_read_to_its_end():
    async with hearing() as callbacks:
        own = local(callbacks, "minimax")
        fits = json.dumps({"challenge": "x", "more": ""}).encode()
        assert (await call(own, data=fits + b" " * (LARGEST_BODY - len(fits))))[0] == 200
        assert await call(own, data=fits + b" " * (LARGEST_BODY - len(fits) + 1)) == (413, b"")
        bomb = gzip.compress(bytes(50 * 1024 * 1024))
        assert await call(own, data=bomb, headers={"Content-Encoding": "gzip"}) == (413, b"")


async def raw(callbacks: WebhookReceiver, data: bytes) -> bytes:
    """What is said to these bytes, if anything is, before the line is cut."""
    reader, writer = await asyncio.open_connection(callbacks.address.host, callbacks.address.port)
    try:
        writer.write(data)
        async with asyncio.timeout(30):
            return await reader.read()
    finally:
        writer.close()


async def test_broken_requests_are_neither_written_down_nor_sent_back(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    async with hearing() as callbacks:
        path = urlsplit(local(callbacks, "minimax")).path.encode()
        post = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        for data in (
            b"\x16\x03\x01\x02\x00" + path + b"\r\n\r\n",
            b"POST " + path + b" HTTP/9.z\r\nHost: x\r\n\r\n",
            post + b"Bad Header " + path + b"\r\n\r\n",
            post + b"Transfer-Encoding: chunked\r\n\r\n" + path + b"\r\n\r\n",
            post + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        ):
            said = await raw(callbacks, data)
            assert said.split()[:2] in ([b"HTTP/1.0", b"400"], [b"HTTP/1.1", b"400"]), (data, said)
            assert path not in said
    assert [record for record in caplog.records if record.name != "asyncio"] == []
    assert path.decode() not in caplog.text


async def test_a_body_that_never_ends_is_left(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(small_server, "BODY_SECONDS", 0.01)
    async with hearing() as callbacks:
        path = urlsplit(local(callbacks, "minimax")).path.encode()
        reader, writer = await asyncio.open_connection(callbacks.address.host, callbacks.address.port)
        writer.write(b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        async with asyncio.timeout(30):
            assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
        writer.write(b"}" * 8)  # what is missing, so that the server need not wait for it when it closes
        writer.close()
        await writer.wait_closed()


async def test_only_so_many_are_connected_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(small_server, "AT_ONCE", 3)
    async with hearing() as callbacks:
        where = callbacks.address.host, callbacks.address.port
        held = [await asyncio.open_connection(*where) for _ in range(3)]
        assert await raw(callbacks, b"") == b""
        for _, writer in held:
            writer.close()
        async with asyncio.timeout(30):
            while True:
                try:
                    if (await call(local(callbacks, "minimax"), json={"challenge": 1}))[0] == 200:
                        break
                except aiohttp.ClientError:  # those who left have not been noticed yet
                    await asyncio.sleep(0.001)


def reset(callbacks: WebhookReceiver, data: bytes) -> None:
    """Sends bytes, and cuts the connection off without a farewell."""
    with socket.create_connection((callbacks.address.host, callbacks.address.port)) as caller:
        caller.sendall(data)
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def test_a_flood_is_one_line_of_the_trace(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch):
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(small_server, "AT_ONCE", 3)
    async with hearing() as callbacks:
        path = urlsplit(local(callbacks, "minimax")).path.encode()
        post = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
        for data in (b"", b"\x16\x03\x01\r\n\r\n", post + b"{", post * 50, post + b"}" * 99_000) * 20:
            # Without a turn of the loop some wait in the queue; with one, they are cut off while they are read.
            reset(callbacks, data)
            await asyncio.sleep(0)
    (record,) = caplog.records
    assert re.fullmatch(r"callbacks refused: (\d+ (too many at once|broken off)(, )?)+", record.getMessage())
    assert caplog.text.count("Traceback") == 0


async def test_a_machine_without_files_left_lets_callers_wait(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(small_server, "_ACCEPT_PAUSE", 0.001)
    monkeypatch.setattr(small_server, "_most_callers", lambda: 3)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with hearing() as callbacks:
        body = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        answer = asyncio.create_task(raw(callbacks, body))
        await asyncio.sleep(0)
        with socket.create_connection((callbacks.address.host, callbacks.address.port)):  # the system accepts it
            free = os.dup(0)
            os.close(free)
            resource.setrlimit(resource.RLIMIT_NOFILE, (free, before[1]))
            try:
                async with asyncio.timeout(30):
                    while not callbacks._server._refused["no file left"]:
                        await asyncio.sleep(0)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert (await answer).startswith(b"HTTP/1.1 404")
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


async def test_after_the_run_nobody_listens():
    async with hearing() as callbacks:
        own = local(callbacks, "minimax")
    with pytest.raises(aiohttp.ClientConnectorError):
        await call(own, json={"challenge": 1})
