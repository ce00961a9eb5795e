"""Whether anything is remembered of a project: most commands about one shot then need not load the short ways."""

from pathlib import Path

from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.world import World
from hailuo_batch.load.project_root import CACHE_FOLDER, find_project_root


def has_memory(file: Path, world: World) -> bool:
    """Whether a run or a plan of this project left something behind that could make the next one short."""
    return (Workspace(find_project_root(file.resolve().parent), world).state_folder / CACHE_FOLDER).is_dir()
