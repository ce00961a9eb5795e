"""A provider in memory: a `Driver` that does what a script says, and counts what it would have charged.

    ScriptedDriver()                                          everything goes well
    ScriptedDriver(wait={fingerprint: Failure(…)})            one request fails at one point
    ScriptedDriver(submit=lambda order: …)                    a function decides, and may look around or wait meanwhile

It keeps no state that an answer depends on, so the same driver may serve run after run, as a provider does.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable
from pathlib import Path

from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, Failure
from hailuo_batch.core.money import Money
from hailuo_batch.ports import DriverRequest, Produced, ProviderTask
from hailuo_batch.testing.clips import make_clip

Answer = Failure | None  # None: it goes well
Script = Mapping[str, Failure] | Callable[[DriverRequest], Answer | Awaitable[Answer]]


def make_request_clip(driver_request: DriverRequest) -> bytes:
    """A whole clip that is this request's own."""
    return make_clip(driver_request.fingerprint)


class ScriptedDriver:
    """Answers each call by its script: failures by fingerprint, or a function that is asked each time.

    `clip` makes the bytes that `download` writes. A fetch that fails leaves half of them, as a broken transfer does.
    """

    def __init__(
        self,
        *,
        submit: Script | None = None,
        wait: Script | None = None,
        download: Script | None = None,
        clip: Callable[[DriverRequest], bytes] = make_request_clip,
        cost: Money | None = None,
    ) -> None:
        self.submit_script, self.wait_script, self.download_script = submit, wait, download
        self.clip, self.cost = clip, cost
        self.submits: Counter[str] = Counter()  # by fingerprint: every submit
        self.charges: Counter[str] = Counter()  # by fingerprint: submits that were accepted, or may have been
        self.calls: list[tuple[str, str]] = []  # (submit, wait or fetch; fingerprint), in the order they came
        self.running = 0  # calls in hand
        self.max_running = 0

    async def submit(self, driver_request: DriverRequest) -> ProviderTask | Failure:
        """A task whose id names the request, or what the script says."""
        self.submits[driver_request.fingerprint] += 1
        self.charges[driver_request.fingerprint] += 1  # until its answer proves that nothing was accepted
        failure = await self._run_script("submit", self.submit_script, driver_request)
        if failure is None:
            return ProviderTask(id=f"{driver_request.fingerprint}/{self.submits[driver_request.fingerprint]}")
        if not FAILURE_POLICIES[failure.kind].leaves_doubt:
            self.charges[driver_request.fingerprint] -= 1
        return failure

    async def wait(self, driver_request: DriverRequest, task: ProviderTask) -> Produced | Failure:
        """A link that names the task, or what the script says. A task that nobody was given is a bug."""
        self._check_task(driver_request, task.id)
        failure = await self._run_script("wait", self.wait_script, driver_request)
        return failure or Produced(link=f"https://clips.invalid/{task.id}", cost=self.cost)

    async def download(self, driver_request: DriverRequest, produced: Produced, target: Path) -> Failure | None:
        """The request's clip at `target`, or half of it and what the script says."""
        self._check_task(driver_request, produced.link.removeprefix("https://clips.invalid/"))
        clip = self.clip(driver_request)
        target.write_bytes(clip[: len(clip) // 2])
        failure = await self._run_script("download", self.download_script, driver_request)
        if failure is None:
            target.write_bytes(clip)
        return failure

    async def _run_script(self, point: str, script: Script | None, driver_request: DriverRequest) -> Answer:
        self.calls.append((point, driver_request.fingerprint))
        self.running += 1
        self.max_running = max(self.running, self.max_running)
        try:
            if script is None:
                return None
            if isinstance(script, Mapping):
                return script.get(driver_request.fingerprint)
            answer = script(driver_request)
            return await answer if isawaitable(answer) else answer
        finally:
            self.running -= 1

    def _check_task(self, driver_request: DriverRequest, task: str) -> None:
        fingerprint, _, number = task.partition("/")
        if fingerprint != driver_request.fingerprint or not number.isdecimal():
            raise AssertionError(f"{driver_request.shot}: nobody was given the task {task!r}")
