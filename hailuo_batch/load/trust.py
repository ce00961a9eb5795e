"""Which projects the user trusts on this machine: one file a project, in the user's own folder and never in a project.

A file says which project (`root`) and what of its settings (`digest`) a person agreed to. As with direnv, another
content under the same path is not trusted. What cannot be read, or what others may write, is no trust.
"""

import json
import os
import stat
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from hailuo_batch.core.trust import Stakes
from hailuo_batch.core.trusted import TrustedProject
from hailuo_batch.errors import InputError, StoreError
from hailuo_batch.files.folder import Folder
from hailuo_batch.load.user_state import STATE_VARIABLE, find_user_state

TRUST_FOLDER = "trust"
MAX_TRUST_BYTES = 1_000_000


def read_trusted_digest(root: Path) -> str:
    """The digest that the user trusts in the project at `root`; "" when there is none."""
    found = _read_entry(_entry_name(root))
    return found.digest if found is not None and found.root == _root_text(root) else ""


def list_trusted_projects() -> tuple[TrustedProject, ...]:
    """Every project that the user trusts, by path."""
    folder = _trust_folder().path
    names: Iterator[str] = (file.name for file in folder.glob("*.json")) if folder.is_dir() else iter(())
    found = (_read_entry(name) for name in names)
    return tuple(sorted((each for each in found if each is not None), key=lambda each: each.root))


def write_trust(root: Path, stakes: Stakes) -> None:
    """Records that the user trusts these stakes in the project at `root`."""
    entry = {
        "version": 1,
        "root": _root_text(root),
        "digest": stakes.digest,
        "agreed": [*(f"{each.gateway}: {each}" for each in stakes.key_routes), *stakes.widenings],
    }
    data, ours = json.dumps(entry, indent=2, sort_keys=True).encode(), _trust_folder()
    try:
        for path in (ours.path.parent, ours.path):
            if path.exists():
                _require_private(path.lstat(), path)
        with ours.open(make=True, mode=0o700) as folder:
            folder.replace_content(_entry_name(root), data, durable=True, mode=0o600)
    except OSError as error:
        raise _unwritable_error(ours.path, error) from None


def delete_trust(root: Path) -> bool:
    """Removes the trust in the project at `root`; whether there was any."""
    ours, name = _trust_folder(), _entry_name(root)
    try:
        with ours.open() as folder:
            folder.stat(name)
            folder.remove(name)
            folder.sync()  # what is taken back must not come back with the power
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unwritable_error(ours.path, error) from None
    return True


def _trust_folder() -> Folder:
    state = find_user_state()
    return Folder(state / TRUST_FOLDER, trusted=state.parent)


def _entry_name(root: Path) -> str:
    return sha256(_root_text(root).encode("utf-8", "surrogateescape")).hexdigest() + ".json"


def _root_text(root: Path) -> str:
    return str(root.resolve())


def _read_entry(name: str) -> TrustedProject | None:
    try:
        tree = json.loads(_read_private_file(name))
        agreed = tuple(map(str, tree["agreed"]))
        return TrustedProject(root=str(tree["root"]), digest=str(tree["digest"]), agreed=agreed)
    except (OSError, ValueError, KeyError, TypeError, InputError):  # the last: a user without a home trusts nothing
        return None


def _read_private_file(name: str) -> bytes:
    """The bytes of a regular file that only the user may write, in a folder of which the same is true."""
    ours = _trust_folder()
    if not Path(os.environ.get(STATE_VARIABLE) or ours.path).is_absolute():
        raise PermissionError(ours.path)  # relative to where a command is called: a repository could ship it
    _require_private(ours.path.lstat(), ours.path)
    with ours.open() as folder, folder.open(name) as file:
        state = os.fstat(file.fileno())
        _require_private(state, ours.path / name)
        if state.st_size > MAX_TRUST_BYTES:
            raise PermissionError(name)
        return file.read(MAX_TRUST_BYTES) or b""


def _require_private(state: os.stat_result, path: Path) -> None:
    if stat.S_ISLNK(state.st_mode):
        raise PermissionError(path)
    if sys.platform != "win32" and (state.st_uid != os.geteuid() or state.st_mode & 0o022):
        raise PermissionError(path)


def _unwritable_error(folder: Path, error: OSError) -> StoreError:
    why = f"The system says: {error.strerror}." if error.strerror else "Others may write there, or it is a link."
    return StoreError(f"cannot write in {folder}", why=why, remedy="It must belong to you alone.")
