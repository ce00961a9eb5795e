"""One call over real loopback HTTP: where the key goes, what silence proves, and which answers can be read."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web
from driver_samples import KEY, answering, host, nobody, raw_host, wire

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.drivers import transport as room
from hailuo_batch.gateways.dialect import Call, Reply
from hailuo_batch.ports import NEVER_LEFT

PAID = Call(
    method="POST", path="/v1/make", query={}, body={"prompt": "a kite"}, headers={"Idempotency-Key": "k"}, paid=True
)
READ = Call(method="GET", path="/v1/tasks/a%2Fb", query={"task_id": "t 1&x"})
BOTH = pytest.mark.parametrize("call", [PAID, READ], ids=["paid", "read"])


def failure(value: object) -> Failure:
    assert isinstance(value, Failure), value
    assert KEY not in value.why + value.remedy
    assert "task_id" not in value.why, "a query may hold what is nobody's business"
    return value


def reply(value: object) -> Reply:
    assert isinstance(value, Reply), value
    return value


async def carried(url: str, call: Call = READ, **how: Any) -> Reply | Failure:
    async with wire(url, **how) as found:
        return await found.send_call(call)


async def test_a_call_brings_the_key_and_is_sent_as_it_is_written():
    async with host(answering('{"id": "t1"}', 201, X_Trace="7")) as gateway:
        said = reply(await carried(gateway.url, PAID))
        await carried(gateway.url + "/", READ)
    assert (said.status, said.body, said.headers["x-trace"]) == (201, {"id": "t1"}, "7")
    paid, read = gateway.asked
    assert (paid.method, paid.path, json.loads(paid.body)) == ("POST", "/v1/make", {"prompt": "a kite"})
    assert paid.headers["Idempotency-Key"] == "k"
    assert (read.method, read.path) == ("GET", "/v1/tasks/a%2Fb?task_id=t+1%26x")
    assert paid.headers["Authorization"] == read.headers["Authorization"] == f"Bearer {KEY}"


async def test_a_key_with_a_line_end_behind_it_is_sent_without():
    async with host(answering("{}")) as gateway:
        assert reply(await carried(gateway.url, PAID, key=f"{KEY}\n")).status == 200
    assert gateway.asked[0].headers["Authorization"] == f"Bearer {KEY}"


@BOTH
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(call: Call, status: int):
    async with host(answering("{}")) as stranger, host(answering("", status, Location=stranger.url)) as gateway:
        said = reply(await carried(gateway.url, call))
    assert said.status == status
    assert len(gateway.asked) == 1
    assert stranger.asked == []


@BOTH
async def test_nothing_was_sent_to_a_name_that_nobody_knows(call: Call):
    said = failure(await carried("http://gateway.invalid", call))
    assert (said.kind, said.why) == (FailureKind.NOT_SENT, "gateway.invalid cannot be reached: cannot resolve host")


@BOTH
async def test_nothing_was_sent_over_a_connection_that_was_refused(call: Call):
    said = failure(await carried(nobody(), call))
    assert said.kind is FailureKind.NOT_SENT
    assert said.why.startswith("127.0.0.1 cannot be reached: ")


@BOTH
@pytest.mark.parametrize("base", ["gateway.example", "ftp://gateway.example", "http://"])
async def test_nothing_was_sent_to_an_address_that_is_none(call: Call, base: str):
    assert failure(await carried(base, call)).kind is FailureKind.NOT_SENT


@BOTH
async def test_nothing_was_sent_when_no_trust_was_found(call: Call):
    async with raw_host(b"no TLS here", hasty=True) as url:
        said = failure(await carried(url.replace("http:", "https:"), call))
    assert said.kind is FailureKind.NOT_SENT


@asynccontextmanager
async def handshaking() -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A host that accepts a connection and never says a word of TLS; the event comes with the first byte of it."""
    over, begun = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        begun.set()
        await over.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", begun
    finally:
        over.set()
        server.close()


async def test_a_paid_call_that_times_out_before_its_connection_stands_was_not_sent():
    async with handshaking() as (url, _):
        said = failure(await carried(url, PAID, seconds=0.1))
    assert (said.kind, said.why) == (FailureKind.NOT_SENT, "127.0.0.1 cannot be reached: timed out")


async def test_a_paid_call_that_is_cancelled_before_its_connection_stands_says_that_nothing_left():
    async with handshaking() as (url, begun), wire(url) as found:
        call = asyncio.create_task(found.send_call(PAID))
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError, match=NEVER_LEFT):
            await call


