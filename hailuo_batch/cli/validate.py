"""hailuo-batch validate"""

import os
import sys
from pathlib import Path

import click

from hailuo_batch.app.planning.manifest_files import find_manifests, find_shared_shots, pass_over_included
from hailuo_batch.app.planning.validate import Validation, validate
from hailuo_batch.cli import options
from hailuo_batch.cli.output import make_style, print_json, print_text
from hailuo_batch.cli.run_async import run_sync
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit
from hailuo_batch.views.format import count, safe_text
from hailuo_batch.views.problems import draw_problems, github_annotations, problem_dict


@click.command("validate")
@click.argument("manifests", nargs=-1, type=click.Path(path_type=Path))
@options.world
@options.output_format
def command(manifests: tuple[Path, ...], *, world: World, form: str) -> int:
    """Check MANIFESTS and report every problem, with line and column.

    MANIFESTS are files, folders or patterns; without them, all of manifests/. Locks, reviews and tasks files among them
    are passed over, and files that manifests include. Sends nothing and writes nothing. Exits with 3 when a manifest
    cannot be used.
    """
    files, passed_over = find_manifests(manifests)
    validations, included = pass_over_included([run_sync(validate(file, world=world)) for file in files], manifests)
    found = find_shared_shots(validations)
    if form == "json":
        rows = [_validation_dict(validation) for validation in found]
        print_json(
            {"version": 1, "manifests": rows, "passed_over": [path.as_posix() for path in (*passed_over, *included)]}
        )
    else:
        for validation in found:
            _print_validation(validation)
        if manifests and passed_over:
            print_text(f"Passed over, as they are no manifests: {_join_names(passed_over)}.")
        if included:
            print_text(f"Passed over, as they have no campaign, and manifests include them: {_join_names(included)}.")
    return Exit.INVALID if any(validation.errors for validation in found) else Exit.DONE


def _join_names(files: tuple[Path, ...]) -> str:
    return ", ".join(safe_text(path.as_posix()) for path in files)


def _print_validation(validation: Validation) -> None:
    if validation.problems:
        print_text(draw_problems(validation.problems, make_style(sys.stdout)))
        if os.environ.get("GITHUB_ACTIONS"):
            print_text("\n".join(github_annotations(validation.problems)))
    if not validation.errors:
        takes = sum(shot.takes for shot in validation.shots)
        good = make_style(sys.stdout).good("valid")
        print_text(
            f"{safe_text(validation.name)}: {good}, {count(len(validation.shots), 'shot')}, {count(takes, 'take')}."
        )


def _validation_dict(validation: Validation) -> dict[str, object]:
    return {
        "manifest": validation.name,
        "valid": not validation.errors,
        "shots": len(validation.shots),
        "takes": sum(shot.takes for shot in validation.shots),
        "problems": [problem_dict(problem) for problem in validation.problems],
    }
