"""Who sells the model and what is known of each, as text and as JSON."""

from collections.abc import Sequence

from hailuo_batch.core.capability import Provider
from hailuo_batch.views.ink import PLAIN, Ink

Row = tuple[Provider, bool, str, str]  # provider, whether its key is set, when and where its table was read


def draw_providers(rows: Sequence[Row], ink: Ink = PLAIN) -> str:
    """A block for each provider: what it sells, at which prices, and what to know."""
    return "\n\n".join(_block(*row, ink=ink) for row in rows)


def providers_members(rows: Sequence[Row]) -> dict[str, object]:
    """The same as plain data; a price that is not listed is not known."""
    return {"version": 1, "providers": [_members(*row) for row in rows]}


def _block(provider: Provider, has_key: bool, read: str, source: str, *, ink: Ink) -> str:  # noqa: FBT001 - a row
    key = ink.good("set") if has_key else ink.dim("not set")
    lines = [f"{ink.bold(provider.name)}  {provider.title}; key {provider.key} {key}"]
    for mode, sizes in provider.offers.items():
        sold = ", ".join(f"{size} {'/'.join(map(str, seconds))} s" for size, seconds in sizes.items())
        lines.append(f"  {mode:<21} {sold}")
    prices = [f"{row.resolution} {row.seconds} s {row.price} (read {row.read})" for row in provider.prices]
    lines.append(f"  {'prices':<21} {prices[0] if prices else 'not known'}")
    lines += [f"  {'':<21} {price}" for price in prices[1:]]
    lines += [f"  {'note':<21} {note}" for note in provider.notes]
    lines.append(ink.dim(f"  {'read':<21} {read}, {source}"))
    return "\n".join(lines)


def _members(provider: Provider, has_key: bool, read: str, source: str) -> dict[str, object]:  # noqa: FBT001
    return {
        "name": provider.name,
        "title": provider.title,
        "model": provider.model,
        "key": provider.key,
        "key_set": has_key,
        "currency": provider.currency,
        "offers": {
            str(mode): {size: list(seconds) for size, seconds in sizes.items()}
            for mode, sizes in provider.offers.items()
        },
        "prices": [
            {
                "resolution": row.resolution,
                "seconds": row.seconds,
                "amount": str(row.price.amount),
                "currency": row.price.currency,
                "read": row.read,
                "source": row.source,
            }
            for row in provider.prices
        ],
        "notes": list(provider.notes),
        "read": read,
        "source": source,
    }
