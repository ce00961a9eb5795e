"""The project's own folder, `.hailuo/`: for its owner's eyes, and never in git."""

import os
from pathlib import Path

from hailuo_batch.store.errors import translate_os_errors
from hailuo_batch.store.fsync import sync_folder


def ensure_state_folder(folder: Path) -> Path:
    """Makes the folder (mode 0700, with a `.gitignore` that hides all of it) unless it is there; the folder."""
    with translate_os_errors(f"cannot make {folder}"):
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sync_folder(folder.parent)
        ignore = folder / ".gitignore"
        try:
            number = os.open(ignore, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            return folder
        with os.fdopen(number, "w", encoding="utf-8", newline="\n") as file:
            file.write("*\n")
    return folder
