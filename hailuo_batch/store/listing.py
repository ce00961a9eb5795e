"""What is there, by listing folders: a name costs half a microsecond, a stat of each file would cost four times that.

Light on purpose: this is all of the store that a run with nothing to do loads.
"""

import os
from pathlib import Path

from hailuo_batch.store.errors import plain_words

_HEX = 64


def digests_in(store: Path) -> frozenset[str]:
    """The digests (`sha256:…`) of all artifacts in a store; an absent store is an empty one."""
    found: list[str] = []
    for fan in entries(store):
        if len(fan) == 2:  # artifacts stand below the first two digits of their digest
            found += [f"sha256:{name[:_HEX]}" for name in entries(store / fan) if len(name) == _HEX + 4]
    return frozenset(found)


def names_in(renders: Path) -> frozenset[str]:
    """The readable names of all clips below `renders/`."""
    return frozenset(name for name in entries(renders) if name.endswith(".mp4"))


def entries(folder: Path) -> list[str]:
    """The names in a folder; an absent one is empty."""
    with plain_words(f"cannot read {folder}"):
        try:
            return os.listdir(folder)  # noqa: PTH208 - a Path for each of 100,000 names costs ten times the listing
        except (FileNotFoundError, NotADirectoryError):
            return []
