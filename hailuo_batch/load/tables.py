"""Provider tables: YAML → `Provider`. One file a gateway stands in `gateways/tables`."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from hailuo_batch.core.capability import Provider, animatic
from hailuo_batch.core.price import Money, PriceRow
from hailuo_batch.core.problem import Problem, did_you_mean
from hailuo_batch.core.request import ANIMATIC
from hailuo_batch.core.shot import Mode
from hailuo_batch.load.document import read_document
from hailuo_batch.load.schemas import PACKAGE, holds

FOLDER = PACKAGE / "gateways" / "tables"
# MiniMax publishes its prices and made the model: who names nobody gets the one whose bill can be foreseen.
PREFERRED = ("minimax",)


def provider_names() -> tuple[str, ...]:
    """Every gateway there is a table for."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


@cache
def provider_table(name: str) -> Mapping[str, Any]:
    """One gateway's table as data."""
    document = read_document((FOLDER / f"{name}.yaml").read_bytes(), name=f"{name}.yaml")
    assert not document.problems, document.problems  # noqa: S101 - our own file
    assert holds("provider", document.tree), name  # noqa: S101
    table: Mapping[str, Any] = document.tree  # type: ignore[assignment] # the schema says that it is a mapping
    return table


def read_provider(name: str, model: str) -> Provider:
    """What a gateway sells of a model; a model that it does not have is offered in no mode."""
    table = provider_table(name)
    row = table["models"].get(model, {})
    prompt = row.get("prompt", {})
    return Provider(
        name=name,
        title=table["title"],
        key=table["key"],
        model=model,
        offers={Mode(mode): _lengths(lengths) for mode, lengths in row.get("offers", {}).items()},
        prices=tuple(_price(price) for price in row.get("prices", ())),
        currency=table.get("currency"),
        longest_prompt=prompt.get("longest"),
        prompt_needed=frozenset(Mode(mode) for mode in prompt.get("needed", ())),
        notes=tuple(table.get("notes", ())),
    )


def read_providers(names: Iterable[str], model: str) -> tuple[tuple[Provider, ...], tuple[Problem, ...]]:
    """The providers of a manifest, in its order of preference; a name without a table is a problem."""
    if model == ANIMATIC:
        return (animatic(),), ()
    known = provider_names()
    wanted = tuple(names) or PREFERRED
    return tuple(read_provider(name, model) for name in wanted if name in known), unknown_providers(wanted)


def unknown_providers(names: Iterable[str]) -> tuple[Problem, ...]:
    """A problem for each name under `providers` that there is no table for."""
    known = provider_names()
    return tuple(_unknown(name, place, known) for place, name in enumerate(names) if name not in known)


def _unknown(name: str, place: int, known: tuple[str, ...]) -> Problem:
    remedy = did_you_mean(name, known) or f"Known are {', '.join(known)}."
    why = f'there is no provider called "{name}".'
    return Problem(code="provider", summary="unknown provider", why=why, remedy=remedy, path=("providers", place))


def _lengths(lengths: Mapping[str, list[int]]) -> dict[str, tuple[int, ...]]:
    return {resolution: tuple(seconds) for resolution, seconds in lengths.items()}


def _price(row: Mapping[str, Any]) -> PriceRow:
    return PriceRow(
        resolution=row["resolution"],
        seconds=row["seconds"],
        price=Money(amount=Decimal(row["amount"]), currency=row["currency"]),
        read=row["read"],
        source=row["source"],
    )
