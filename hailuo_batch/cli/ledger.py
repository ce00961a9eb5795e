"""hailuo-batch ledger"""

from pathlib import Path

import click

from hailuo_batch.app.recovery.repair import RepairResult, fork_ledger, repair_ledger
from hailuo_batch.cli import options
from hailuo_batch.cli.output import print_text
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.cli.trace_options import add_trace_options
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import Exit


@click.group("ledger")
def command() -> None:
    """Mend this project's ledger: one that was restored, removed or copied.

    The journal of purchases, in your own state folder, knows what every ledger of this machine bought.
    """


@click.command("repair")
@click.option("--from", "place", metavar="FILE", default="", help="The ledger of a checkout that is gone.")
@options.world
def repair(*, place: str, world: World) -> int:
    """Take over from the journal what this ledger lacks. Submits nothing.

    Clips that are in a store of this machine are stored again. Exits with 8 when takes are in doubt.
    """
    given = str(Path(place).absolute()) if place else ""
    print_text(_describe(result := run_async(repair_ledger(place=given, world=world)), world))
    return Exit.NEEDS_PERSON if result.in_doubt else Exit.DONE


@click.command("fork")
@options.world
def fork(*, world: World) -> None:
    """Make a copied ledger one of its own, so that original and copy both go on.

    What either buys from then on is not bought by the other.
    """
    print_text(f"{run_async(fork_ledger(world=world))} is a ledger of its own now.")


def _describe(result: RepairResult, world: World) -> str:
    if not result.attempts:
        return f"{result.ledger} lacks nothing that the journal knows."
    taken = f"{result.attempts:,} attempt{'s' * (result.attempts != 1)}"
    lines = [f"{result.ledger} took over {taken} from the journal; {result.clips:,} of their clips are in the store."]
    if result.in_doubt:
        lines.append(f"In doubt: {result.in_doubt:,}. Settle them:\n    {command_line('resolve', world=world)}")
    lines.append(f"Download what is still to come:\n    {command_line('fetch', world=world)}")
    return "\n".join(lines)


for each in (repair, fork):
    command.add_command(add_trace_options(each))
