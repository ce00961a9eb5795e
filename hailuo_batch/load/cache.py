"""What was worked out before, kept below `.hailuo/memory` as a shortcut and never as the truth.

Delete it and every answer is the same; pictures on the web are fetched again for it. Whatever is not beyond doubt
(size, time of change, inode, tool version, a file changed in the same tick as it was remembered) is worked out again.
"""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from hailuo_batch.core.request.remote_image import WebPicture
from hailuo_batch.load.file_stamp import SETTLED_NS, Remembered, remembered, stamp_of, unchanged

FOLDER = "memory"
_SEAM = "\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A manifest with nothing to do: which clips and names must be there for that to be still so."""

    digests: frozenset[str]
    files: frozenset[str]
    summary: Mapping[str, Any]


def recall_inputs(hidden: Path) -> dict[str, Remembered]:
    """Digests of pictures by path."""
    try:
        rows = json.loads(_read(hidden / FOLDER / "inputs.txt"))
        return {path: remembered(row) for path, row in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def remember_inputs(hidden: Path, seen: Mapping[str, Remembered]) -> None:
    """Keeps digests of pictures for the next time, beside those that other manifests use."""
    if not seen:
        return
    before = recall_inputs(hidden)
    if all(before.get(path) == memory for path, memory in seen.items()):
        return
    merged = {path: memory for path, memory in before.items() if path in seen or stamp_of(Path(path))}
    rows = {path: memory.row for path, memory in {**merged, **seen}.items()}
    _write(hidden / FOLDER / "inputs.txt", json.dumps(rows))


def recall_addresses(hidden: Path) -> dict[str, WebPicture]:
    """The pictures behind web addresses, as they were last seen."""
    try:
        rows = json.loads(_read(hidden / FOLDER / "addresses.txt"))
        return {address: WebPicture(**{**row, "size": tuple(row["size"])}) for address, row in rows.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def remember_addresses(hidden: Path, seen: Mapping[str, WebPicture]) -> None:
    """Keeps what was behind web addresses, beside those that other manifests use."""
    before = recall_addresses(hidden)
    merged = {**before, **seen}
    if merged != before:
        rows = {address: asdict(picture) for address, picture in merged.items()}
        _write(hidden / FOLDER / "addresses.txt", json.dumps(rows))


def recall_finished(hidden: Path, key: str, circumstances: Mapping[str, Any]) -> Finished | None:
    """What was finished under the same circumstances, if none of its pictures has changed since."""
    try:
        head, digests, files = _read(_file(hidden, key)).split(_SEAM)
        known = json.loads(head)
        if known["circumstances"] != circumstances or not _settled(known):
            return None
        return Finished(
            digests=frozenset(digests.split("\n")) - {""},
            files=frozenset(files.split("\n")) - {""},
            summary=known["summary"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember_finished(
    hidden: Path, key: str, circumstances: Mapping[str, Any], inputs: Mapping[str, Remembered], finished: Finished
) -> None:
    """Keeps that a manifest has nothing to do."""
    head = {
        "circumstances": circumstances,
        "at": time.time_ns(),
        "inputs": {path: memory.row for path, memory in inputs.items()},
        "summary": finished.summary,
    }
    _write(_file(hidden, key), _SEAM.join((json.dumps(head), "\n".join(finished.digests), "\n".join(finished.files))))


def circumstances(
    *, tool: str, manifest: bytes, settings: Path, lock: Path | None, review: Path | None, ledger: Path
) -> dict[str, str | list[int] | None]:
    """Everything that an unchanged plan depends on, but for the pictures, the store and the names."""
    return {
        "tool": tool,
        "manifest": sha256(manifest).hexdigest(),
        "settings": _hash(settings),
        "lock": _hash(lock) if lock is not None else None,
        "review": _hash(review) if review is not None else None,
        "ledger": _stamp(ledger),
        "wal": _stamp(ledger.with_name(ledger.name + "-wal")),
    }


def key_of(manifest: Path, *, sketch: bool) -> str:
    """Under which name a manifest is remembered."""
    return sha256(f"{manifest}\n{sketch}".encode()).hexdigest()[:24]


def _settled(known: Mapping[str, Any]) -> bool:
    """Whether no file that counts was changed in the same moment as it was remembered."""
    changed = [stamp[1] for stamp in (known["circumstances"]["ledger"], known["circumstances"]["wal"]) if stamp]
    if any(time_of_change >= known["at"] - SETTLED_NS for time_of_change in changed):
        return False
    return all(unchanged(remembered(row), stamp_of(Path(path))) for path, row in known["inputs"].items())


def _stamp(path: Path) -> list[int] | None:
    stamp = stamp_of(path)
    return list(stamp) if stamp is not None and stamp[0] > 0 else None


def _hash(path: Path) -> str | None:
    with suppress(OSError):
        return sha256(path.read_bytes()).hexdigest()
    return None


def _file(hidden: Path, key: str) -> Path:
    return hidden / FOLDER / f"finished-{key}.txt"


def _read(path: Path) -> str:
    """What `_write` wrote; a file that was touched since is none."""
    mark, _, data = path.read_bytes().partition(b"\n")
    if mark.decode() != sha256(data).hexdigest():
        raise ValueError(path)
    return data.decode()


def _write(path: Path, text: str) -> None:
    """Whole or not at all, with its own hash in front; a memory that cannot be written is none."""
    data = text.encode()
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(sha256(data).hexdigest().encode() + b"\n" + data)
        temporary.replace(path)
