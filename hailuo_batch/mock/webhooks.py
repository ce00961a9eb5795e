"""Messages to callback addresses: MiniMax's challenge, and a word at each of the moments that a gateway tells of.

Messages go to loopback only, unless the mock may reach outside; `to` catches all of them at one address, because an
address that a gateway would accept is rarely on this machine.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from ipaddress import ip_address
from json import JSONDecodeError
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from hailuo_batch.mock.clock import Clock
from hailuo_batch.mock.contract import Contract
from hailuo_batch.mock.journal import Record, Sent
from hailuo_batch.mock.state import Desk
from hailuo_batch.mock.task import Phase, Task

_CHALLENGE_SECONDS = 3.0  # as documented; they are the world's seconds
_MESSAGE_SECONDS = 10.0


class Callbacks:
    """Sends them; a task runs for each order with an address."""

    def __init__(self, desk: Desk, clock: Clock, record: Record, *, to: str, allow_outside: bool) -> None:
        self._desk, self._clock, self._record = desk, clock, record
        self._to = to.rstrip("/")
        self._allow_outside = allow_outside
        self._session: aiohttp.ClientSession | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def challenge(self, contract: Contract, url: str, word: str) -> bool:
        """Whether the address gives the word back in time. One that must not be reached is believed."""
        target = self._target(url)
        message = {"challenge": word}
        if target is None:
            self._keep(contract.name, "", url, message, None, "outside")
            return True
        status, body = await self._post(target, message, _CHALLENGE_SECONDS)
        self._keep(contract.name, "", url, message, status)
        return isinstance(body, Mapping) and body.get("challenge") == word

    def begin(self, contract: Contract, task: Task, url: str) -> None:
        """From now on the address hears of the task."""
        self._start(self._tell(contract, task, url))

    async def close(self) -> None:
        """Nothing is sent any more."""
        for running in self._running:
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._session:
            await self._session.close()
            self._session = None

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        running = asyncio.create_task(work)
        self._running.add(running)
        running.add_done_callback(self._running.discard)

    async def _tell(self, contract: Contract, task: Task, url: str) -> None:
        if Phase.RUNNING in contract.callbacks:
            await self._clock.sleep(task.created + task.queued - self._clock.now())
            view = self._desk.view(contract, task)
            if view.phase is Phase.RUNNING:
                await self._deliver(contract, task, url, contract.message(view))
        if isfinite(task.ended):
            await self._clock.sleep(task.ended - self._clock.now())
            await self._deliver(contract, task, url, contract.message(self._desk.view(contract, task)))

    async def _deliver(self, contract: Contract, task: Task, url: str, message: Mapping[str, Any]) -> None:
        target = self._target(url)
        if target is None:
            self._keep(contract.name, task.id, url, message, None, "outside")
            return
        for wait in (0.0, *contract.callback_waits):
            await self._clock.sleep(wait)
            status, _ = await self._post(target, message, _MESSAGE_SECONDS)
            self._keep(contract.name, task.id, url, message, status)
            if status is not None and 200 <= status < 300:
                return

    async def _post(self, url: str, message: Mapping[str, Any], seconds: float) -> tuple[int | None, object]:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        timeout = aiohttp.ClientTimeout(total=seconds)
        try:
            async with self._session.post(url, json=message, timeout=timeout, allow_redirects=False) as response:
                return response.status, await _json(response)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None, None

    def _target(self, url: str) -> str | None:
        try:
            parts = urlsplit(url)
        except ValueError:
            return None
        if self._to:
            return f"{self._to}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        return url if self._allow_outside or is_loopback(parts.hostname or "") else None

    def _keep(
        self, gateway: str, task: str, url: str, message: Mapping[str, Any], status: int | None, why: str = ""
    ) -> None:
        kept = Sent(at=self._clock.now(), gateway=gateway, task=task, url=url, message=message, status=status, why=why)
        self._record.callback(kept)


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


async def _json(response: aiohttp.ClientResponse) -> object:
    try:
        return await response.json(content_type=None)
    except (JSONDecodeError, UnicodeDecodeError):
        return None
