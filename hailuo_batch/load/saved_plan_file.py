"""A saved plan's file: read with its schema and its hash, and written.

The file may come from anybody. A name twice in it is refused: a reader might see the one, and the program the other.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from hailuo_batch.core.plan.saved_plan import FILE_VERSIONS, SavedPlan, Tree, plan_hash, totals_tree
from hailuo_batch.errors import InputError, RefusedError, StoreError
from hailuo_batch.files.folder import write_beside
from hailuo_batch.files.regular import read_regular
from hailuo_batch.load.schemas import matches_schema
from hailuo_batch.load.settings import make_folder
from hailuo_batch.load.user_files import explain_unreadable

_CONTENT = frozenset({"steps", "manifests"})  # of one manifest, of several
MAX_BYTES = 256 * 1024**2  # 100,000 steps have about 150 MB


class _RepeatedNameError(ValueError):
    """A name is twice in one object; never leaves this file."""


def read_saved_plan(path: Path) -> SavedPlan:
    """The plan of a file. Raises `InputError` for what is none, `RefusedError` for one that was edited."""
    tree = _read_tree(path)
    version = tree.get("version")
    if isinstance(version, int) and version > max(FILE_VERSIONS):
        why = f"It is of version {version}; this hailuo-batch reads version {max(FILE_VERSIONS)}."
        raise InputError(f"{path} cannot be read", why=why, remedy="Update hailuo-batch, or save the plan again.")
    form = "several" if "manifests" in tree else "single"
    if not matches_schema("plan", tree, definition=form):
        raise RefusedError(f"{path} is not as hailuo-batch writes it", why=_first_fault(tree, form), remedy=_SAVE_AGAIN)
    if not _fits_hash(tree):
        why = "Its hash does not fit what it says. Approvals of it no longer count."
        raise RefusedError(f"{path} was edited, so nothing was done", why=why, remedy=_SAVE_AGAIN)
    plan = SavedPlan(tree=tree)
    if totals_tree(plan.totals) != tree["totals"]:
        why = "Its totals are not the sum of its steps."
        raise RefusedError(f"{path} is not as hailuo-batch writes it", why=why, remedy=_SAVE_AGAIN)
    return plan


def _fits_hash(tree: Tree) -> bool:
    try:
        return plan_hash(tree) == str(tree["hash"])
    except UnicodeEncodeError:  # half of a character, which we never write
        return False


_SAVE_AGAIN = "Restore the file from the last commit, or change the manifest and save the plan again with `plan -o`."


def _read_tree(path: Path) -> dict[str, Any]:
    try:
        tree = json.loads(_read_bytes(path), object_pairs_hook=_make_object)
    except _RepeatedNameError as error:
        why = f"It has {error} twice in one object."
        raise RefusedError(f"{path} is not as hailuo-batch writes it", why=why, remedy=_SAVE_AGAIN) from None
    except (ValueError, RecursionError):
        raise InputError(f"{path} is no saved plan", why="It is no JSON.", remedy="Save one with `plan -o`.") from None
    if not isinstance(tree, dict) or not _CONTENT & tree.keys():
        why = "It has no steps."
        raise InputError(f"{path} is no saved plan", why=why, remedy="Save one with `plan -o`.")
    return tree


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise _RepeatedNameError(next(json.dumps(name) for name, count in counts.items() if count > 1))
    return found


def _read_bytes(path: Path) -> bytes:
    with explain_unreadable(path, missing="Save a plan with `plan -o`.", folder="Name a saved plan in it."):
        return read_regular(path, MAX_BYTES)


def _first_fault(tree: Tree, form: str) -> str:
    from hailuo_batch.load.schema_messages import find_schema_problems

    problem = next(iter(find_schema_problems("plan", dict(tree), definition=form)), None)
    if problem is None:
        return ""
    return f"{'.'.join(map(str, problem.path)) or 'The file'}: {problem.why}"


def write_saved_plan(path: Path, plan: SavedPlan) -> None:
    """Writes the file, whole or not at all. Raises `RefusedError` where another file is in its place."""
    _require_own_file(path)
    text = json.dumps(plan.tree, ensure_ascii=False, indent=2)
    make_folder(path.parent)
    try:
        write_beside(path, f"{text}\n".encode(), durable=True)
    except OSError as error:
        raise StoreError(f"cannot write {path}", why=f"The system says: {error.strerror}.") from None


def _require_own_file(path: Path) -> None:
    try:
        tree = json.loads(read_regular(path, MAX_BYTES))
        is_own = isinstance(tree, dict) and {"version", "hash"} <= tree.keys() and bool(_CONTENT & tree.keys())
    except (FileNotFoundError, NotADirectoryError):
        return
    except IsADirectoryError:
        raise InputError(f"{path} is a folder", remedy="Name a file in it.") from None
    except (OSError, ValueError, RecursionError):
        is_own = False
    if not is_own:
        raise RefusedError(f"{path} is not a saved plan", why="It was not changed.", remedy="Name another file.")
