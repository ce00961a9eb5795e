"""Where machines share a ledger, a store and the heavy work, as `hailuo.yaml` names it.

All three count only in a project that the user trusts. Light on purpose: a run with nothing to do reads this too.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hailuo_batch.core.shared_places import FARM_OF_LEDGER, NO_PLACES, SharedPlaces
from hailuo_batch.errors import InputError
from hailuo_batch.load.project_root import SETTINGS_FILE
from hailuo_batch.load.user_files import read_user_file

# Without one of these a file cannot have such a key: an escape or another encoding could hide its letters.
_MARKS = (b"ledger", b"store", b"farm", b"\\", b"\0")
_KEY_PATTERN = re.compile(rb"\b(?:ledger|store|farm)[\"']?\s*:")


def read_shared_places(root: Path) -> SharedPlaces:
    """What the project at `root` shares. Most projects share nothing, and their settings are not parsed.

    Money: raises `InputError` for settings that cannot be used and may name a ledger. Another one must not stand in.
    """
    try:
        data = read_user_file(root / SETTINGS_FILE)
    except OSError:
        return NO_PLACES  # whoever reads the settings says what is wrong
    if not any(mark in data for mark in _MARKS):
        return NO_PLACES
    from hailuo_batch.load.settings import read_project

    project = read_project(root)
    if not project.places and project.problems and _KEY_PATTERN.search(data):
        first = project.problems[0]
        why = first.why[:1].upper() + first.why[1:]
        raise InputError(f"{SETTINGS_FILE} cannot be used", why=why, remedy=first.remedy)
    return project.places


def name_places(tree: Mapping[str, Any]) -> SharedPlaces:
    """What settings that were checked name, trusted or not."""
    farm = tree.get("farm", False)
    return SharedPlaces(
        ledger=tree.get("ledger", ""),
        store=tree.get("store", ""),
        farm=farm if isinstance(farm, str) else FARM_OF_LEDGER if farm else "",
    )
