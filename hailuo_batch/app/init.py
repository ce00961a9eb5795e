"""A first project in a folder: settings, a manifest that sketches as it is, and lines for git."""

from collections.abc import Mapping
from pathlib import Path

from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.load.project_root import SETTINGS_FILE
from hailuo_batch.load.settings import make_folder

FIRST_MANIFEST = "manifests/first.yaml"
_LINE_FILES = frozenset({".gitignore", ".gitattributes"})


async def init(folder: Path | str) -> tuple[Path, ...]:
    """Makes a first project in a folder: settings, a manifest that sketches as it stands, and lines for git.

    Raises `RefusedError` when a file is there already; nothing is overwritten.
    """
    root = Path(folder)
    written = {root / name: text for name, text in _FIRST_PROJECT.items()}
    there = [path for path in written if path.exists() and path.name not in _LINE_FILES]
    if there:
        raise RefusedError(f"{there[0]} is there already", why="Nothing was written.", remedy="Choose another folder.")
    try:
        return tuple(path for path, text in written.items() if _write_new_file(path, text))
    except OSError as error:
        raise InputError(f"cannot write in {root}", why=f"The system says: {error.strerror}.") from None


def _write_new_file(path: Path, text: str) -> bool:
    """Writes a file that is not there; a file of git gets only the lines that it lacks."""
    make_folder(path.parent)
    if path.name in _LINE_FILES and path.exists():
        before = path.read_text(encoding="utf-8")
        more = [line for line in text.splitlines() if line not in before.splitlines()]
        if not more:
            return False
        text = before + ("" if before.endswith("\n") or not before else "\n") + "\n".join(more) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")
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
