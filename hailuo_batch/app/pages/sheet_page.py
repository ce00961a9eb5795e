"""The contact sheet of a campaign as one HTML file, with the stills that it shows drawn first."""

from collections.abc import Set
from fnmatch import fnmatchcase
from pathlib import Path

from hailuo_batch.app.measuring import measure_missing
from hailuo_batch.app.pages.embedding import EmbeddedMedia, embed_media
from hailuo_batch.app.pages.given_images import list_given_images, list_image_files
from hailuo_batch.app.pages.page_file import make_page_folder, require_own_page, write_page
from hailuo_batch.app.pages.stills import list_stills, make_stills_folder, write_image_stills
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.core.plan.client_report import make_selects_report
from hailuo_batch.core.plan.report import Report
from hailuo_batch.core.world import World, command_line
from hailuo_batch.values import dataclass
from hailuo_batch.views.sheet.cover import make_sheet
from hailuo_batch.views.sheet.media import LinkedMedia, SheetMedia, relative_base
from hailuo_batch.views.sheet.page import draw_sheet
from hailuo_batch.views.sheet.shots import CLIENT_TAG, list_clients


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetOptions:
    """What a sheet shows. `only` and `clients` choose takes and widen each other; none: all takes.

    `embed`: everything is in the one file. `inputs`: the images that shots start from. `selected`: for a client, the
    take of each shot that is used, without money, providers and our own notes; it is always one file.
    """

    only: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    embed: bool = False
    inputs: bool = False
    selected: bool = False

    @property
    def is_one_file(self) -> bool:
        """Whether stills and clips are in the page itself: links beside a client's page would name folders of ours."""
        return self.embed or self.selected

    @property
    def patterns(self) -> tuple[str, ...]:
        """The takes, in the words of `--only`."""
        return (*self.only, *(f"tag:{CLIENT_TAG}{client}" for client in self.clients))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WrittenSheet:
    """The page, and what it has: its rows, its size in bytes, clips that are not in it, shots without a selected take.

    `shots_left_out`: the shots that a client's page does not show, since the take that is used is rejected or not here.
    """

    planned: PlannedRun
    shown: Report
    page: Path
    size: int
    clips_left_out: int = 0
    unselected: tuple[str, ...] = ()
    shots_left_out: tuple[str, ...] = ()


async def write_sheet_page(file: Path | str, *, world: World, page: Path | None, options: SheetOptions) -> WrittenSheet:
    """Writes the page; by default beside the clips, `renders/<campaign>.html`."""
    planned = await plan(file, world=world, only=options.patterns, full_report=True, offline=True)
    workspace = planned.validation.workspace
    folder = workspace.renders_folder
    target = page or folder / f"{planned.plan.campaign}{_ending(planned, options)}.html"
    workspace.require_own_files(writing=True)
    require_own_page(target)
    make_page_folder(target, planned)
    images = list_image_files(planned) if options.inputs else {}
    make_stills_folder(planned.report, images, folder)
    planned = await measure_missing(planned)
    report = make_selects_report(planned.report) if options.selected else planned.report
    store = workspace.open_store()
    await write_image_stills(images, folder)
    names = list_stills(report, images, folder)
    media: SheetMedia = (
        await embed_media(report, store, folder, names, remedy=_smaller_page(planned, options))
        if options.is_one_file
        else _link_media(report, folder, target, names)
    )
    sheet = make_sheet(
        report,
        media,
        for_client=options.selected,
        clients=_find_clients(planned.report, options),
        inputs=list_given_images(planned, media, folder) if options.inputs else {},
    )
    text = draw_sheet(sheet, is_embedded=options.is_one_file)
    write_page(target, text, planned)
    return WrittenSheet(
        planned=planned,
        shown=report,
        page=target,
        size=len(text.encode()),
        clips_left_out=media.left_out if isinstance(media, EmbeddedMedia) else 0,
        unselected=_list_unselected(planned.report, {row.shot for row in report.rows}) if options.selected else (),
        shots_left_out=_list_left_out(planned.report, report),
    )


def _ending(planned: PlannedRun, options: SheetOptions) -> str:
    return ("_client" if options.selected else "") + ("_sketch" if planned.validation.sketch else "")


def _smaller_page(planned: PlannedRun, options: SheetOptions) -> str:
    """What to run where one file cannot hold the posters."""
    manifest, world = planned.validation.name, planned.validation.world
    kind = "--selected" if options.selected else "--embed"
    fewer = command_line("sheet", kind, "--only", "PATTERN", manifest=manifest, world=world)
    if options.selected:
        return f"Choose fewer takes:\n    {fewer}"
    folder = command_line("sheet", manifest=manifest, world=world)
    return f"Choose fewer takes, or have a page beside its clips, and send the folder:\n    {fewer}\n    {folder}"


def _link_media(report: Report, folder: Path, page: Path, names: frozenset[str]) -> LinkedMedia:
    files = {row.clip.digest: row.file for row in reversed(report.rows) if row.clip is not None and row.file}
    return LinkedMedia(base=relative_base(folder, page), files=files, stills=names)


def _find_clients(report: Report, options: SheetOptions) -> tuple[str, ...]:
    """Whose page it is. A client's own page names no other client."""
    found = list_clients(report.rows)
    if options.clients:
        return tuple(name for name in found if any(fnmatchcase(name, pattern) for pattern in options.clients))
    return () if options.selected and len(found) > 1 else found


def _list_unselected(report: Report, shown: Set[str]) -> tuple[str, ...]:
    chosen = {row.shot for row in report.rows if row.is_selected}
    return tuple(dict.fromkeys(row.shot for row in report.rows if row.shot in shown - chosen))


def _list_left_out(report: Report, shown: Report) -> tuple[str, ...]:
    there = {row.shot for row in shown.rows}
    return tuple(dict.fromkeys(row.shot for row in report.rows if row.shot not in there))
