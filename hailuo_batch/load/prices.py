"""Prices of one's own: `prices` in hailuo.yaml, and the user's `prices.yaml`. Rows are read here, and nothing decided.

A row says what one clip costs: provider, model, resolution, duration, amount, currency, since when, and its source.
"""

import os
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from hailuo_batch.core import rules
from hailuo_batch.core.models import DEFAULT_MODEL
from hailuo_batch.core.money import Money, PriceOrigin, PriceRow
from hailuo_batch.core.problem import Problem, did_you_mean
from hailuo_batch.core.providers.own_prices import OwnPrice, OwnPrices
from hailuo_batch.errors import InputError
from hailuo_batch.files.regular import read_regular
from hailuo_batch.load.manifest import locate_problems, read_and_validate
from hailuo_batch.load.model_tables import model_names
from hailuo_batch.load.user_state import find_price_file

_MAX_BYTES = 4 * 1024**2


def read_own_prices(project_rows: Iterable[OwnPrice], today: str) -> tuple[OwnPrices, tuple[Problem, ...]]:
    """The rows of a project and of the user, as they hold on a day, and what is wrong with the user's file."""
    rows, problems = read_user_prices()
    return OwnPrices(rows=(*project_rows, *rows), today=today), problems


def read_user_prices(file: Path | None = None) -> tuple[tuple[OwnPrice, ...], tuple[Problem, ...]]:
    """The rows of the user's own file, and everything that is wrong with it; no file is no rows.

    Raises `InputError` when there is one that cannot be read. A row of a provider that is not known here is for another
    project.
    """
    path = file or find_price_file()
    if path is None:
        return (), ()
    try:
        data = read_regular(os.path.realpath(path), _MAX_BYTES)  # the user's own: it may be a link to wherever
    except FileNotFoundError:
        return (), ()
    except OSError as error:
        reason = error.strerror or str(error)
        remedy = "Make it a file that you can read, or remove it."
        raise InputError(f"cannot read your prices, {path}", why=f"{reason}.", remedy=remedy) from None
    tree, problems = read_and_validate(data, name=str(path), schema="prices")
    rows, found = parse_prices(tree.get("prices", ()), PriceOrigin.USER)
    return rows, (*problems, *locate_problems(found, data, name=str(path)))


def parse_prices(
    entries: Iterable[Mapping[str, Any]], origin: PriceOrigin, known: Collection[str] | None = None
) -> tuple[tuple[OwnPrice, ...], list[Problem]]:
    """The rows of a list that the schema holds for, and a problem for each that means nothing.

    `known` are the providers that it may name; None: any.
    """
    rows, problems = [], list[Problem]()
    for place, entry in enumerate(entries):
        found = _find_problem(entry, place, known)
        if found is None:
            rows.append(_parse_row(entry, origin))
        else:
            problems.append(found)
    return tuple(rows), problems


def _parse_row(entry: Mapping[str, Any], origin: PriceOrigin) -> OwnPrice:
    row = PriceRow(
        resolution=entry["resolution"],
        seconds=entry["duration"],
        price=Money(amount=Decimal(str(entry["amount"])), currency=_normalize_currency(entry["currency"])),
        read=entry["since"],
        source=entry.get("source", ""),
        origin=origin,
    )
    return OwnPrice(provider=entry["provider"], model=entry.get("model", DEFAULT_MODEL), row=row)


def _normalize_currency(currency: str) -> str:
    """An ISO code in capitals, as tables have it, so that sums are of one currency; a gateway's unit as it is."""
    return currency.upper() if len(currency) == len("USD") else currency


def _find_problem(entry: Mapping[str, Any], place: int, known: Collection[str] | None) -> Problem | None:
    provider, model, since = entry["provider"], entry.get("model", DEFAULT_MODEL), entry["since"]
    if known is not None and provider not in known:
        why = f'there is no provider called "{provider}".'
        remedy = did_you_mean(provider, known) or f"Known are {', '.join(known)}."
        return Problem(rule=rules.PROVIDER, why=why, remedy=remedy, path=("prices", place, "provider"))
    if model not in model_names():
        why = f'there is no model called "{model}".'
        remedy = did_you_mean(model, model_names()) or f"Known are {', '.join(model_names())}."
        return Problem(rule=rules.CHOICE, why=why, remedy=remedy, path=("prices", place, "model"))
    with suppress(ValueError):
        date.fromisoformat(since)
        return None
    why = f"{since} is no day of the calendar."
    return Problem(rule=rules.FORM, why=why, remedy="Write a day as 2026-11-01.", path=("prices", place, "since"))
