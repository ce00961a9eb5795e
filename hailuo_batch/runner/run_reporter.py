"""What a run reports while it goes: each thing that happens becomes one event for the listener. Decides nothing."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.attempt.quote import is_much_higher
from hailuo_batch.core.manifest.shot import ShotNeeds
from hailuo_batch.core.models import is_local
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.event import (
    CapsCounted,
    Event,
    Listener,
    StepAccepted,
    StepPostponed,
    StepProduced,
    StepQuoted,
    StepStarted,
    WaitEnded,
    WaitStarted,
)
from hailuo_batch.core.plan.plan import Action, Step
from hailuo_batch.core.plan.report import CapLeft
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.core.trace import WaitLine
from hailuo_batch.ports import Clock
from hailuo_batch.runner.context import RunContext


def _ignore() -> None:
    """Nobody waits for it."""


class RunReporter:
    """Reports to one listener.

    `unsettled` has the fingerprints of the submits that no provider has accepted yet, and of the earlier tasks that
    were not polled yet; `on_settled` is called when one leaves it.
    """

    def __init__(self, listener: Listener, context: RunContext, clock: Clock, steps: Iterable[Step]) -> None:
        self._listener, self._clock, self._context = listener, clock, context
        self._waits = 0
        self._left: tuple[CapLeft, ...] = ()
        self._high_quotes: set[tuple[str, ShotNeeds]] = set()  # each is remarked once
        self._submitted = set[str]()
        self.unsettled = set[str]()
        self.on_settled: Callable[[], None] = _ignore
        self.submits_left = 0
        self.add_steps(steps)
        self.remarks: list[tuple[Step, str]] = []

    def attach(self) -> RunContext:
        """The context of the run, which reports here."""
        return replace(
            self._context,
            on_start=self._report_start,
            on_accept=self._report_acceptance,
            on_postpone=self._report_postponement,
            on_produce=self._report_produced,
            on_wait=self._report_wait,
            on_quote=self._report_quote,
        )

    def report(self, event: Event) -> None:
        """Reports an event of the whole run."""
        self._listener(event)

    def notify(self, step: Step, event: Event) -> None:
        """Reports an event of a step, and what the caps still allow after it."""
        if step.action is Action.REUSE:  # a name given again is no news
            return
        self._listener(event)
        self.report_caps()

    def report_caps(self) -> None:
        """Reports what the caps still allow, where that has changed."""
        left = self._context.reservations.list_left()
        if left != self._left:
            self._left = left
            self._listener(CapsCounted(left=left))

    def add_steps(self, steps: Iterable[Step]) -> None:
        """Steps that the run begins with, or that wait no longer for a frame."""
        todo = [step for step in steps if step.action is not Action.REUSE]
        self.unsettled |= {step.fingerprint for step in todo}
        self.submits_left += sum(step.action is Action.SUBMIT for step in todo)

    def _report_start(self, step: Step, provider: str, age: float) -> None:
        if step.action is Action.SUBMIT and step.fingerprint not in self._submitted:  # a resend is no other submit
            self._submitted.add(step.fingerprint)
            self.submits_left -= 1
        self.notify(step, StepStarted(step=step, provider=provider, age=age))

    def settle_step(self, step: Step) -> None:
        """A step was accepted, or polled since an earlier run, or it has ended."""
        self.unsettled.discard(step.fingerprint)
        self.on_settled()

    def _report_acceptance(self, step: Step, provider: str, task: str) -> None:
        if not is_local(provider):  # nobody accepts what is drawn here
            self.notify(step, StepAccepted(step=step, provider=provider, task=task))
        if step.action is Action.SUBMIT:
            self.settle_step(step)

    def _report_postponement(self, step: Step, provider: str, failure: Failure, seconds: float) -> None:
        share, seconds = self._context.limiters[provider].pace.share, seconds / self._context.speed
        self.notify(step, StepPostponed(step=step, provider=provider, failure=failure, seconds=seconds, share=share))

    def _report_produced(self, step: Step, provider: str) -> None:
        if not is_local(provider):  # what is drawn here is not downloaded
            self.notify(step, StepProduced(step=step, provider=provider))

    def _report_quote(self, step: Step, route: Route, quote: Money) -> None:
        """Reports a provider's own price, and remarks on one that is much higher than the price list has."""
        self.notify(step, StepQuoted(step=step, provider=route.provider, quote=quote, estimate=route.estimate))
        key = (route.provider, step.uses[0].shot.needs)
        if is_much_higher(quote, route.estimate) and key not in self._high_quotes:
            self._high_quotes.add(key)
            words = f"{route.provider} names a price of {quote}, and the price list has {route.estimate}"
            self.remarks.append((step, words))

    @contextmanager
    def _report_wait(self, step: Step | None, line: WaitLine) -> Iterator[None]:
        """Reports a wait when it begins and when it ends, in seconds of this machine."""
        if line.seconds is not None:
            line = replace(line, seconds=line.seconds / self._context.speed)
        self._waits += 1
        number, begun = self._waits, self._clock.elapsed()
        waiting = max(1, self.submits_left) if step is None else 0
        share = self._find_share(step, line)
        self._listener(WaitStarted(number=number, line=line, waiting=waiting, step=step, share=share))
        if step is not None and line.task:  # it was polled, and is running
            self.settle_step(step)
        try:
            yield
        finally:
            self._listener(WaitEnded(number=number, line=line, seconds=self._clock.elapsed() - begun))

    def _find_share(self, step: Step | None, line: WaitLine) -> float:
        """What "too fast" has left of the limits at the gateway of a wait of submits."""
        limiter = self._context.limiters.get(line.gateway) if step is None else None
        return 1.0 if limiter is None else limiter.pace.share
