"""Provider tables: YAML → `Provider`. One file a gateway stands in `gateways/tables`; a project may bring its own.

What a table says about talking is read by the dialect of its family (`load/dialect_plugins.py`).
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.shot import Mode
from hailuo_batch.core.models import DEFAULT_MODEL
from hailuo_batch.core.money import Money, PriceRow
from hailuo_batch.core.problem import DocumentPath, Problem, did_you_mean
from hailuo_batch.core.providers.offers import Inference, Limits, Provider, local_provider
from hailuo_batch.core.providers.own_prices import NO_OWN_PRICES, OwnPrices
from hailuo_batch.core.switches import SWITCH_NAMES
from hailuo_batch.errors import InputError
from hailuo_batch.load.document import read_document
from hailuo_batch.load.model_tables import parse_offers, read_model
from hailuo_batch.load.schemas import PACKAGE_FOLDER, matches_schema

if TYPE_CHECKING:
    from hailuo_batch.gateways.dialect import Dialect

TABLE_FOLDER = PACKAGE_FOLDER / "gateways" / "tables"
# MiniMax publishes its prices and made the model: who names nobody gets the one whose bill can be foreseen.
DEFAULT_PROVIDERS = ("minimax",)

Table = Mapping[str, Any]
Tables = Mapping[str, Table]  # a project's own, by name; one of ours is replaced by one of the same name
NO_CUSTOM_TABLES: Tables = {}
NO_REGIONS: Mapping[str, str] = {}  # a gateway's own base address, and nothing by its side
# What `like` takes over: how a gateway talks and what it sells; never its prices, limits, speed, notes or addresses.
_INHERITED_KEYS = ("dialect", "wire", "camera", "images", "models")


def provider_names(tables: Tables = NO_CUSTOM_TABLES) -> tuple[str, ...]:
    """Every gateway there is a table for."""
    return tuple(sorted({path.stem for path in TABLE_FOLDER.glob("*.yaml")} | set(tables)))


def read_provider_table(name: str, tables: Tables = NO_CUSTOM_TABLES) -> Table:
    """One gateway's table as data."""
    return tables[name] if name in tables else _read_builtin_table(name)


@cache
def _read_builtin_table(name: str) -> Table:
    document = read_document((TABLE_FOLDER / f"{name}.yaml").read_bytes(), name=f"{name}.yaml")
    # A test holds our own files to the schema, so that no command pays for the check.
    assert isinstance(document.tree, dict), document.problems  # noqa: S101 - our own file
    return document.tree


def load_dialect(name: str, tables: Tables = NO_CUSTOM_TABLES) -> "Dialect":
    """How a gateway talks; `InputError` when its dialect is a plugin's and cannot be used."""
    from hailuo_batch.load.dialect_plugins import make_dialect

    return make_dialect(read_provider_table(name, tables))


def read_custom_table(tree: object, name: str, *, path: DocumentPath = ()) -> tuple[Table | None, tuple[Problem, ...]]:
    """A table that stands under a name in a project's settings, or the problems it has; `path` is its place there.

    `like: mindvideo` takes over how that gateway talks and what it sells; what the table says itself goes before that.
    """
    if not isinstance(tree, dict):
        why = f'what stands under "{name}" is no table.'
        return None, (Problem(rule=rules.PROVIDER_TABLE, why=why, path=path),)
    shared = tree.get("like")
    if shared is not None and shared not in provider_names():
        remedy = did_you_mean(str(shared), provider_names()) or f"Known are {', '.join(provider_names())}."
        why = f'there is no provider called "{shared}" to be like.'
        return None, (Problem(rule=rules.PROVIDER, why=why, remedy=remedy, path=(*path, "like")),)
    own = {key: value for key, value in tree.items() if key != "like"}
    base = _inheritable_part(_read_builtin_table(shared)) if shared is not None else {}
    whole = {"version": 1, **_merge_trees(base, own), "name": name}
    if matches_schema("provider", whole):
        return whole, ()
    from hailuo_batch.load.schema_messages import find_schema_problems

    return None, tuple(find_schema_problems("provider", whole, base=path))


def _inheritable_part(table: Table) -> dict[str, Any]:
    own = ("prices", "usual_seconds")
    models = {name: {key: row[key] for key in row if key not in own} for name, row in table["models"].items()}
    return {key: models if key == "models" else table[key] for key in _INHERITED_KEYS if key in table}


def _merge_trees(base: object, own: object) -> Any:
    """Two trees as one; where both have something that is no mapping, `own` stands."""
    if not (isinstance(base, dict) and isinstance(own, dict)):
        return own
    return {**base, **{key: _merge_trees(base.get(key), value) for key, value in own.items()}}


def base_url(name: str, wanted: str = "", tables: Tables = NO_CUSTOM_TABLES) -> str:
    """The address below which a gateway's paths stand: its own, that of a region, or the address that is `wanted`."""
    table = read_provider_table(name, tables)
    if "://" in wanted:
        if not matches_schema("provider", wanted.rstrip("/"), definition="base_url"):
            why = "It needs http or https, a host in ASCII, and neither a question mark nor a user's name."
            raise InputError(f"the base address of {name} cannot be used", why=why)
        return wanted.rstrip("/")
    region = _find_region(table, wanted)
    return str(region.get("base_url", table["base_url"]))


