"""Who includes a file that is no manifest by itself: so that a message can name what to check instead.

Only called when there is something to say. It reads the manifests beside the file, in the folders above it, and in
`manifests/`.
"""

import os
import posixpath
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from hailuo_batch.app.workspace.paths import is_sidecar
from hailuo_batch.core import rules
from hailuo_batch.core.problem import Place, Problem
from hailuo_batch.core.world import command_line
from hailuo_batch.load.includes import read_included
from hailuo_batch.load.manifest import read_manifest_tree
from hailuo_batch.load.sources import Source
from hailuo_batch.load.user_files import read_user_file

_MAX_READ = 100  # files


def name_includer(source: Source, problems: tuple[Problem, ...], root: Path) -> tuple[Problem, ...]:
    """What is wrong with a file as a manifest; where a manifest includes it, only that, and which one."""
    if not any(each.rule in {rules.INCLUDED_FILE, rules.KEY_MISSING} and not each.path for each in problems):
        return problems
    found = (each for each in islice(_list_files(source.file, root), _MAX_READ) if _includes(each, source.file, root))
    manifest = next(found, None)
    if manifest is None:
        return problems
    way = Path(os.path.relpath(manifest, source.file.parent)).as_posix()
    name = posixpath.normpath(posixpath.join(posixpath.dirname(source.name), way))
    why = f"it has no campaign: {name} includes it, and is checked with all that it includes."
    remedy = f"To check both:\n    {command_line('validate', manifest=name)}"
    place = Place(file=source.name, line=1, column=1)
    return (Problem(rule=rules.INCLUDED_FILE, why=why, remedy=remedy, place=place),)


def _list_files(file: Path, root: Path) -> Iterator[Path]:
    above = [folder for folder in (file.parent, *file.parent.parents) if folder.is_relative_to(root)]
    for folder in dict.fromkeys((*above, root / "manifests")):
        try:
            paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in {".yaml", ".yml"})
        except OSError:
            continue
        yield from (path for path in paths if path.resolve() != file and not is_sidecar(path))


def _includes(manifest: Path, file: Path, root: Path) -> bool:
    """Whether a manifest includes a file, and can."""
    try:
        data = read_user_file(manifest)
    except OSError:
        return False
    tree, _ = read_manifest_tree(data, name=manifest.name) if b"include" in data else ({}, ())
    if "include" not in tree:
        return False
    _, problems, sources = read_included(tree, Source(file=manifest.resolve(), name=manifest.name, data=data), root)
    names = {source.name for source in sources.included if source.file == file}
    return bool(names) and not any(
        each.rule == rules.INCLUDE_KEY and each.place and each.place.file in names for each in problems
    )
