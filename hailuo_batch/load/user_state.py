"""The user's own folder on this machine, outside every project: what no repository can ship.

It holds which projects are trusted and what was bought here. `HAILUO_STATE` names another place for it.
"""

import os
from pathlib import Path

STATE_VARIABLE = "HAILUO_STATE"


def find_user_state() -> Path:
    """The folder's path; nothing is made or read."""
    if named := os.environ.get(STATE_VARIABLE, ""):
        return Path(named).absolute()
    from platformdirs import user_state_path

    return user_state_path("hailuo-batch", appauthor=False)
