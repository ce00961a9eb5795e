"""hailuo-batch validate"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from hailuo_batch.app.planning.has_memory import has_memory
from hailuo_batch.app.planning.manifest_files import (
    find_manifests,
    find_shared_shots,
    is_own_file,
    pass_over_included,
)
from hailuo_batch.app.planning.validate import Validation, validate
from hailuo_batch.cli import options
from hailuo_batch.cli.endings import report_early_end
from hailuo_batch.cli.output import (
    has_ci_page,
    make_style,
    print_json,
    print_raw,
    print_text,
    write_validation_ci_summary,
)
from hailuo_batch.cli.run_async import run_sync
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit
from hailuo_batch.load.manifest import MAX_PROBLEMS
from hailuo_batch.views.format import count, safe_text
from hailuo_batch.views.problems import draw_problems, github_annotations, problem_dict


@click.command("validate")
@click.argument("manifests", nargs=-1, type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Exit with 3 on a warning too.")
@options.world
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif", "junit"]),
    default="text",
    show_default=True,
    help="For people, programs, GitHub's annotations, code scanning or CI servers.",
)
def command(manifests: tuple[Path, ...], *, strict: bool, world: World, form: str) -> int:
    """Check MANIFESTS and report every problem, with line and column.

    MANIFESTS are files, folders or patterns; without them, all of manifests/. Locks, reviews and tasks files among them
    are passed over, and files that manifests include. Sends nothing and writes nothing. Exits with 3 when a manifest
    cannot be used.
    """
    if form in {"text", "json"} and len(manifests) == 1 and _print_changed(manifests[0], world, form):
        return Exit.DONE
    with report_early_end("validate", ", ".join(map(str, manifests)) or "manifests", world=world, form=form):
        found, passed_over, included = _validate_all(manifests, world=world, form=form)
    _write_page(found, strict=strict)
    if form == "json":
        rows = [_validation_dict(validation, strict=strict) for validation in found]
        names = [path.as_posix() for path in (*passed_over, *included)]
        print_json({"version": 1, "manifests": rows, "passed_over": names})
    elif form == "sarif":
        _print_sarif(found)
    elif form == "junit":
        _print_junit(found, strict=strict)
    elif form == "github":
        _print_annotations(found)
    else:
        _print_for_people(found, passed_over if manifests else (), included, strict=strict)
    return Exit.DONE if all(_is_accepted(each, strict=strict) for each in found) else Exit.INVALID


def _print_changed(manifest: Path, world: World, form: str) -> bool:
    """Whether the short way is beyond doubt: then it has said what the long way says."""
    if has_ci_page() or "GITHUB_ACTIONS" in os.environ or not manifest.is_file() or is_own_file(manifest):
        return False
    if not has_memory(manifest, world):
        return False
    from hailuo_batch.app.planning.changed_validation import validate_changed_shots

    totals = validate_changed_shots(manifest, world=world)
    if totals is not None and form == "json":
        row = {"manifest": totals.name, "valid": True, "shots": totals.shots, "takes": totals.takes, "problems": []}
        print_json({"version": 1, "manifests": [row], "passed_over": []})
    elif totals is not None:
        counts = f"{count(totals.shots, 'shot')}, {count(totals.takes, 'take')}"
        print_text(f"{safe_text(totals.name)}: {make_style(sys.stdout).good('valid')}, {counts}.")
    return totals is not None


def _validate_all(
    manifests: tuple[Path, ...], *, world: World, form: str
) -> tuple[Sequence[Validation], Sequence[Path], Sequence[Path]]:
    """The manifests with what is wrong with them, and the files that were passed over: our own, and included ones."""
    files, passed_over = find_manifests(manifests)
    most = 5_000 if form == "sarif" else MAX_PROBLEMS  # the most that GitHub shows; people read fewer
    validations, included = pass_over_included(
        [run_sync(validate(file, world=world, most=most)) for file in files], manifests
    )
    return find_shared_shots(validations), passed_over, included


def _write_page(found: Sequence[Validation], *, strict: bool) -> None:
    totals = [
        f"{each.name}: {_totals(each, 'valid' if _is_accepted(each, strict=strict) else 'refused')}" for each in found
    ]
    write_validation_ci_summary(totals, [problem for each in found for problem in each.problems])


def _totals(validation: Validation, word: str) -> str:
    takes = sum(shot.takes for shot in validation.shots)
    if not validation.shots and validation.errors:
        return word
    return f"{word}, {count(len(validation.shots), 'shot')}, {count(takes, 'take')}"


def _print_junit(found: Sequence[Validation], *, strict: bool) -> None:
    from hailuo_batch.views.junit import draw_junit, validation_suite

    suites = [
        validation_suite(each.name, each.campaign, each.shots, each.problems, world=each.world, strict=strict)
        for each in found
    ]
    print_raw(draw_junit(suites))


def _print_sarif(found: Sequence[Validation]) -> None:
    from hailuo_batch import __version__
    from hailuo_batch.app.planning.repository_paths import list_repository_problems
    from hailuo_batch.views.sarif import sarif_log

    print_json(sarif_log(list_repository_problems(found), version=__version__))


def _is_accepted(validation: Validation, *, strict: bool) -> bool:
    return not (validation.problems if strict else validation.errors)


def _print_for_people(
    found: Sequence[Validation], passed_over: Sequence[Path], included: Sequence[Path], *, strict: bool
) -> None:
    token = os.urandom(16).hex() if os.environ.get("GITHUB_ACTIONS") else ""
    if token:
        print_text(f"::stop-commands::{token}")  # a line of a manifest is no command of the runner
    for validation in found:
        _print_validation(validation, strict=strict)
    if passed_over:
        print_text(f"Passed over, as they are no manifests: {_join_names(passed_over)}.")
    if included:
        print_text(f"Passed over, as they have no campaign, and manifests include them: {_join_names(included)}.")
    if token:
        print_text(f"::{token}::")
        _print_annotations(found)


def _join_names(files: Sequence[Path]) -> str:
    return ", ".join(safe_text(path.as_posix()) for path in files)


def _print_annotations(found: Sequence[Validation]) -> None:
    from hailuo_batch.app.planning.repository_paths import list_repository_problems

    if lines := github_annotations(list_repository_problems(found)):
        print_raw("\n".join((*lines, "")))


def _print_validation(validation: Validation, *, strict: bool) -> None:
    style = make_style(sys.stdout)
    if validation.problems:
        print_text(draw_problems(validation.problems, style))
    if _is_accepted(validation, strict=strict):
        print_text(f"{safe_text(validation.name)}: {_totals(validation, style.good('valid'))}.")
    elif not validation.errors:
        print_text(f"{safe_text(validation.name)}: {style.bad('refused')}, since --strict accepts no warning.")


def _validation_dict(validation: Validation, *, strict: bool) -> dict[str, object]:
    return {
        "manifest": validation.name,
        "valid": _is_accepted(validation, strict=strict),
        "shots": len(validation.shots),
        "takes": sum(shot.takes for shot in validation.shots),
        "problems": [problem_dict(problem) for problem in validation.problems],
    }
