"""hailuo_batch: shot lists are source code, renders are paid build artefacts.

The use cases below are async and typed; the command line is one caller of them. They are loaded when they are named, so
that a command pays only for what it uses.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from hailuo_batch.app.costs import audit, costs
    from hailuo_batch.app.doctor import doctor, init, providers, schema
    from hailuo_batch.app.fetch import list_pending_tasks
    from hailuo_batch.app.gc import collect_garbage
    from hailuo_batch.app.inspect import explain, show, status
    from hailuo_batch.app.planning.plan import plan
    from hailuo_batch.app.planning.validate import validate
    from hailuo_batch.app.report import report
    from hailuo_batch.app.resolve import list_open_attempts, settle
    from hailuo_batch.app.review import accept, retake, unaccept
    from hailuo_batch.app.run import run
    from hailuo_batch.app.running.context import RunOptions
    from hailuo_batch.app.running.drivers import Rehearsal, WebhookOptions
    from hailuo_batch.app.running.scope import Scope
    from hailuo_batch.app.verify import verify

_MODULES = {
    "Rehearsal": "running.drivers",
    "RunOptions": "running.context",
    "Scope": "running.scope",
    "WebhookOptions": "running.drivers",
    "accept": "review",
    "audit": "costs",
    "collect_garbage": "gc",
    "costs": "costs",
    "doctor": "doctor",
    "explain": "inspect",
    "init": "doctor",
    "list_open_attempts": "resolve",
    "list_pending_tasks": "fetch",
    "plan": "planning.plan",
    "providers": "doctor",
    "report": "report",
    "retake": "review",
    "run": "run",
    "schema": "doctor",
    "settle": "resolve",
    "show": "inspect",
    "status": "inspect",
    "unaccept": "review",
    "validate": "planning.validate",
    "verify": "verify",
}

__all__ = [
    "Rehearsal",
    "RunOptions",
    "Scope",
    "WebhookOptions",
    "accept",
    "audit",
    "collect_garbage",
    "costs",
    "doctor",
    "explain",
    "init",
    "list_open_attempts",
    "list_pending_tasks",
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
    if name in _MODULES:
        return getattr(import_module(f"hailuo_batch.app.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
