"""Messages to callback addresses: MiniMax's challenge, and a message at each moment that a gateway reports.

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
from hailuo_batch.mock.contract import GatewayContract
from hailuo_batch.mock.journal import CallbackEntry, Journal
from hailuo_batch.mock.state import MockState
from hailuo_batch.mock.task import Phase, Task

_CHALLENGE_SECONDS = 3.0  # as documented; they are the world's seconds
_MESSAGE_SECONDS = 10.0


class CallbackSender:
    """Sends them; a task runs for each order with an address."""

    def __init__(self, state: MockState, clock: Clock, journal: Journal, *, to: str, allow_outside: bool) -> None:
        self._state, self._clock, self._journal = state, clock, journal
        self._to = to.rstrip("/")
        self._allow_outside = allow_outside
        self._session: aiohttp.ClientSession | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def challenge(self, contract: GatewayContract, url: str, word: str) -> bool:
        """Whether the address gives the word back in time. One that must not be reached is believed."""
        target = self._target(url)
        message = {"challenge": word}
        if target is None:
            self._log_callback(contract.name, "", url, message, None, "outside")
            return True
        status, body = await self._post(target, message, _CHALLENGE_SECONDS)
        self._log_callback(contract.name, "", url, message, status)
        return isinstance(body, Mapping) and body.get("challenge") == word

    def start(self, contract: GatewayContract, task: Task, url: str) -> None:
        """From now on the address hears of the task."""
        self._spawn(self._send_callbacks(contract, task, url))

    async def close(self) -> None:
        """Nothing is sent any more."""
        for running in self._running:
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._session:
            await self._session.close()
            self._session = None

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        running = asyncio.create_task(work)
        self._running.add(running)
        running.add_done_callback(self._running.discard)

    async def _send_callbacks(self, contract: GatewayContract, task: Task, url: str) -> None:
        if Phase.RUNNING in contract.callback_phases:
            await self._clock.sleep(task.created + task.queued - self._clock.now())
            view = self._state.view(contract, task)
            if view.phase is Phase.RUNNING:
                await self._deliver(contract, task, url, contract.callback_body(view))
        if isfinite(task.end_time):
            await self._clock.sleep(task.end_time - self._clock.now())
            await self._deliver(contract, task, url, contract.callback_body(self._state.view(contract, task)))

    async def _deliver(self, contract: GatewayContract, task: Task, url: str, message: Mapping[str, Any]) -> None:
        target = self._target(url)
        if target is None:
            self._log_callback(contract.name, task.id, url, message, None, "outside")
            return
        for wait in (0.0, *contract.callback_retry_seconds):
            await self._clock.sleep(wait)
            status, _ = await self._post(target, message, _MESSAGE_SECONDS)
            self._log_callback(contract.name, task.id, url, message, status)
            if status is not None and 200 <= status < 300:
                return

    async def _post(self, url: str, message: Mapping[str, Any], seconds: float) -> tuple[int | None, object]:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        timeout = aiohttp.ClientTimeout(total=seconds)
        try:
            async with self._session.post(url, json=message, timeout=timeout, allow_redirects=False) as response:
                return response.status, await _read_json(response)
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

    def _log_callback(
        self, gateway: str, task: str, url: str, message: Mapping[str, Any], status: int | None, why: str = ""
    ) -> None:
        kept = CallbackEntry(
            at=self._clock.now(), gateway=gateway, task=task, url=url, message=message, status=status, why=why
        )
        self._journal.add_callback(kept)


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


async def _read_json(response: aiohttp.ClientResponse) -> object:
    try:
        return await response.json(content_type=None)
    except (JSONDecodeError, UnicodeDecodeError):
        return None
