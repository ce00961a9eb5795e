"""The driver of a gateway: speaks any dialect over the wire, waits for the task, and brings the clip home.

What may be sent again is decided here by the kind of failure alone: a submit only when it is proved that nothing was
accepted, or when the gateway honours an idempotency key; a reading call as often as patience lasts.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from uuid import NAMESPACE_URL, uuid5

from hailuo_batch.core.attempt.failure import ALLOWS, Failure, Kind
from hailuo_batch.core.pacing.progress_eta import Told
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.drivers.download import Downloads
from hailuo_batch.drivers.image_payload import pictures_for
from hailuo_batch.drivers.poll_scheduler import Looks
from hailuo_batch.drivers.transport import Wire
from hailuo_batch.drivers.wakeups import Bell
from hailuo_batch.gateways.dialect import Accepted, Dialect, Made, Question, Running
from hailuo_batch.ports import Order, Produced, Task

POLL_SECONDS = 10.0  # MiniMax's published advice; the others say less or nothing
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to go on, in seconds: with one submit whose answer is unclear, and with one task that does not end."""

    submit: float = 300.0
    task: float = 1800.0
    first_wait: float = 1.0  # before the first repetition; each further one waits twice as long
    longest_wait: float = 60.0

    def pause(self, times: int, asked: float | None) -> float:
        """How long to wait before the next try, after `times` that came to nothing; what is asked for is obeyed."""
        return asked if asked is not None else min(self.first_wait * 2.0 ** min(times, 10), self.longest_wait)


def _staying() -> bool:
    return False


class HttpDriver:
    """Asks one gateway; wears `ports.Driver`."""

    def __init__(
        self,
        *,
        wire: Wire,
        dialect: Dialect,
        provider: Provider,
        downloads: Downloads,
        patience: Patience | None = None,
        looks: Looks | None = None,
        sleep: Sleep = asyncio.sleep,
        leaving: Callable[[], bool] = _staying,
        callbacks: Bell | None = None,
    ) -> None:
        self._wire, self._dialect, self._provider, self._downloads = wire, dialect, provider, downloads
        self._patience, self._sleep, self._leaving = patience or Patience(), sleep, leaving
        every = provider.limits.poll_seconds or POLL_SECONDS
        self._looks = looks or Looks(every=every, elapsed=monotonic, sleep=sleep)
        self._callbacks = callbacks if provider.callbacks else None

    async def submit(self, order: Order) -> Task | Failure:
        """The one call that may cost money. Sent once; again only where the same key means the same task.

        What is proved not to have been accepted is sent again by whoever calls, who knows when the gateway allows it.
        """
        question = await self._question(order)
        if isinstance(question, Failure):
            return question
        waited, times = 0.0, 0
        doubt: Failure | None = None
        while True:
            answer = await self._wire.converse(self._dialect.submit(question))
            if isinstance(answer, Accepted):
                return Task(id=answer.task, fresh=True)
            # Money: a later no says nothing about an earlier call that may have been accepted.
            doubt = answer if answer.kind is Kind.UNCLEAR else doubt
            pause = self._patience.pause(times, answer.wait)
            waited, times = waited + pause, times + 1
            again = doubt is not None and self._provider.idempotent and self._is_unsettled(answer)
            if not again or waited > self._patience.submit or self._leaving():
                return doubt or answer
            await self._sleep(pause)
            if self._leaving():  # which has cut the pause short
                return doubt or answer

    async def wait(self, order: Order, task: Task) -> Produced | Failure:
        """Follows a task until it ends; one that outlasts patience is running still, and is followed another time."""
        kin = (order.request.resolution, self._provider.seconds(order.request.duration) or 0)
        begun, flaky, told = self._looks.elapsed(), 0, list[Told]()
        waited = await self._pause(task, self._looks.pause(kin, 0.0)) if task.fresh else 0.0
        while not self._leaving():
            await self._looks.turn()
            age = self._looks.elapsed() - begun
            seen = await self._wire.converse(self._dialect.poll(task.id))
            if isinstance(seen, Made):
                if task.fresh:
                    self._looks.made(kin, age, told)
                return Produced(link=seen.link, cost=seen.cost)
            if isinstance(seen, Failure) and not ALLOWS[seen.kind].resend:
                return seen
            flaky = 0 if isinstance(seen, Running) else flaky + 1
            if task.fresh and isinstance(seen, Running):
                told.append(Told(age=age, progress=seen.progress))
            pause = self._held(flaky, seen) if flaky else self._looks.pause(kin, age if task.fresh else 0.0, told)
            if waited + pause > self._patience.task:
                return self._pending(task, seen)
            waited += await self._pause(task, pause, running=not flaky)
        why = f"task {task.id} is running at {self._provider.name}"
        return Failure(kind=Kind.STOPPED, why=why, remedy="The next run follows it.", running=True)

    def _held(self, flaky: int, seen: Running | Failure) -> float:
        """How long to wait after a look that came to nothing; a gateway that says "too fast" means all looks."""
        asked = seen.wait if isinstance(seen, Failure) else None
        pause = self._patience.pause(flaky - 1, asked)
        if isinstance(seen, Failure) and seen.kind is Kind.THROTTLED:
            self._looks.throttled(pause)
        return pause

    async def fetch(self, order: Order, produced: Produced, target: Path) -> Failure | None:  # noqa: ARG002
        """Brings the clip to `target`."""
        return await self._downloads.fetch(produced.link, target)

    async def _pause(self, task: Task, seconds: float, *, running: bool = True) -> float:
        """How much of the pause counts; a callback ends one of a task that runs, never one that a gateway asked for."""
        if self._callbacks is not None and running:
            return await self._callbacks.pause(self._provider.name, task.id, seconds)
        await self._sleep(seconds)
        return seconds

    def _is_unsettled(self, failure: Failure) -> bool:
        return ALLOWS[failure.kind].resend or failure.kind is Kind.UNCLEAR

    def _pending(self, task: Task, seen: Running | Failure) -> Failure:
        said = seen.status if isinstance(seen, Running) else seen.why
        why = f"{self._provider.name} has not finished task {task.id} within the time limit (last word: {said})"
        return Failure(kind=Kind.PENDING, why=why, remedy="The next run follows it; nothing is bought again.")

    async def _question(self, order: Order) -> Question | Failure:
        request = order.request
        seconds = self._provider.seconds(request.duration)
        if seconds is None:
            why = f"{self._provider.name} does not sell {request.duration}"
            return Failure(kind=Kind.REFUSED, why=why)
        first, last = await pictures_for(order, addresses=self._provider.takes_addresses)
        if isinstance(first, Failure):
            return first
        if isinstance(last, Failure):
            return last
        # The same attempt has the same key, also after a crash; another attempt has another.
        key = uuid5(NAMESPACE_URL, f"hailuo-batch:{order.fingerprint}:{order.attempt}")
        return Question(
            request=request,
            seconds=seconds,
            first=first,
            last=last,
            callback_url=self._callbacks.url(self._provider.name) if self._callbacks else None,
            idempotency_key=str(key),
        )
