"""A command that ends before it has a result still says so to CI: on the page of the job, and as JUnit."""

from collections.abc import Iterator
from contextlib import contextmanager

from hailuo_batch.cli.output import print_raw, write_error_ci_summary
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit, HailuoError


@contextmanager
def report_early_end(command: str, name: str, *, world: World, form: str) -> Iterator[None]:
    """Reports what ends the block, and lets it go on its way: exit code and stderr stay the same."""
    try:
        yield
    except HailuoError as error:
        _report(command, name, error.exit, error, world=world, form=form)
        raise
    except KeyboardInterrupt:
        _report(command, name, Exit.INTERRUPTED, None, world=world, form=form)
        raise


def _report(command: str, name: str, code: Exit, error: HailuoError | None, *, world: World, form: str) -> None:
    write_error_ci_summary(name, command, error, world)
    if form == "junit":
        from hailuo_batch.views.junit import draw_junit, error_suite

        print_raw(draw_junit([error_suite(name, command, code, error, world=world)]))
