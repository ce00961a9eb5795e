"""The stills that a page shows: of clips, which are drawn with their measures, and of the images that shots start from.

A clip without its stills can still be played, so a still that cannot be written stops nothing.
"""

import asyncio
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hailuo_batch.app.workspace.cpus import cpu_count
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.render_names import POSTERS_FOLDER, StillAt, poster_name
from hailuo_batch.core.plan.report import Report
from hailuo_batch.drivers.data_plane import write_image_still
from hailuo_batch.files.regular import is_regular
from hailuo_batch.load.settings import make_folder


async def write_image_stills(images: Mapping[str, Path], folder: Path) -> None:
    """Draws given images below `folder` (renders/); each by the digest of its bytes, so once."""
    todo = {name: image for digest, image in images.items() if not is_regular(folder / (name := poster_name(digest)))}
    if not todo or not _can_write(folder):
        return
    with ThreadPoolExecutor(cpu_count()) as pool:
        loop = asyncio.get_running_loop()
        tasks = [loop.run_in_executor(pool, write_image_still, image, folder / name) for name, image in todo.items()]
        await asyncio.gather(*tasks)


def make_stills_folder(report: Report, images: Mapping[str, Path], folder: Path) -> None:
    """Makes the folder of the stills where there will be some; an `InputError` says what is in its place."""
    has_clips = any(row.clip is not None and row.action is Action.REUSE for row in report.rows)
    if (has_clips or images) and _can_write(folder):
        make_folder(folder / POSTERS_FOLDER)


def _can_write(folder: Path) -> bool:
    return os.access(folder if folder.exists() else folder.parent, os.W_OK)


def list_stills(report: Report, images: Mapping[str, Path], folder: Path) -> frozenset[str]:
    """The names of the stills of these takes and images that are there."""
    clips = {row.clip.digest for row in report.rows if row.clip is not None and row.action is Action.REUSE}
    names = (poster_name(digest, at) for digest in clips for at in StillAt)
    return frozenset(name for name in (*names, *map(poster_name, images)) if is_regular(folder / name))
