"""The options that every command has: `--trace FILE` and `-v`, before a command's name and after it.

Light, since `--help` loads it; what they do is loaded when one of them is given (`trace.py`).
"""

from copy import copy
from typing import Any

import click


def trace_options(*, hidden: bool) -> list[click.Parameter]:
    """The options that every command has, before its name and after it; `--help` of a command leaves them out."""
    return [
        click.Option(
            ["--trace"],
            metavar="FILE",
            type=click.Path(),
            envvar=None if hidden else "HAILUO_TRACE",
            hidden=hidden,
            help="Append each request, ledger move and wait to FILE, without secrets, for a bug report.",
        ),
        click.Option(
            ["-v", "--verbose"],
            count=True,
            hidden=hidden,
            help="Show them on stderr; -vv also shows polls and short waits.",
        ),
    ]


def add_trace_options(command: click.Command) -> click.Command:
    """The command, which also knows `--trace` and `-v`."""
    act = command.callback

    def act_traced(*args: Any, trace: str | None, verbose: int, **others: Any) -> Any:
        root = click.get_current_context().find_root()
        file, level = trace or root.params["trace"], verbose + root.params["verbose"]
        if file or level:
            from hailuo_batch.cli.trace import start_trace

            root.ensure_object(list).append(start_trace(str(command.name), file, level))
        return act(*args, **others) if act is not None else None

    traced = copy(command)
    traced.params, traced.callback = [*command.params, *trace_options(hidden=True)], act_traced
    return traced


def is_verbose() -> bool:
    """Whether the command that runs here was called with -v."""
    context = click.get_current_context(silent=True)
    return context is not None and any(each.params.get("verbose") for each in (context, context.find_root()))
