"""Cuts → what is bought for them, and what is wrong with cuts and with parts of a second.

Which length a cut buys follows from the model, and not from the providers: so a provider that is added, or comes first,
changes no request. The shortest of these that holds the cut is bought: `short` and `long`, which are portable (`short`
is counted as 5 s), and the seconds that the model itself makes at this size. A duration of the defaults stays where it
holds the cut and is no longer than that; so a cut that is added to a shot changes no request either. Only where the
model makes nothing so long, the lengths that the shot's providers list decide.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import Cut, Duration
from hailuo_batch.core.manifest.lengths import has_part_second, make_duration, part_seconds, seconds_text
from hailuo_batch.core.manifest.shot import Mode, Shot
from hailuo_batch.core.models import Model
from hailuo_batch.core.problem import DocumentPath, Problem
from hailuo_batch.core.providers.offers import Provider, join_provider_names
from hailuo_batch.core.providers.phrases import duration_text, join_or
from hailuo_batch.values import dataclass

ProvidersOfShot = Callable[[Shot], Sequence[Provider]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CutLengths:
    """The shots with the lengths that are bought, and what is wrong; `sellable` are those that have no such problem."""

    shots: tuple[Shot, ...]
    sellable: tuple[Shot, ...]
    problems: tuple[Problem, ...] = ()


def draw_cuts(shots: tuple[Shot, ...]) -> CutLengths:
    """The shots as they are drawn on this machine: each exactly as long as its cut."""
    if not any(shot.cut is not None for shot in shots):
        return CutLengths(shots=shots, sellable=shots)
    problems = tuple(problem for shot in shots if shot.cut is not None for problem in _order_problems(shot, shot.cut))
    drawn = tuple(
        replace(shot, duration=make_duration(shot.cut.seconds))
        if shot.cut is not None and _is_ordered(shot.cut)
        else shot
        for shot in shots
    )
    return CutLengths(shots=drawn, sellable=drawn, problems=problems)


def buy_cuts(shots: tuple[Shot, ...], model: Model, providers_of: ProvidersOfShot) -> CutLengths:
    """The shots as they are bought: each with the shortest length that holds its cut, where it writes no duration."""
    if not any(shot.cut is not None or has_part_second(shot.duration) for shot in shots):
        return CutLengths(shots=shots, sellable=shots)
    buying = _Buying(model, providers_of)
    bought: list[Shot] = []
    sellable: list[Shot] = []
    problems: list[Problem] = []
    for shot in shots:
        found = shot
        wrong = tuple(_order_problems(shot, shot.cut)) if shot.cut is not None else ()
        if not wrong and shot.cut is not None and shot.follows_cut:
            found, wrong = buying.fit_length(shot, shot.cut)
        elif not wrong:
            wrong = tuple(buying.check_length(shot))
        bought.append(found)
        problems += wrong
        if not wrong:
            sellable.append(found)
    return CutLengths(shots=tuple(bought), sellable=tuple(sellable), problems=tuple(problems))


def _is_ordered(cut: Cut) -> bool:
    return cut.start < cut.end


def _order_problems(shot: Shot, cut: Cut) -> Iterator[Problem]:
    if not _is_ordered(cut):
        why = f'shot "{shot.id}" is cut from {seconds_text(cut.start)} s to {seconds_text(cut.end)} s.'
        yield _cut_problem(shot, why, "Let `out` be later than `in`.")


def _cut_problem(shot: Shot, why: str, remedy: str, path: DocumentPath = ()) -> Problem:
    place = path or shot.find_place("cut")
    return Problem(rule=rules.CUT_LENGTH, why=why, remedy=remedy, path=place)


class _Buying:
    """Finds lengths; shots that are alike are worked out once."""

    def __init__(self, model: Model, providers_of: ProvidersOfShot) -> None:
        self._model, self._providers_of = model, providers_of
        self._known: dict[tuple[object, ...], Duration | None] = {}

    def fit_length(self, shot: Shot, cut: Cut) -> tuple[Shot, tuple[Problem, ...]]:
        """The shot with the length that is bought for its cut."""
        providers = self._providers_of(shot)
        duration = self._find_length(shot, cut.end, providers)
        if duration is None:
            return shot, tuple(self._too_long_problems(shot, cut, providers))
        found = replace(shot, duration=duration)
        holding = self._list_holding(shot, cut.end, providers)
        if holding and not any(p.has_offer(shot.mode, shot.resolution, duration) for p in providers):
            return found, (self._not_sold_problem(found, cut, providers, holding),)
        return found, ()

    def check_length(self, shot: Shot) -> Iterator[Problem]:
        """What is wrong with a duration that is written: it has a part of a second, or is shorter than the cut."""
        if has_part_second(shot.duration):
            yield self._part_problem(shot)
        elif shot.cut is not None and shot.cut.end > min(self._model.list_seconds(shot.duration)):
            least = min(self._model.list_seconds(shot.duration))
            words = f"{shot.duration}, which may be {least} s" if isinstance(shot.duration, str) else f"{least} s"
            why = f'shot "{shot.id}" is cut at {seconds_text(shot.cut.end)} s, and its duration is {words}.'
            yield _cut_problem(
                shot, why, "End the cut earlier, or leave duration out: the cut then says what is bought."
            )

    def _find_length(self, shot: Shot, end: Decimal, providers: Sequence[Provider]) -> Duration | None:
        inherited = shot.duration if "duration" in shot.places else None
        key = (shot.mode, shot.resolution, end, inherited, tuple(provider.name for provider in providers))
        if key not in self._known:
            shortest = self._find_shortest(shot.mode, shot.resolution, end, providers)
            self._known[key] = self._keep_inherited(inherited, end, shortest)
        return self._known[key]

    def _find_shortest(
        self, mode: Mode, resolution: str, end: Decimal, providers: Sequence[Provider]
    ) -> Duration | None:
        model = self._model
        words = [word for word in model.lengths if model.makes(mode, resolution, word)]
        made: list[Duration] = [*words, *(model.offers or {}).get(mode, {}).get(resolution, ())]
        holding = [duration for duration in made if min(model.list_seconds(duration)) >= end]
        if holding:  # of two that are equally long, the word is portable, and comes first
            return min(holding, key=lambda duration: min(model.list_seconds(duration)))
        sold = {second for p in providers for second in p.offers.get(mode, {}).get(resolution, ()) if second >= end}
        return min(sold, default=None)

    def _keep_inherited(self, inherited: Duration | None, end: Decimal, shortest: Duration | None) -> Duration | None:
        """A duration of the defaults, where it holds the cut and is no longer than what would be bought for it."""
        if inherited is None or shortest is None or has_part_second(inherited):
            return shortest
        seconds, most = self._model.list_seconds(inherited), self._model.list_seconds(shortest)
        return inherited if end <= min(seconds) and max(seconds) <= max(most) else shortest

    def _list_holding(self, shot: Shot, end: Decimal, providers: Sequence[Provider]) -> list[int]:
        """The seconds that the shot's providers sell of it, and that hold the cut."""
        rows = (provider.offers.get(shot.mode, {}).get(shot.resolution, ()) for provider in providers)
        return sorted({second for row in rows for second in row if second >= end})

    def _too_long_problems(self, shot: Shot, cut: Cut, providers: Sequence[Provider]) -> Iterator[Problem]:
        """Nothing where nobody sells the shot at any length, which is a problem of its own."""
        rows = [provider.offers.get(shot.mode, {}).get(shot.resolution, ()) for provider in providers]
        longest = max((second for row in rows for second in row), default=0)
        if not longest:
            return
        who = join_provider_names(providers, "and")
        sell = f"{who} sell{'s' * (len(providers) == 1)}"
        why = f'shot "{shot.id}" is cut at {seconds_text(cut.end)} s; at {shot.resolution}, {sell} {longest} s at most.'
        remedy = "Split the shot: write the rest as a shot whose first frame is the last frame of this one."
        yield _cut_problem(shot, why, remedy)

    def _not_sold_problem(self, shot: Shot, cut: Cut, providers: Sequence[Provider], holding: Sequence[int]) -> Problem:
        """The choice does not follow the providers, so what they sell instead has to be written."""
        words = [word for word, seconds in self._model.lengths.items() if holding[0] in seconds]
        usable = [word for word in words if min(self._model.lengths[word]) >= cut.end]
        who = join_provider_names(providers, "and")
        sell = f"{who} sell{'s' * (len(providers) == 1)}"
        needed = duration_text(shot.duration)
        why = (
            f'shot "{shot.id}" is cut at {seconds_text(cut.end)} s, for which {needed} is bought; '
            f"of what holds the cut, {sell} {join_or(f'{second} s' for second in holding)} only."
        )
        remedy = f"Write duration: {(usable or [str(holding[0])])[0]}, or add a provider that sells {needed}."
        return _cut_problem(shot, why, remedy)

    def _part_problem(self, shot: Shot) -> Problem:
        seconds = part_seconds(str(shot.duration))
        path = shot.find_place("duration")
        why = f'shot "{shot.id}" asks for {seconds_text(seconds)} s, and clips are sold in whole seconds.'
        bought = self._find_shortest(shot.mode, shot.resolution, seconds, self._providers_of(shot))
        buys = f": {join_or(map(str, self._model.list_seconds(bought)))} s is bought" if bought is not None else ""
        if path[0] != "shots":
            return _cut_problem(
                shot, why, f"Write a cut at each shot instead, such as cut: {seconds_text(seconds)}.", path
            )
        if shot.cut is not None:
            return _cut_problem(shot, why, "Leave duration out: the cut says what is bought.", path)
        return _cut_problem(shot, why, f"Write cut: {seconds_text(seconds)} instead{buys}.", path)
