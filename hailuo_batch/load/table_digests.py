"""The digest of what decides what a gateway is sent, and where: for saved plans.

Prices, limits, notes and sources are no part of it: prices are compared by themselves, and the rest sends nothing else.
"""

from typing import Any

from hailuo_batch.core.models import is_local
from hailuo_batch.core.plan.saved_plan import tree_digest
from hailuo_batch.load.provider_tables import read_provider_table
from hailuo_batch.load.settings import Project
from hailuo_batch.load.stakes import key_route

_SENT = ("dialect", "wire", "camera", "images")
_NOT_SENT = frozenset({"prices", "source", "read", "notes"})


def provider_digest(project: Project, name: str, model: str) -> str:
    """The digest of a gateway's row for a model, with the address and the key's variable of this project."""
    if is_local(name):
        return tree_digest(name)
    table, route = read_provider_table(name, project.tables), key_route(name, project.tables, project.regions)
    row = table["models"].get(model, {})
    sent: dict[str, Any] = {key: table[key] for key in _SENT if key in table}
    sent["model"] = {key: value for key, value in row.items() if key not in _NOT_SENT}
    sent["to"] = {"address": route.address, "key": route.variable}
    return tree_digest(_as_json(sent))


def _as_json(value: Any) -> Any:
    """Data of YAML as JSON has it: names are texts, and a date is its text."""
    if isinstance(value, dict):
        return {str(key): _as_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
