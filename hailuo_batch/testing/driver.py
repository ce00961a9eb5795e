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

from hailuo_batch.core.attempt.failure import Failure, Kind
from hailuo_batch.core.money import Money
from hailuo_batch.ports import Order, Produced, Task
from hailuo_batch.testing.clips import clip_of

Answer = Failure | None  # None: it goes well
Script = Mapping[str, Failure] | Callable[[Order], Answer | Awaitable[Answer]]


def clip_for(order: Order) -> bytes:
    """A whole clip that is this request's own."""
    return clip_of(order.fingerprint)


class ScriptedDriver:
    """Answers each call by its script: failures by fingerprint, or a function that is asked each time.

    `clip` makes the bytes that `fetch` writes. A fetch that fails leaves half of them, as a broken transfer does.
    """

    def __init__(
        self,
        *,
        submit: Script | None = None,
        wait: Script | None = None,
        fetch: Script | None = None,
        clip: Callable[[Order], bytes] = clip_for,
        cost: Money | None = None,
    ) -> None:
        self.submit_script, self.wait_script, self.fetch_script = submit, wait, fetch
        self.clip, self.cost = clip, cost
        self.submits: Counter[str] = Counter()  # by fingerprint: every submit
        self.charges: Counter[str] = Counter()  # by fingerprint: submits that were accepted, or may have been
        self.calls: list[tuple[str, str]] = []  # (submit, wait or fetch; fingerprint), in the order they came
        self.running = 0  # calls in hand
        self.most_running = 0

    async def submit(self, order: Order) -> Task | Failure:
        """A task whose id names the request, or what the script says."""
        self.submits[order.fingerprint] += 1
        self.charges[order.fingerprint] += 1  # until its answer proves that nothing was accepted
        failure = await self._answer("submit", self.submit_script, order)
        if failure is None:
            return Task(id=f"{order.fingerprint}/{self.submits[order.fingerprint]}")
        if failure.kind is not Kind.UNCLEAR:
            self.charges[order.fingerprint] -= 1
        return failure

    async def wait(self, order: Order, task: Task) -> Produced | Failure:
        """A link that names the task, or what the script says. A task that nobody was given is a bug."""
        self._expect(order, task.id)
        failure = await self._answer("wait", self.wait_script, order)
        return failure or Produced(link=f"https://clips.invalid/{task.id}", cost=self.cost)

    async def fetch(self, order: Order, produced: Produced, target: Path) -> Failure | None:
        """The request's clip at `target`, or half of it and what the script says."""
        self._expect(order, produced.link.removeprefix("https://clips.invalid/"))
        clip = self.clip(order)
        target.write_bytes(clip[: len(clip) // 2])
        failure = await self._answer("fetch", self.fetch_script, order)
        if failure is None:
            target.write_bytes(clip)
        return failure

    async def _answer(self, point: str, script: Script | None, order: Order) -> Answer:
        self.calls.append((point, order.fingerprint))
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        try:
            if script is None:
                return None
            if isinstance(script, Mapping):
                return script.get(order.fingerprint)
            answer = script(order)
            return await answer if isawaitable(answer) else answer
        finally:
            self.running -= 1

    def _expect(self, order: Order, task: str) -> None:
        fingerprint, _, number = task.partition("/")
        if fingerprint != order.fingerprint or not number.isdecimal():
            raise AssertionError(f"{order.shot}: nobody was given the task {task!r}")
