"""A first project in a folder: settings, a manifest that sketches as it is, a still, schemas, and lines for git."""

import os
import re
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
FIRST_STILL = "manifests/stills/morning.jpg"
_LINE_FILES = frozenset({".gitignore", ".gitattributes"})
_SCHEMAS = ("manifest", "settings")  # for editors: the first line of each file names its own


async def init(folder: Path | str) -> tuple[Path, ...]:
    """Makes a first project in a folder, whose name is the campaign's; the manifest sketches as it stands.

    Raises `RefusedError` when a file is there already; nothing is overwritten.
    """
    root = Path(folder)
    files = _make_files(campaign_name(root))
    there = [path for name in files if os.path.lexists(path := root / name) and name not in _LINE_FILES]
    if there:
        raise RefusedError(f"{there[0]} is there already", why="Nothing was written.", remedy="Choose another folder.")
    make_folder(root)
    try:
        with refuse_unsafe_files():
            _require_own_places(root)
            return tuple(root / name for name, data in files.items() if _write_new_file(root, name, data))
    except OSError as error:
        raise InputError(f"cannot write in {root}", why=f"The system says: {error.strerror}.") from None


def _require_own_places(root: Path) -> None:
    """Raises where a link would be followed, before anything is written."""
    for name in _LINE_FILES:
        require_regular_path(root / name)
    for folder in ("manifests", "manifests/stills", "schemas"):
        with suppress(FileNotFoundError), Folder(root / folder, root).open():
            pass


def _write_new_file(root: Path, name: str, data: bytes) -> bool:
    """Writes a file that is not there; a file of git gets only the lines that it lacks."""
    path = root / name
    with Folder(path.parent, root).open(make=True) as folder:
        if path.name in _LINE_FILES and os.path.lexists(path):
            before = folder.read(path.name, MAX_BYTES).decode()
            more = [line for line in data.decode().splitlines() if line not in before.splitlines()]
            if not more:
                return False
            text = before + ("" if before.endswith("\n") or not before else "\n") + "\n".join(more) + "\n"
            folder.replace_content(path.name, text.encode())
            return True
        with folder.create(path.name) as file:
            file.write(data)
    return True


def campaign_name(folder: Path) -> str:
    """The name of a folder as a campaign's: lower-case letters, digits and dashes.

    >>> campaign_name(Path("/films/My Film's 2nd")), campaign_name(Path("/films/…"))
    ('my-film-s-2nd', 'first-light')
    """
    words = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower())
    return words.strip("-")[:64].rstrip("-") or "first-light"


def _make_files(campaign: str) -> Mapping[str, bytes]:
    """What a first project has, by its path."""
    from hailuo_batch.load.schemas import schema_folder
    from hailuo_batch.media.first_still import draw_first_still

    texts = {name: text.replace("CAMPAIGN", campaign).encode() for name, text in _TEXTS.items()}
    names = [f"{name}.schema.json" for name in _SCHEMAS]
    schemas = {f"schemas/{name}": (schema_folder() / name).read_bytes() for name in names}
    lines = {name: texts.pop(name) for name in sorted(_LINE_FILES, reverse=True)}
    return {**texts, FIRST_STILL: draw_first_still(), **schemas, **lines}


_TEXTS: Mapping[str, str] = {
    SETTINGS_FILE: """\
# yaml-language-server: $schema=schemas/settings.schema.json
# Project settings; this file marks the project's root. `hailuo-batch schema settings` prints what it may hold.
version: 1
""",
    FIRST_MANIFEST: """\
# yaml-language-server: $schema=../schemas/manifest.schema.json
# A shot list. Editors read the schema in the line above: it has everything that a manifest may hold.
# After an update, run again: hailuo-batch schema manifest > schemas/manifest.schema.json
version: 1
campaign: CAMPAIGN
providers: [minimax]

vars:     {bottle: a frosted glass bottle with a copper cap}
styles:   {film: {suffix: ", 35 mm grain, soft key light"}}
defaults: {duration: 6, resolution: 768p, style: film}

shots:
  - id: open
    prompt: ${bottle} rises out of morning mist [Push in], then the light finds it [Pan left]
    frames: {first: stills/morning.jpg}           # a still of yours: where the clip starts
    tags: [hero]

  - id: turn
    prompt: the copper cap turns and catches the light [Tilt up]
    frames: {first: {shot: open, frame: last}}    # starts from the last frame of open

  - id: pack-${colour}
    matrix: {colour: [red, blue]}
    prompt: ${bottle} in ${colour} on a slow turntable [Static shot]
""",
    ".gitignore": ".hailuo/\nrenders/\n",
    ".gitattributes": "*.tasks.yaml merge=union\n*.approval merge=union\n*.review.yaml merge=hailuo-review\n",
}
