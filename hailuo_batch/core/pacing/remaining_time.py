"""How long the rest of a run takes, by what holds it back: our own pace, takes at once, slow start, chains.

The pace so far is no measure: a first minute in which five submits may go out says nothing of the second. Reads no
clock; the answer is an estimate, and nothing is decided by it.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from hailuo_batch.core.pacing.rate_limit import MARGIN_SECONDS, WINDOW_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPace:
    """How fast one provider may be called, and how many submits are planned there; `speed` is above 1 in a rehearsal.

    `first_takes` is how many may be bought before a clip of it is stored; None where clips came lately.
    """

    provider: str
    submits: int
    per_minute: float | None = None
    at_once: int | None = None
    first_takes: int | None = None
    speed: float = 1.0


def remaining_seconds(
    pace: ProviderPace, *, left: int, submitted: Sequence[float], running: Sequence[float], stored: int, render: float
) -> float:
    """Seconds until the last of `left` submits and of the running takes is stored.

    `submitted` has the ages of the submits so far, `running` those of the takes under way, and `render` is how long a
    take is under way.

    >>> pace = ProviderPace(provider="minimax", submits=10, per_minute=5)
    >>> remaining_seconds(pace, left=5, submitted=[1] * 5, running=[1] * 5, stored=0, render=20)
    80.0
    """
    finish = max((max(render - age, 0.0) for age in running), default=0.0)
    if not left:
        return finish
    ends = sorted(max(render - age, 0.0) for age in running)
    held = ends[0] if _is_held(pace, left, len(running), stored) and ends else 0.0
    last_submit = max(held, _pace_delay(pace, left, submitted), _places_delay(pace, left, ends, render))
    return max(finish, last_submit + render)


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


def _pace_delay(pace: ProviderPace, left: int, submitted: Sequence[float]) -> float:
    """When the last submit goes out by the limit of a minute."""
    if pace.per_minute is None:
        return 0.0
    most = max(1, int(pace.per_minute))
    window = (WINDOW_SECONDS + MARGIN_SECONDS) / pace.speed
    if pace.per_minute < 1:
        window = WINDOW_SECONDS / pace.per_minute / pace.speed
    rounds, place = divmod(left - 1, most)
    # Each submit waits until the one `most` before it is a window old.
    recent = sorted((age for age in submitted if age < window), reverse=True)[-most:]
    free = most - len(recent)
    begin = 0.0 if place < free else window - recent[place - free]
    return begin + rounds * window


def _places_delay(pace: ProviderPace, left: int, ends: Sequence[float], render: float) -> float:
    """When the last submit goes out by the number of takes at once: it waits for the end of an earlier one."""
    if pace.at_once is None:
        return 0.0
    free = max(0, pace.at_once - len(ends))
    if left <= free:
        return 0.0
    rounds, place = divmod(left - 1, pace.at_once)
    begin = 0.0 if place < free else ends[min(place - free, len(ends) - 1)] if ends else 0.0
    return begin + rounds * render
