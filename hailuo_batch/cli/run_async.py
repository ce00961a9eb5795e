"""Runs use cases from synchronous code."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import click

T = TypeVar("T")


def run_sync(use_case: Coroutine[Any, Any, T]) -> T:
    """The result of a use case that only reads local files: it never waits, so no event loop is loaded for it."""
    try:
        use_case.send(None)
    except StopIteration as end:
        result: T = end.value
        _hold_until_exit(result)
        return result
    raise AssertionError("this use case waits; give it an event loop")


def run_light(make_use_case: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The result of a use case that rarely waits: without an event loop, or else from its start with one."""
    use_case = make_use_case()
    try:
        use_case.send(None)
    except StopIteration as end:
        result: T = end.value
        _hold_until_exit(result)
        return result
    except RuntimeError as error:
        if "event loop" not in str(error):  # so asyncio says that there is none
            raise
    use_case.close()
    return run_async(make_use_case())


def _hold_until_exit(result: object) -> None:
    """Keeps the command's result for as long as the process lives: to free 10,000 steps takes 25 ms."""
    context = click.get_current_context(silent=True)
    if context is not None:
        context.find_root().ensure_object(list).append(lambda _, held=result: None)  # noqa: ARG005 - it only holds


class InterruptedPurchase(KeyboardInterrupt):
    """The second Ctrl-C ended a run that buys: what it was submitting then may be in doubt. Has the manifest's name."""


def run_async(use_case: Coroutine[Any, Any, T], *, bought_for: str | None = None) -> T:
    """The result of a use case that reads the ledger or renders.

    A use case that buys names the manifest that it has `bought_for`, "" for several: its interruption is an
    `InterruptedPurchase`.

    Results that hold a whole plan have no repr: when a loop ends, CPython 3.11 writes down the result of its main task
    (`signal.signal` compares the old handler with an enum and names it in an error), seconds for 100,000 steps.
    """
    import asyncio

    try:
        return asyncio.run(use_case)
    except asyncio.CancelledError:  # a second Ctrl-C ended the run's task
        raise (KeyboardInterrupt if bought_for is None else InterruptedPurchase(bought_for)) from None
