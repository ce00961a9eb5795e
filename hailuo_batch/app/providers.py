"""What is known of each provider: models, lengths, prices, limits, and whether its key is set."""

from collections.abc import Mapping
from pathlib import Path

from hailuo_batch.app.account import require_valid_settings
from hailuo_batch.app.prices import read_valid_prices
from hailuo_batch.core.models import DEFAULT_MODEL
from hailuo_batch.core.problem import did_you_mean
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.core.providers.own_prices import OwnPrices
from hailuo_batch.errors import InputError
from hailuo_batch.load.gateway_keys import is_trusted_gateway, read_gateway_key
from hailuo_batch.load.model_tables import model_names
from hailuo_batch.load.provider_tables import provider_names, read_provider, read_provider_table
from hailuo_batch.load.settings import Project, read_project
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFacts:
    """What is known of a provider: what it sells, where that was read, whether its key is set, the project's limits."""

    provider: Provider
    has_key: bool | None  # None: not read, since its address is not trusted
    read_on: str
    source: str
    limits: Mapping[str, float]  # of the project's settings, which go before the provider's own


async def providers(
    name: str | None = None, folder: Path | str = ".", *, model: str = DEFAULT_MODEL
) -> tuple[ProviderFacts, ...]:
    """Every gateway, or the one named, with what it sells of a model; prices are per clip.

    Those of the project around `folder` are among them, and its regions count. Raises `InputError` for a name that
    nobody has, for an unknown model, and for settings that cannot be used.

    >>> import asyncio
    >>> [facts.provider.title for facts in asyncio.run(providers("minimax"))]
    ['MiniMax']
    """
    project = read_project(Path(folder).resolve())
    require_valid_settings(project)
    if model not in model_names():
        remedy = did_you_mean(model, model_names()) or f"Known are {', '.join(model_names())}."
        raise InputError(f'there is no model called "{model}"', remedy=remedy)
    known = provider_names(project.tables)
    if name is not None and name not in known:
        remedy = did_you_mean(name, known) or f"Known are {', '.join(known)}."
        raise InputError(f'there is no provider called "{name}"', remedy=remedy)
    own_prices = read_valid_prices(project)
    return tuple(_provider_facts(each, model, project, own_prices) for each in known if name in {None, each})


def _provider_facts(name: str, model: str, project: Project, own_prices: OwnPrices) -> ProviderFacts:
    region = project.regions.get(name, "")
    provider = read_provider(name, model, region=region, tables=project.tables, own_prices=own_prices)
    row = read_provider_table(name, project.tables)["models"].get(model, {})
    return ProviderFacts(
        provider=provider,
        has_key=bool(read_gateway_key(project, name)) if is_trusted_gateway(project, name) else None,
        read_on=row.get("read", ""),
        source=row.get("source", ""),
        limits=project.limits.get(name, {}),
    )
