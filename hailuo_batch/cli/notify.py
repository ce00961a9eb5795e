"""`run --notify`: one message when a run has ended, however it ended; its failure is one line and changes nothing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit, HailuoError
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from hailuo_batch.app.run import RunResult
    from hailuo_batch.core.notification import NotificationTarget

VARIABLE = "HAILUO_NOTIFY"


@dataclass(slots=True)
class RunNote:
    """What is known of a run when it ends; without an address of the user's own, what was idle is not reported."""

    results: "list[RunResult]" = field(default_factory=list)
    code: int = Exit.DONE
    has_ended: bool = True  # with the block; a block before the run itself is reported only where it fails


@contextmanager
def notify_end(written: str | None, manifests: Sequence[Path], world: World, *, is_off: bool) -> Iterator[RunNote]:
    """Reports how the block ended, and lets an error go on its way: exit code and output stay the same."""
    target = _parse_target(written) if written else None
    note = RunNote()
    if is_off:
        yield note
        return
    try:
        yield note
    except click.UsageError:
        raise
    except HailuoError as error:
        _send(target, note, manifests, world, error.exit, error.summary)
        raise
    except (KeyboardInterrupt, click.Abort):
        _send(target, note, manifests, world, Exit.INTERRUPTED)
        raise
    except Exception:
        _send(target, note, manifests, world, Exit.BUG)
        raise
    if note.has_ended:
        _send(target, note, manifests, world, Exit(note.code))


def _parse_target(written: str) -> "NotificationTarget":
    from hailuo_batch.core.notification import parse_notification_target

    if (target := parse_notification_target(written)) is None:
        raise click.UsageError(
            f"--notify (or {VARIABLE}) takes an https:// address, or slack: and one; http:// only to this machine."
        )
    return target


def _send(
    target: "NotificationTarget | None",
    note: RunNote,
    manifests: Sequence[Path],
    world: World,
    code: Exit,
    error: str = "",
) -> None:
    # Whatever goes wrong here, the run has ended as it has: neither its code nor its words change.
    with suppress(Exception):
        if target is None and (note.results or code != Exit.DONE) and world is World.REAL and manifests:
            from hailuo_batch.app.notify import find_project_target

            target = find_project_target(manifests[0].resolve().parent)
        if target is not None and (why := _post(target, note, manifests, world, code, error)):
            click.echo(f"The end of this run could not be reported to {target.place}: {why}.", err=True)


def _post(
    target: "NotificationTarget", note: RunNote, manifests: Sequence[Path], world: World, code: Exit, error: str
) -> str:
    from datetime import UTC, datetime

    from hailuo_batch import __version__
    from hailuo_batch.app.notify import notify
    from hailuo_batch.cli.output import shorten_path
    from hailuo_batch.cli.run_async import run_async
    from hailuo_batch.views.notification import RunEnd, notification_body

    end = RunEnd(
        manifests=tuple(map(shorten_path, manifests)),
        world=world,
        code=code,
        reports=tuple(each.after.report for each in note.results),
        outcomes=tuple(each.outcome for each in note.results),
        error=error or next((each.error.summary for each in note.results if each.error is not None), ""),
        tool=f"hailuo-batch {__version__}",
        at=datetime.now(UTC),
    )
    return run_async(notify(target, notification_body(end, target.form)))
