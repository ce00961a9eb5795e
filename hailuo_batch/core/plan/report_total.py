"""The reports of several manifests as one: the sums that one agreement is about."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import TypeVar

from hailuo_batch.core.money import Money, sum_by_currency
from hailuo_batch.core.plan.report import CapLeft, Report

T = TypeVar("T")


def total_report(reports: Sequence[Report]) -> Report:
    """One report with the sums of all, and without rows. Clips that two of them have are counted in both."""
    first = reports[0]
    return replace(
        first,
        campaign=", ".join(dict.fromkeys(each.campaign for each in reports)),
        manifest=f"{len(reports)} manifests",
        rows=(),
        takes=sum(each.takes for each in reports),
        shots_outside=sum(each.shots_outside for each in reports),
        counts=sum((Counter(each.counts) for each in reports), Counter()),
        kept=sum((Counter(each.kept) for each in reports), Counter()),
        clips=sum(each.clips for each in reports),
        seconds=sum(each.seconds for each in reports),
        bytes=sum(each.bytes for each in reports),
        spent=_sum(each.spent for each in reports),
        estimated=_sum(each.estimated for each in reports),
        unknown_cost=sum(each.unknown_cost for each in reports),
        silent_providers=_unique(each.silent_providers for each in reports),
        to_spend=_sum(each.to_spend for each in reports),
        most_to_spend=_sum(each.most_to_spend for each in reports),
        unpriced=sum(each.unpriced for each in reports),
        takes_to_buy=sum(each.takes_to_buy for each in reports),
        clips_to_buy=sum(each.clips_to_buy for each in reports),
        unpriced_fallbacks=sum(each.unpriced_fallbacks for each in reports),
        left_out=sum((Counter(each.left_out) for each in reports), Counter()),
        caps_left=tuple(_name_caps(reports)),
        sequence_titles={},
        dropped=(),
        omitted=tuple(chain.from_iterable(each.omitted for each in reports)),
        states={},
        shot_notes={},
        over_cap=tuple(chain.from_iterable(each.over_cap for each in reports)),
        accepted=sum(each.accepted for each in reports),
        destinations=_unique(each.destinations for each in reports),
        prices=_unique(each.prices for each in reports),
    )


def _sum(amounts: Iterable[tuple[Money, ...]]) -> tuple[Money, ...]:
    return sum_by_currency(chain.from_iterable(amounts))


def _unique(values: Iterable[Sequence[T]]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(values)))


def _name_caps(reports: Sequence[Report]) -> Iterator[CapLeft]:
    """The caps that all manifests are under, once, and those of one with its name."""
    shared = set(reports[0].caps_left).intersection(*(each.caps_left for each in reports))
    yield from (cap for cap in reports[0].caps_left if cap in shared)
    for each in reports:
        for cap in each.caps_left:
            if cap not in shared:
                yield replace(cap, description=f"{cap.description} ({each.manifest})")
