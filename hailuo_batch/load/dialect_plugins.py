"""Which dialect a gateway's table names: one of our families, or one that a plugin brings.

A plugin is an entry point of the group `hailuo_batch.dialects`. Its name is what tables write under `dialect`; what it
names takes a table that fits `schemas/provider.schema.json` and gives a `Dialect`. It is loaded when it is used.
"""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from hailuo_batch.core.problem import did_you_mean
from hailuo_batch.errors import InputError
from hailuo_batch.gateways.dialect import Dialect
from hailuo_batch.gateways.registry import DIALECTS

ENTRY_POINT_GROUP = "hailuo_batch.dialects"
_METHODS = ("submit", "poll", "tasks", "balance", "events", "parse_callback")


def make_dialect(table: Mapping[str, Any]) -> Dialect:
    """How a table's gateway talks. Raises `InputError`, naming the plugin, when what it brings cannot be used."""
    family = table["dialect"]
    return DIALECTS[family](table) if family in DIALECTS else _load_plugin_dialect(family, table)


def _load_plugin_dialect(family: str, table: Mapping[str, Any]) -> Dialect:
    plugin = _find_plugin(family, table["name"])
    try:
        dialect = plugin.load()(table)
    except Exception as error:  # what a stranger's code raises, whatever that is
        raise _broken_plugin_error(plugin, f"{type(error).__name__}: {error}") from error
    missing = [method for method in _METHODS if not callable(getattr(dialect, method, None))]
    if missing:
        raise _broken_plugin_error(plugin, f"It has no {', '.join(missing)}.")
    found: Dialect = dialect
    return found


def _find_plugin(family: str, name: str) -> EntryPoint:
    plugins = entry_points(group=ENTRY_POINT_GROUP)
    fitting = [plugin for plugin in plugins if plugin.name == family]
    if not fitting:
        known = [*DIALECTS, *sorted(plugin.name for plugin in plugins)]
        remedy = did_you_mean(family, known) or f"Known are {', '.join(known)}; a plugin may have to be installed."
        raise InputError(f'there is no dialect "{family}"', why=f"The table of {name} names it.", remedy=remedy)
    if len(fitting) > 1:
        why = f"It is brought by {' and by '.join(plugin.value for plugin in fitting)}."
        raise InputError(f'the dialect "{family}" is there twice', why=why, remedy="Uninstall one of them.")
    return fitting[0]


def _broken_plugin_error(plugin: EntryPoint, why: str) -> InputError:
    package = plugin.dist.name if plugin.dist else plugin.value
    return InputError(
        f'the dialect "{plugin.name}" of {package} cannot be used',
        why=why,
        remedy=f"Update or uninstall {package}, or take another provider.",
    )
