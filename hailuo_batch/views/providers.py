"""Who sells the model and what is known of each, as text and as JSON.

What a gateway never wrote down is "not known", and what was only concluded says from what.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from hailuo_batch.core.providers.offers import Limits, Provider
from hailuo_batch.views.format import safe
from hailuo_batch.views.style import PLAIN, Ink

Row = tuple[Provider, bool, str, str]  # provider, whether its key is set, when and where its table was read
Own = Mapping[str, Mapping[str, float]]  # the limits that a project sets, by provider

UNKNOWN = "not known"
NONE: Own = {}
# How each limit that a project may set is called.
SETTABLE = {"per_minute": "requests a minute", "at_once": "tasks at once", "polls_per_second": "looks a second"}
SWITCHES = ("prompt_optimizer", "fast_pretreatment", "watermark")
SENT_TWICE = {
    True: "makes one clip and charges once: it honours an idempotency key",
    False: "may make two clips and charge for both: nothing is promised",
}


def draw_providers(rows: Sequence[Row], ink: Ink = PLAIN, own: Own = NONE) -> str:
    """A block for each provider: what it sells, at which prices, and what to know; `own` limits stand first."""
    return "\n\n".join(_block(row, own.get(row[0].name, {}), ink) for row in rows)


def providers_members(rows: Sequence[Row], own: Own = NONE) -> dict[str, object]:
    """The same as plain data; a price or a limit that is not listed, or null, is not known."""
    return {
        "version": 1,
        "providers": [{**_members(*row), "limits_set": dict(own.get(row[0].name, {}))} for row in rows],
    }


def how_long(seconds: float) -> str:
    """A span in the unit that fits: `1 h`, `45 s`.

    >>> how_long(86400), how_long(600), how_long(8)
    ('24 h', '10 min', '8 s')
    """
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def spoken_limits(limits: Limits) -> dict[str, str]:
    """Each limit in words; what the gateway says nowhere is "not known"."""
    return {
        "requests a minute": UNKNOWN if limits.per_minute is None else f"{limits.per_minute:g}",
        "tasks at once": UNKNOWN if limits.at_once is None else f"{limits.at_once:g}",
        "advised poll": UNKNOWN if limits.poll_seconds is None else f"every {how_long(limits.poll_seconds)}",
        "a link lives": UNKNOWN if limits.link_seconds is None else how_long(limits.link_seconds),
    }


def spoken_pictures(provider: Provider) -> str:
    """How frames can reach it."""
    if provider.takes_addresses and provider.takes_data:
        return "by web address, or a file sent along"
    return "by web address only" if provider.takes_addresses else "files only, sent along"


def spoken_switches(provider: Provider) -> str:
    """Which switches of a shot it can be told."""
    known = [switch for switch in SWITCHES if provider.switches is None or switch in provider.switches]
    lacking = [switch for switch in SWITCHES if switch not in known]
    return (", ".join(known) or "none") + (f"; no {' and no '.join(lacking)}" if lacking else "")


def _block(row: Row, own: Mapping[str, float], ink: Ink) -> str:
    provider, has_key, read, source = row
    key = ink.good("set") if has_key else ink.dim("not set")
    lines = [f"{ink.bold(provider.name)}  {safe(provider.title)}; key {provider.key} {key}"]
    lines += [f"  {name:<21} {safe(said)}".rstrip() for name, said in _rows(provider, own)]
    lines += [ink.dim(f"  {name:<21} {safe(said)}") for name, said in _sources(provider, read, source)]
    return "\n".join(lines)


def _rows(provider: Provider, own: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    for mode, sizes in provider.offers.items():
        yield str(mode), ", ".join(f"{size} {'/'.join(map(str, seconds))} s" for size, seconds in sizes.items())
    if not provider.offers:
        yield "sells", f"nothing of {provider.model}"
    prices = [f"{row.resolution} {row.seconds} s {row.price} (read {row.read})" for row in provider.prices]
    unit = f"; it bills in {provider.currency}" if provider.currency and not prices else ""
    yield from _under("prices", prices or [UNKNOWN + unit])
    yield from _limits(provider.limits, own).items()
    yield "pictures", spoken_pictures(provider)
    yield "switches", spoken_switches(provider)
    yield "a request sent twice", SENT_TWICE[provider.idempotent]
    yield "callbacks", "yes" if provider.callbacks else "no"
    yield "base address", provider.base_url or UNKNOWN
    yield "regions", ", ".join(provider.regions) or "only this one"
    yield from _under("note", provider.notes)


def _limits(limits: Limits, own: Mapping[str, float]) -> dict[str, str]:
    """The limits that hold: where the project sets one, it stands first, and what the gateway's page says behind it."""
    said = spoken_limits(limits)
    for limit, value in own.items():
        name = SETTABLE.get(limit, limit)
        known = said.get(name)
        page = "" if known is None else f"; its page says {'nothing' if known == UNKNOWN else known}"
        said[name] = f"{value:.15g} (hailuo.yaml{page})"
    return said


def _sources(provider: Provider, read: str, source: str) -> Iterator[tuple[str, str]]:
    inferred = [f"{each.what} (from {each.source}, {each.read})" for each in provider.inferred]
    yield from _under("only inferred", inferred)
    if read:
        yield "read", f"{read}, {source}"


def _under(name: str, said: Sequence[str]) -> Iterator[tuple[str, str]]:
    for place, each in enumerate(said):
        yield name if place == 0 else "", each


def _members(provider: Provider, has_key: bool, read: str, source: str) -> dict[str, object]:  # noqa: FBT001
    return {
        "name": provider.name,
        "title": provider.title,
        "model": provider.model,
        "key": provider.key,
        "key_set": has_key,
        "base_url": provider.base_url,
        "regions": list(provider.regions),
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
        "limits": asdict(provider.limits),
        "pictures": {"address": provider.takes_addresses, "file": provider.takes_data},
        "switches": [switch for switch in SWITCHES if provider.switches is None or switch in provider.switches],
        "idempotent": provider.idempotent,
        "callbacks": provider.callbacks,
        "notes": list(provider.notes),
        "inferred": [asdict(each) for each in provider.inferred],
        "read": read,
        "source": source,
    }
