"""What each provider sells of a model; shot × tables → problems, before anything is sent.

A number of seconds is exact; `short` and `long` are whatever the provider sells under those words (5 or 6 s, 10 s).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from hailuo_batch.core.manifest.document import LONG, SHORT, Duration, FileFrame, ShotFrame, UrlFrame
from hailuo_batch.core.manifest.shot import Mode, Shot, Wish
from hailuo_batch.core.money import Money, PriceRow, price_of
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.request.request import ANIMATIC, seconds_of

_SPOKEN = {SHORT: (5, 6), LONG: (10,)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How fast a gateway may be asked, and how long its links live; None is "not known"."""

    per_minute: float | None = None  # submits
    at_once: float | None = None  # running tasks
    poll_seconds: float | None = None  # between two looks at a task
    answer_seconds: float | None = None  # a submit's answer may take so long
    link_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """What a table holds and the gateway itself wrote nowhere: concluded from a sibling or a client."""

    what: str
    source: str
    read: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One gateway's row: `offers[mode][resolution]` are the seconds it sells; `free` needs neither key nor money.

    `idempotent`: a submit may be sent again with the same key. `switches` are those it can be told (None: any).
    """

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
    base_url: str = ""
    regions: tuple[str, ...] = ()
    limits: Limits = Limits()
    takes_addresses: bool = True
    takes_data: bool = True
    idempotent: bool = False
    callbacks: bool = False
    switches: frozenset[str] | None = None
    inferred: tuple[Inference, ...] = ()

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

    def renders(self, wish: Wish) -> bool:
        """Whether it sells what a shot asks, and can be given the shot's frames."""
        reached = (self.takes_data or not wish.local) and (self.takes_addresses or not wish.hosted)
        return reached and self.sells(wish.mode, wish.resolution, wish.duration)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Who would be asked first, and for how much; `estimate` None is "unknown"."""

    provider: str
    estimate: Money | None
    free: bool = False  # drawn on this machine: asking costs nothing, and asking again neither
    idempotent: bool = False  # the same submit with the same key is taken once, however often it is sent
    others: tuple["Route", ...] = ()  # who is asked next when this one definitely did not accept


NOBODY = Route(provider="", estimate=None)


def animatic() -> Provider:
    """Our own free model: any mode, size and length, drawn on this machine."""
    return Provider(
        name=ANIMATIC, title="Animatic, drawn on this machine", key="", model=ANIMATIC, offers={}, free=True
    )


def route(shot: Shot, providers: Sequence[Provider]) -> Route:
    """The first provider, in order of preference, that renders what the shot asks, and those that come after it."""
    able = [_way_to(provider, shot) for provider in providers if provider.renders(shot.wish)]
    return replace(able[0], others=tuple(able[1:])) if able else NOBODY


def _way_to(provider: Provider, shot: Shot) -> Route:
    seconds = provider.seconds(shot.duration) or 0
    price = None if provider.free else price_of(provider.prices, resolution=shot.resolution, seconds=seconds)
    return Route(provider=provider.name, estimate=price, free=provider.free, idempotent=provider.idempotent)


def shortcomings(shots: Sequence[Shot], providers: Sequence[Provider], known: Sequence[Provider]) -> Iterator[Problem]:
    """A problem for each shot that none of the preferred providers renders; it names those of `known` that would.

    What the shots of one matrix, or all shots by a default, have in common is said once.
    """
    fits: dict[Wish, bool] = {}
    told: set[object] = set()
    longest = max((p.longest_prompt or 0 for p in providers), default=0)
    for shot in shots:
        wish = shot.wish
        if wish not in fits:
            fits[wish] = any(provider.renders(wish) for provider in providers)
        if not fits[wish]:
            selling = [p for p in providers if p.sells(wish.mode, wish.resolution, wish.duration)]
            if selling and _news(told, (wish, shot.index)):
                yield _not_sent(shot, selling, known)
            elif not selling and _news(told, (wish.mode, wish.resolution, wish.duration, _own_place(shot))):
                yield _not_sold(shot, providers, known)
        if longest and len(shot.prompt) > longest and _news(told, ("long", shot.index)):
            yield _too_long(shot, longest)
        needing = () if shot.prompt else tuple(p for p in providers if shot.mode in p.prompt_needed)
        if needing and _news(told, ("empty", shot.index)):
            yield _no_prompt(shot, needing)


def _news(told: set[object], key: object) -> bool:
    if key in told:
        return False
    told.add(key)
    return True


def _own_place(shot: Shot) -> int | None:
    """The entry that says the duration or the size itself; None when it leaves both to the defaults."""
    places = (shot.duration_at, shot.resolution_at)
    return shot.index if any(not place or len(place) > 2 for place in places) else None


def _too_long(shot: Shot, longest: int) -> Problem:
    why = f'the prompt of shot "{shot.id}" has {len(shot.prompt):,} characters; the model reads {longest:,}.'
    remedy = "Make it shorter; a style's words count too."
    return Problem(
        code="prompt-length", summary="prompt too long", why=why, remedy=remedy, path=("shots", shot.index, "prompt")
    )


def _no_prompt(shot: Shot, needing: Sequence[Provider]) -> Problem:
    why = f'shot "{shot.id}" has no prompt, and {list_of(needing, "or")} renders {MODES[shot.mode]} only with one.'
    path = ("shots", shot.index, "prompt")
    return Problem(code="prompt-empty", summary="prompt needed", why=why, remedy="Write what is seen.", path=path)


def _not_sold(shot: Shot, providers: Sequence[Provider], known: Sequence[Provider]) -> Problem:
    if shot.mode is Mode.LAST:
        why = f'shot "{shot.id}" has a last frame and no first frame, which no provider renders.'
        return Problem(
            code="frames-last-only", summary="first frame missing", why=why, remedy="Add frames.first.",
            path=("shots", shot.index, "frames"),
        )  # fmt: skip
    if all(provider.seconds(shot.duration) is None for provider in providers):
        return _wrong_length(shot, providers, known)
    able = [p for p in known if not p.free and p.renders(shot.wish)]
    sell = f"{providers[0].name} sells" if len(providers) == 1 else f"{list_of(providers, 'and')} sell"
    asked = f"{MODES[shot.mode]} at {shot.resolution} for {_length(shot.duration)}"
    why = f'shot "{shot.id}" asks {asked}; {sell} {_instead(shot, providers)}.'
    add = f"add {'it' if len(able) == 1 else 'one of them'} to providers."
    remedy = f"{list_of(able, 'or')} would render it: {add}" if able else "No provider sells it; change the shot."
    own = [place for place in (shot.resolution_at, shot.duration_at) if len(place) != 2 or place[0] != "shots"]
    path = own[0] if own and own[0] else ("shots", shot.index)
    return Problem(code="not-sold", summary="combination not offered", why=why, remedy=remedy, path=path)


def _not_sent(shot: Shot, selling: Sequence[Provider], known: Sequence[Provider]) -> Problem:
    """The providers that sell the shot cannot be given one of its frames."""
    able = [p for p in known if not p.free and p.renders(shot.wish)]
    if shot.wish.local and not all(p.takes_data for p in selling):
        return _not_hosted(shot, [p for p in selling if not p.takes_data], able)
    first = shot.frames.first
    end = "first" if isinstance(first, UrlFrame) and first.sha256 is not None else "last"
    why = f'the {end} frame of shot "{shot.id}" is a pinned web address; {_take(selling)} files only.'
    other = f", or add to providers one that takes addresses: {list_of(able, 'or')}" if able else ""
    remedy = "Leave out the sha256, and it is fetched here; or save the picture in the project and name the file"
    path = ("shots", shot.index, "frames", end)
    return Problem(
        code="frame-not-local", summary="picture not on this machine", why=why, remedy=f"{remedy}{other}.", path=path
    )


def _take(providers: Sequence[Provider]) -> str:
    return f"{providers[0].name} takes" if len(providers) == 1 else f"{list_of(providers, 'and')} take"


def _not_hosted(shot: Shot, selling: Sequence[Provider], able: Sequence[Provider]) -> Problem:
    """They take web addresses only, and a frame has none."""
    end, frame = next(
        (end, frame)
        for end, frame in (("first", shot.frames.first), ("last", shot.frames.last))
        if frame is not None and not isinstance(frame, UrlFrame)
    )
    what = f'a frame of shot "{frame.shot}"' if isinstance(frame, ShotFrame) else "a file"
    why = f'the {end} frame of shot "{shot.id}" is {what}; {_take(selling)} pictures by web address only.'
    ways = ["Put the picture on the web and name it by url with its sha256"] * isinstance(frame, FileFrame)
    if able:
        ways.append(f"add to providers one that takes files: {list_of(able, 'or')}")
    remedy = (", or ".join(ways) or "Give the shot another frame") + "."
    path = ("shots", shot.index, "frames", end)
    return Problem(
        code="frame-not-hosted", summary="picture without address", why=why, remedy=remedy[:1].upper() + remedy[1:],
        path=path,
    )  # fmt: skip


def _instead(shot: Shot, providers: Sequence[Provider]) -> str:
    """What the same providers do sell in this mode, nearest to what was asked."""
    seconds = {p.seconds(shot.duration) for p in providers}
    rows = [p.offers.get(shot.mode, {}) for p in providers]
    lengths = sorted({second for row in rows for second in row.get(shot.resolution, ())})
    sizes = dict.fromkeys(size for row in rows for size, sold in row.items() if seconds.intersection(sold))
    parts = [f"{shot.resolution} for {_or(f'{second} s' for second in lengths)} only"] if lengths else []
    parts += [f"{_length(shot.duration)} at {_or(sizes)} only"] if sizes else []
    return " and ".join(parts) or f"no {MODES[shot.mode].removeprefix('a ')}"


def _wrong_length(shot: Shot, providers: Sequence[Provider], known: Sequence[Provider]) -> Problem:
    lengths = sorted({s for p in providers for row in p.offers.values() for seconds in row.values() for s in seconds})
    sold = _or(f"{second} s" for second in lengths) or "nothing"
    makes = f"{providers[0].name} makes" if len(providers) == 1 else f"{list_of(providers, 'and')} make"
    unsaid = ", as shots do that say nothing" if shot.duration_at == ("shots", shot.index) else ""
    why = f'shot "{shot.id}" asks {_length(shot.duration)}{unsaid}; {makes} {sold}.'
    others = [p for p in known if not p.free and p.renders(shot.wish)]
    if others:
        spoken = LONG if shot.duration in _SPOKEN[LONG] else SHORT
        portable = any(p.renders(shot.wish._replace(duration=spoken)) for p in providers)
        sell = "sells" if len(others) == 1 else "sell"
        remedy = f"{list_of(others, 'and')} {sell} it" + (
            f"; or write {spoken}, which every provider has." * portable or "."
        )
    else:
        asked = seconds_of(shot.duration)
        nearest = min(lengths, key=lambda second: (abs(second - asked), -second), default=6)
        remedy = f"Did you mean {nearest}?"
    path = shot.duration_at or ("shots", shot.index, "duration")
    return Problem(code="shot-length", summary="length not offered", why=why, remedy=remedy, path=path)


MODES = {
    Mode.TEXT: "text to video",
    Mode.FIRST: "a first frame",
    Mode.FIRST_LAST: "a first and last frame",
    Mode.LAST: "a last frame",
}


def _length(duration: Duration) -> str:
    return duration if isinstance(duration, str) else f"{duration} s"


def list_of(providers: Iterable[Provider], word: str) -> str:
    """Their names as people list them: `gccai, odkkk or vtrix`."""
    *names, last = (provider.name for provider in providers)
    return f"{', '.join(names)} {word} {last}" if names else last


def _or(words: Iterable[str]) -> str:
    return " or ".join(words)
