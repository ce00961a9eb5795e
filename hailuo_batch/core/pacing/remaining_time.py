"""How long the rest of a run takes, by what holds it back: our own pace, takes at once, slow start, chains.

The pace so far is no measure: a first minute in which five submits may go out says nothing of the second. Reads no
clock; the answer is an estimate, and nothing is decided by it.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence

from hailuo_batch.core.pacing.rate_limit import MARGIN_SECONDS, SHARE_GAIN, WINDOW_SECONDS
from hailuo_batch.values import dataclass

_MOST = 0.9  # of the clips are ready by then: the end of a run is that of its slowest take


@dataclass(frozen=True, slots=True, kw_only=True)
class UsualTime:
    """How many seconds clips of one provider, resolution and length were under way before: of half, and of most."""

    provider: str
    resolution: str
    duration: str
    seconds: float
    at_most: float


def usual_time(provider: str, resolution: str, duration: str, times: Sequence[float]) -> UsualTime:
    """What the lengths of some clips, at least one, say of the next.

    >>> usual_time("minimax", "768p", "6", [40, 50, 60, 70, 300]).seconds
    60
    """
    known = sorted(times)
    last = len(known) - 1
    return UsualTime(
        provider=provider,
        resolution=resolution,
        duration=duration,
        seconds=known[last // 2],
        at_most=known[round(last * _MOST)],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPace:
    """How fast one provider may be called, and how many submits are planned there; `speed` is above 1 in a rehearsal.

    `first_takes` is how many may be bought before a clip of it is stored; None where clips came lately. `share` is what
    "too fast" has left of the limits; each accepted submit gives a little back.
    """

    provider: str
    submits: int
    per_minute: float | None = None
    at_once: int | None = None
    first_takes: int | None = None
    speed: float = 1.0
    share: float = 1.0


def remaining_seconds(
    pace: ProviderPace,
    *,
    left: int,
    submitted: Sequence[float],
    ends: Sequence[float],
    stored: int,
    render: float,
    at_most: float | None = None,
    held: float = 0.0,
) -> float:
    """Seconds until the last of `left` submits and of the running takes is stored.

    `submitted` has the ages of the submits so far, and `ends` in how many seconds each take under way will be stored.
    `render` is how long a take is under way, and `at_most` how long the slowest is. Nothing is submitted for the next
    `held` seconds.

    >>> pace = ProviderPace(provider="minimax", submits=10, per_minute=5)
    >>> remaining_seconds(pace, left=5, submitted=[1] * 5, ends=[19] * 5, stored=0, render=20)
    80.0
    """
    finish = max(ends, default=0.0)
    if not left:
        return finish
    first = sorted(ends)
    slow_start = first[0] if _is_held(pace, left, len(ends), stored) and first else 0.0
    last_submit = max(
        slow_start, _pace_delay(pace, left, submitted, held), _places_delay(pace, left, first, render, held)
    )
    return max(finish, last_submit + (at_most or render))


def chain_lengths(givers: Mapping[str, Collection[str]]) -> dict[str, int]:
    """How many shots are rendered one after the other once a shot is there, by that shot.

    `givers` are the shots that each one starts from.

    >>> sorted(chain_lengths({"turn": ["open"], "end": ["turn"], "cut": ["open"]}).items())
    [('cut', 0), ('end', 0), ('open', 2), ('turn', 1)]
    """
    followers = Counter(giver for names in givers.values() for giver in names)
    lengths: defaultdict[str, int] = defaultdict(int)
    ends = [shot for shot in givers if not followers[shot]]
    for shot in ends:  # grows while it is read: a shot comes when all that follow it are known
        length = lengths[shot]
        for giver in givers.get(shot, ()):
            lengths[giver] = max(lengths[giver], length + 1)
            followers[giver] -= 1
            if not followers[giver]:
                ends.append(giver)
    return dict(lengths)


def chain_seconds(lengths: Mapping[str, int], ages: Mapping[str, float], *, render: float) -> float:
    """Seconds until the longest chain is stored at the earliest, however many takes may run at once.

    `lengths` are of the shots that are not stored, `ages` of those that are under way.

    >>> chain_seconds({"open": 3, "turn": 2, "lone": 0}, {"open": 20.0}, render=60)
    220.0
    """
    return max(
        (max(render - ages.get(shot, 0.0), 0.0) + length * render for shot, length in lengths.items()), default=0.0
    )


def _is_held(pace: ProviderPace, left: int, running: int, stored: int) -> bool:
    return pace.first_takes is not None and not stored and running + left > pace.first_takes


def _pace_delay(pace: ProviderPace, left: int, submitted: Sequence[float], held: float) -> float:
    """When the last submit goes out by the limit of a minute."""
    if pace.per_minute is None:
        return held
    times = sorted(-age for age in submitted)
    share = pace.share
    while left and share < 1:  # a few submits, one by one: the limit grows with each of them
        times.append(_next_submit(pace.per_minute * share, times, held, pace.speed))
        left, share = left - 1, share + SHARE_GAIN
    if not left:
        return times[-1]
    most, window = _find_window(pace.per_minute, pace.speed)
    rounds, place = divmod(left - 1, most)
    # Each submit waits until the one `most` before it is a window old.
    recent = [at for at in times if at > -window][-most:]
    free = most - len(recent)
    begin = times[-1] if times else 0.0
    begin = max(begin, 0.0 if place < free else recent[place - free] + window)
    return max(begin, held) + rounds * window


def _next_submit(per_minute: float, times: Sequence[float], held: float, speed: float) -> float:
    most, window = _find_window(per_minute, speed)
    earliest = times[-most] + window if len(times) >= most else 0.0
    return max(0.0, held, earliest)


def _find_window(per_minute: float, speed: float) -> tuple[int, float]:
    """How many submits may go out in so many seconds."""
    if per_minute < 1:
        return 1, WINDOW_SECONDS / per_minute / speed
    return int(per_minute), (WINDOW_SECONDS + MARGIN_SECONDS) / speed


def _places_delay(pace: ProviderPace, left: int, ends: Sequence[float], render: float, held: float) -> float:
    """When the last submit goes out by the number of takes at once: it waits for the end of an earlier one."""
    if pace.at_once is None:
        return 0.0
    places = max(1, int(pace.at_once * pace.share))
    rounds, place = divmod(left - 1, places)
    waits_for = place + len(ends) - places  # the end of that one makes room, the soonest first
    begin = ends[min(waits_for, len(ends) - 1)] if waits_for >= 0 and ends else 0.0
    return max(begin, held) + rounds * render
