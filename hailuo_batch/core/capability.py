"""What each provider sells of a model; shot × tables → problems, before anything is sent.

A number of seconds is exact; `short` and `long` are whatever the provider sells under those words (5 or 6 s, 10 s).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hailuo_batch.core.manifest import LONG, SHORT, Duration
from hailuo_batch.core.price import Money, PriceRow, price_of
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.request import ANIMATIC, seconds_of
from hailuo_batch.core.shot import Mode, Shot

_SPOKEN = {SHORT: (5, 6), LONG: (10,)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One gateway's row: `offers[mode][resolution]` are the seconds it sells; `free` needs neither key nor money."""

    name: str
    title: str
    key: str
    model: str
    offers: Mapping[Mode, Mapping[str, tuple[int, ...]]]
    prices: tuple[PriceRow, ...] = ()
    currency: str | None = None
    longest_prompt: int | None = None
    prompt_needed: frozenset[Mode] = frozenset()
    notes: tuple[str, ...] = ()
    free: bool = False

    def seconds(self, duration: Duration) -> int | None:
        """The seconds that this provider sells under a duration, in any mode; None when it sells no such length."""
        if self.free:
            return seconds_of(duration)
        sold = {second for table in self.offers.values() for seconds in table.values() for second in seconds}
        wanted = _SPOKEN[duration] if isinstance(duration, str) else (duration,)
        return next((second for second in wanted if second in sold), None)

    def sells(self, mode: Mode, resolution: str, duration: Duration) -> bool:
        """Whether it renders this mode at this size for this long."""
        if self.free:
            return True
        seconds = self.seconds(duration)
        return seconds is not None and seconds in self.offers.get(mode, {}).get(resolution, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Who would be asked first, and for how much; `estimate` None is "unknown"."""

    provider: str
    estimate: Money | None
    resendable: bool = False  # asking again costs nothing: free, or under a stored idempotency key


NOBODY = Route(provider="", estimate=None)


def animatic() -> Provider:
    """Our own free model: any mode, size and length, drawn on this machine."""
    return Provider(
        name=ANIMATIC, title="Animatic, drawn on this machine", key="", model=ANIMATIC, offers={}, free=True
    )


def route(shot: Shot, providers: Sequence[Provider]) -> Route:
    """The first provider, in order of preference, that sells what the shot asks."""
    for provider in providers:
        if provider.sells(shot.mode, shot.resolution, shot.duration):
            if provider.free:
                return Route(provider=provider.name, estimate=None, resendable=True)
            seconds = provider.seconds(shot.duration)
            price = price_of(provider.prices, resolution=shot.resolution, seconds=seconds or 0)
            return Route(provider=provider.name, estimate=price)
    return NOBODY


def shortcomings(shots: Sequence[Shot], providers: Sequence[Provider], known: Sequence[Provider]) -> Iterator[Problem]:
    """A problem for each shot that none of the preferred providers renders; it names those of `known` that would."""
    fits: dict[tuple[Mode, str, Duration], bool] = {}
    said: set[int] = set()
    longest = max((p.longest_prompt or 0 for p in providers), default=0)
    for shot in shots:
        wish = (shot.mode, shot.resolution, shot.duration)
        if wish not in fits:
            fits[wish] = any(provider.sells(*wish) for provider in providers)
        if not fits[wish] and shot.index not in said:  # the shots of one matrix share the mistake
            said.add(shot.index)
            yield _not_sold(shot, providers, known)
        if longest and len(shot.prompt) > longest:
            why = f'the prompt of shot "{shot.id}" has {len(shot.prompt):,} characters; the model reads {longest:,}.'
            yield Problem(
                code="prompt-length", summary="prompt too long", why=why, path=("shots", shot.index, "prompt")
            )
        if not shot.prompt and any(shot.mode in provider.prompt_needed for provider in providers):
            why = f'shot "{shot.id}" has no prompt, and {_names(providers)} asks for one here.'
            yield Problem(code="prompt-empty", summary="prompt needed", why=why, path=("shots", shot.index, "prompt"))


def _not_sold(shot: Shot, providers: Sequence[Provider], known: Sequence[Provider]) -> Problem:
    if shot.mode is Mode.LAST:
        why = f'shot "{shot.id}" has a last frame and no first frame, which no provider renders.'
        return Problem(
            code="frames-last-only", summary="first frame missing", why=why, remedy="Add frames.first.",
            path=("shots", shot.index, "frames"),
        )  # fmt: skip
    if all(provider.seconds(shot.duration) is None for provider in providers):
        return _wrong_length(shot, providers, known)
    able = [p for p in known if not p.free and p.sells(shot.mode, shot.resolution, shot.duration)]
    asked = f"{_mode_words(shot.mode)} at {shot.resolution} for {_length(shot.duration)}"
    why = f'shot "{shot.id}" asks {asked}, which {_names(providers)} does not sell.'
    remedy = (
        f"{_names(able)} would render it: add one to providers." if able else "No provider renders it; change the shot."
    )
    return Problem(
        code="not-sold", summary="combination not offered", why=why, remedy=remedy, path=("shots", shot.index)
    )


def _wrong_length(shot: Shot, providers: Sequence[Provider], known: Sequence[Provider]) -> Problem:
    lengths = sorted({s for p in providers for row in p.offers.values() for seconds in row.values() for s in seconds})
    sold = " or ".join(f"{second} s" for second in lengths)
    why = f'shot "{shot.id}" asks {_length(shot.duration)}; {_names(providers)} makes {sold or "nothing"}.'
    others = [p for p in known if not p.free and p.sells(shot.mode, shot.resolution, shot.duration)]
    if others:
        remedy = f"{_names(others)} sells it; or write short or long, which every provider has."
    else:
        nearest = min(lengths, key=lambda second: abs(second - seconds_of(shot.duration)), default=6)
        remedy = f"Did you mean {nearest}?"
    return Problem(
        code="shot-length", summary="length not offered", why=why, remedy=remedy, path=("shots", shot.index, "duration")
    )


def _mode_words(mode: Mode) -> str:
    return {Mode.TEXT: "text to video", Mode.FIRST: "a first frame", Mode.FIRST_LAST: "a first and last frame"}[mode]


def _length(duration: Duration) -> str:
    return duration if isinstance(duration, str) else f"{duration} s"


def _names(providers: Sequence[Provider]) -> str:
    names = [provider.name for provider in providers]
    return names[0] if len(names) == 1 else " or ".join((", ".join(names[:-1]), names[-1])) if names else "no provider"
