"""hailuo-batch ledger"""

from pathlib import Path

import click

from hailuo_batch.app.recovery.repair import RepairResult, fork_ledger, repair_ledger
from hailuo_batch.cli import options
from hailuo_batch.cli.output import print_text
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import Exit


@click.command("ledger")
@click.argument("action", metavar="ACTION", type=click.Choice(["repair", "fork"]))
@click.option("--from", "place", metavar="FILE", help="With repair: the ledger of a checkout that is gone.")
@options.world
def command(*, action: str, place: str | None, world: World) -> int:
    """Mend this project's ledger from the journal of purchases, which knows what this machine bought.

    ACTION `repair` takes over what the ledger lacks, after it was restored from an older copy or removed. Clips that
    are in a store of this machine are stored again. It submits nothing, and exits with 8 when takes are in doubt.

    ACTION `fork` makes a copied ledger one of its own, so that original and copy both go on. What one buys, the other
    does not.
    """
    if action == "fork":
        if place is not None:
            raise click.UsageError("--from belongs to repair.")
        print_text(f"{run_async(fork_ledger(world=world))} is a ledger of its own now.")
        return Exit.DONE
    given = "" if place is None else str(Path(place).absolute())
    result = run_async(repair_ledger(place=given, world=world))
    print_text(_describe(result, world))
    return Exit.NEEDS_PERSON if result.in_doubt else Exit.DONE


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
