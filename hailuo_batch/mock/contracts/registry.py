"""The gateways that the mock plays, by name: whatever contracts the modules beside this one have."""

from functools import cache
from importlib import import_module
from inspect import isabstract
from pkgutil import iter_modules

from hailuo_batch.mock import contracts as folder
from hailuo_batch.mock.contract import GatewayContract


@cache
def _find_contract_classes() -> tuple[type[GatewayContract], ...]:
    modules = [import_module(f"{folder.__name__}.{each.name}") for each in iter_modules(folder.__path__)]
    found = (value for module in modules for value in vars(module).values() if isinstance(value, type))
    return tuple(each for each in found if issubclass(each, GatewayContract) and not isabstract(each))


def contracts() -> dict[str, GatewayContract]:
    """Each gateway's contract."""
    return {each.name: each() for each in _find_contract_classes()}
