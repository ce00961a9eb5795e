"""A first project in a folder: settings, a manifest that sketches as it is, and lines for git."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.files.folder import Folder
from hailuo_batch.files.ownership import refuse_unsafe_files
from hailuo_batch.files.regular import require_regular_path
from hailuo_batch.load.project_root import SETTINGS_FILE
from hailuo_batch.load.settings import make_folder
from hailuo_batch.load.user_files import MAX_BYTES

FIRST_MANIFEST = "manifests/first.yaml"
_LINE_FILES = frozenset({".gitignore", ".gitattributes"})


async def init(folder: Path | str) -> tuple[Path, ...]:
    """Makes a first project in a folder: settings, a manifest that sketches as it stands, and lines for git.

    Raises `RefusedError` when a file is there already; nothing is overwritten.
    """
    root = Path(folder)
    there = [path for name in _FIRST_PROJECT if os.path.lexists(path := root / name) and name not in _LINE_FILES]
    if there:
        raise RefusedError(f"{there[0]} is there already", why="Nothing was written.", remedy="Choose another folder.")
    make_folder(root)
    try:
        with refuse_unsafe_files():
            _require_own_places(root)
            return tuple(root / name for name, text in _FIRST_PROJECT.items() if _write_new_file(root, name, text))
    except OSError as error:
        raise InputError(f"cannot write in {root}", why=f"The system says: {error.strerror}.") from None


def _require_own_places(root: Path) -> None:
    """Raises where a link would be followed, before anything is written."""
    for name in _LINE_FILES:
        require_regular_path(root / name)
    with suppress(FileNotFoundError), Folder(root / "manifests").open():
        pass


def _write_new_file(root: Path, name: str, text: str) -> bool:
    """Writes a file that is not there; a file of git gets only the lines that it lacks."""
    path = root / name
    with Folder(path.parent, root).open(make=True) as folder:
        if path.name in _LINE_FILES and os.path.lexists(path):
            before = folder.read(path.name, MAX_BYTES).decode()
            more = [line for line in text.splitlines() if line not in before.splitlines()]
            if not more:
                return False
            text = before + ("" if before.endswith("\n") or not before else "\n") + "\n".join(more) + "\n"
            folder.replace_content(path.name, text.encode())
            return True
        with folder.create(path.name) as file:
            file.write(text.encode())
    return True


_FIRST_PROJECT: Mapping[str, str] = {
    SETTINGS_FILE: """\
# Project settings; this file marks the project's root. `hailuo-batch schema settings` prints what it may hold.
version: 1
""",
    FIRST_MANIFEST: """\
# A shot list. `hailuo-batch schema manifest` prints everything it may hold.
version: 1
campaign: first-light
providers: [minimax]

vars:     {bottle: a frosted glass bottle with a copper cap}
styles:   {film: {suffix: ", 35 mm grain, soft key light"}}
defaults: {duration: 6, resolution: 768p, style: film}

shots:
  - id: open
    prompt: ${bottle} rises out of morning mist [Push in], then the light finds it [Pan left]
    tags: [hero]

  - id: turn
    prompt: the copper cap turns and catches the light [Tilt up]
    frames: {first: {shot: open, frame: last}}   # starts from the last frame of open

  - id: pack-${colour}
    matrix: {colour: [red, blue]}
    prompt: ${bottle} in ${colour} on a slow turntable [Static shot]
""",
    ".gitignore": ".hailuo/\nrenders/\n",
    ".gitattributes": "*.tasks.yaml merge=union\n",
}
