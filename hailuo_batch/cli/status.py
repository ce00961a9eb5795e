"""hailuo-batch status"""

import sys
from pathlib import Path

import click

from hailuo_batch.app.inspect import read_report
from hailuo_batch.cli import options
from hailuo_batch.cli.output import make_style, print_extra_problems, print_json, print_notes, print_text
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.world import World
from hailuo_batch.views.json_report import report_dict
from hailuo_batch.views.report import draw_report


@click.command("status")
@click.argument(
    "manifest",
    required=False,
    type=click.Path(path_type=Path),
    callback=lambda ctx, _, given: given if ctx.params.get("team") else options.find_manifest(given),
)
@click.option(
    "--team", is_flag=True, is_eager=True, help="Show who works on the shared ledger of this project instead."
)
@options.world
@options.only
@options.sort
@options.output_format
def command(manifest: Path | None, *, team: bool, world: World, only: tuple[str, ...], sort: str, form: str) -> None:
    """Show the state of every take of MANIFEST.

    With --team: who runs what on the shared ledger since when, the caps with their holders, and what each machine owes
    to the shared store. MANIFEST may be a folder then.
    """
    if team:
        _show_team(manifest or Path(), form)
        return
    assert manifest is not None  # noqa: S101 - the argument's callback has found one
    planned = run_async(read_report(manifest, world=world, only=only, sort_marks=sort == "marks"))
    print_extra_problems(planned.extra_problems)
    print_notes(planned.notes)
    report = planned.report
    if form == "json":
        print_json(report_dict(report))
    else:
        print_text(draw_report(report, make_style(sys.stdout)))


def _show_team(place: Path, form: str) -> None:
    from hailuo_batch.app.team import read_team
    from hailuo_batch.views.team import draw_team, team_dict

    found = run_async(read_team(place.parent if place.is_file() else place))
    if form == "json":
        print_json(team_dict(found))
    else:
        print_text(draw_team(found, make_style(sys.stdout)))
