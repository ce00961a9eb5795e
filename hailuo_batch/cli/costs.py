"""hailuo-batch costs"""

import sys
from datetime import UTC, date, datetime

import click

from hailuo_batch.app.costs import costs
from hailuo_batch.cli import options
from hailuo_batch.cli.output import make_style, print_extra_problems, print_json, print_raw, print_text
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.spending.costs import GroupBy
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit
from hailuo_batch.views.costs import costs_dict, draw_costs
from hailuo_batch.views.costs_csv import costs_csv


def _parse_day(_: click.Context, __: click.Parameter, given: str | None) -> date | None:
    """The first day of `2026-11`, or the day `2026-11-20`."""
    if given is None:
        return None
    for form in ("%Y-%m-%d", "%Y-%m"):
        try:
            return datetime.strptime(given, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    raise click.BadParameter(f'"{given}" is neither a month (2026-11) nor a day (2026-11-20).')


@click.command("costs")
@click.option(
    "--by",
    type=click.Choice([str(each) for each in GroupBy]),
    default=str(GroupBy.PROVIDER),
    show_default=True,
    help="Group by.",
)
@click.option("--campaign", metavar="NAME", help="Only attempts for this campaign.")
@click.option(
    "--since",
    metavar="YYYY-MM[-DD]",
    callback=_parse_day,
    help="Only attempts since this month or day (UTC).",
)
@options.only
@options.world
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "csv", "json"]),
    default="text",
    show_default=True,
    help="For people, spreadsheets or programs.",
)
def command(
    *, by: str, campaign: str | None, since: date | None, only: tuple[str, ...], world: World, form: str
) -> int:
    """Show what this project has cost: estimate and actual cost, spent, running, in doubt, and lost money.

    Currencies are never added together. Attempts without a known price are counted, not estimated. Exits with 4 when
    clips are here that the ledger does not know, and with 9 when the ledger is gone.
    """
    found = run_async(costs(group_by=GroupBy(by), campaign=campaign, since=since, only=only, world=world))
    print_extra_problems(found.problems)
    if form == "json":
        print_json(costs_dict(found, rehearsal=world is World.REHEARSAL))
    elif form == "csv":
        print_raw(costs_csv(found))
    else:
        of = [f"campaign {campaign}"] if campaign else []
        of += [f"since {since}"] if since else []
        of += [f"only {' '.join(only)}"] if only else []
        print_text(draw_costs(found, filters=of, rehearsal=world is World.REHEARSAL, style=make_style(sys.stdout)))
    return Exit.TAKES_FAILED if found.problems else Exit.DONE
