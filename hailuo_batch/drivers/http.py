"""The driver of a gateway: speaks any dialect over HTTP, polls the task, and downloads the clip.

Only the kind of a failure decides what may be resent here. A submit is resent only when it is proved that nothing was
accepted, or when the gateway honours idempotency keys. A call that only reads is repeated as long as patience lasts.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic, time
from uuid import NAMESPACE_URL, uuid5

from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, Failure, FailureKind
from hailuo_batch.core.pacing.progress_eta import ProgressSample
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.core.trace import WaitLine, WaitReason
from hailuo_batch.drivers.image_preparation import ImagePreparation
from hailuo_batch.drivers.poll_scheduler import PollScheduler
from hailuo_batch.drivers.public_hosts import find_link_host
from hailuo_batch.drivers.transport import Transport
from hailuo_batch.drivers.wakeups import WakeupSource
from hailuo_batch.gateways.dialect import ClipReady, Dialect, GatewayRequest, SubmitAccepted, TaskRunning
from hailuo_batch.ports import NEVER_LEFT, DataPlane, DriverRequest, Produced, ProviderTask, WaitListener
from hailuo_batch.values import dataclass

POLL_SECONDS = 10.0  # MiniMax's published advice; the others say less or nothing
Sleep = Callable[[float], Awaitable[None]]
_LOG = logging.getLogger("hailuo_batch.wait")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to go on, in seconds: with one submit whose answer is unclear, and with one task that does not end."""

    submit: float = 300.0
    task: float = 1800.0
    first_wait: float = 1.0  # before the first repetition; each further one waits twice as long
    longest_wait: float = 60.0

    def delay(self, times: int, requested: float | None) -> float:
        """How long to wait before the next try, after `times` failures; the gateway's own request is obeyed."""
        return requested if requested is not None else min(self.first_wait * 2.0 ** min(times, 10), self.longest_wait)


def _never() -> bool:
    return False


