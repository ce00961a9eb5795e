"""Which manifests are meant by names, folders and patterns, and what is wrong between several of them."""

import glob
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from hailuo_batch.app.planning.manifest_sources import read_sources
from hailuo_batch.app.planning.validate import Validation
from hailuo_batch.app.workspace.paths import is_sidecar
from hailuo_batch.core import rules
from hailuo_batch.core.problem import Problem
from hailuo_batch.errors import InputError
from hailuo_batch.load.project_root import SETTINGS_FILE, find_project_root
from hailuo_batch.load.sources import Source
from hailuo_batch.load.user_files import read_user_file

MANIFESTS_FOLDER = Path("manifests")


def find_manifests(given: Sequence[Path]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """The manifests among files, folders and patterns, and our own files among them, which are passed over.

    Without names those of `manifests/`. A file of ours that is named alone stays, so that its problem is reported.
    """
    found = tuple(dict.fromkeys(file for path in given or (MANIFESTS_FOLDER,) for file in _expand_path(path)))
    manifests = tuple(path for path in found if not is_own_file(path))
    if not found:
        where = ", ".join(f"{path.as_posix()}" for path in given) or f"{MANIFESTS_FOLDER}/"
        raise InputError(
            "which manifest?", why=f"There is none in {where}.", remedy="Create one:\n    hailuo-batch init"
        )
    return (manifests, tuple(path for path in found if is_own_file(path))) if manifests else (found, ())


def is_own_file(path: Path) -> bool:
    """Whether a name is that of the settings, or of a lock, review or tasks file."""
    return is_sidecar(path) or path.name == SETTINGS_FILE


def pass_over_included(
    validations: Sequence[Validation], given: Sequence[Path]
) -> tuple[tuple[Validation, ...], tuple[Path, ...]]:
    """Those of manifests, and the files among them that manifests only include.

    One that is named where no manifest is stays, so that its problem is reported.
    """
    manifests = tuple(each for each in validations if not is_for_manifests(each.problems))
    kept = manifests or tuple(each for each in validations if each.file in given)
    stay = {each.file for each in kept}
    return kept, tuple(each.file for each in validations if each.file not in stay)


def is_for_manifests(problems: Iterable[Problem]) -> bool:
    """Whether a file can only be included, by what was found wrong with it as a manifest."""
    return any(problem.rule == rules.INCLUDED_FILE for problem in problems)


def is_only_included(file: Path) -> bool:
    """Whether a file is no manifest, and manifests include it; one that cannot be read may be a manifest."""
    try:
        data = read_user_file(file)
    except OSError:
        return False
    if b"campaign:" in data:
        return False
    source = Source(file=file.resolve(), name=file.as_posix(), data=data)
    return is_for_manifests(read_sources(source, find_project_root(source.file.parent))[1])


def list_manifests(given: Sequence[Path]) -> tuple[Path, ...]:
    """The manifests among files, folders and patterns, for commands that plan them together.

    Our own files are passed over, and files that manifests only include; one that is named stays.
    """
    found, _ = find_manifests(given)
    unique = tuple({file.resolve(): file for file in reversed(found)}.values())[::-1]  # one may be named in two ways
    return tuple(file for file in unique if file in given or not is_only_included(file)) or unique


def find_shared_shots(validations: Sequence[Validation]) -> tuple[Validation, ...]:
    """The same with a problem in each manifest whose campaign and shot are those of one before it.

    A run refuses such a shot: two clips would have one name.
    """
    seen: dict[tuple[Path, str, str], str] = {}
    return tuple(_add_shared_shot(validation, seen) for validation in validations)


def _add_shared_shot(validation: Validation, seen: dict[tuple[Path, str, str], str]) -> Validation:
    if validation.manifest is None:
        return validation
    root, campaign = validation.project.root, validation.campaign
    keys = {(root, campaign, shot.id): shot.id for shot in validation.shots}
    shared = [(shot, seen[key]) for key, shot in keys.items() if key in seen]
    seen.update({key: validation.name for key in keys if key not in seen})
    if not shared:
        return validation
    first, other = shared[0]
    more = f", and {len(shared) - 1:,} more" if len(shared) > 1 else ""
    problem = Problem(
        rule=rules.SHOT_SHARED,
        why=f'{other} has the campaign "{campaign}" too, with the shot "{first}"{more}.',
        remedy="Give one of the two manifests another campaign, or the shot another id.",
        path=("campaign",),
    )
    located = validation.sources.locate_problems([problem])
    return replace(validation, problems=(*validation.problems, *located))


def _expand_path(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from _list_folder(path)
    elif path == MANIFESTS_FOLDER:
        return
    elif glob.has_magic(str(path)) and not path.exists():  # a shell that expands no patterns, or quotes around one
        for name in sorted(glob.glob(str(path), recursive=True)):  # noqa: PTH207 - a pattern may be absolute
            yield from _expand_path(Path(name))
    else:
        yield path


def _list_folder(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in {".yaml", ".yml"} and path.is_file())