def _find_region(table: Table, wanted: str) -> Table:
    regions: Tables = table.get("regions", {})
    if wanted and wanted not in regions:
        known = f"Known are {', '.join(regions)}." if regions else "Give the whole address, from https:// on."
        raise InputError(f'{table["name"]} has no region "{wanted}"', remedy=did_you_mean(wanted, regions) or known)
    return regions.get(wanted, {})


def read_provider(
    name: str,
    model: str = "",
    *,
    region: str = "",
    tables: Tables = NO_CUSTOM_TABLES,
    own_prices: OwnPrices = NO_OWN_PRICES,
) -> Provider:
    """What a gateway sells of a model; a model that it does not have, or no model, is offered in no mode.

    A region has its own currency and prices; a base address in its place leaves them as they are. `own_prices` come
    before those of the table; in a region, those in its currency.
    """
    table, made = read_provider_table(name, tables), read_model(model)
    there = {} if "://" in region else _find_region(table, region)
    row = table["models"].get(model, {})
    prompt, submit = row.get("prompt", {}), table.get("wire", {}).get("submit", {})
    images, fields = table.get("images", {}), submit.get("fields")
    return Provider(
        name=name,
        title=table["title"],
        key=table["key"],
        model=made,
        models=tuple(table["models"]),
        offers=parse_offers(row.get("offers", {})),
        prices=(
            *own_prices.find_rows(name, model, currency=there.get("currency")),
            *(_price(price) for price in _price_rows(model, row, there)),
        ),
        currency=there.get("currency", table.get("currency")),
        max_prompt_length=prompt.get("longest", made.max_prompt_length),
        prompt_modes=frozenset(Mode(mode) for mode in prompt.get("needed", ())),
        notes=tuple(table.get("notes", ())),
        base_url=base_url(name, region, tables),
        regions=tuple(table.get("regions", ())),
        limits=Limits(**{limit: each["is"] for limit, each in table.get("limits", {}).items()}),
        usual_seconds=row.get("usual_seconds", {}).get("is"),
        accepts_urls=images.get("address", True),
        accepts_data=images.get("data_uri", True),
        idempotent=submit.get("idempotency", {}).get("honoured", False),
        callbacks="callback" in (fields or ()),
        switches=None if fields is None else frozenset(switch for switch in SWITCH_NAMES if switch in fields),
        inferences=tuple(_inferences(table)),
    )


def read_providers(
    names: Iterable[str],
    model: str,
    *,
    tables: Tables = NO_CUSTOM_TABLES,
    regions: Mapping[str, str] = NO_REGIONS,
    own_prices: OwnPrices = NO_OWN_PRICES,
) -> tuple[tuple[Provider, ...], tuple[Problem, ...]]:
    """The providers of a manifest, in its order of preference; a name without a table is a problem."""
    if (wanted_model := read_model(model)).is_local:
        return (local_provider(wanted_model),), ()
    known = provider_names(tables)
    wanted = tuple(names) or DEFAULT_PROVIDERS
    found = tuple(
        read_provider(name, model, region=regions.get(name, ""), tables=tables, own_prices=own_prices)
        for name in wanted
        if name in known
    )
    return found, unknown_providers(wanted, tables)


def unknown_providers(names: Iterable[str], tables: Tables = NO_CUSTOM_TABLES) -> tuple[Problem, ...]:
    """A problem for each name under `providers` that there is no table for."""
    known = provider_names(tables)
    return tuple(_unknown_provider(name, place, known) for place, name in enumerate(names) if name not in known)


def _unknown_provider(name: str, place: int, known: tuple[str, ...]) -> Problem:
    remedy = did_you_mean(name, known) or f"Known are {', '.join(known)}."
    why = f'there is no provider called "{name}".'
    return Problem(rule=rules.PROVIDER, why=why, remedy=remedy, path=("providers", place))


def _price_rows(model: str, row: Table, region: Table) -> Iterable[Mapping[str, Any]]:
    """The prices of a model, in a region its own ones: money in one place is no price in another.

    A region's `prices` without a model are of the time when there was one model.
    """
    if not ({"models", "prices"} & region.keys()):
        rows = row.get("prices", ())
    elif model in region.get("models", {}):
        rows = region["models"][model].get("prices", ())
    else:
        rows = region.get("prices", ()) if model == DEFAULT_MODEL else ()
    return rows if row else ()


_LIMIT_NAMES = {
    "per_minute": "requests a minute",
    "at_once": "tasks at once",
    "poll_seconds": "advised poll, in seconds",
    "answer_seconds": "the longest wait for the answer to a request, in seconds",
    "task_seconds": "the longest wait for a task, in seconds",
    "link_seconds": "life of a link, in seconds",
}


def _inferences(table: Table) -> Iterable[Inference]:
    for row in table.get("inferred", ()):
        yield Inference(what=row["what"], source=row["source"], read=row["read"])
    for model, row in table["models"].items():
        if (usual := row.get("usual_seconds", {})).get("inferred"):
            what = f"usual time of a clip of {model}, in seconds: {usual['is']}"
            yield Inference(what=what, source=usual["source"], read=usual["read"])
    for limit, row in table.get("limits", {}).items():
        if row.get("inferred"):
            what = f"{_LIMIT_NAMES[limit]}: {row['is']}"
            yield Inference(what=what, source=row["source"], read=row["read"])


def _price(row: Mapping[str, Any]) -> PriceRow:
    return PriceRow(
        resolution=row["resolution"],
        seconds=row["seconds"],
        price=Money(amount=Decimal(row["amount"]), currency=row["currency"]),
        read=row["read"],
        source=row["source"],
    )
