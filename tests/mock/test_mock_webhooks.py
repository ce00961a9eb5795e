"""Callbacks over loopback: the challenge, the words of each gateway, further tries, and where they never go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from mock_samples import at_once, body_of, client_of, one

from hailuo_batch.mock.rule import Script

QUICK = Script(queued=1.0, running=2.0, spread=0.0)


class Ear:
    """A server that hears messages; `answers` are statuses, the last for all that follow."""

    def __init__(self, *answers: int, echoes: bool = True) -> None:
        self.heard: list[dict[str, Any]] = []
        self.answers, self.echoes = list(answers) or [200], echoes
        self.url = ""
        self._news = asyncio.Event()

    async def handle(self, request: web.BaseRequest) -> web.Response:
        body: dict[str, Any] = await web.Request.json(request)
        self.heard.append(body)
        self._news.set()
        if "challenge" in body:
            return web.json_response(body if self.echoes else {"challenge": "no"})
        return web.Response(status=self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])

    async def until(self, count: int) -> list[dict[str, Any]]:
        async with asyncio.timeout(30):
            while len(self.heard) < count:
                self._news.clear()
                await self._news.wait()
        return self.heard


@asynccontextmanager
async def ear(*answers: int, echoes: bool = True) -> AsyncIterator[Ear]:
    one_ear = Ear(*answers, echoes=echoes)
    runner = web.ServerRunner(web.Server(one_ear.handle), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    one_ear.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield one_ear
    finally:
        await runner.cleanup()


async def test_minimax_asks_a_challenge_and_then_tells_in_lower_case() -> None:
    async with ear() as listener, client_of(QUICK, speed=100) as client:
        task = await client.ordered("minimax", body_of("minimax", callback_url=f"{listener.url}/hook?a=b"))
        heard = await listener.until(3)

    assert list(heard[0]) == ["challenge"]
    assert [(message["task_id"], message["status"]) for message in heard[1:]] == [
        (task, "processing"),
        (task, "success"),
    ]
    assert heard[2]["file_id"]


async def test_an_address_that_fails_the_challenge_is_a_bad_parameter() -> None:
    async with ear(echoes=False) as listener, client_of(QUICK, speed=100) as client:
        arrived = await client.submit("minimax", body_of("minimax", callback_url=listener.url))
        gone = await client.submit("minimax", body_of("minimax", callback_url="http://127.0.0.1:1/hook"))

        assert (arrived.words, gone.words) == ("200 code 2013", "200 code 2013")
        assert not client.mock.charges


async def test_a_failed_task_is_told_with_its_code() -> None:
    async with ear() as listener, client_of(one("output_refused")) as client:
        await client.ordered("minimax", body_of("minimax", callback_url=listener.url))
        heard = await listener.until(2)

    assert heard[-1]["status"] == "failed"
    assert heard[-1]["base_resp"]["status_code"] == 1027


async def test_odkkk_tells_the_end_only_and_tries_three_times_more() -> None:
    async with (
        ear(500, 503, 500, 204) as listener,
        client_of(at_once(), callback_to=listener.url, speed=1000) as client,
    ):
        task = await client.ordered("odkkk", body_of("odkkk", callback_url="https://hooks.example.com/odkkk"))
        heard = await listener.until(4)
        while len(client.mock.callbacks) < 4:
            await asyncio.sleep(0)
        statuses = [sent.status for sent in client.mock.callbacks]

    assert [(message["id"], message["status"]) for message in heard] == [(task, "completed")] * 4
    assert statuses == [500, 503, 500, 204]


async def test_vtrix_tells_running_and_done() -> None:
    async with ear() as listener, client_of(QUICK, speed=100) as client:
        await client.ordered("vtrix", body_of("vtrix", callback_url=listener.url))
        heard = await listener.until(2)

    assert [message["status"] for message in heard] == ["in_progress", "completed"]


@pytest.mark.parametrize("gateway", ["odkkk", "vtrix", "minimax"])
async def test_nothing_is_sent_to_other_machines(gateway: str) -> None:
    async with client_of() as client:
        await client.ordered(gateway, body_of(gateway, callback_url="https://hooks.invalid/x"))
        while not any(sent.task for sent in client.mock.callbacks):
            await asyncio.sleep(0)

        assert {(sent.status, sent.why) for sent in client.mock.callbacks} == {(None, "outside")}


async def test_callbacks_end_with_the_mock() -> None:
    async with ear() as listener, client_of(Script(queued=3600, running=3600)) as client:
        await client.ordered("vtrix", body_of("vtrix", callback_url=listener.url))
    assert listener.heard == []
