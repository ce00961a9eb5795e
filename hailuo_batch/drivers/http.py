"""The driver of a gateway: speaks any dialect over the wire, waits for the task, and brings the clip home.

What may be sent again is decided here by the kind of failure alone: a submit only when it is proved that nothing was
accepted, or when the gateway honours an idempotency key; a reading call as often as patience lasts.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from hailuo_batch.core.capability import Provider
from hailuo_batch.core.failure import ALLOWS, Failure, Kind
from hailuo_batch.drivers.download import Downloads
from hailuo_batch.drivers.pictures import picture_for
from hailuo_batch.drivers.wire import Wire
from hailuo_batch.gateways.dialect import Accepted, Dialect, Made, Question, Running
from hailuo_batch.ports import Order, Produced, Task

POLL_SECONDS = 10.0  # MiniMax's published advice; the others say less or nothing
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to go on: with one submit that is not accepted, and with one task that does not end, in seconds."""

    submit: float = 300.0
    task: float = 1800.0
    first_wait: float = 1.0  # before the first repetition; each further one waits twice as long
    longest_wait: float = 60.0

    def pause(self, times: int, asked: float | None) -> float:
        """How long to wait before the next try, after `times` that came to nothing; what is asked for is obeyed."""
        return asked if asked is not None else min(self.first_wait * 2.0 ** min(times, 10), self.longest_wait)


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
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._wire, self._dialect, self._provider, self._downloads = wire, dialect, provider, downloads
        self._patience, self._sleep = patience or Patience(), sleep

    async def submit(self, order: Order) -> Task | Failure:
        """The one call that may cost money; repeated only while it is proved that nothing was accepted."""
        question = await self._question(order)
        if isinstance(question, Failure):
            return question
        waited, times = 0.0, 0
        doubt: Failure | None = None
        while True:
            answer = await self._wire.converse(self._dialect.submit(question))
            if isinstance(answer, Accepted):
                return Task(id=answer.task)
            # Money: a later no says nothing about an earlier call that may have been accepted.
            doubt = answer if answer.kind is Kind.UNCLEAR else doubt
            pause = self._patience.pause(times, answer.wait)
            waited, times = waited + pause, times + 1
            if not self._may_resend(answer) or waited > self._patience.submit:
                return doubt or answer
            await self._sleep(pause)

    async def wait(self, order: Order, task: Task) -> Produced | Failure:  # noqa: ARG002 - the task says it all
        """Follows a task until it ends; one that outlasts patience is running still, and is followed another time."""
        waited, flaky = 0.0, 0
        every = self._provider.limits.poll_seconds or POLL_SECONDS
        while True:
            seen = await self._wire.converse(self._dialect.poll(task.id))
            if isinstance(seen, Made):
                return Produced(link=seen.link, cost=seen.cost)
            if isinstance(seen, Failure) and not ALLOWS[seen.kind].resend:
                return seen
            flaky = 0 if isinstance(seen, Running) else flaky + 1
            pause = every if isinstance(seen, Running) else self._patience.pause(flaky - 1, seen.wait)
            waited += pause
            if waited > self._patience.task:
                return self._pending(task, seen)
            await self._sleep(pause)

    async def fetch(self, order: Order, produced: Produced, target: Path) -> Failure | None:  # noqa: ARG002
        """Brings the clip to `target`."""
        return await self._downloads.fetch(produced.link, target)

    def _may_resend(self, failure: Failure) -> bool:
        # Money: an unclear answer is asked for again only where the same key means the same task.
        return ALLOWS[failure.kind].resend or (failure.kind is Kind.UNCLEAR and self._provider.idempotent)

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
        first = await picture_for(request.first, order)
        last = await picture_for(request.last, order)
        if isinstance(first, Failure) or isinstance(last, Failure):
            return first if isinstance(first, Failure) else last  # type: ignore[return-value] # one of them is
        # The same attempt has the same key, also after a crash; another attempt has another.
        key = uuid5(NAMESPACE_URL, f"hailuo-batch:{order.fingerprint}:{order.attempt}")
        return Question(
            request=request,
            seconds=seconds,
            first=first,
            last=last,
            callback_url=order.callback_url,
            idempotency_key=str(key),
        )
