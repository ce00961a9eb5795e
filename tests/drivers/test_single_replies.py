"""One reply at a time, without a server: what the wire makes of it before a dialect reads it."""

from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest
from aioresponses import aioresponses
from yarl import URL

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.redaction import KEY_PLACEHOLDER
from hailuo_batch.drivers.transport import Transport
from hailuo_batch.gateways.dialect import Call, Reply

BASE = "https://gateway.example/v1"
KEY = "sk-never-to-be-shown"
READ = Call(method="GET", path="/tasks/7")
PAID = Call(method="POST", path="/generate", body={"prompt": "a kite"}, paid=True)


class Response(aiohttp.ClientResponse):
    """What aioresponses 0.7.9 builds lacks an argument that aiohttp 3.14 wants."""

    def __init__(self, method: str, url: URL, **named: Any) -> None:
        super().__init__(method, url, stream_writer=Mock(), **named)


async def carried(call: Call, **reply: Any) -> Reply | Failure:
    with aioresponses() as web:
        web.add(f"{BASE}{call.path}", method=call.method, response_class=Response, **reply)
        async with aiohttp.ClientSession() as session:
            wire = Transport(session=session, paying=session, base_url=BASE, key=KEY, seconds=5.0)
            answer = await wire.send_call(call)
        (sent,) = web.requests.values()
        assert sent[0].kwargs["headers"]["Authorization"] == f"Bearer {KEY}"
        assert sent[0].kwargs["allow_redirects"] is False
    return answer


async def test_a_reply_has_its_status_its_json_and_its_headers_in_lower_case():
    answer = await carried(READ, status=200, payload={"status": "queued"}, headers={"X-Request-Id": "r1"})
    assert isinstance(answer, Reply)
    assert (answer.status, answer.body, answer.headers["x-request-id"]) == (200, {"status": "queued"}, "r1")


@pytest.mark.parametrize("text", ["", "<html>busy</html>", '{"status": "que'])
async def test_what_is_no_json_comes_as_text_alone(text: str):
    answer = await carried(READ, status=502, body=text)
    assert isinstance(answer, Reply)
    assert (answer.status, answer.body, answer.text) == (502, None, text)


async def test_a_key_that_the_gateway_repeats_is_blotted_out():
    answer = await carried(READ, status=401, payload={"error": f"no such key: {KEY}"}, headers={"X-Key": KEY})
    assert isinstance(answer, Reply)
    assert answer.body == {"error": f"no such key: {KEY_PLACEHOLDER}"}
    assert answer.headers["x-key"] == KEY_PLACEHOLDER
    assert KEY not in answer.text


@pytest.mark.parametrize(("call", "kind"), [(READ, FailureKind.FLAKY), (PAID, FailureKind.UNKNOWN_OUTCOME)])
async def test_a_connection_that_breaks_off_proves_nothing_of_a_paid_call(call: Call, kind: FailureKind):
    answer = await carried(call, exception=aiohttp.ServerDisconnectedError())
    assert isinstance(answer, Failure)
    assert answer.kind is kind
