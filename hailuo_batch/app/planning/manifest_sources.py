"""A manifest with all that it includes; what only some manifests need is loaded for those."""

from pathlib import Path

from hailuo_batch.core.manifest.document import Manifest
from hailuo_batch.core.problem import Problem
from hailuo_batch.load.manifest import MAX_PROBLEMS, read_manifest_tree
from hailuo_batch.load.manifest_values import make_manifest
from hailuo_batch.load.project_files import DISK, ProjectFiles
from hailuo_batch.load.sources import Source, Sources


def read_sources(
    source: Source, root: Path, *, most: int = MAX_PROBLEMS, files: ProjectFiles = DISK
) -> tuple[Manifest | None, tuple[Problem, ...], Sources]:
    """The manifest, or None with what stops it, and the files that it is read from; `root` is the project's."""
    tree, problems = read_manifest_tree(source.data, name=source.name, most=most)
    if not tree and files is not DISK:
        return None, problems, Sources(main=source)
    if not tree:
        from hailuo_batch.app.planning.includers import name_includer

        return None, name_includer(source, problems, root), Sources(main=source)
    if "include" not in tree:
        return make_manifest(tree), problems, Sources(main=source)
    from hailuo_batch.load.includes import read_included

    manifest, found, sources = read_included(tree, source, root, files)
    return manifest, (*problems, *found), sources
