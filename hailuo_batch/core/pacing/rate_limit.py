"""How fast one provider may be called: pure arithmetic over a `RateState`; the clock is an argument.

Three limits hold at once: so many submits in any minute, so many tasks running, and so many submits that are not
answered yet. The last is small until the first ones are accepted, and halved by each answer that proves nothing: what
goes wrong at a provider shall go wrong with a few takes and not with fifty. A provider that says "too fast" halves the
other two, and each submit that it takes afterwards gives a little back. No window of a minute ever holds more submits
than the limit, wherever the window begins.
"""

from collections.abc import Iterable
from dataclasses import replace

from hailuo_batch.values import dataclass

WINDOW_SECONDS = 60.0  # seconds: published limits are "per minute"
MARGIN_SECONDS = 1.0  # seconds on top: the provider counts when a call arrives, and not all are under way equally long
MAX_UNANSWERED = 64  # submits under way
INITIAL_UNANSWERED = 4  # submits under way before one was accepted
MIN_SHARE = 1 / 16  # of a limit; throttled further, the waits that it asks for hold it back
SHARE_GAIN = 1 / 20  # of the full limit comes back with each submit that was taken
FIRST_WAIT = 1.0  # seconds after a first "too fast" that names no time; doubled with each further one
MAX_WAIT = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RateState:
    """How one provider is being called; times are seconds of a clock that never goes back.

    `per_minute` and `max_running` are the limits (None: none is known); `share` is what throttling has left of them.
    """

    per_minute: float | None = None
    max_running: int | None = None
    share: float = 1.0
    submit_times: tuple[float, ...] = ()  # when the submits of the last minute went out, the oldest first
    running: int = 0
    unanswered: int = 0  # submits under way
    max_unanswered: int = INITIAL_UNANSWERED  # of them at once; doubled with each that is accepted
    not_before: float = 0.0  # nothing is sent earlier: the provider asked for a pause
    throttles: int = 0  # in a row


def submit_delay(state: RateState, now: float) -> float | None:
    """Seconds until a submit may go out: 0 is now, and None is when a task has ended or a submit is answered.

    >>> submit_delay(RateState(per_minute=2, submit_times=(0.0, 30.0)), 50.0)
    11.0
    """
    if state.unanswered >= state.max_unanswered:
        return None
    if state.max_running is not None and state.running >= max(1, int(state.max_running * state.share)):
        return None
    return max(0.0, _earliest_submit(state) - now)


def _earliest_submit(state: RateState) -> float:
    if state.per_minute is None:
        return state.not_before
    rate = state.per_minute * state.share
    if rate < 1:  # less than one a minute: the last one holds the next back
        free = state.submit_times[-1] + WINDOW_SECONDS / rate if state.submit_times else 0.0
    else:
        free = (
            state.submit_times[-int(rate)] + WINDOW_SECONDS + MARGIN_SECONDS
            if len(state.submit_times) >= int(rate)
            else 0.0
        )
    return max(state.not_before, free)


def resume_pace(state: RateState, ages: Iterable[float], now: float) -> RateState:
    """The state with the submits of earlier runs, `ages` seconds ago: the provider counts them in the same minute.

    One from the future, by a clock that was turned back, counts as one of this moment.
    """
    if state.per_minute is None:
        return state
    longest = _longest_window(state.per_minute)
    return replace(state, submit_times=tuple(sorted(now - max(0.0, age) for age in ages if age < longest)))


def _longest_window(per_minute: float) -> float:
    return max(WINDOW_SECONDS + MARGIN_SECONDS, WINDOW_SECONDS / (per_minute * MIN_SHARE))


def start_submit(state: RateState, now: float) -> RateState:
    """A submit goes out; its task counts as running from here on."""
    sent: tuple[float, ...] = ()
    if state.per_minute is not None:
        longest = _longest_window(state.per_minute)
        sent = (*(at for at in state.submit_times if at > now - longest), now)
    return replace(state, submit_times=sent, running=state.running + 1, unanswered=state.unanswered + 1)


def add_task(state: RateState) -> RateState:
    """A task that was submitted by an earlier run counts, too; it does not wait."""
    return replace(state, running=state.running + 1)


def remove_task(state: RateState) -> RateState:
    """A task is over, or its submit was not accepted."""
    return replace(state, running=state.running - 1)


def fail_submit(state: RateState, *, is_outcome_known: bool) -> RateState:
    """A submit is over without having been accepted; one whose answer proves nothing costs half the trust."""
    trust = state.max_unanswered if is_outcome_known else max(1, state.max_unanswered // 2)
    return replace(state, unanswered=max(0, state.unanswered - 1), max_unanswered=trust)


def accept_submit(state: RateState) -> RateState:
    """The provider took a submit: it may go up again, slowly."""
    state = replace(
        state, unanswered=max(0, state.unanswered - 1), max_unanswered=min(2 * state.max_unanswered, MAX_UNANSWERED)
    )
    if state.share == 1.0 and not state.throttles:
        return state
    return replace(state, share=min(1.0, state.share + SHARE_GAIN), throttles=0)


def throttle(state: RateState, now: float, wait_seconds: float | None) -> RateState:
    """The provider said "too fast": half the pace, and a pause of `wait_seconds` seconds, or of a growing time of ours.

    Of several answers to calls that were under way together, only the first halves it.
    """
    pause = wait_seconds if wait_seconds is not None else min(FIRST_WAIT * 2.0 ** min(state.throttles, 10), MAX_WAIT)
    until = max(state.not_before, now + pause)
    if now < state.not_before:
        return replace(state, not_before=until)
    return replace(state, share=max(MIN_SHARE, state.share / 2), not_before=until, throttles=state.throttles + 1)
