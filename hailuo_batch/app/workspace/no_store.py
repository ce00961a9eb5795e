"""Why there is no shared store to push to or pull from."""

from pathlib import Path

from hailuo_batch.core.shared_places import SharedPlaces
from hailuo_batch.core.world import command_line
from hailuo_batch.errors import HailuoError, InputError
from hailuo_batch.load.gateway_keys import untrusted_error
from hailuo_batch.load.project_root import SETTINGS_FILE
from hailuo_batch.load.settings import read_project


def explain_missing_store(root: Path, places: SharedPlaces) -> HailuoError:
    """The error of a command that needs a shared store, where the project has none or is not trusted."""
    if "store" in places.untrusted:
        project = read_project(root)
        return untrusted_error(project, f"{SETTINGS_FILE} names a shared store, {project.stakes.places.store}.")
    return InputError(
        "this project has no shared store",
        why=f"{SETTINGS_FILE} names none.",
        remedy="Write its address there, such as\n    store: s3://bucket/prefix\nand trust it:\n"
        f"    {command_line('trust')}",
    )
