"""The manifest that had nothing to do, as it was then: what the next plan compares its bytes with. A shortcut only.

It is beside what `cache.py` remembers, which says whether it still holds; a run with nothing to do never reads it.
"""

import json
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from hailuo_batch.files.folder import Folder
from hailuo_batch.load.project_root import CACHE_FOLDER
from hailuo_batch.values import dataclass

_LARGEST = 1024**3  # bytes


ShotKind = tuple[tuple[str, ...], str, int | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestFacts:
    """What planning a few shots has to know of the others.

    `entries` are those under `shots`; `ids` are of the shots that they make; `givers` are shots whose frames others
    start from; `judged` are shots of which its review says something, and `omitted` those that it leaves out;
    `text_length` is of all prompts, and `prompts` has a number for each, which another seldom has.
    `kinds` are the providers, size and length of shots; `has_joint_images`: some image is judged beside another one;
    `has_warnings`: something was said of it, though nothing that a plan shows. `lock` is the `own_lock_digest` of its
    lock; `has_bought`: its ledger has bought one of its clips.
    """

    entries: int
    ids: tuple[str, ...]
    givers: tuple[str, ...]
    judged: tuple[str, ...]
    omitted: tuple[str, ...]
    text_length: int
    prompts: tuple[int, ...]
    kinds: tuple[ShotKind, ...]
    has_joint_images: bool
    has_warnings: bool
    lock: str
    has_bought: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FinishedCopy:
    """A manifest's bytes, and what was in them; `mark` is the hash of its file, once it was read."""

    data: bytes
    facts: ManifestFacts
    mark: str = ""


def read_finished_copy(hidden_folder: Path, key: str) -> FinishedCopy | None:
    """What was written under this key; None where it is not whole."""
    path = _copy_file(hidden_folder, key)
    try:
        with Folder(path.parent, path.parent.parent.parent).open() as folder:
            mark, head, data = folder.read(path.name, _LARGEST).split(b"\n", 2)
        if mark.decode() != _hash(head, data):
            return None
        return FinishedCopy(data=data, facts=_parse_facts(json.loads(head)), mark=mark.decode())
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_finished_copy(hidden_folder: Path, key: str, copy: FinishedCopy) -> str:
    """Its mark. It is written whole or not at all; a copy that cannot be written is none."""
    path, head = _copy_file(hidden_folder, key), json.dumps(asdict(copy.facts)).encode()
    mark = _hash(head, copy.data)
    with suppress(OSError), Folder(path.parent, path.parent.parent.parent).open(make=True, mode=0o700) as folder:
        folder.replace_content(path.name, b"\n".join((mark.encode(), head, copy.data)))
    return mark


def _parse_facts(row: dict[str, Any]) -> ManifestFacts:
    lists = {name: tuple(row[name]) for name in ("ids", "givers", "judged", "omitted", "prompts")}
    kinds = tuple((tuple(providers), size, length) for providers, size, length in row["kinds"])
    return ManifestFacts(**{**row, **lists, "kinds": kinds})


def _hash(head: bytes, data: bytes) -> str:
    digest = sha256(head)
    digest.update(data)
    return digest.hexdigest()


def _copy_file(hidden_folder: Path, key: str) -> Path:
    return hidden_folder / CACHE_FOLDER / f"copy-{key}.txt"