async def test_a_paid_call_that_is_cancelled_after_it_left_proves_nothing():
    arrived, over = asyncio.Event(), asyncio.Event()

    async def hear(_: web.BaseRequest) -> web.StreamResponse:
        arrived.set()
        await over.wait()
        return web.Response()

    async with host(hear) as gateway, wire(gateway.url) as found:
        call = asyncio.create_task(found.send_call(PAID))
        await arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError) as stopped:
            await call
        over.set()
    assert NEVER_LEFT not in stopped.value.args


HALF = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"id": '


@pytest.mark.parametrize(
    ("data", "how"),
    [
        pytest.param(b"", {"reset": True}, id="reset"),
        pytest.param(b"", {}, id="closed"),
        pytest.param(b"", {"silent": True}, id="silence"),
        pytest.param(HALF, {}, id="half an answer"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", {}, id="not HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n{}", {}, id="endless headers"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", {}, id="no gzip inside"
        ),
    ],
)
async def test_what_left_and_got_no_whole_answer_is_unclear_if_paid_and_may_be_read_again(data: bytes, how: Any):
    kinds = []
    for call in (PAID, READ):
        async with raw_host(data, **how) as url:
            said = failure(await carried(url, call, seconds=0.2))
        assert said.why.startswith("no whole answer came from 127.0.0.1: ")
        kinds.append(said.kind)
    assert kinds == [FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"\xff\xfe\x00",
        b'{"a": "\xe9',
        b"1" * 10_000,
        b'{"id": "t1"',
    ],
    ids=["nothing", "a page", "deep lists", "deep objects", "no UTF-8", "half Latin-1", "a huge number", "half"],
)
async def test_an_answer_that_is_no_json_is_a_reply_without_a_body(data: bytes):
    async with host(answering(data)) as gateway:
        said = reply(await carried(gateway.url, PAID))
    assert (said.status, said.body) == (200, None)


@pytest.mark.parametrize(
    ("data", "body"),
    [(b'\xef\xbb\xbf{"id": "t1"}', {"id": "t1"}), (b'{"id": "caf\xe9"}', {"id": "café"})],
    ids=["a mark of byte order", "Latin-1"],
)
async def test_an_answer_in_a_sloppy_encoding_is_read_all_the_same(data: bytes, body: object):
    async with host(answering(data)) as gateway:
        assert reply(await carried(gateway.url, PAID)).body == body


async def test_an_answer_larger_than_any_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "LARGEST_REPLY", 1000)
    async with host(answering('{"id": "' + "x" * 5_000_000 + '"}')) as gateway:
        said = reply(await carried(gateway.url, PAID))
    assert said.body is None
    assert len(said.text) < 5_000_000


async def test_a_date_to_wait_for_becomes_seconds():
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    for header, seconds in ((then, 40), ("7", 7), ("1.5", 1.5)):
        async with host(answering("{}", 429, Retry_After=header)) as gateway:
            said = reply(await carried(gateway.url))
        assert float(said.headers["retry-after"]) == pytest.approx(seconds, abs=3)
    async with host(answering("{}", 429, Retry_After="soon")) as gateway:
        assert reply(await carried(gateway.url)).headers["retry-after"] == "soon"


async def test_a_paid_call_never_uses_a_connection_that_was_used_before():
    async with host(answering("{}")) as gateway, wire(gateway.url) as found:
        for call in (READ, READ, PAID, PAID, READ):
            await found.send_call(call)
    ports = [asked.port for asked in gateway.asked]
    assert ports[0] == ports[1] == ports[4]
    assert len({ports[0], ports[2], ports[3]}) == 3


async def test_cookies_are_not_kept():
    async with host(answering("{}", Set_Cookie="session=1")) as gateway, wire(gateway.url) as found:
        await found.send_call(READ)
        await found.send_call(READ)
    assert "Cookie" not in gateway.asked[1].headers


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        ("gbk", "参数错误".encode("gbk"), "参数错误"),
        ("gb2312", "参数錯誤".encode("gb18030"), "参数錯誤"),  # what only the superset has
        ("utf-8", "参数错误".encode(), "参数错误"),
        ("klingon", "参数错误".encode(), "参数错误"),
        ("utf-8", b"caf\xe9", "caf\\u00e9"),
    ],
)
async def test_a_reply_is_read_in_its_own_charset(charset: str, data: bytes, text: str):
    async def handle(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=400, body=data, headers={"Content-Type": f"application/json; charset={charset}"})

    async with host(handle) as gateway:
        assert reply(await carried(gateway.url)).text == text
