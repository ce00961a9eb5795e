"""hailuo_batch: shot lists are source code, renders are paid build artefacts.

The use cases below are async and typed; the command line is one caller of them. They are loaded when they are named, so
that a command pays only for what it uses.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from hailuo_batch.app.choosing import ChoicesMade, choose, retake
    from hailuo_batch.app.costs import audit, costs
    from hailuo_batch.app.doctor import doctor
    from hailuo_batch.app.fetch import list_pending_tasks
    from hailuo_batch.app.gc import collect_garbage
    from hailuo_batch.app.init import init
    from hailuo_batch.app.inspect import explain, show, status
    from hailuo_batch.app.planning.plan import plan
    from hailuo_batch.app.planning.validate import validate
    from hailuo_batch.app.providers import providers
    from hailuo_batch.app.report import report
    from hailuo_batch.app.resolve import list_open_attempts, settle
    from hailuo_batch.app.review import accept, unaccept
    from hailuo_batch.app.run import run
    from hailuo_batch.app.running.options import Rehearsal, RunOptions, Scope, WebhookOptions
    from hailuo_batch.app.saved_plans import approve, read_plan_for_run, save_plan
    from hailuo_batch.app.schema import schema
    from hailuo_batch.app.sheet import SheetOptions, sheet
    from hailuo_batch.app.trust import read_stakes, trust, trusted_projects, untrust
    from hailuo_batch.app.verify import verify
    from hailuo_batch.core.plan.choice import Choice, ChoiceKind
    from hailuo_batch.core.world import World

_MODULES = {
    "Choice": "core.plan.choice",
    "ChoiceKind": "core.plan.choice",
    "ChoicesMade": "app.choosing",
    "Rehearsal": "app.running.options",
    "RunOptions": "app.running.options",
    "Scope": "app.running.options",
    "SheetOptions": "app.sheet",
    "WebhookOptions": "app.running.options",
    "World": "core.world",
    "accept": "app.review",
    "approve": "app.saved_plans",
    "audit": "app.costs",
    "choose": "app.choosing",
    "collect_garbage": "app.gc",
    "costs": "app.costs",
    "doctor": "app.doctor",
    "explain": "app.inspect",
    "init": "app.init",
    "list_open_attempts": "app.resolve",
    "list_pending_tasks": "app.fetch",
    "plan": "app.planning.plan",
    "providers": "app.providers",
    "read_plan_for_run": "app.saved_plans",
    "read_stakes": "app.trust",
    "report": "app.report",
    "retake": "app.choosing",
    "run": "app.run",
    "save_plan": "app.saved_plans",
    "schema": "app.schema",
    "settle": "app.resolve",
    "sheet": "app.sheet",
    "show": "app.inspect",
    "status": "app.inspect",
    "trust": "app.trust",
    "trusted_projects": "app.trust",
    "unaccept": "app.review",
    "untrust": "app.trust",
    "validate": "app.planning.validate",
    "verify": "app.verify",
}

__all__ = [
    "Choice",
    "ChoiceKind",
    "ChoicesMade",
    "Rehearsal",
    "RunOptions",
    "Scope",
    "SheetOptions",
    "WebhookOptions",
    "World",
    "accept",
    "approve",
    "audit",
    "choose",
    "collect_garbage",
    "costs",
    "doctor",
    "explain",
    "init",
    "list_open_attempts",
    "list_pending_tasks",
    "plan",
    "providers",
    "read_plan_for_run",
    "read_stakes",
    "report",
    "retake",
    "run",
    "save_plan",
    "schema",
    "settle",
    "sheet",
    "show",
    "status",
    "trust",
    "trusted_projects",
    "unaccept",
    "untrust",
    "validate",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"hailuo_batch.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
