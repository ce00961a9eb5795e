"""What the tests of callbacks share: a listener on loopback, its addresses, and somebody who calls."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from hailuo_batch.core.models import DEFAULT_MODEL
from hailuo_batch.drivers.webhooks import WebhookReceiver
from hailuo_batch.load.provider_tables import load_dialect, provider_names, read_provider

CALLING = tuple(name for name in provider_names() if read_provider(name, DEFAULT_MODEL).callbacks)
PUBLIC = "https://render.example.com/hooks"
SPEED = 1000.0


async def hurried(seconds: float) -> None:
    await asyncio.sleep(seconds / SPEED)


@asynccontextmanager
async def hearing(public: str = PUBLIC, **members: Any) -> AsyncIterator[WebhookReceiver]:
    dialects = {name: load_dialect(name) for name in CALLING}
    members = {"listen": "127.0.0.1:0", "dialects": dialects, "sleep": hurried, **members}
    async with WebhookReceiver(public=public, **members) as callbacks:
        yield callbacks


def local(callbacks: WebhookReceiver, provider: str) -> str:
    """A provider's address as it is reached on this machine, behind a proxy that leaves its own path out."""
    url = callbacks.url(provider)
    assert url is not None
    return f"http://{callbacks.address}{url.removeprefix(PUBLIC)}"


async def call(url: str, method: str = "POST", **members: Any) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as session, session.request(method, url, **members) as response:
        return response.status, await response.read()
