"""What was worked out before, kept below `.hailuo/memory` as a shortcut and never as the truth.

Delete it and every answer is the same; pictures on the web are fetched again for it. Whatever is not beyond doubt
(size, time of change, inode, tool version, a file changed in the same tick as it was remembered) is worked out again.
"""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from hailuo_batch.core.request.remote_image import RemoteImage
from hailuo_batch.files.folder import Folder
from hailuo_batch.load.environment import hash_env_values
from hailuo_batch.load.file_stamp import MTIME_SLACK_NS, CachedImage, is_unchanged, parse_cached_image, read_stamp
from hailuo_batch.load.include_stamp import IncludeStamp
from hailuo_batch.load.ledger_content import LedgerContent
from hailuo_batch.load.project_root import CACHE_FOLDER
from hailuo_batch.load.user_files import MAX_LOCK_BYTES, read_user_file
from hailuo_batch.load.user_state import list_place_variables
from hailuo_batch.values import dataclass


def _read_no_content() -> LedgerContent | None:
    return None


def _find_no_mark(_: "FinishedManifest") -> "Mark":
    return ()


Mark = tuple[str | float, ...]  # the members of a `LedgerMark`, in their order; () is none
_LARGEST = 1024**3  # bytes
_SEPARATOR = "\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedManifest:
    """A manifest with nothing to do: which clips and names must be there for that to be still so.

    `trust` is what the user trusted in its project; None where nothing is at stake. `prices` is the path of the user's
    prices ("": there is no place for them). `environment` has digests of the values that its variables take from there.
    `until` is the day (`2027-12-31`, UTC) after which its images give other warnings; "" is no such day. `includes` are
    the files that it includes, as they were read. `shared` has the address of a shared ledger and its content as a key.
    `images` are the paths of its images. `copy` is the mark of the `FinishedCopy` that was made with it; "" is none.
    `mark` is the moment of the ledger.
    """

    digests: frozenset[str]
    files: frozenset[str]
    summary: Mapping[str, Any]
    trust: str | None = None
    prices: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    until: str = ""
    includes: tuple[IncludeStamp, ...] = ()
    shared: tuple[str, str] | None = None
    images: frozenset[str] = frozenset()
    copy: str = ""
    mark: "Mark" = ()


