"""What is there, by listing folders: a name costs half a microsecond, a stat of each file would cost four times that.

Light on purpose: this is all of the store that a run with nothing to do loads.
"""

import os
from pathlib import Path

from hailuo_batch.store.errors import translate_os_errors
from hailuo_batch.values import dataclass

_HEX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipPlaces:
    """The digests of all clips that are here, and of those in the shared store; `fault` says why it is out of reach."""

    here: frozenset[str]
    shared: frozenset[str] = frozenset()
    fault: str = ""

    @property
    def digests(self) -> frozenset[str]:
        """Those of both."""
        return self.here | self.shared if self.shared else self.here

    @property
    def own(self) -> frozenset[str]:
        """Those that are nowhere else. What the shared store has too may come from another machine."""
        return self.here - self.shared if self.shared else self.here


def list_digests(store: Path) -> frozenset[str]:
    """The digests (`sha256:…`) of all clips in a store; a missing store is empty."""
    found: list[str] = []
    for fan in _list_fans(store):
        found += [f"sha256:{name[:_HEX]}" for name in list_folder(store / fan) if len(name) == _HEX + 4]
    return frozenset(found)


def list_render_names(renders: Path) -> frozenset[str]:
    """The readable names of all clips below `renders/`."""
    return frozenset(name for name in list_folder(renders) if name.endswith(".mp4"))


def _list_fans(store: Path) -> list[str]:
    """The folders of clips, which are below the first two digits of their digest; a link is none."""
    with translate_os_errors(f"cannot read {store}"):
        try:
            with os.scandir(store) as entries:
                return [each.name for each in entries if len(each.name) == 2 and each.is_dir(follow_symlinks=False)]
        except (FileNotFoundError, NotADirectoryError):
            return []


def list_folder(folder: Path) -> list[str]:
    """The names in a folder; an absent one is empty."""
    with translate_os_errors(f"cannot read {folder}"):
        try:
            return os.listdir(folder)  # noqa: PTH208 - a Path for each of 100,000 names costs ten times the listing
        except (FileNotFoundError, NotADirectoryError):
            return []
