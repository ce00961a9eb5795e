"""The user's own folder on this machine, outside every project: what no repository can ship.

It holds which projects are trusted and what was bought here. `HAILUO_STATE` names another place for it.
"""

import os
from pathlib import Path

from hailuo_batch.errors import InputError

STATE_VARIABLE = "HAILUO_STATE"


def find_user_state() -> Path:
    """The folder's path; nothing is made or read. Raises `InputError` where the user has no home folder."""
    if named := os.environ.get(STATE_VARIABLE, ""):
        return Path(named).absolute()
    from platformdirs import user_state_path

    try:
        path = user_state_path("hailuo-batch", appauthor=False)
    except RuntimeError:
        path = Path()
    if not path.is_absolute():  # older versions give a name like ~/…, which would be a folder of the project
        raise InputError(
            "no folder for what belongs to you",
            why="This user has no home folder: HOME is not set, and the system has no entry for the user.",
            remedy=f"Name a folder that stays:\n    export {STATE_VARIABLE}=/path/to/a/folder",
        )
    return path
