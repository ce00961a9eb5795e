"""How fast one provider may be asked: pure arithmetic over a `Pace`; the clock is an argument.

Three limits hold at once: so many submits in any minute, so many tasks running, and so many submits that are not
answered yet. The last is small until the first ones are accepted, and halved by each answer that proves nothing: what
goes wrong at a provider shall go wrong with a few takes and not with fifty. A provider that says "too fast" halves the
other two, and each submit that it takes afterwards gives a little back. No window of a minute ever holds more submits
than the limit, wherever the window begins.
"""

from dataclasses import dataclass, replace

WINDOW = 60.0  # seconds: published limits are "per minute"
MARGIN = 1.0  # seconds on top: the provider counts when a call arrives, and not all are under way equally long
MOST = 64  # submits under way
FEW = 4  # submits under way before one was accepted
LEAST = 1 / 16  # of a limit; throttled further, the waits that it asks for hold it back
GAIN = 1 / 20  # of the full limit comes back with each submit that was taken
FIRST_WAIT = 1.0  # seconds after a first "too fast" that names no time; doubled with each further one
LONGEST_WAIT = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How one provider is being asked; times are seconds of a clock that never goes back.

    `per_minute` and `at_once` are the limits (None: none is known); `share` is what throttling has left of them.
    """

    per_minute: float | None = None
    at_once: int | None = None
    share: float = 1.0
    sent: tuple[float, ...] = ()  # when the submits of the last minute went out, the oldest first
    running: int = 0
    unanswered: int = 0  # submits under way
    trust: int = FEW  # of them at once; doubled with each that is accepted
    not_before: float = 0.0  # nothing is sent earlier: the provider asked for a pause
    throttles: int = 0  # in a row


def wait(pace: Pace, now: float) -> float | None:
    """Seconds until a submit may go out: 0 is now, and None is when a task has ended or a submit is answered.

    >>> wait(Pace(per_minute=2, sent=(0.0, 30.0)), 50.0)
    11.0
    """
    if pace.unanswered >= pace.trust:
        return None
    if pace.at_once is not None and pace.running >= max(1, int(pace.at_once * pace.share)):
        return None
    return max(0.0, _next(pace) - now)


def _next(pace: Pace) -> float:
    if pace.per_minute is None:
        return pace.not_before
    rate = pace.per_minute * pace.share
    if rate < 1:  # less than one a minute: the last one holds the next back
        free = pace.sent[-1] + WINDOW / rate if pace.sent else 0.0
    else:
        free = pace.sent[-int(rate)] + WINDOW + MARGIN if len(pace.sent) >= int(rate) else 0.0
    return max(pace.not_before, free)


def sending(pace: Pace, now: float) -> Pace:
    """A submit goes out; its task counts as running from here on."""
    longest = WINDOW + MARGIN if pace.per_minute is None else max(WINDOW + MARGIN, WINDOW / (pace.per_minute * LEAST))
    sent = () if pace.per_minute is None else (*(at for at in pace.sent if at > now - longest), now)
    return replace(pace, sent=sent, running=pace.running + 1, unanswered=pace.unanswered + 1)


def joined(pace: Pace) -> Pace:
    """A task that was submitted by an earlier run counts, too; it does not wait."""
    return replace(pace, running=pace.running + 1)


def ended(pace: Pace) -> Pace:
    """A task is over, or its submit was not accepted."""
    return replace(pace, running=pace.running - 1)


def answered(pace: Pace, *, clear: bool) -> Pace:
    """A submit is over without having been accepted; one whose answer proves nothing costs half the trust."""
    trust = pace.trust if clear else max(1, pace.trust // 2)
    return replace(pace, unanswered=max(0, pace.unanswered - 1), trust=trust)


def accepted(pace: Pace) -> Pace:
    """The provider took a submit: it may go up again, slowly."""
    pace = replace(pace, unanswered=max(0, pace.unanswered - 1), trust=min(2 * pace.trust, MOST))
    if pace.share == 1.0 and not pace.throttles:
        return pace
    return replace(pace, share=min(1.0, pace.share + GAIN), throttles=0)


def throttled(pace: Pace, now: float, asked: float | None) -> Pace:
    """The provider said "too fast": half the pace, and a pause of `asked` seconds, or of a growing time of ours.

    Of several answers to calls that were under way together, only the first halves it.
    """
    pause = asked if asked is not None else min(FIRST_WAIT * 2.0 ** min(pace.throttles, 10), LONGEST_WAIT)
    until = max(pace.not_before, now + pause)
    if now < pace.not_before:
        return replace(pace, not_before=until)
    return replace(pace, share=max(LEAST, pace.share / 2), not_before=until, throttles=pace.throttles + 1)
