"""How many calls are under way at once: each holds a socket, and a run may have ten thousand takes in the making."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from driver_samples import host, wire

from hailuo_batch.drivers import transport as room
from hailuo_batch.gateways.dialect import Call, Reply

PAID = Call(method="POST", path="/make", body={}, paid=True)
READ = Call(method="GET", path="/task")


class Crowd:
    """A host that holds its answers back until as many calls are there as it waits for."""

    def __init__(self, calls: int) -> None:
        self.here, self.most, self._calls, self._enough = 0, 0, calls, asyncio.Event()

    async def __call__(self, _: web.BaseRequest) -> web.StreamResponse:
        self.here += 1
        self.most = max(self.most, self.here)
        if self.here >= self._calls:
            self._enough.set()
        await self._enough.wait()
        self.here -= 1
        return web.json_response({})


@pytest.mark.parametrize("call", [PAID, READ], ids=["paid", "read"])
async def test_calls_beyond_the_most_wait_for_others_to_end(call: Call, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "AT_ONCE", 3)
    crowd = Crowd(3)
    async with host(crowd) as gateway, wire(gateway.url) as found:
        replies: list[Any] = await asyncio.gather(*(found.send_call(call) for _ in range(10)))
    assert crowd.most == 3
    assert [reply.status for reply in replies if isinstance(reply, Reply)] == [200] * 10


async def test_looks_do_not_hold_a_submit_back(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "AT_ONCE", 1)
    async with host(Crowd(2)) as gateway, wire(gateway.url) as found:
        replies = await asyncio.gather(found.send_call(READ), found.send_call(PAID))
    assert all(isinstance(reply, Reply) for reply in replies), "both were there at the same time"
