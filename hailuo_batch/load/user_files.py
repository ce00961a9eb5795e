"""The files that people write: read once, when they are regular files inside their project.

A repository may ship a link in the place of a manifest, of the settings or of a folder of them. One that leads out of
the project is refused before a byte is read, since messages show lines of what is read.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hailuo_batch.errors import InputError
from hailuo_batch.files.regular import UnsafeFileError, read_regular
from hailuo_batch.load.project_root import find_project_root

MAX_BYTES = 64 * 1024**2  # 100,000 shots have about 30 MB
MAX_LOCK_BYTES = 4 * MAX_BYTES  # written by us, with some lines for each take


def is_network_path(written: str) -> bool:
    """Whether a path names a share of a network (`\\\\server\\share`) or a device of Windows.

    Such a path is not resolved: Windows would log in at a server that a manifest of another author chose.
    """
    return written[:2] in {"\\\\", "\\/", "/\\", "//"}


def read_user_file(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a file; an `OSError` says why they cannot be read, an `UnsafeFileError` why they are not."""
    named = os.path.abspath(path)  # noqa: PTH100 - Path.absolute keeps `..`, behind which a link may lead elsewhere
    real = os.path.realpath(path)
    if real != named:
        _require_inside(Path(named), Path(real))
    return read_regular(real, limit)


@contextmanager
def explain_unreadable(path: Path, *, missing: str, folder: str) -> Iterator[None]:
    """Says in plain words what stops a read of a file; `missing` and `folder` are what to do then."""
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"no such file: {path}", remedy=missing) from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder", remedy=folder) from None
    except UnsafeFileError as error:
        remedy = error.remedy or "Put a regular file in its place."
        raise InputError(f"{path} is not read", why=f"It {error.reason}.", remedy=remedy) from None
    except OSError as error:
        raise InputError(f"cannot read {path}", why=f"The system says: {error.strerror}.") from None


def _require_inside(named: Path, real: Path) -> None:
    root = find_project_root(named.parent).resolve()
    if not real.is_relative_to(root):
        raise UnsafeFileError(named, f"leads out of the project, to {real}", "Name the file that it leads to.")
