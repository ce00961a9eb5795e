"""Problems with paths from the repository's first folder: what GitHub's annotations and SARIF need.

Text and JSON name files as the user did; a pull request knows only its own root, wherever the command ran.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from hailuo_batch.app.planning.validate import Validation
from hailuo_batch.core.problem import Place, Problem, Severity
from hailuo_batch.load.git_folder import find_git_folder
from hailuo_batch.load.project_root import SETTINGS_FILE


def list_repository_problems(validations: Iterable[Validation]) -> tuple[Problem, ...]:
    """All problems, errors first; each has a place, and those of shared settings are there once."""
    found = dict.fromkeys(problem for each in validations for problem in _place_problems(each))
    return tuple(sorted(found, key=lambda problem: problem.severity is not Severity.ERROR))


def _place_problems(validation: Validation) -> Iterator[Problem]:
    for problem in validation.problems:
        place = problem.place or Place(file=validation.name, line=1, column=1)
        path = repository_path(_find_file(place.file, validation), validation.project.root)
        yield replace(problem, place=replace(place, file=path))


def _find_file(name: str, validation: Validation) -> Path:
    """The file behind a name that a problem has."""
    if name == validation.name:
        return validation.file
    if name == SETTINGS_FILE:
        return validation.project.root / name
    return validation.project.root / name if validation.file.is_absolute() else Path(name)


def repository_path(file: Path, project_root: Path) -> str:
    """A file's path from the repository's first folder, else from the project's; whole where it is in neither."""
    folder = file.parent.resolve()
    git = find_git_folder(folder)
    path, top = folder / file.name, project_root.resolve() if git is None else git.top
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else path.as_posix()
