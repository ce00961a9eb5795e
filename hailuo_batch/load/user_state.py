"""The user's own folder on this machine, outside every project: what no repository can ship.

It holds which projects are trusted and what was bought here. `HAILUO_STATE` names another place for it. What the user
writes by hand, the prices, is where the system keeps such files, or in the folder that `HAILUO_STATE` names.
"""

import os
from pathlib import Path

from hailuo_batch.errors import InputError

STATE_VARIABLE = "HAILUO_STATE"
PRICES_FILE = "prices.yaml"
_PLACE_VARIABLES = (STATE_VARIABLE, "XDG_CONFIG_HOME", "HOME", "APPDATA")  # what decides where that is


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


def find_price_file() -> Path | None:
    """The path of the user's prices; nothing is made or read. None where the user has no such folder."""
    if named := os.environ.get(STATE_VARIABLE, ""):
        # Money: a repository could ship a folder that is named by a relative path.
        return Path(named) / PRICES_FILE if Path(named).is_absolute() else None
    from platformdirs import user_config_path

    try:
        folder = user_config_path("hailuo-batch", appauthor=False)
    except RuntimeError:
        return None
    return folder / PRICES_FILE if folder.is_absolute() else None


def list_place_variables() -> list[str | None]:
    """What decides where the prices are, so that a cache can tell without a search for the folder."""
    return [os.environ.get(name) for name in _PLACE_VARIABLES]
