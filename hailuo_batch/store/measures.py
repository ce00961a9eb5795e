"""What was measured of clips, as JSON by digest. Derived: each can be measured again, so losing them loses nothing."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from hailuo_batch.core.measures import ClipMeasures, measures_dict, parse_measures
from hailuo_batch.files.folder import Folder, OpenFolder

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})", re.ASCII)
_MOST_BYTES = 100_000  # of one file; real ones have about 600


class LocalMeasures:
    """Implements `ports.Measures` in one folder; below `trusted`, no link is followed."""

    def __init__(self, folder: Path, *, trusted: Path) -> None:
        self._folder = Folder(folder, trusted)

    def read(self, digests: Iterable[str]) -> Mapping[str, ClipMeasures]:
        """Of these clips, the measures that are there."""
        try:
            with self._folder.open() as folder:
                return dict(_read_each(folder, digests))
        except OSError:
            return {}

    def keep(self, digest: str, measures: ClipMeasures) -> None:
        """Keeps the measures of a clip; where there is no room, they are not kept."""
        data = json.dumps(measures_dict(measures)).encode() + b"\n"
        with suppress(OSError), self._folder.open(make=True, mode=0o700) as folder:
            folder.replace_content(_file_name(digest), data)

    def remove(self, digest: str) -> None:
        """Removes the measures of a clip that was removed."""
        with suppress(OSError), self._folder.open() as folder:
            folder.remove(_file_name(digest))


def _read_each(folder: OpenFolder, digests: Iterable[str]) -> Iterator[tuple[str, ClipMeasures]]:
    for digest in digests:
        with suppress(OSError, ValueError, RecursionError):  # a damaged file counts as none; it is measured again
            yield digest, parse_measures(json.loads(folder.read(_file_name(digest), _MOST_BYTES)))


def _file_name(digest: str) -> str:
    match = _DIGEST.fullmatch(digest)
    return f"{match[1] if match else 'no-digest'}.json"
