"""The few steps that make a file, or a name in a folder, survive a power cut."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Returns when the names in a folder are on the disk."""
    if os.name == "nt":
        return  # Windows has no such call, and keeps names by itself
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
