"""Waits until one of some files is saved. The library watchfiles is an extra of the package."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from hailuo_batch.errors import InputError
from hailuo_batch.load.file_stamp import Stamp, read_stamp

_REMEDY = "Install it:\n    pip install 'hailuo-batch[watch]'"
_DEBOUNCE_MS = 400  # an editor saves in several steps
_CHECK_MS = 1_000  # a file that changed before the watch of its folder began is found then

Stamps = Mapping[Path, Stamp | None]


def require_watcher() -> None:
    """Raises `InputError` where the library is missing."""
    try:
        import watchfiles  # noqa: F401
    except ImportError:
        why = "The library watchfiles is missing."
        raise InputError("files cannot be watched", why=why, remedy=_REMEDY) from None


def read_stamps(files: Iterable[Path]) -> Stamps:
    """How each file is now; None where there is none."""
    return {path: read_stamp(path) for path in files}


async def wait_for_changes(before: Stamps) -> tuple[Path, ...]:
    """The files that are no longer as they were; waits until there is one, and until an editor has saved all of it."""
    import watchfiles

    folders = {next(folder for folder in path.parents if folder.is_dir()) for path in before}
    changes = watchfiles.awatch(
        *folders, recursive=False, debounce=_DEBOUNCE_MS, rust_timeout=_CHECK_MS, yield_on_timeout=True,
        watch_filter=None,
    )  # fmt: skip
    async for _ in changes:
        now = read_stamps(before)
        if changed := tuple(path for path, stamp in now.items() if stamp != before[path]):
            return changed
    return ()
