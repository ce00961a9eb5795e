"""hailuo-batch diff"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from hailuo_batch.app.diff import WORK_TREE, RevisionDiff, diff
from hailuo_batch.app.diff_stills import StillOptions
from hailuo_batch.cli.output import make_style, print_json, print_raw, print_text
from hailuo_batch.core.plan.shot_changes import Change
from hailuo_batch.core.world import command_line
from hailuo_batch.views.diff import DiffSection, diff_dict, draw_diff

_DIFFERENT = 1  # as git has it
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\-]+(:[0-9]+)?(/[A-Za-z0-9._~/%+,=\-]*)?")


@click.command("diff")
@click.argument("revisions", required=False, default="")
@click.argument("manifests", nargs=-1)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "md", "json"]),
    default="text",
    show_default=True,
    help="For people, for the comment of a pull request, or for programs.",
)
@click.option(
    "--images",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write small stills of changed images and clips into FOLDER, and show them old beside new.",
)
@click.option(
    "--image-base",
    "base",
    metavar="URL",
    default="",
    callback=lambda *given: _check_address(given[2]),
    help="Where FOLDER is found on the web. Without --images, show the originals at URL/COMMIT/PATH.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 when something changed, as git does.")
def command(
    revisions: str, manifests: tuple[str, ...], *, form: str, folder: Path | None, base: str, exit_code: bool
) -> int:
    """Show what changed in MANIFESTS between REVISIONS of git, shot by shot, and what the new clips cost.

    A single revision is compared with the files as they are now; without one, the last commit is. A..B compares two,
    and A...B shows what B changed since it left A. Without MANIFESTS, all of manifests/ that changed. Reads no
    ledger and no key, and writes nothing but the stills of --images.
    """
    stills = StillOptions(folder=folder, base=base) if folder is not None or base else None
    found = diff(*_split_names(revisions, manifests), stills)
    sections = [
        DiffSection(name=each.name, was=each.was, changes=each.changes, notes=each.notes, stills=each.stills)
        for each in found.manifests
    ]
    if form == "json":
        print_json(diff_dict(sections, before=found.before, after=found.after))
    elif form == "md":
        from hailuo_batch.views.diff_markdown import draw_diff_comment

        print_raw(draw_diff_comment(sections, before=found.before, after=found.after))
    else:
        commands = _list_commands(found)
        style = make_style(sys.stdout)
        print_text(draw_diff(sections, before=found.before, after=found.after, commands=commands, style=style))
    return _DIFFERENT if exit_code and any(each.changes.changes for each in found.manifests) else 0


def _check_address(given: str) -> str:
    """An address that names can be put behind: no user, no question, nothing that ends a link."""
    if given and not _ADDRESS.fullmatch(given):
        raise click.BadParameter(f'"{given}" is no plain address, such as https://stills.example.com/film.')
    return given.rstrip("/")


def _split_names(first: str, others: Sequence[str]) -> tuple[str, tuple[Path, ...]]:
    """The revisions and the manifests: what is a file or ends in .yaml is no revision."""
    is_manifest = first.lower().endswith((".yaml", ".yml")) or (first and Path(first).exists())
    names = (first, *others) if is_manifest else others
    return "" if is_manifest else first, tuple(map(Path, names))


def _list_commands(found: RevisionDiff) -> list[str]:
    """How to plan what changed; only the files as they are now can be planned."""
    if found.after != WORK_TREE:
        return []
    mine = [each.name for each in found.manifests if each.changes.count(*set(Change) - {Change.REMOVED})]
    return [command_line("plan", manifest=name) for name in mine]
