"""hailuo-batch diff"""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from hailuo_batch.app.diff import WORK_TREE, RevisionDiff, diff
from hailuo_batch.cli.output import make_style, print_json, print_raw, print_text
from hailuo_batch.core.plan.shot_changes import Change
from hailuo_batch.core.world import command_line
from hailuo_batch.views.diff import DiffSection, diff_dict, draw_diff

_DIFFERENT = 1  # as git has it


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
@click.option("--exit-code", is_flag=True, help="Exit with 1 when something changed, as git does.")
def command(revisions: str, manifests: tuple[str, ...], *, form: str, exit_code: bool) -> int:
    """Show what changed in MANIFESTS between REVISIONS of git, shot by shot, and what the new clips cost.

    A single revision is compared with the files as they are now; without one, the last commit is. A..B compares two,
    and A...B shows what B changed since it left A. Without MANIFESTS, all of manifests/ that changed. Reads no
    ledger and no key, and writes nothing.
    """
    found = diff(*_split_names(revisions, manifests))
    sections = [
        DiffSection(name=each.name, was=each.was, changes=each.changes, notes=each.notes) for each in found.manifests
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
