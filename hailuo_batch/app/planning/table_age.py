"""Prices and models whose tables were read long ago: they may have changed since, and nothing here can know."""

import time
from collections.abc import Iterator, Sequence

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import Manifest
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.money import PriceRow
from hailuo_batch.core.problem import DocumentPath, Problem
from hailuo_batch.core.providers.offers import Provider

MAX_PRICE_DAYS = 180
MAX_MODEL_DAYS = 365  # what a model makes changes more seldom
_DAY = 86_400  # seconds


def find_old_tables(
    manifest: Manifest, shots: Sequence[Shot], providers: Sequence[Provider], now: float
) -> Iterator[Problem]:
    """A warning for each provider whose price of one of the shots is old, and one for an old row of the model."""
    wanted = {(shot.resolution, shot.duration) for shot in shots}
    for provider in providers:
        sizes = {(size, provider.find_seconds(duration)) for size, duration in wanted}
        used = (row for row in _newest_rows(provider.prices) if (row.resolution, row.seconds) in sizes)
        oldest = min(used, key=lambda row: row.read, default=None)
        if oldest is not None and oldest.read < _iso_day(now, MAX_PRICE_DAYS):
            yield _price_problem(manifest, provider, oldest)
    for model in {provider.model.name: provider.model for provider in providers}.values():
        if not model.is_local and model.read < _iso_day(now, MAX_MODEL_DAYS):
            why = f"what {model.name} makes was read on {model.read}, more than {MAX_MODEL_DAYS} days ago."
            remedy = "Check its vendor's pages, or install a newer hailuo-batch."
            yield Problem(rule=rules.TABLE_OLD, why=why, remedy=remedy, path=("model",))


def _newest_rows(rows: Sequence[PriceRow]) -> Sequence[PriceRow]:
    """The row that counts, of each size and length."""
    return tuple({(row.resolution, row.seconds): row for row in sorted(rows, key=lambda row: row.read)}.values())


def _iso_day(now: float, days: int) -> str:
    """The day so many days before; ISO days are compared as texts."""
    return time.strftime("%Y-%m-%d", time.gmtime(now - days * _DAY))


def _price_problem(manifest: Manifest, provider: Provider, row: PriceRow) -> Problem:
    what = f"{provider.name}'s price of {row.resolution} for {row.seconds} s"
    why = f"{what} was read on {row.read}, more than {MAX_PRICE_DAYS} days ago."
    remedy = "Check it at the gateway, or install a newer hailuo-batch."
    named = provider.name in manifest.providers
    path: DocumentPath = ("providers", manifest.providers.index(provider.name)) if named else ()
    return Problem(rule=rules.TABLE_OLD, why=why, remedy=remedy, path=path)
