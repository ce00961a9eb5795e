"""hailuo_batch: shot lists are source code, renders are paid build artefacts.

The use cases below are async and typed; the command line is one caller of them. They are loaded when they are named, so
that a command pays only for what it uses.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from hailuo_batch.app.looking import explain, show, status
    from hailuo_batch.app.planning import plan
    from hailuo_batch.app.rendering import run
    from hailuo_batch.app.reporting import report
    from hailuo_batch.app.validating import validate
    from hailuo_batch.app.verifying import verify
    from hailuo_batch.app.workplace import doctor, init, providers, schema

_HOMES = {
    "doctor": "workplace",
    "explain": "looking",
    "init": "workplace",
    "plan": "planning",
    "providers": "workplace",
    "report": "reporting",
    "run": "rendering",
    "schema": "workplace",
    "show": "looking",
    "status": "looking",
    "validate": "validating",
    "verify": "verifying",
}

__all__ = [
    "doctor",
    "explain",
    "init",
    "plan",
    "providers",
    "report",
    "run",
    "schema",
    "show",
    "status",
    "validate",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"hailuo_batch.app.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
