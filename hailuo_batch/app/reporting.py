"""The campaign's report as a page: posters drawn once, clips linked, everything in one folder."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from hailuo_batch.app.places import renders_folder
from hailuo_batch.app.planning import plan
from hailuo_batch.app.rendering import cores
from hailuo_batch.core.report import Report
from hailuo_batch.errors import HailuoError, InputError, RefusedError
from hailuo_batch.media.frames import poster
from hailuo_batch.views.contact_sheet import draw_page

POSTERS = "posters"


async def report(file: Path | str, *, sketch: bool = False, page: Path | None = None) -> tuple[Report, Path]:
    """Writes the report as an HTML page and says where; by default beside the clips, `renders/<campaign>.html`.

    The page needs no network and no script. Posters stand in `renders/posters`, drawn once for each clip.
    """
    planned = await plan(file, sketch=sketch, whole=True)
    folder = renders_folder(planned.validation.project.root)
    kind = "_sketch" if sketch else ""
    target = page or folder / f"{planned.plan.campaign}{kind}.html"
    if target.suffix.lower() not in {".html", ".htm"}:
        raise InputError(f"{target} is no page", why="A report ends in .html.")
    if target.exists() and b'name="generator" content="hailuo-batch"' not in target.read_bytes()[:2000]:
        raise RefusedError(f"{target} is not a report of ours", why="It is left as it is.", remedy="Name another file.")
    names = [row.file for row in planned.report.rows if row.artifact is not None and (folder / row.file).exists()]
    await asyncio.to_thread(_draw_posters, folder, names)
    text = draw_page(planned.report, folder=folder, page=target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.new")
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(target)
    except OSError as error:
        raise InputError(f"cannot write {target}", why=str(error.strerror)) from None
    return planned.report, target


def _draw_posters(folder: Path, names: list[str]) -> None:
    """A clip without a poster is still playable, so a poster that cannot be drawn stops nothing."""
    todo = [name for name in names if not poster_path(folder, name).exists()]
    if todo:
        (folder / POSTERS).mkdir(exist_ok=True)
        with ThreadPoolExecutor(cores()) as pool:
            list(pool.map(lambda name: _draw_poster(folder, name), todo))


def _draw_poster(folder: Path, name: str) -> None:
    target = poster_path(folder, name)
    temporary = target.with_name(f".{target.name}.new")
    with suppress(HailuoError, OSError):
        poster(folder / name, temporary)
        temporary.replace(target)


def poster_path(folder: Path, name: str) -> Path:
    """Where a clip's poster is, or would be."""
    return folder / POSTERS / f"{name.removesuffix('.mp4')}.jpg"
