"""hailuo-batch validate"""

import os
import sys
from pathlib import Path

import click

from hailuo_batch.app.planning.validate import Validation, validate
from hailuo_batch.cli import options
from hailuo_batch.cli.output import ink_for, print_json, print_text
from hailuo_batch.cli.run_async import finish
from hailuo_batch.errors import Exit
from hailuo_batch.views.format import count, safe
from hailuo_batch.views.problems import draw_problems, github_annotations, problem_members


@click.command("validate")
@click.argument("manifests", nargs=-1, type=click.Path(path_type=Path))
@options.sketch
@options.output_format
def command(manifests: tuple[Path, ...], *, sketch: bool, form: str) -> int:
    """Say everything that is wrong with MANIFESTS, with line and column.

    Nothing is sent and nothing is written. Exits with 3 when one of them cannot be used.
    """
    found = [finish(validate(file, sketch=sketch)) for file in manifests or (options.find(None),)]
    if form == "json":
        print_json({"version": 1, "manifests": [_members(validation) for validation in found]})
    else:
        for validation in found:
            _tell(validation)
    return Exit.INVALID if any(validation.errors for validation in found) else Exit.DONE


def _tell(validation: Validation) -> None:
    if validation.problems:
        print_text(draw_problems(validation.problems, ink_for(sys.stdout)))
        if os.environ.get("GITHUB_ACTIONS"):
            print_text("\n".join(github_annotations(validation.problems)))
    if not validation.errors:
        takes = sum(shot.takes for shot in validation.shots)
        good = ink_for(sys.stdout).good("valid")
        print_text(f"{safe(validation.name)}: {good}, {count(len(validation.shots), 'shot')}, {count(takes, 'take')}.")


def _members(validation: Validation) -> dict[str, object]:
    return {
        "manifest": validation.name,
        "valid": not validation.errors,
        "shots": len(validation.shots),
        "takes": sum(shot.takes for shot in validation.shots),
        "problems": [problem_members(problem) for problem in validation.problems],
    }
