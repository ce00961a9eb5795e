"""Who sells the model and what is known of each, as text and as JSON.

What a gateway never wrote down is "not known", and what was only concluded says from what.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from hailuo_batch.core.manifest.shot import Mode
from hailuo_batch.core.providers.offers import Limits, Provider
from hailuo_batch.core.switches import SWITCH_NAMES
from hailuo_batch.views.format import safe_text
from hailuo_batch.views.style import PLAIN, TextStyle
from hailuo_batch.views.table import Cell, Column, Fit, draw_table

# Provider, whether its key is set (None: not read, since it is not trusted), when and where its table was read.
ProviderRow = tuple[Provider, bool | None, str, str]
ProjectLimits = Mapping[str, Mapping[str, float]]  # the limits that a project sets, by provider

UNKNOWN = "not known"
NO_LIMITS: ProjectLimits = {}
# How each limit that a project may set is called.
SETTABLE_LIMITS = {"per_minute": "requests a minute", "at_once": "tasks at once", "polls_per_second": "polls a second"}
RESUBMIT_WORDS = {
    True: "makes one clip and charges once: it honours an idempotency key",
    False: "may make two clips and charge for both: nothing is promised",
}


def draw_providers(
    rows: Sequence[ProviderRow], style: TextStyle = PLAIN, project_limits: ProjectLimits = NO_LIMITS
) -> str:
    """A block for each provider: lengths, prices, notes; `project_limits` go before the table's limits.

    Where there are several, they are compared below, so that a terminal shows that first.
    """
    blocks = [_provider_block(row, project_limits.get(row[0].name, {}), style) for row in rows]
    return "\n\n".join([*blocks, *["\n".join(_comparison_lines(rows, project_limits, style))] * (len(rows) > 1)])


def providers_dict(rows: Sequence[ProviderRow], project_limits: ProjectLimits = NO_LIMITS) -> dict[str, object]:
    """The same as plain data; a price or a limit that is not listed, or null, is not known."""
    return {
        "version": 1,
        "providers": [
            {**_provider_dict(*row), "limits_set": dict(project_limits.get(row[0].name, {}))} for row in rows
        ],
    }


def interval_text(seconds: float) -> str:
    """A span in the unit that fits: `1 h`, `45 s`.

    >>> interval_text(86400), interval_text(600), interval_text(8)
    ('24 h', '10 min', '8 s')
    """
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def limit_words(limits: Limits) -> dict[str, str]:
    """Each limit in words; what the gateway says nowhere is "not known"."""
    return {
        "requests a minute": UNKNOWN if limits.per_minute is None else f"{limits.per_minute:g}",
        "tasks at once": UNKNOWN if limits.at_once is None else f"{limits.at_once:g}",
        "advised poll": UNKNOWN if limits.poll_seconds is None else f"every {interval_text(limits.poll_seconds)}",
        "a link lives": UNKNOWN if limits.link_seconds is None else interval_text(limits.link_seconds),
    }


def image_words(provider: Provider) -> str:
    """How frames can reach it."""
    if provider.accepts_urls and provider.accepts_data:
        return "by web address, or a file sent along"
    return "by web address only" if provider.accepts_urls else "files only, sent along"


def list_switches(provider: Provider) -> list[str]:
    """The switches of a shot that it accepts."""
    return [switch for switch in SWITCH_NAMES if provider.switches is None or switch in provider.switches]


def switch_words(provider: Provider) -> str:
    """Which switches of a shot it accepts."""
    known = list_switches(provider)
    lacking = [switch for switch in SWITCH_NAMES if switch not in known]
    return (", ".join(known) or "none") + (f"; no {' and no '.join(lacking)}" if lacking else "")


_DASH = "–"
_COMPARED_SIZE = "768p"  # of text to video: what every provider sells, and most people buy
_COLUMNS = (
    Column(fit=Fit.MIDDLE, least=8),
    Column(),
    Column(fit=Fit.TEXT, least=11),
    Column(fit=Fit.TEXT, least=8),
    Column(right=True),
    Column(right=True),
    Column(fit=Fit.TEXT, least=8),
)


def _comparison_lines(rows: Sequence[ProviderRow], project_limits: ProjectLimits, style: TextStyle) -> Iterator[str]:
    """A line for each provider, with what people choose by."""
    head = ("provider", "key", "sells, in s", "price", "a minute", "at once", "sent twice")
    cells = [tuple(Cell(words, style.dim) for words in head)]
    cells += [_comparison_cells(row, project_limits.get(row[0].name, {}), style) for row in rows]
    yield f"Compared, by text to video; prices are for {_COMPARED_SIZE}, and {_DASH} is not known:"
    yield from draw_table(cells, _COLUMNS, width=style.width)


def _comparison_cells(row: ProviderRow, project_limits: Mapping[str, float], style: TextStyle) -> tuple[Cell, ...]:
    provider, has_key, *_ = row
    mode, sizes = next(iter(provider.offers.items()), ("", {}))
    sells = ", ".join(f"{size} {'/'.join(map(str, seconds))}" for size, seconds in sizes.items()) or "nothing"
    prices = [each for each in provider.prices if each.resolution == _COMPARED_SIZE]
    amounts = "/".join(str(each.price).split()[0] for each in prices)
    own = {SETTABLE_LIMITS[name]: f"{value:g}" for name, value in project_limits.items() if name in SETTABLE_LIMITS}
    limits = {**limit_words(provider.limits), **own}
    return (
        Cell(safe_text(provider.name), style.bold),
        Cell("set", style.good) if has_key else Cell("no" if has_key is False else "not trusted", style.dim),
        Cell(safe_text(sells if mode in {Mode.TEXT, ""} else f"{mode}: {sells}")),
        Cell(safe_text(f"{amounts} {prices[0].price.currency}" if prices else _DASH)),
        Cell(limits["requests a minute"].replace(UNKNOWN, _DASH)),
        Cell(limits["tasks at once"].replace(UNKNOWN, _DASH)),
        Cell("one charge" if provider.idempotent else "may cost two"),
    )


def _provider_block(row: ProviderRow, project_limits: Mapping[str, float], style: TextStyle) -> str:
    provider, has_key, read, source = row
    key = style.good("set") if has_key else style.dim("not set" if has_key is False else "not read, not trusted")
    lines = [f"{style.bold(provider.name)}  {safe_text(provider.title)}; key {provider.key} {key}"]
    facts = [(Cell(name), Cell(safe_text(said))) for name, said in _fact_rows(provider, project_limits)]
    facts += [
        (Cell(name, style.dim), Cell(safe_text(said), style.dim)) for name, said in _source_rows(provider, read, source)
    ]
    return "\n".join([*lines, *draw_table(facts, (Column(), Column(fit=Fit.TEXT, least=24)), width=style.width)])


def _fact_rows(provider: Provider, project_limits: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    for mode, sizes in provider.offers.items():
        yield str(mode), ", ".join(f"{size} {'/'.join(map(str, seconds))} s" for size, seconds in sizes.items())
    if not provider.offers:
        yield "sells", f"nothing of {provider.model.name}"
    if others := [name for name in provider.models if name != provider.model.name]:
        yield "other models", f"{', '.join(others)} (--model NAME)"
    prices = [f"{row.resolution} {row.seconds} s {row.price} (read {row.read})" for row in provider.prices]
    unit = f"; it bills in {provider.currency}" if provider.currency and not prices else ""
    yield from _label_rows("prices", prices or [UNKNOWN + unit])
    yield from _effective_limits(provider.limits, project_limits).items()
    yield "pictures", image_words(provider)
    yield "switches", switch_words(provider)
    yield "a request sent twice", RESUBMIT_WORDS[provider.idempotent]
    yield "callbacks", "yes" if provider.callbacks else "no"
    yield "base address", provider.base_url or UNKNOWN
    yield "regions", ", ".join(provider.regions) or "only this one"
    yield from _label_rows("note", provider.notes)


def _effective_limits(limits: Limits, project_limits: Mapping[str, float]) -> dict[str, str]:
    """The limits that hold: where the project sets one, it stands first, and what the gateway's page says behind it."""
    said = limit_words(limits)
    for limit, value in project_limits.items():
        name = SETTABLE_LIMITS.get(limit, limit)
        known = said.get(name)
        page = "" if known is None else f"; its page says {'nothing' if known == UNKNOWN else known}"
        said[name] = f"{value:.15g} (hailuo.yaml{page})"
    return said


def _source_rows(provider: Provider, read: str, source: str) -> Iterator[tuple[str, str]]:
    inferred = [f"{each.what} (from {each.source}, {each.read})" for each in provider.inferences]
    yield from _label_rows("only inferred", inferred)
    if read:
        yield "read", f"{read}, {source}"


def _label_rows(name: str, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    for place, each in enumerate(texts):
        yield name if place == 0 else "", each


def _provider_dict(provider: Provider, has_key: bool | None, read: str, source: str) -> dict[str, object]:  # noqa: FBT001
    return {
        "name": provider.name,
        "title": provider.title,
        "model": provider.model.name,
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
        "pictures": {"address": provider.accepts_urls, "file": provider.accepts_data},
        "switches": list_switches(provider),
        "idempotent": provider.idempotent,
        "callbacks": provider.callbacks,
        "notes": list(provider.notes),
        "inferred": [asdict(each) for each in provider.inferences],
        "read": read,
        "source": source,
    }
