"""Which version of the drawing code and of its libraries this machine has: results are the same only where it is."""

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

from hailuo_batch import core, media

_LETTERS = 12


@cache
def find_kit() -> str:
    """A short digest of the code of `core` and `media`, of its libraries and of the kind of processor."""
    found = hashlib.sha256()
    for room in (core, media):
        folder = Path(room.__file__ or "").parent
        for file in sorted(folder.rglob("*.py")):
            found.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    libraries = [f"{name} {version(name)}" for name in ("av", "Pillow")]
    found.update(" ".join((*libraries, platform.machine().lower(), platform.system())).encode())
    return found.hexdigest()[:_LETTERS]


@cache
def find_font_kit() -> str:
    """The kit for texts that need the system's fonts: those of this machine are a part of it."""
    from hailuo_batch.media.animatic.fonts import list_system_fonts

    fonts = hashlib.sha256("\n".join(list_system_fonts()).encode()).hexdigest()
    return f"{find_kit()}-{fonts[:_LETTERS]}"


def choose_drawing_kit(text: str) -> str:
    """The kit that a sketch with this text needs."""
    from hailuo_batch.media.animatic.fonts import needs_system_fonts

    return find_font_kit() if needs_system_fonts(text) else find_kit()