def read_cached_inputs(hidden_folder: Path) -> dict[str, CachedImage]:
    """Digests of pictures by path."""
    try:
        rows = json.loads(_read_text(hidden_folder / CACHE_FOLDER / "inputs.txt"))
        return {path: parse_cached_image(row) for path, row in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def write_cached_inputs(hidden_folder: Path, images: Mapping[str, CachedImage]) -> None:
    """Keeps digests of pictures for the next time, beside those that other manifests use."""
    if not images:
        return
    before = read_cached_inputs(hidden_folder)
    if all(before.get(path) == memory for path, memory in images.items()):
        return
    merged = {path: memory for path, memory in before.items() if path in images or read_stamp(Path(path))}
    rows = {path: memory.row for path, memory in {**merged, **images}.items()}
    _write_text(hidden_folder / CACHE_FOLDER / "inputs.txt", json.dumps(rows))


def read_cached_remote_images(hidden_folder: Path) -> dict[str, RemoteImage]:
    """The pictures behind web addresses, as they were last seen."""
    try:
        rows = json.loads(_read_text(hidden_folder / CACHE_FOLDER / "addresses.txt"))
        return {address: RemoteImage(**{**row, "size": tuple(row["size"])}) for address, row in rows.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def write_cached_remote_images(hidden_folder: Path, images: Mapping[str, RemoteImage]) -> None:
    """Keeps what was behind web addresses, beside those that other manifests use."""
    before = read_cached_remote_images(hidden_folder)
    merged = {**before, **images}
    if merged != before:
        rows = {address: asdict(image) for address, image in merged.items()}
        _write_text(hidden_folder / CACHE_FOLDER / "addresses.txt", json.dumps(rows))


def read_finished_manifest(
    hidden_folder: Path,
    key: str,
    dependencies: Mapping[str, Any],
    *,
    read_trust: Callable[[], str] = str,
    read_content: Callable[[], LedgerContent | None] = _read_no_content,
    read_shared: Callable[[str], str] = str,
    find_mark: Callable[[FinishedManifest], Mark] = _find_no_mark,
) -> FinishedManifest | None:
    """What was finished under the same circumstances, if none of its pictures has changed since.

    `read_trust` says what the user trusts here; it is called only for a project in which something is at stake.
    `read_content` says what is in the ledger; it is called only for one that was written as it was remembered, or
    since. `find_mark` says up to which moment nothing in a ledger that was written since is about it; () is none.
    `read_shared` says what is in a shared ledger, as one key; the settings and the trust in them were compared before.
    """
    try:
        head, digests, files = _read_text(_finished_file(hidden_folder, key)).split(_SEPARATOR)
        known = json.loads(head)
        is_same = {**known["circumstances"], **_pick_ledger(dependencies)} == dependencies
        if not is_same or not _is_reliable(known) or not _is_same_beside(known, read_trust):
            return None
        finished = _parse_finished(known, digests, files)
        if finished.shared is not None and read_shared(finished.shared[0]) != finished.shared[1]:
            return None
        current = _find_current(known, dependencies, finished, read_content, find_mark)
        if current is None:
            return None
        if current is not known:
            _write_text(_finished_file(hidden_folder, key), _SEPARATOR.join((json.dumps(current), digests, files)))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    else:
        return finished


def _find_current(
    known: Mapping[str, Any],
    dependencies: Mapping[str, Any],
    finished: FinishedManifest,
    read_content: Callable[[], LedgerContent | None],
    find_mark: Callable[[FinishedManifest], Mark],
) -> Mapping[str, Any] | None:
    """What is known, as of now; None where the ledger may have moved on in what this is about."""
    now = time.time_ns()
    if known["circumstances"] == dependencies:
        if not _is_ledger_fresh(known, known["at"]):
            return known
        if known["content"] is not None and known["content"] == read_content():
            return known if _is_ledger_fresh(known, now) else {**known, "at": now}  # from then on, its times tell
    since = {**known, "circumstances": dependencies, "at": now}
    content = read_content() if _is_ledger_fresh(since, now) else None  # before it is read
    mark = find_mark(finished)
    return {**since, "content": content, "mark": mark} if mark else None


def _pick_ledger(dependencies: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: dependencies[name] for name in ("ledger", "wal")}


def _parse_finished(known: Mapping[str, Any], digests: str, files: str) -> FinishedManifest:
    return FinishedManifest(
        digests=frozenset(digests.split("\n")) - {""},
        files=frozenset(files.split("\n")) - {""},
        summary=known["summary"],
        trust=known["trust"],
        prices=known["prices"]["file"],
        environment=known["environment"],
        until=known["until"],
        includes=tuple(IncludeStamp(*row) for row in known["includes"]),
        shared=None if known["shared"] is None else tuple(known["shared"]),
        images=frozenset(known["inputs"]),
        copy=known["copy"],
        mark=tuple(known["mark"]),
    )


def _is_same_beside(known: Mapping[str, Any], read_trust: Callable[[], str]) -> bool:
    """Whether what is outside the project says the same: prices, trust, the environment and the day."""
    return (
        known["prices"] == _price_file_row(known["prices"]["file"])
        and (known["trust"] is None or known["trust"] == read_trust())
        and known["environment"] == hash_env_values(known["environment"])
        and not (known["until"] and known["until"] < _read_day())
    )


def write_finished_manifest(
    hidden_folder: Path,
    key: str,
    dependencies: Mapping[str, Any],
    inputs: Mapping[str, CachedImage],
    finished: FinishedManifest,
    *,
    content: LedgerContent | None = None,
) -> None:
    """Keeps that a manifest has nothing to do; `content` is that of a ledger that was written a moment ago."""
    head = {
        "circumstances": dependencies,
        "at": time.time_ns(),
        "content": content,
        "inputs": {path: memory.row for path, memory in inputs.items()},
        "summary": finished.summary,
        "trust": finished.trust,
        "prices": _price_file_row(finished.prices),
        "environment": finished.environment,
        "until": finished.until,
        "includes": finished.includes,
        "shared": finished.shared,
        "copy": finished.copy,
        "mark": finished.mark,
    }
    _write_text(
        _finished_file(hidden_folder, key),
        _SEPARATOR.join((json.dumps(head), "\n".join(finished.digests), "\n".join(finished.files))),
    )


def plan_dependencies(
    *,
    tool: str,
    manifest: bytes,
    settings: Path,
    lock: Path | None,
    review: Path | None,
    tasks: Path | None,
    ledger: Path,
) -> dict[str, str | list[int] | None]:
    """Everything that an unchanged plan depends on, but for the pictures, the store and the names."""
    return {
        "tool": tool,
        "manifest": sha256(manifest).hexdigest(),
        "settings": _hash_file(settings),
        "lock": _hash_file(lock) if lock is not None else None,
        "review": _hash_file(review) if review is not None else None,
        "tasks": _hash_file(tasks) if tasks is not None else None,
        "ledger": _stamp_row(ledger),
        "wal": _stamp_row(ledger.with_name(ledger.name + "-wal")),
    }


def manifest_key(manifest: Path, *, sketch: bool) -> str:
    """Under which name a manifest is remembered."""
    return sha256(f"{manifest}\n{sketch}".encode()).hexdigest()[:24]


def _is_reliable(known: Mapping[str, Any]) -> bool:
    """Whether no file that counts was changed in the same moment as it was remembered; of the ledger, see below."""
    if not all(IncludeStamp(*row).is_unchanged() for row in known["includes"]):
        return False
    if _is_fresh(known["prices"]["stamp"], known["at"]):
        return False
    return all(is_unchanged(parse_cached_image(row), read_stamp(Path(path))) for path, row in known["inputs"].items())


def _is_ledger_fresh(known: Mapping[str, Any], moment: int) -> bool:
    """Whether the ledger could have changed at that moment without its times changing."""
    return any(_is_fresh(known["circumstances"][name], moment) for name in ("ledger", "wal"))


def _is_fresh(stamp: list[int] | None, moment: int) -> bool:
    return stamp is not None and stamp[1] >= moment - MTIME_SLACK_NS


def _price_file_row(file: str) -> dict[str, Any]:
    """The user's prices as they are; the folder is not searched for, only what decides where it is."""
    return {"file": file, "stamp": _stamp_row(Path(file)) if file else None, "place": list_place_variables()}


def _stamp_row(path: Path) -> list[int] | None:
    stamp = read_stamp(path)
    return list(stamp) if stamp is not None and stamp[0] > 0 else None


def _hash_file(path: Path) -> str | None:
    with suppress(OSError):
        return sha256(read_user_file(path, MAX_LOCK_BYTES)).hexdigest()
    return None


def _finished_file(hidden_folder: Path, key: str) -> Path:
    return hidden_folder / CACHE_FOLDER / f"finished-{key}.txt"


def _read_day() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())


def _read_text(path: Path) -> str:
    """What `_write_text` wrote; a file that was touched since is none."""
    with Folder(path.parent, path.parent.parent.parent).open() as folder:
        mark, _, data = folder.read(path.name, _LARGEST).partition(b"\n")
    if mark.decode() != sha256(data).hexdigest():
        raise ValueError(path)
    return data.decode()


def _write_text(path: Path, text: str) -> None:
    """Whole or not at all, with its own hash in front; a memory that cannot be written is none."""
    data = text.encode()
    with suppress(OSError), Folder(path.parent, path.parent.parent.parent).open(make=True, mode=0o700) as folder:
        folder.replace_content(path.name, sha256(data).hexdigest().encode() + b"\n" + data)
