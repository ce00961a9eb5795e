"""hailuo-batch report"""

import sys
from pathlib import Path

import click

from hailuo_batch.app.inspect import read_report
from hailuo_batch.app.report import write_report
from hailuo_batch.cli import options
from hailuo_batch.cli.output import (
    make_style,
    print_extra_problems,
    print_json,
    print_notes,
    print_raw,
    print_text,
    shorten_path,
)
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.plan.report import Report
from hailuo_batch.core.world import World
from hailuo_batch.views.format import safe_text

_WITH_PAGE = frozenset({"text", "html"})


@click.command("report")
@options.manifest
@options.world
@options.only
@options.sort
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file of the page (default: beside the clips).",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "md", "json", "csv", "junit", "html"]),
    default="text",
    show_default=True,
    help="For people, the page of a CI job, programs, a spreadsheet, a CI server or a browser.",
)
@click.option("--require-disclosure", is_flag=True, help="Refuse when the file of a clip does not say how it was made.")
def command(
    manifest: Path,
    *,
    world: World,
    only: tuple[str, ...],
    sort: str,
    out: Path | None,
    form: str,
    require_disclosure: bool,
) -> None:
    """Write the report of MANIFEST as a page with posters and clips, and print it.

    The page is that of `sheet`: it is written beside the clips (renders/CAMPAIGN.html) and needs no network. As
    Markdown, JSON, CSV or JUnit, the report is only printed, unless --out names a page. --format html prints only where
    the page is.
    """
    if require_disclosure:
        from hailuo_batch.app.disclosing import require_disclosed_report

        run_async(require_disclosed_report(manifest, world=world, only=only))
    if form not in _WITH_PAGE and out is None:
        planned, page = run_async(read_report(manifest, world=world, only=only, sort_marks=sort == "marks")), None
    else:
        planned, page = run_async(write_report(manifest, world=world, page=out, only=only, sort_marks=sort == "marks"))
    print_extra_problems(planned.extra_problems)
    print_notes(planned.notes)
    _print_report(planned.report, form)
    if page is not None and form in _WITH_PAGE:
        print_text(f"Page: {safe_text(shorten_path(page))}")


def _print_report(report: Report, form: str) -> None:
    """The report in one of its forms; a page needs no second one. Views are loaded when they are drawn."""
    if form == "text":
        from hailuo_batch.views.report import draw_report

        print_text(f"{draw_report(report, make_style(sys.stdout))}\n")
    elif form == "json":
        from hailuo_batch.views.json_report import report_dict

        print_json(report_dict(report))
    elif form == "md":
        from hailuo_batch.views.github_summary import draw_report_markdown

        print_raw(draw_report_markdown(report))
    elif form == "csv":
        from hailuo_batch.views.report_csv import report_csv

        print_raw(report_csv(report))
    elif form == "junit":
        from hailuo_batch.views.junit import draw_junit, report_suite

        print_raw(draw_junit([report_suite(report)]))
