"""What the providers of shots do not render, or do in another way than was written."""

from collections.abc import Iterator, Sequence

from hailuo_batch.app.planning.camera_words import check_camera_words
from hailuo_batch.app.planning.prompt_length import check_prompt_length
from hailuo_batch.app.planning.provider_lists import LazyProviders, ProviderLists, group_by_providers
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.models import Model
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.providers.offers import offer_problems
from hailuo_batch.core.providers.warnings import provider_warnings
from hailuo_batch.load.model_tables import LazyModels
from hailuo_batch.load.settings import Project


def check_providers(shots: Sequence[Shot], lists: ProviderLists, model: Model, project: Project) -> Iterator[Problem]:
    """What the providers of each shot do not render, or do in another way."""
    for names, group in group_by_providers(shots).items():
        if providers := lists[names]:
            yield from offer_problems(group, providers, LazyProviders(model.name, project), LazyModels())
            yield from provider_warnings(group, providers)
            yield from check_camera_words(group, providers, project.tables)
            yield from check_prompt_length(group, providers, project.tables)
