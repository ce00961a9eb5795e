"""hailuo_batch: shot lists are source code, renders are paid build artefacts.

The use cases below are async and typed; the command line is one caller of them. They are loaded when they are named, so
that a command pays only for what it uses.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from hailuo_batch.app.accounting import audit, costs
    from hailuo_batch.app.collecting import collect
    from hailuo_batch.app.driving import CallMe, Rehearsal
    from hailuo_batch.app.equipping import Terms
    from hailuo_batch.app.fetching import owed
    from hailuo_batch.app.looking import explain, show, status
    from hailuo_batch.app.planning import plan
    from hailuo_batch.app.rendering import run
    from hailuo_batch.app.reporting import report
    from hailuo_batch.app.resolving import doubts, settle
    from hailuo_batch.app.reviewing import accept, retake, unaccept
    from hailuo_batch.app.scope import Scope
    from hailuo_batch.app.validating import validate
    from hailuo_batch.app.verifying import verify
    from hailuo_batch.app.workplace import doctor, init, providers, schema

_HOMES = {
    "CallMe": "driving",
    "Rehearsal": "driving",
    "Scope": "scope",
    "Terms": "equipping",
    "accept": "reviewing",
    "audit": "accounting",
    "collect": "collecting",
    "costs": "accounting",
    "doctor": "workplace",
    "doubts": "resolving",
    "explain": "looking",
    "init": "workplace",
    "owed": "fetching",
    "plan": "planning",
    "providers": "workplace",
    "report": "reporting",
    "retake": "reviewing",
    "run": "rendering",
    "schema": "workplace",
    "settle": "resolving",
    "show": "looking",
    "status": "looking",
    "unaccept": "reviewing",
    "validate": "validating",
    "verify": "verifying",
}

__all__ = [
    "CallMe",
    "Rehearsal",
    "Scope",
    "Terms",
    "accept",
    "audit",
    "collect",
    "costs",
    "doctor",
    "doubts",
    "explain",
    "init",
    "owed",
    "plan",
    "providers",
    "report",
    "retake",
    "run",
    "schema",
    "settle",
    "show",
    "status",
    "unaccept",
    "validate",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"hailuo_batch.app.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
