"""Callbacks over loopback: gateways of the mock that call, their challenge, and those who lie."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from driver_samples import KEY, PICTURE, order
from webhook_samples import CALLING, SPEED, call, hearing, hurried, local

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.models import DEFAULT_MODEL
from hailuo_batch.core.trace import WaitLine, WaitReason
from hailuo_batch.drivers.data_plane import LocalDataPlane
from hailuo_batch.drivers.download import Downloader
from hailuo_batch.drivers.http import HttpDriver, Patience
from hailuo_batch.drivers.transport import Transport, open_sessions
from hailuo_batch.drivers.webhooks import WebhookReceiver
from hailuo_batch.load.provider_tables import load_dialect, read_provider
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.ports import DriverRequest, Produced, ProviderTask
from hailuo_batch.testing.clips import CLIP

DAY = 86_400.0
NO_CALLBACKS: tuple[object, ...] = ([], "text", None, 7)


@asynccontextmanager
async def driver(gateway: str, mock: Mock, callbacks: WebhookReceiver, **limits: Any) -> AsyncIterator[HttpDriver]:
    """A driver that looks at its tasks once a day, if nobody calls."""
    provider = read_provider(gateway, DEFAULT_MODEL)
    async with open_sessions(loopback=True) as (reading, paying, fetching):
        yield HttpDriver(
            transport=Transport(session=reading, paying=paying, base_url=mock.url(gateway), key=KEY, seconds=5.0),
            dialect=load_dialect(gateway),
            provider=replace(provider, limits=replace(provider.limits, **{"poll_seconds": DAY, **limits})),
            data_plane=LocalDataPlane(workers=1).with_downloader(Downloader(fetching, loopback=True)),
            patience=Patience(task=100 * DAY),
            sleep=hurried,
            callbacks=callbacks,
        )


@asynccontextmanager
async def mocked(callbacks: WebhookReceiver, **script: Any) -> AsyncIterator[Mock]:
    """A mock whose gateways reach the listener: as a proxy would that keeps the path."""
    script = {"task": {"queued": 5, "running": 10, "spread": 0}, **script}
    base = f"http://{callbacks.address}"
    async with Mock(parse_script(script), clip=CLIP, speed=SPEED, callback_to=base) as mock:
        yield mock


def order_for(gateway: str) -> DriverRequest:
    if gateway != "vtrix":
        return order()
    return order(first=PICTURE, addresses={PICTURE.digest: "https://frames.example/a.png"})


async def task_at(asked: HttpDriver, gateway: str) -> ProviderTask:
    task = await asked.submit(order_for(gateway))
    assert isinstance(task, ProviderTask), task
    return task


def polls(mock: Mock) -> int:
    return sum(entry.call == "poll" for entry in mock.log)


async def until(mock: Mock, count: int) -> None:
    async with asyncio.timeout(30):
        while polls(mock) < count:
            await asyncio.sleep(0.001)


# Gateways that call


@pytest.mark.parametrize("gateway", CALLING)
async def test_a_clip_is_found_when_its_gateway_calls_and_not_a_day_later(gateway: str):
    async with hearing() as callbacks, mocked(callbacks) as mock, driver(gateway, mock, callbacks) as asked:
        lines = list[WaitLine]()

        def hear(line: WaitLine) -> AbstractContextManager[None]:
            lines.append(line)
            return nullcontext()

        async with asyncio.timeout(30):
            made = await asked.wait(replace(order(), on_wait=hear), await task_at(asked, gateway))
        assert isinstance(made, Produced)
        assert {line.reason for line in lines} == {WaitReason.CALLBACK}, "what is waited for is the call"
        assert polls(mock) <= 4
        assert {sent.status for sent in mock.callbacks} == {200}
        assert len(mock.charges) == 1


@pytest.mark.parametrize("gateway", CALLING)
async def test_a_failure_is_found_when_its_gateway_calls(gateway: str):
    fault = {"fault": "output_refused", "gateway": gateway}
    async with (
        hearing() as callbacks,
        mocked(callbacks, faults=[fault]) as mock,
        driver(gateway, mock, callbacks) as asked,
        asyncio.timeout(30),
    ):
        ended = await asked.wait(order(), await task_at(asked, gateway))
        assert not isinstance(ended, Produced)


async def test_a_call_that_comes_before_anybody_waits_is_not_lost():
    async with hearing() as callbacks, mocked(callbacks) as mock, driver("odkkk", mock, callbacks) as asked:
        task = await task_at(asked, "odkkk")
        async with asyncio.timeout(30):
            while not mock.callbacks:
                await asyncio.sleep(0.001)
            assert isinstance(await asked.wait(order(), task), Produced)


@pytest.mark.parametrize("path", ["", "/", "/hooks", "/a/b%20c/"])
async def test_a_public_address_may_have_a_path_that_the_proxy_keeps_or_leaves_out(path: str):
    async with hearing(f"https://render.example.com{path}") as callbacks:
        url = callbacks.url("minimax")
        assert url is not None
        assert url.startswith(f"https://render.example.com{path.rstrip('/')}/minimax/")
        whole = urlsplit(url).path
        for seen in (whole, whole.removeprefix(path.rstrip("/")), f"/elsewhere{whole}"):
            status, said = await call(f"http://{callbacks.address}{seen}", json={"challenge": "x"})
            assert (status, json.loads(said)) == (200, {"challenge": "x"})


async def test_who_does_not_call_back_is_given_no_address():
    async with hearing() as callbacks, mocked(callbacks) as mock:
        assert callbacks.url("gccai") is None
        async with driver("gccai", mock, callbacks, poll_seconds=5.0) as asked:
            assert isinstance(await asked.wait(order(), await task_at(asked, "gccai")), Produced)
        assert mock.callbacks == []
        assert await callbacks.pause("gccai", "task", 5.0) == 5.0


async def test_each_run_and_each_provider_has_its_own_secret():
    async with hearing() as one, hearing() as other:
        found = {url.rsplit("/", 1)[1] for each in (one, other) for name in CALLING if (url := each.url(name))}
    assert len(found) == 2 * len(CALLING)
    assert min(map(len, found)) >= 32


async def test_what_a_gateway_asks_to_wait_is_not_cut_short_by_a_call():
    slept: list[float] = []

    async def noted(seconds: float) -> None:
        slept.append(seconds)

    throttled = {"fault": "throttled", "call": "poll", "nth": 1, "retry_after": 30}
    async with (
        hearing() as callbacks,
        mocked(callbacks, faults=[throttled]) as mock,
        driver("odkkk", mock, callbacks) as asked,
        asyncio.timeout(30),
    ):
        asked._sleep = noted
        task = await task_at(asked, "odkkk")
        assert (await call(local(callbacks, "odkkk"), json={"id": task.id}))[0] == 200
        assert isinstance(await asked.wait(order(), task), Produced)
    assert slept == [30.0]


# The challenge


@pytest.mark.parametrize("challenge", ["b3f1", "是", 17, "x" * 256])
async def test_a_challenge_is_given_back(challenge: object):
    async with hearing() as callbacks:
        status, said = await call(local(callbacks, "minimax"), json={"challenge": challenge, "more": "words"})
    assert (status, json.loads(said)) == (200, {"challenge": challenge})


@pytest.mark.parametrize("challenge", ["x" * 257, "", " ", None, True, 1.5, ["b3f1"], {"a": "b"}, 10**50])
async def test_what_is_no_challenge_is_not_given_back(challenge: object):
    async with hearing() as callbacks:
        assert await call(local(callbacks, "minimax"), json={"challenge": challenge}) == (200, b"")


# Those who lie


async def test_a_call_that_says_success_only_makes_the_driver_look():
    """The task runs on: it is looked at, and waited for again."""
    slow = {"task": {"queued": 0, "running": 500 * SPEED, "spread": 0}}
    async with hearing() as callbacks, mocked(callbacks, **slow) as mock, driver("minimax", mock, callbacks) as asked:
        task = await task_at(asked, "minimax")
        waiting = asyncio.create_task(asked.wait(order(), task))
        await until(mock, 1)
        seen = polls(mock)
        lie = {"task_id": task.id, "status": "success", "file_id": "1", "file": {"download_url": "https://evil.test"}}
        assert await call(local(callbacks, "minimax"), json=lie) == (200, b"")
        await until(mock, seen + 1)
        assert not waiting.done()
        mock.clock.advance(DAY * 10)
        await call(local(callbacks, "minimax"), json={"task_id": task.id, "status": "failed"})
        async with asyncio.timeout(30):
            made = await waiting
        assert isinstance(made, Produced)
        assert "evil" not in made.link


async def test_a_call_for_another_task_makes_nobody_look():
    stuck = {"fault": "stuck"}
    async with (
        hearing() as callbacks,
        mocked(callbacks, faults=[stuck]) as mock,
        driver("odkkk", mock, callbacks) as asked,
    ):
        task = ProviderTask(id=(await task_at(asked, "odkkk")).id)  # of an earlier run: it is looked at without a pause
        waiting = asyncio.create_task(asked.wait(order(), task))
        await until(mock, 1)
        others = ({"id": "another"}, {"id": ""}, {"id": task.id + "0"}, {"task": task.id})
        for body in (*others, *NO_CALLBACKS):
            assert await call(local(callbacks, "odkkk"), data=json.dumps(body)) == (200, b"")
        # The right task at the wrong provider: each has its own tasks.
        assert await call(local(callbacks, "minimax"), json={"task_id": task.id}) == (200, b"")
        assert polls(mock) == 1
        assert not waiting.done()
        waiting.cancel()


async def test_a_flood_of_calls_is_no_flood_of_looks():
    stuck = {"fault": "stuck"}
    async with (
        hearing(sleep=asyncio.sleep) as callbacks,
        mocked(callbacks, faults=[stuck]) as mock,
        driver("odkkk", mock, callbacks) as asked,
        aiohttp.ClientSession() as session,
    ):
        task = ProviderTask(id=(await task_at(asked, "odkkk")).id)  # of an earlier run: it is looked at without a pause
        waiting = asyncio.create_task(asked.wait(order(), task))
        await until(mock, 1)
        for _ in range(200):
            async with session.post(local(callbacks, "odkkk"), json={"id": task.id}) as response:
                assert response.status == 200
        await until(mock, 2)
        assert polls(mock) == 2
        waiting.cancel()


class Impatient:
    """Rings without end; of each pause two seconds count."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def url(self, provider: str) -> str | None:
        return None

    async def pause(self, provider: str, task: str, seconds: float) -> float:
        self.pauses.append(seconds)
        return 2.0


async def test_rings_neither_use_up_the_time_of_a_task_nor_put_off_its_end():
    bell = Impatient()
    async with (
        hearing() as callbacks,
        mocked(callbacks, faults=[{"fault": "stuck"}]) as mock,
        driver("odkkk", mock, callbacks, poll_seconds=10.0) as asked,
    ):
        asked._callbacks, asked._patience = bell, Patience(task=60.0)
        ended = await asked.wait(order(), await task_at(asked, "odkkk"))
    assert isinstance(ended, Failure)
    assert ended.kind is FailureKind.PENDING
    assert 50 < 2.0 * len(bell.pauses) <= 60
