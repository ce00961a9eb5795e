"""Where keys would go when steps are carried out: for plans, and for the question before money is spent."""

from collections.abc import Iterable

from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.plan.step_gateways import step_gateways
from hailuo_batch.core.trusted import KeyDestination
from hailuo_batch.load.gateway_keys import find_destination
from hailuo_batch.load.provider_tables import provider_names
from hailuo_batch.load.settings import Project


def list_gateways(steps: Iterable[Step], project: Project) -> tuple[str, ...]:
    """The gateways that may get a request for these steps, each once, as far as their tables are still there."""
    names = dict.fromkeys(name for step in steps for name in step_gateways(step))
    known = frozenset(provider_names(project.tables)) if names else frozenset()
    return tuple(name for name in names if name in known)


def find_destinations(steps: Iterable[Step], project: Project) -> tuple[KeyDestination, ...]:
    """Where the keys of these steps' gateways would go."""
    return tuple(find_destination(project, name) for name in list_gateways(steps, project))