class HttpDriver:
    """Submits to one gateway and follows its tasks; implements `ports.Driver`."""

    def __init__(
        self,
        *,
        transport: Transport,
        dialect: Dialect,
        provider: Provider,
        data_plane: DataPlane,
        patience: Patience | None = None,
        scheduler: PollScheduler | None = None,
        sleep: Sleep = asyncio.sleep,
        is_stopping: Callable[[], bool] = _never,
        callbacks: WakeupSource | None = None,
        images: ImagePreparation | None = None,
        on_link_host: Callable[[str, str], None] | None = None,
    ) -> None:
        self._transport, self._dialect, self._provider, self._data_plane = transport, dialect, provider, data_plane
        self._patience, self._sleep, self._is_stopping = patience or Patience(), sleep, is_stopping
        every = provider.limits.poll_seconds or POLL_SECONDS
        self._callbacks = callbacks if provider.callbacks else None
        self._scheduler = scheduler or PollScheduler(
            every=every,
            usual=provider.usual_seconds,
            is_called_back=self._callbacks is not None,
            elapsed=monotonic,
            sleep=sleep,
            gateway=provider.name,
        )
        self._images = images or ImagePreparation()
        self._on_link_host = on_link_host

    async def submit(self, driver_request: DriverRequest) -> ProviderTask | Failure:
        """The one call that may cost money. Sent once; again only where the same key means the same task.

        What is proved not to have been accepted is sent again by the caller, which knows when the gateway allows it.
        """
        try:
            question = await self._make_gateway_request(driver_request)
        except asyncio.CancelledError:
            raise asyncio.CancelledError(NEVER_LEFT) from None
        return (
            question
            if isinstance(question, Failure)
            else await self._submit_until_clear(question, driver_request.on_wait, driver_request.send_before)
        )

    async def _submit_until_clear(
        self, question: GatewayRequest, on_wait: WaitListener, send_before: float
    ) -> ProviderTask | Failure:
        waited, times = 0.0, 0
        doubt: Failure | None = None
        while True:
            if time() > send_before:
                why = "this machine was stopped or asleep between the intent and the submit"
                return doubt or Failure(kind=FailureKind.NOT_SENT, why=why)
            try:
                answer = await self._transport.run_conversation(self._dialect.submit(question))
            except asyncio.CancelledError:
                if doubt is not None:  # Money: that this call never left says nothing about an earlier one.
                    raise asyncio.CancelledError from None
                raise
            if isinstance(answer, SubmitAccepted):
                return ProviderTask(id=answer.task, is_new=True, quote=answer.estimate, request_id=answer.request_id)
            # Money: a later no says nothing about an earlier call that may have been accepted.
            doubt = answer if answer.kind is FailureKind.UNKNOWN_OUTCOME else doubt
            pause = self._patience.delay(times, answer.wait_seconds)
            waited, times = waited + pause, times + 1
            again = doubt is not None and self._provider.idempotent and self._may_resend(answer)
            if not again or waited > self._patience.submit or self._is_stopping():
                return doubt or answer
            line = WaitLine(reason=WaitReason.RESEND, seconds=pause, gateway=self._provider.name, why=answer.why)
            _LOG.info(line)
            with on_wait(line):
                await self._sleep(pause)
            if self._is_stopping():  # which has cut the pause short
                return doubt or answer

    async def wait(self, driver_request: DriverRequest, task: ProviderTask) -> Produced | Failure:
        """Follows a task until it ends; one that outlasts patience is running still, and is followed another time."""
        kin = (driver_request.request.resolution, self._provider.find_seconds(driver_request.request.duration) or 0)
        earlier = 0.0 if task.is_new else task.age
        if earlier is not None and earlier > self._patience.task:  # no run waits so long: the clock was turned
            earlier = None
        begun, flaky, samples = self._scheduler.elapsed() - (earlier or 0.0), 0, list[ProgressSample]()
        delay = self._scheduler.unknown_delay if earlier is None else self._scheduler.poll_delay
        on_wait = driver_request.on_wait
        waited = await self._pause(task, delay(kin, 0.0), on_wait) if task.is_new else 0.0
        while not self._is_stopping():
            await self._scheduler.wait_turn(on_wait)
            age = self._scheduler.elapsed() - begun
            seen = await self._transport.run_conversation(self._dialect.poll(task.id))
            if isinstance(seen, ClipReady):
                if task.is_new:
                    self._scheduler.record_completion(kin, age, samples)
                return Produced(link=seen.link, cost=seen.cost)
            if isinstance(seen, Failure) and not FAILURE_POLICIES[seen.kind].resend:
                return seen
            flaky = 0 if isinstance(seen, TaskRunning) else flaky + 1
            if task.is_new and isinstance(seen, TaskRunning):
                if seen.progress is None and samples and samples[-1].progress is None:
                    samples.pop()  # only the last poll counts where no progress is reported
                samples.append(ProgressSample(age=age, progress=seen.progress))
            pause = self._back_off(flaky, seen) if flaky else delay(kin, age, samples)
            if waited + pause > self._patience.task:
                return self._pending_failure(task, seen)
            waited += await self._pause(task, pause, on_wait, failure=seen if isinstance(seen, Failure) else None)
        why = f"task {task.id} is running at {self._provider.name}"
        return Failure(kind=FailureKind.STOPPED, why=why, remedy="The next run will keep polling it.", running=True)

    def _back_off(self, flaky: int, answer: TaskRunning | Failure) -> float:
        """How long to wait after a poll that failed; a gateway that says "too fast" means all polls."""
        wanted = answer.wait_seconds if isinstance(answer, Failure) else None
        pause = self._patience.delay(flaky - 1, wanted)
        if isinstance(answer, Failure) and answer.kind is FailureKind.THROTTLED:
            self._scheduler.back_off(pause, why=answer.why)
        return pause

    async def download(self, driver_request: DriverRequest, produced: Produced, target: Path) -> Failure | None:  # noqa: ARG002
        """Brings the clip to `target`; the host of the link is reported, and nothing else of it."""
        if self._on_link_host is not None:
            self._on_link_host(self._provider.name, find_link_host(produced.link))
        return await self._data_plane.download(produced.link, target)

    async def _pause(
        self, task: ProviderTask, seconds: float, on_wait: WaitListener, *, failure: Failure | None = None
    ) -> float:
        """How much of the pause counts; a callback ends that of a running task, never one that a gateway requested."""
        line = WaitLine(
            reason=_poll_wait_reason(failure, is_called_back=self._callbacks is not None),
            seconds=seconds,
            gateway=self._provider.name,
            task=task.id,
            why=failure.why if failure is not None else "",
        )
        _LOG.debug(line)
        with on_wait(line):
            if self._callbacks is not None and failure is None:
                return await self._callbacks.pause(self._provider.name, task.id, seconds)
            await self._sleep(seconds)
        return seconds

    def _may_resend(self, failure: Failure) -> bool:
        return FAILURE_POLICIES[failure.kind].resend or failure.kind is FailureKind.UNKNOWN_OUTCOME

    def _pending_failure(self, task: ProviderTask, answer: TaskRunning | Failure) -> Failure:
        said = answer.status if isinstance(answer, TaskRunning) else answer.why
        limit = f"{self._patience.task / 60:,.3g} min"
        why = f"{self._provider.name} has not finished task {task.id} within {limit} (last status: {said})"
        remedy = f"""The next run will keep polling it. Nothing is bought again. hailuo.yaml can set a longer time:
    limits: {{{self._provider.name}: {{task_minutes: 60}}}}"""
        return Failure(kind=FailureKind.PENDING, why=why, remedy=remedy)

    async def _make_gateway_request(self, driver_request: DriverRequest) -> GatewayRequest | Failure:
        request = driver_request.request
        seconds = self._provider.find_seconds(request.duration)
        if seconds is None:
            why = f"{self._provider.name} does not offer {request.duration}"
            return Failure(kind=FailureKind.UNABLE, why=why)
        first, last = await self._images.load(driver_request, allow_urls=self._provider.accepts_urls)
        if isinstance(first, Failure):
            return first
        if isinstance(last, Failure):
            return last
        # The same attempt has the same key, also after a crash; another attempt has another.
        key = uuid5(NAMESPACE_URL, f"hailuo-batch:{driver_request.fingerprint}:{driver_request.attempt}")
        return GatewayRequest(
            request=request,
            seconds=seconds,
            first=first,
            last=last,
            callback_url=self._callbacks.url(self._provider.name) if self._callbacks else None,
            idempotency_key=str(key),
        )


def _poll_wait_reason(failure: Failure | None, *, is_called_back: bool) -> WaitReason:
    if failure is None:
        return WaitReason.CALLBACK if is_called_back else WaitReason.POLL
    return WaitReason.THROTTLED if failure.kind is FailureKind.THROTTLED else WaitReason.RESEND
