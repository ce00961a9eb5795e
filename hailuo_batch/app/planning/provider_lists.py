"""Who may render which shots: the manifest's providers, and those that defaults, sequences and shots name instead."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.core.days import utc_day
from hailuo_batch.core.manifest.document import Manifest
from hailuo_batch.core.manifest.settings import list_provider_choices
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.models import Model
from hailuo_batch.core.problem import DocumentPath, Problem
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.core.providers.own_prices import NO_OWN_PRICES, OwnPrices
from hailuo_batch.load.prices import read_own_prices
from hailuo_batch.load.provider_tables import provider_names, read_provider, read_providers
from hailuo_batch.load.settings import Project

ProviderLists = Mapping[tuple[str, ...], tuple[Provider, ...]]  # by the names that are written; none: the manifest's
NO_PROVIDER_LISTS: ProviderLists = {(): ()}


def read_provider_lists(manifest: Manifest, project: Project, model: Model) -> tuple[ProviderLists, list[Problem]]:
    """The providers of each list that the manifest has, and what is wrong with their names and the user's prices."""
    written = [(("providers",), manifest.providers or project.providers), *list_provider_choices(manifest)]
    own_prices, wrong = _read_prices(project, model)
    found = {
        names: read_providers(names, model.name, tables=project.tables, regions=project.regions, own_prices=own_prices)
        for names in dict.fromkeys(names for _, names in written)
    }
    unknown = [each for path, names in written for each in _place_problems(found[names][1], names, path, project)]
    usual = found[written[0][1]][0]
    return {(): usual, **{names: providers for names, (providers, _) in found.items() if names}}, [*wrong, *unknown]


def _read_prices(project: Project, model: Model) -> tuple[OwnPrices, tuple[Problem, ...]]:
    """Prices of one's own, and what is wrong with the user's; for what is drawn here, no file is read."""
    return (NO_OWN_PRICES, ()) if model.is_local else read_own_prices(project.prices, utc_day(SystemClock().now()))


def _place_problems(
    unknown: Sequence[Problem], names: Sequence[str], path: DocumentPath, project: Project
) -> list[Problem]:
    """A gateway of the project whose table is wrong is not unknown: its table is reported."""
    places = ((int(problem.path[-1]), problem) for problem in unknown)
    return [
        replace(problem, path=(*path, place))
        for place, problem in places
        if names[place] not in project.unusable_gateways
    ]


def group_by_providers(shots: Sequence[Shot]) -> Mapping[tuple[str, ...], Sequence[Shot]]:
    """The shots by the list of providers that they name; without shots, the manifest's own list all the same."""
    if not any(shot.providers for shot in shots):
        return {(): shots}
    groups: dict[tuple[str, ...], list[Shot]] = {}
    for shot in shots:
        groups.setdefault(shot.providers, []).append(shot)
    return groups


class LazyProviders(Sequence[Provider]):
    """Every gateway's table, read once, when a problem wants to name who could render a shot."""

    def __init__(self, model: str, project: Project) -> None:
        self._model, self._tables = model, project.tables
        self._read: dict[str, Provider] = {}
        self._names = provider_names(project.tables)

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        name = self._names[index]
        if name not in self._read:
            self._read[name] = read_provider(name, self._model, tables=self._tables)
        return self._read[name]
