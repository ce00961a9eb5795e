"""Pauses that a gateway's callback cuts short, so that a driver polls a task as soon as there is news of it.

A callback only triggers a poll: a lost one costs a longer wait, a false one costs a poll. Independent of HTTP and of
the callback's content. Reads no clock: time passes only in `sleep`.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

# Seconds between two polls that callbacks triggered. A gateway reports a task two or three times; more is
# a mistake or an attack, and each poll counts against the limits of the account that buys the clips.
LEAST_SECONDS = 2.0
MOST_TASKS = 10_000  # rings of so many tasks are remembered for each provider, the oldest forgotten

Sleep = Callable[[float], Awaitable[None]]
Value = TypeVar("Value")


class WakeupSource(Protocol):
    """What a driver waits with where gateways call back."""

    def url(self, provider: str) -> str | None:
        """The address to give a provider with a submit; it is a secret. None: this one is not listened to."""
        ...

    async def pause(self, provider: str, task: str, seconds: float) -> float:
        """Waits so long, or until the task is rung; how many of the seconds count as waited."""
        ...


class TaskWakeups:
    """The rings of one provider's tasks; one waits for a task at a time."""

    def __init__(self, sleep: Sleep = asyncio.sleep) -> None:
        self._sleep = sleep
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._early_wakeups: OrderedDict[str, None] = OrderedDict()
        self._cooldowns: OrderedDict[str, float] = OrderedDict()  # until when a task's callbacks trigger nothing

    def wake(self, task: str) -> None:
        """Ends the pause of who waits for the task, or the next one: a ring may come before the submit's answer."""
        waiting = self._waiting.get(task)
        if waiting is None or not waiting.cancel():
            _put_recent(self._early_wakeups, task, None)

    async def pause(self, task: str, seconds: float) -> float:
        """Waits so long, or until the task is rung; how many of the seconds count as waited.

        Of a pause that a ring ended only that part counts which no ring could end. So rings do not use up the time
        limit of a task, and since there is such a part between any two, they do not put it off for ever.
        """
        deaf = self._cooldowns.pop(task, 0.0)
        if deaf:
            await self._sleep(min(deaf, seconds))
        if deaf > seconds:
            _put_recent(self._cooldowns, task, deaf - seconds)
        if deaf >= seconds or not await self._wait_for_wakeup(task, seconds - deaf):
            return seconds
        _put_recent(self._cooldowns, task, LEAST_SECONDS)
        return deaf

    async def _wait_for_wakeup(self, task: str, seconds: float) -> bool:
        """Whether the task was rung, since the last pause or within these seconds."""
        if task in self._early_wakeups:
            del self._early_wakeups[task]
            return True
        sleeping = self._waiting[task] = asyncio.ensure_future(self._sleep(seconds))
        try:
            await asyncio.wait((sleeping,))
        finally:
            sleeping.cancel()
            if self._waiting.get(task) is sleeping:
                del self._waiting[task]
        if sleeping.cancelled():
            return True
        sleeping.result()  # a sleep that failed is no ring
        return False


def _put_recent(entries: OrderedDict[str, Value], task: str, value: Value) -> None:
    entries[task] = value
    entries.move_to_end(task)
    if len(entries) > MOST_TASKS:
        entries.popitem(last=False)
