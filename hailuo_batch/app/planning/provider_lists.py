"""Who may render which shots: the manifest's providers, and those that defaults, sequences and shots name instead."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hailuo_batch.core.manifest.document import Manifest
from hailuo_batch.core.manifest.settings import list_provider_choices
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.problem import DocumentPath, Problem
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.load.provider_tables import provider_names, read_provider, read_providers
from hailuo_batch.load.settings import Project

ProviderLists = Mapping[tuple[str, ...], tuple[Provider, ...]]  # by the names that are written; none: the manifest's
NO_PROVIDER_LISTS: ProviderLists = {(): ()}


def read_provider_lists(manifest: Manifest, project: Project, model: str) -> tuple[ProviderLists, list[Problem]]:
    """The providers of each list that the manifest has, and a problem where a name is unknown."""
    written = [(("providers",), manifest.providers or project.providers), *list_provider_choices(manifest)]
    found = {
        names: read_providers(names, model, tables=project.tables, regions=project.regions)
        for names in dict.fromkeys(names for _, names in written)
    }
    problems = [each for path, names in written for each in _place_problems(found[names][1], names, path, project)]
    usual = found[written[0][1]][0]
    return {(): usual, **{names: providers for names, (providers, _) in found.items() if names}}, problems


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
