"""Which projects the user trusts on this machine: one file a project, in the user's own folder and never in a project.

A file says which project (`root`) and what of its settings (`digest`) a person agreed to. As with direnv, another
content under the same path is not trusted. What cannot be read, or what others may write, is no trust.
"""

import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

from hailuo_batch.core.trust import Stakes, TrustedProject
from hailuo_batch.errors import StoreError
from hailuo_batch.load.user_state import STATE_VARIABLE, find_user_state

TRUST_FOLDER = "trust"
MAX_TRUST_BYTES = 1_000_000
_COMMON = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_READ_ONLY = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | _COMMON
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _COMMON


def read_trusted_digest(root: Path) -> str:
    """The digest that the user trusts in the project at `root`; "" when there is none."""
    found = _read_entry(_entry_file(root))
    return found.digest if found is not None and found.root == _root_text(root) else ""


def list_trusted_projects() -> tuple[TrustedProject, ...]:
    """Every project that the user trusts, by path."""
    folder = find_user_state() / TRUST_FOLDER
    files: Iterator[Path] = folder.glob("*.json") if folder.is_dir() else iter(())
    found = (_read_entry(file) for file in files)
    return tuple(sorted((each for each in found if each is not None), key=lambda each: each.root))


def write_trust(root: Path, stakes: Stakes) -> None:
    """Records that the user trusts these stakes in the project at `root`."""
    entry = {
        "version": 1,
        "root": _root_text(root),
        "digest": stakes.digest,
        "agreed": [*(f"{each.gateway}: {each}" for each in stakes.key_routes), *stakes.widenings],
    }
    file = _entry_file(root)
    try:
        _make_private_folder(file.parent.parent)
        _make_private_folder(file.parent)
        _write_whole(file, json.dumps(entry, indent=2, sort_keys=True).encode())
    except OSError as error:
        raise _unwritable_error(file, error) from None


def delete_trust(root: Path) -> bool:
    """Removes the trust in the project at `root`; whether there was any."""
    file = _entry_file(root)
    try:
        file.unlink()
        _sync_folder(file.parent)  # what is taken back must not come back with the power
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unwritable_error(file, error) from None
    return True


def _entry_file(root: Path) -> Path:
    name = sha256(_root_text(root).encode("utf-8", "surrogateescape")).hexdigest()
    return find_user_state() / TRUST_FOLDER / f"{name}.json"


def _root_text(root: Path) -> str:
    return str(root.resolve())


def _read_entry(file: Path) -> TrustedProject | None:
    try:
        tree = json.loads(_read_private_file(file))
        return TrustedProject(
            root=str(tree["root"]), digest=str(tree["digest"]), agreed=tuple(map(str, tree["agreed"]))
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _read_private_file(file: Path) -> bytes:
    """The bytes of a regular file that only the user may write, in a folder of which the same is true."""
    if not Path(os.environ.get(STATE_VARIABLE) or file).is_absolute():
        raise PermissionError(file)  # relative to where a command is called: a repository could ship it
    _require_private(file.parent.lstat(), file.parent)
    _require_private(file.lstat(), file)
    number = os.open(file, _READ_ONLY)
    with os.fdopen(number, "rb") as opened:
        state = os.fstat(number)
        _require_private(state, file)
        if not stat.S_ISREG(state.st_mode):
            raise PermissionError(file)
        if state.st_size > MAX_TRUST_BYTES:
            raise PermissionError(file)
        return opened.read(MAX_TRUST_BYTES)


def _require_private(state: os.stat_result, path: Path) -> None:
    if stat.S_ISLNK(state.st_mode):
        raise PermissionError(path)
    if sys.platform != "win32" and (state.st_uid != os.geteuid() or state.st_mode & 0o022):
        raise PermissionError(path)


def _make_private_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    state = folder.lstat()
    _require_private(state, folder)
    if stat.S_IMODE(state.st_mode) & 0o077:
        folder.chmod(0o700)


def _write_whole(file: Path, data: bytes) -> None:
    """Writes the file whole or not at all, durable, for the user's eyes only."""
    temporary = file.with_name(f".{token_hex(16)}.new")
    number = os.open(temporary, _CREATE, 0o600)
    try:
        with os.fdopen(number, "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(number)
        temporary.replace(file)
        _sync_folder(file.parent)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _unwritable_error(file: Path, error: OSError) -> StoreError:
    why = f"The system says: {error.strerror}." if error.strerror else "Others may write there, or it is a link."
    return StoreError(f"cannot write {file}", why=why, remedy="Its folder must belong to you alone.")
