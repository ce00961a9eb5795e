"""hailuo-batch ledger"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hailuo_batch.app.recovery.repair import RepairResult, fork_ledger, repair_ledger
from hailuo_batch.cli import options
from hailuo_batch.cli.output import print_text
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import Exit
from hailuo_batch.views.format import safe_text

if TYPE_CHECKING:
    from hailuo_batch.app.workspace.shared_setup import MovedLedger

_OWN = ("repair", "fork")
_SHARED = ("init", "check", "move", "settle")
_RIGHTS = """\
Let each login that runs use it, as the owner of the database, and each login of a farm's workers:
    GRANT hailuo_run TO ana;
    GRANT hailuo_work TO worker;
Then name it in hailuo.yaml (`ledger`), and trust the project on each machine:
    hailuo-batch trust"""


@click.command("ledger")
@click.argument("action", metavar="ACTION", type=click.Choice([*_OWN, *_SHARED]))
@click.argument("url", required=False, default="")
@click.option("--from", "place", metavar="FILE", help="With repair: the ledger of a checkout that is gone.")
@click.option("--reason", metavar="TEXT", default="", help="With settle: what was compared; the ledger keeps it.")
@options.world
def command(*, action: str, url: str, place: str | None, reason: str, world: World) -> int:
    """Mend this project's ledger, or work with one that several machines share.

    ACTION `repair` takes over what the ledger lacks, after it was restored from an older copy or removed. Clips that
    are in a store of this machine are stored again. It submits nothing, and exits with 8 when takes are in doubt.

    ACTION `fork` makes a copied ledger one of its own, so that original and copy both go on. What one buys, the other
    does not.

    ACTION `init URL` makes a shared ledger in a database of PostgreSQL, as its owner, or brings it up to date.

    ACTION `check [URL]` proves that a shared ledger keeps its rules. It exits with 9 when it does not.

    ACTION `move URL` copies this project's ledger into a shared one, as its owner, with a proof. What is left here
    refuses to be written. A move that was cut off is repeated by the same command.

    ACTION `settle` says for all machines that a shared ledger was compared with the accounts at the gateways, after
    another server took it over.
    """
    _require_fitting(action, url, place, reason, world)
    if action in _SHARED:
        return _work_shared(action, url, reason)
    if action == "fork":
        print_text(f"{run_async(fork_ledger(world=world))} is a ledger of its own now.")
        return Exit.DONE
    given = "" if place is None else str(Path(place).absolute())
    result = run_async(repair_ledger(place=given, world=world))
    print_text(_describe(result, world))
    return Exit.NEEDS_PERSON if result.in_doubt else Exit.DONE


def _require_fitting(action: str, url: str, place: str | None, reason: str, world: World) -> None:
    if place is not None and action != "repair":
        raise click.UsageError("--from belongs to repair.")
    if reason and action != "settle":
        raise click.UsageError("--reason belongs to settle.")
    if action == "settle" and not reason.strip():
        raise click.UsageError("settle needs --reason: what was compared.")
    if action in {"init", "move"} and not url:
        raise click.UsageError(f"{action} needs the URL of a database, as in postgresql://owner@db.example/films.")
    if url and action not in {"init", "check", "move"}:
        raise click.UsageError("URL belongs to init, check and move.")
    if action in _SHARED and world is not World.REAL:
        raise click.UsageError("Sketches and rehearsals share no ledger.")


def _work_shared(action: str, url: str, reason: str) -> int:
    from hailuo_batch.app.workspace import shared_setup

    if action == "init":
        steps = shared_setup.make_shared_ledger(url)
        print_text(f"The shared ledger is {'made' if steps else 'up to date'}.\n{_RIGHTS}")
        return Exit.DONE
    if action == "move":
        print_text(_describe_move(shared_setup.move_ledger(shared_setup.find_workspace(), url)))
        return Exit.DONE
    if action == "settle":
        was = run_async(shared_setup.settle_shared_ledger(shared_setup.find_workspace(), reason))
        print_text("Settled for all machines." if was else "There is nothing to settle: its server is the known one.")
        return Exit.DONE
    found = shared_setup.check_shared_ledger(url or shared_setup.find_shared_url())
    lines = [f"{'ok ' if each.is_good else 'BAD'}  {each.name:10}  {safe_text(each.found)}" for each in found]
    lines += [f"     {each.name}: {each.remedy}" for each in found if each.remedy and not each.is_good]
    print_text("\n".join(lines))
    return Exit.DONE if all(each.is_good for each in found) else Exit.LEDGER


def _describe_move(moved: "MovedLedger") -> str:
    name = f"Name it in hailuo.yaml, then trust the project:\n    ledger: postgresql://{safe_text(moved.place)}"
    if moved.proof is None:
        return f"{moved.file} was moved to {safe_text(moved.place)} before.\n{name}"
    lines = [
        f"{moved.file} is in {safe_text(moved.place)} now, and is no longer written.",
        f"Proved: {moved.proof.words}.",
    ]
    if moved.proof.twice:
        lines.append(f"Bought in another checkout too, and written off with their money: {moved.proof.twice:,}.")
    return "\n".join((*lines, name))


def _describe(result: RepairResult, world: World) -> str:
    if not result.attempts:
        return f"{result.ledger} lacks nothing that the journal knows."
    taken = f"{result.attempts:,} attempt{'s' * (result.attempts != 1)}"
    lines = [f"{result.ledger} took over {taken} from the journal. Clips in the store: {result.clips:,}."]
    if result.in_doubt:
        lines.append(f"In doubt: {result.in_doubt:,}. To settle them:\n    {command_line('resolve', world=world)}")
    if result.pending:
        lines.append(f"To download what is still running:\n    {command_line('fetch', world=world)}")
    return "\n".join(lines)
