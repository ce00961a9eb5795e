"""The project's own folder, `.hailuo/`: for its owner's eyes, and never in git."""

from contextlib import suppress
from pathlib import Path

from hailuo_batch.files.folder import Folder
from hailuo_batch.store.errors import translate_os_errors


def ensure_state_folder(folder: Path, *, trusted: Path | None = None) -> Path:
    """Makes the folder (mode 0700, with a `.gitignore` that hides all of it) unless it is there; the folder.

    Below `trusted`, no link is followed.
    """
    with (
        translate_os_errors(f"cannot make {folder}"),
        Folder(folder, trusted).open(make=True, mode=0o700) as made,
        suppress(FileExistsError),
        made.create(".gitignore", mode=0o644) as file,
    ):
        file.write(b"*\n")
    return folder
