"""hailuo-batch trust"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hailuo_batch.cli import options
from hailuo_batch.cli.output import fit_text, make_style, print_json, print_text
from hailuo_batch.errors import Exit, RefusedError
from hailuo_batch.views.format import safe_text

if TYPE_CHECKING:
    from hailuo_batch.core.trusted import TrustQuestion


@click.command("trust")
@click.argument("folder", required=False, default=".", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask; needs --digest.")
@click.option("--digest", metavar="sha256:…", help="Trust this content only, as a script does.")
@click.option("--undo", is_flag=True, help="No longer trust the project.")
@click.option("--list", "listing", is_flag=True, help="List the projects that you trust.")
@options.output_format
def command(folder: Path, *, yes: bool, digest: str | None, undo: bool, listing: bool, form: str) -> int:
    """Trust the settings of the project around FOLDER on this machine.

    Shows where keys would go and what else hailuo.yaml would allow, then asks. Trust is kept outside the project, and
    ends when one of these settings changes. Sends nothing.
    """
    if undo + listing + (yes or digest is not None) > 1:
        raise click.UsageError("--undo, --list and --digest are three ways; choose one.")
    if listing:
        return _print_list(form)
    if undo:
        return _undo(folder, form)
    from hailuo_batch.app.trust import read_stakes, trust

    question = read_stakes(folder)
    if question.stakes and not question.is_trusted:
        _approve(question, yes=yes, digest=digest)
        trust(question, digest=question.digest)
    elif digest is not None:
        trust(question, digest=digest)
    _print_trusted(question, form)
    return Exit.DONE


def _approve(question: "TrustQuestion", *, yes: bool, digest: str | None) -> None:
    """Shows what is at stake and asks; off a terminal the digest must have said so."""
    from hailuo_batch.app.trust import trust
    from hailuo_batch.core.world import command_line
    from hailuo_batch.views.trust import confirm_question, draw_question

    click.echo(fit_text(draw_question(question, make_style(sys.stderr)), sys.stderr), err=True)
    if digest is not None and digest != question.digest:
        trust(question, digest=digest)  # raises
    if yes and digest is not None:
        return
    if yes or not sys.stdin.isatty():
        why = "--yes needs the digest of what is trusted." if yes else "There is no terminal to ask for confirmation."
        line = command_line("trust", "--yes", "--digest", question.digest, question.root)
        raise RefusedError(
            "not trusted", why=why, remedy=f"Read hailuo.yaml first. To trust this content only:\n    {line}"
        )
    if not click.confirm(confirm_question(question), err=True):
        raise RefusedError("not trusted", why="Nothing has changed.")


def _print_trusted(question: "TrustQuestion", form: str) -> None:
    from hailuo_batch.views.trust import question_dict

    if form == "json":
        print_json({"version": 1, **question_dict(question)})
    elif question.stakes:
        print_text(f"Trusted: {safe_text(question.root)}\n{question.digest}")
    else:
        print_text(f"Nothing in {safe_text(question.root)} needs trust.")


def _undo(folder: Path, form: str) -> int:
    from hailuo_batch.app.trust import untrust

    was = untrust(folder)
    if form == "json":
        print_json({"version": 1, "removed": was})
    else:
        print_text("No longer trusted." if was else "It was not trusted.")
    return Exit.DONE


def _print_list(form: str) -> int:
    from hailuo_batch.app.trust import trusted_projects
    from hailuo_batch.views.trust import draw_trusted, trusted_dict

    found = trusted_projects()
    if form == "json":
        print_json({"version": 1, "trusted": [trusted_dict(each) for each in found]})
    else:
        print_text(draw_trusted(found, make_style(sys.stdout)))
    return Exit.DONE
