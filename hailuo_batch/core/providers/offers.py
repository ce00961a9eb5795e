"""What each provider sells of a model; shot × tables → problems, before anything is sent.

A number of seconds is exact; `short` and `long` are whatever the provider sells of the model under those words.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import LONG_DURATION, SHORT_DURATION, Duration, FileFrame, ShotFrame, UrlFrame
from hailuo_batch.core.manifest.lengths import drawn_seconds
from hailuo_batch.core.manifest.shot import Mode, Shot, ShotNeeds
from hailuo_batch.core.models import Model
from hailuo_batch.core.money import Money, PriceOrigin, PriceRow, choose_price
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.providers.model_problems import mode_problem, model_problem
from hailuo_batch.core.providers.own_prices import UsedPrice
from hailuo_batch.core.providers.phrases import MODE_WORDS, duration_text, join_names, join_or
from hailuo_batch.core.switches import DEFAULT_SWITCHES
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How fast a gateway may be called, and how long its links live; None is "not known"."""

    per_minute: float | None = None  # submits
    at_once: float | None = None  # running tasks
    poll_seconds: float | None = None  # between two polls of a task
    answer_seconds: float | None = None  # a submit's answer may take so long
    task_seconds: float | None = None  # a run waits for one task so long
    link_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """What a table holds and the gateway itself wrote nowhere: concluded from a sibling or a client."""

    what: str
    source: str
    read: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What a gateway sells of one model: `offers[mode][resolution]` are the seconds.

    `idempotent`: a submit may be sent again with the same key. `switches` are those it accepts (None: any).
    """

    name: str
    title: str
    key: str
    model: Model
    offers: Mapping[Mode, Mapping[str, tuple[int, ...]]]
    models: tuple[str, ...] = ()  # all that it sells something of
    prices: tuple[PriceRow, ...] = ()
    currency: str | None = None
    max_prompt_length: int | None = None
    prompt_modes: frozenset[Mode] = frozenset()
    notes: tuple[str, ...] = ()
    base_url: str = ""
    regions: tuple[str, ...] = ()
    limits: Limits = Limits()
    usual_seconds: float | None = None  # from submit to clip; what counts until some were seen
    accepts_urls: bool = True
    accepts_data: bool = True
    idempotent: bool = False
    callbacks: bool = False
    switches: frozenset[str] | None = None
    inferences: tuple[Inference, ...] = ()

    @property
    def is_free(self) -> bool:
        """Whether it needs neither key nor money."""
        return self.model.is_free

    @property
    def is_local(self) -> bool:
        """Whether it draws on this machine."""
        return self.model.is_local

    def find_seconds(self, duration: Duration) -> int | None:
        """The seconds that this provider sells under a duration, in any mode; None when it sells no such length."""
        wanted = self.model.list_seconds(duration)
        if self.model.offers is None:
            return wanted[-1] if wanted else None
        sold = {second for table in self.offers.values() for seconds in table.values() for second in seconds}
        return next((second for second in wanted if second in sold), None)

    def has_offer(self, mode: Mode, resolution: str, duration: Duration) -> bool:
        """Whether it renders this mode at this size for this long."""
        if self.model.offers is None:
            return True
        seconds = self.find_seconds(duration)
        return seconds is not None and seconds in self.offers.get(mode, {}).get(resolution, ())

    def missing_switches(self, needs: ShotNeeds) -> tuple[str, ...]:
        """Which switches of the model a shot sets otherwise than usual, and this provider has not."""
        if self.switches is None or not needs.switches:
            return ()
        had, wanted = dict(self.model.switches), (each for each in needs.switches if each not in DEFAULT_SWITCHES)
        return tuple(name for name, _ in wanted if name in had and name not in self.switches)

    def can_render(self, needs: ShotNeeds) -> bool:
        """Whether it sells what a shot needs, has the shot's switches, and accepts its frames."""
        return self.can_film(needs) and not self.missing_switches(needs)

    def can_film(self, needs: ShotNeeds) -> bool:
        """Whether it sells what a shot needs and accepts its frames, whatever the switches."""
        reached = (self.accepts_data or not needs.has_local_frame) and (self.accepts_urls or not needs.has_hosted_frame)
        return reached and self.has_offer(needs.mode, needs.resolution, needs.duration)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Who gets the submit first, and at which price; `estimate` None is "unknown". `seconds` is what it renders."""

    provider: str
    estimate: Money | None
    seconds: float = 0
    free: bool = False  # drawn on this machine: a submit is free, however often
    idempotent: bool = False  # the same submit with the same key is taken once, however often it is sent
    price: UsedPrice | None = field(default=None, compare=False)  # the row that `estimate` is from
    fallbacks: tuple["Route", ...] = ()  # who gets the submit next when this one definitely did not accept


NO_ROUTE = Route(provider="", estimate=None)


def local_provider(model: Model) -> Provider:
    """Who makes a model that is drawn on this machine: its own provider, under its own name."""
    return Provider(name=model.name, title=model.title, key="", model=model, offers=model.offers or {})


def choose_route(shot: Shot, providers: Sequence[Provider]) -> Route:
    """The first provider, in order of preference, that renders what the shot needs, and those that come after it."""
    able = [_make_route(provider, shot) for provider in providers if provider.can_render(shot.needs)]
    return replace(able[0], fallbacks=tuple(able[1:])) if able else NO_ROUTE


def skip_refusals(route: Route, refused_by: Collection[str]) -> Route | None:
    """The route without the providers that refused the request; None when nobody is left."""
    ways = [way for way in (route, *route.fallbacks) if way.provider not in refused_by]
    return replace(ways[0], fallbacks=tuple(ways[1:])) if ways else None


def _make_route(provider: Provider, shot: Shot) -> Route:
    used = None if provider.is_free else _find_used_price(provider, shot)
    sold = provider.find_seconds(shot.duration) or 0
    return Route(
        provider=provider.name,
        estimate=None if used is None else used.row.price,
        seconds=drawn_seconds(shot.duration, provider.model.lengths) if provider.is_local else sold,
        free=provider.is_free,
        idempotent=provider.idempotent,
        price=used,
    )


def _find_used_price(provider: Provider, shot: Shot) -> UsedPrice | None:
    seconds = provider.find_seconds(shot.duration) or 0
    row = choose_price(provider.prices, resolution=shot.resolution, seconds=seconds)
    if row is None or row.origin is PriceOrigin.TABLE:
        return None if row is None else UsedPrice(provider=provider.name, row=row)
    others = [each for each in provider.prices if each.origin is not row.origin]
    other = choose_price(others, resolution=shot.resolution, seconds=seconds)
    return UsedPrice(provider=provider.name, row=row, instead_of=other)


def offer_problems(
    shots: Sequence[Shot], providers: Sequence[Provider], known: Sequence[Provider], models: Sequence[Model] = ()
) -> Iterator[Problem]:
    """A problem for each shot that none of the preferred providers renders; it names those of `known` that would.

    Where the model makes no such clips, those of `models` that do are named. What the shots of one matrix, or all shots
    by a default, have in common is said once.
    """
    if not any(provider.offers or provider.is_local for provider in providers):
        yield model_problem(providers[0].model, [p.name for p in providers], [p.name for p in known if p.offers])
        return
    fits: dict[ShotNeeds, bool] = {}
    reported: set[object] = set()
    longest = max((p.max_prompt_length or 0 for p in providers), default=0)
    for shot in shots:
        wish = shot.needs
        if wish not in fits:
            # What only switches stop is in `warnings.py`, which knows where the manifest has them.
            fits[wish] = any(provider.can_film(wish) for provider in providers)
        if not fits[wish]:
            selling = [p for p in providers if p.has_offer(wish.mode, wish.resolution, wish.duration)]
            if selling and _add_new(reported, (wish, shot.index)):
                yield _frame_problem(shot, selling, known).about(shot.id)
            elif not selling and _add_new(reported, (wish.mode, wish.resolution, wish.duration, *_shared_places(shot))):
                yield _no_offer_problem(shot, providers, known, models).about(shot.id)
        if longest and len(shot.prompt) > longest and _add_new(reported, ("long", shot.index)):
            yield _prompt_length_problem(shot, longest).about(shot.id)
        needing = () if shot.prompt else tuple(p for p in providers if shot.mode in p.prompt_modes)
        if needing and _add_new(reported, ("empty", shot.index)):
            yield _empty_prompt_problem(shot, needing).about(shot.id)


def _add_new(reported: set[object], key: object) -> bool:
    if key in reported:
        return False
    reported.add(key)
    return True


def _shared_places(shot: Shot) -> tuple[object, ...]:
    """What shots have in common that leave both length and size to the defaults or to a sequence; else the entry."""
    places = (shot.find_place("duration"), shot.find_place("resolution"))
    if any(place[0] == "shots" and len(place) > 2 for place in places):
        return (shot.index,)
    return tuple(place[:2] for place in places if place[0] != "shots")


def _prompt_length_problem(shot: Shot, longest: int) -> Problem:
    why = f'the prompt of shot "{shot.id}" has {len(shot.prompt):,} characters; the model reads {longest:,}.'
    remedy = "Make it shorter; a style's words count too."
    return Problem(rule=rules.PROMPT_LENGTH, why=why, remedy=remedy, path=("shots", shot.index, "prompt"))


def _empty_prompt_problem(shot: Shot, providers: Sequence[Provider]) -> Problem:
    who = join_provider_names(providers, "or")
    why = f'shot "{shot.id}" has no prompt, and {who} renders {MODE_WORDS[shot.mode]} only with one.'
    path = ("shots", shot.index, "prompt")
    return Problem(rule=rules.PROMPT_EMPTY, why=why, remedy="Write what is seen.", path=path)


def _no_offer_problem(
    shot: Shot, providers: Sequence[Provider], known: Sequence[Provider], models: Sequence[Model]
) -> Problem:
    if shot.mode is Mode.LAST:
        why = f'shot "{shot.id}" has a last frame and no first frame, which no provider renders.'
        return Problem(
            rule=rules.FRAMES_LAST_ONLY, why=why, remedy="Add frames.first.",
            path=("shots", shot.index, "frames"),
        )  # fmt: skip
    if all(provider.find_seconds(shot.duration) is None for provider in providers):
        return _length_problem(shot, providers, known)
    if shot.mode not in (providers[0].model.offers or MODE_WORDS):
        return mode_problem(shot, providers[0].model, models)
    able = [p for p in known if not p.is_free and p.can_render(shot.needs)]
    sell = f"{providers[0].name} sells" if len(providers) == 1 else f"{join_provider_names(providers, 'and')} sell"
    wanted = f"{MODE_WORDS[shot.mode]} at {shot.resolution} for {duration_text(shot.duration)}"
    why = f'shot "{shot.id}" asks for {wanted}, but {sell} {_describe_alternatives(shot, providers)}.'
    add = f"add {'it' if len(able) == 1 else 'one of them'} to providers."
    remedy = (
        f"{join_provider_names(able, 'or')} would render it: {add}"
        if able
        else "No provider sells it; change the shot."
    )
    unsaid = ("shots", shot.index)
    places = (shot.find_place("resolution"), shot.find_place("duration"))
    path = next((place for place in places if place != unsaid), unsaid)
    return Problem(rule=rules.NOT_SOLD, why=why, remedy=remedy, path=path)


def _frame_problem(shot: Shot, selling: Sequence[Provider], known: Sequence[Provider]) -> Problem:
    """The providers that sell the shot cannot be given one of its frames."""
    able = [p for p in known if not p.is_free and p.can_render(shot.needs)]
    if shot.needs.has_local_frame and not all(p.accepts_data for p in selling):
        return _missing_url_problem(shot, [p for p in selling if not p.accepts_data], able)
    first = shot.frames.first
    end = "first" if isinstance(first, UrlFrame) and first.sha256 is not None else "last"
    why = f'the {end} frame of shot "{shot.id}" is a pinned web address; {_takes_phrase(selling)} files only.'
    other = f", or add to providers one that takes addresses: {join_provider_names(able, 'or')}" if able else ""
    remedy = "Leave out the sha256, and it is fetched here; or save the picture in the project and name the file"
    path = ("shots", shot.index, "frames", end)
    return Problem(rule=rules.FRAME_NOT_LOCAL, why=why, remedy=f"{remedy}{other}.", path=path)


def _takes_phrase(providers: Sequence[Provider]) -> str:
    return f"{providers[0].name} takes" if len(providers) == 1 else f"{join_provider_names(providers, 'and')} take"


def _missing_url_problem(shot: Shot, selling: Sequence[Provider], able: Sequence[Provider]) -> Problem:
    """They take web addresses only, and a frame has none."""
    end, frame = next(
        (end, frame)
        for end, frame in (("first", shot.frames.first), ("last", shot.frames.last))
        if frame is not None and not isinstance(frame, UrlFrame)
    )
    what = f'a frame of shot "{frame.shot}"' if isinstance(frame, ShotFrame) else "a file"
    why = f'the {end} frame of shot "{shot.id}" is {what}; {_takes_phrase(selling)} pictures by web address only.'
    ways = ["Put the picture on the web and name it by url with its sha256"] * isinstance(frame, FileFrame)
    if able:
        ways.append(f"add to providers one that takes files: {join_provider_names(able, 'or')}")
    remedy = (", or ".join(ways) or "Give the shot another frame") + "."
    path = ("shots", shot.index, "frames", end)
    return Problem(
        rule=rules.FRAME_NOT_HOSTED, why=why, remedy=remedy[:1].upper() + remedy[1:],
        path=path,
    )  # fmt: skip


def _describe_alternatives(shot: Shot, providers: Sequence[Provider]) -> str:
    """What the same providers do sell in this mode, nearest to what the shot needs."""
    seconds = {p.find_seconds(shot.duration) for p in providers}
    rows = [p.offers.get(shot.mode, {}) for p in providers]
    lengths = sorted({second for row in rows for second in row.get(shot.resolution, ())})
    sizes = dict.fromkeys(size for row in rows for size, sold in row.items() if seconds.intersection(sold))
    parts = [f"{shot.resolution} for {join_or(f'{second} s' for second in lengths)} only"] if lengths else []
    parts += [f"{duration_text(shot.duration)} at {join_or(sizes)} only"] if sizes else []
    return " and ".join(parts) or f"no {MODE_WORDS[shot.mode].removeprefix('a ')}"


def _length_problem(shot: Shot, providers: Sequence[Provider], known: Sequence[Provider]) -> Problem:
    lengths = sorted({s for p in providers for row in p.offers.values() for seconds in row.values() for s in seconds})
    sold = join_or(f"{second} s" for second in lengths) or "nothing"
    makes = f"{join_provider_names(providers, 'and')} render{'s' * (len(providers) == 1)}{' only' * bool(lengths)}"
    unsaid = ", as shots do that say nothing" if shot.find_place("duration") == ("shots", shot.index) else ""
    why = f'shot "{shot.id}" asks for {duration_text(shot.duration)}{unsaid}, but {makes} {sold}.'
    others = [p for p in known if not p.is_free and p.can_render(shot.needs)]
    wanted = providers[0].model.list_seconds(shot.duration)[-1]
    if others:
        spoken = LONG_DURATION if shot.duration in providers[0].model.lengths[LONG_DURATION] else SHORT_DURATION
        portable = any(p.can_render(shot.needs._replace(duration=spoken)) for p in providers)
        sell = "sells" if len(others) == 1 else "sell"
        longer = min((second for second in lengths if second > wanted), default=None)
        cut = f", or {longer}, which can be cut" if longer is not None else ""
        remedy = f"{join_provider_names(others, 'and')} {sell} it" + (
            f"; or write {spoken}, which every provider has{cut}." * portable or "."
        )
    else:
        remedy = _length_remedy(wanted, lengths)
    path = shot.find_place("duration")
    return Problem(rule=rules.SHOT_LENGTH, why=why, remedy=remedy, path=path)


def _length_remedy(wanted: float, lengths: Sequence[int]) -> str:
    """The lengths on both sides of the wanted one; what is offered is the longer, since a clip can be cut.

    >>> _length_remedy(7, [6, 10]), _length_remedy(3, [6, 10]), _length_remedy(15, [6, 10])
    ('6 is shorter, 10 is longer and can be cut. Did you mean 10?', 'Did you mean 6?', 'Did you mean 10?')
    """
    shorter = max((second for second in lengths if second < wanted), default=None)
    longer = min((second for second in lengths if second > wanted), default=None)
    if shorter is None or longer is None:
        return f"Did you mean {shorter or longer or 6}?"
    return f"{shorter} is shorter, {longer} is longer and can be cut. Did you mean {longer}?"


def join_provider_names(providers: Iterable[Provider], word: str) -> str:
    """Their names as people list them: `gccai, odkkk or vtrix`."""
    return join_names([provider.name for provider in providers], word)
