"""What is being waited for, and until when, in words."""

from math import ceil

from hailuo_batch.core.pacing.remaining_time import ProviderPace
from hailuo_batch.core.plan.event import WaitStarted
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.trace import WaitReason
from hailuo_batch.views.format import count, format_duration, safe_text, single_line


def step_name(step: Step) -> str:
    """The first take of a step, and how many more it has."""
    first, *more = step.take_names
    return safe_text(first.label) + (f" and {len(more)} more" if more else "")


def wait_words(wait: WaitStarted, *, pace: ProviderPace | None = None, left: float | None = None) -> str:
    """Why submits wait at a provider, how many, and for how long; `left` is what is left of it."""
    line = wait.line
    takes, those = count(wait.waiting, "take"), "waits" if wait.waiting == 1 else "wait"
    again = wait_duration(left if left is not None else line.seconds or 0.0)
    match line.reason:
        case WaitReason.FIRST_CLIPS:
            words = f"{single_line(line.why)}; {wait.waiting:,} {those} until one is stored"
        case WaitReason.OWN_PACE:
            most = f"at most {pace.per_minute * pace.share:.3g} submits a minute; " if pace and pace.per_minute else ""
            words = f"{most}{takes} {those}, the next one goes in {again}"
        case WaitReason.CONCURRENCY:
            words = f"as many takes are under way as may be; {wait.waiting:,} {those} for a place"
        case _:
            words = f"{takes} {those}, trying again in {again}: {single_line(line.why) or 'too fast'}"
    return f"{safe_text(line.gateway)}: {words}"


def step_wait_words(wait: WaitStarted, left: float) -> str:
    """What a rendering take waits for, and until when; short, since the end of it must not be cut."""
    again = f"{ceil(left)} s" if left <= 60 else clock_duration(left)
    match wait.line.reason:
        case WaitReason.POLL:
            return f"rendering, next poll in {again}"
        case WaitReason.CALLBACK:
            return f"waits for a call, poll in {again}"
        case WaitReason.OWN_PACE:
            return f"rendering, our poll pace {again}"
        case WaitReason.THROTTLED:
            return f"polls too fast, next in {again}"
        case _:
            return f"a poll failed, next in {again}"


def frame_wait_words(step: Step) -> str:
    """Which shots' frames a take waits for."""
    return f"waits for a frame of {safe_text(' and '.join(step.waits_for))}"


def rough_duration(seconds: float) -> str:
    """How long something still takes, no more exactly than it is known.

    >>> [rough_duration(each) for each in (3, 42, 61, 640, 4000)]
    ['5 s', '45 s', '2 min', '11 min', '1 h 10 min']
    """
    if seconds <= 60:
        return f"{max(5, ceil(seconds / 5) * 5)} s"
    minutes = ceil(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(ceil(minutes / 5) * 5, 60)
    return f"{hours} h {rest:02d} min"


def wait_duration(seconds: float) -> str:
    """How long a wait still is, in whole seconds.

    >>> wait_duration(2.3), wait_duration(90)
    ('3 s', '1 min 30 s')
    """
    whole = max(0, ceil(seconds))
    return f"{whole} s" if whole < 60 else format_duration(whole)


def clock_duration(seconds: float) -> str:
    """A time that runs, in little room.

    >>> clock_duration(42.7), clock_duration(80), clock_duration(3720)
    ('0:42', '1:20', '1:02:00')
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
