"""The few steps that make a file, or a name in a folder, survive a power cut."""

import os
import sys
from pathlib import Path


def sync_file(descriptor: int) -> None:
    """Returns when everything written to an open file is on the disk."""
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)  # fsync alone leaves the data in the drive's cache there
    else:
        os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Returns when the names in a folder are on the disk."""
    if os.name == "nt":
        return  # Windows has no such call, and keeps names by itself
    number = os.open(folder, os.O_RDONLY)
    try:
        sync_file(number)
    finally:
        os.close(number)
