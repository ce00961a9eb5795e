"""An included file as it was read, so that a later run knows without parsing whether it is still the same."""

import os
from typing import NamedTuple

from hailuo_batch.files.regular import read_regular
from hailuo_batch.load.user_files import MAX_BYTES


class IncludeStamp(NamedTuple):
    """An included file as it was read: under which path, where that led, and what was there."""

    named: str
    real: str
    digest: str

    def is_unchanged(self) -> bool:
        """Whether the path leads to the same file with the same bytes."""
        from hashlib import sha256  # loads OpenSSL: most manifests include nothing

        try:
            if os.path.realpath(self.named) != self.real:
                return False
            return sha256(read_regular(self.real, MAX_BYTES)).hexdigest() == self.digest
        except OSError:
            return False
