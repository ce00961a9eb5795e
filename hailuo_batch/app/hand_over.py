"""The used clips of a campaign for an editing program: a timeline in one of its formats, copies, or a rough cut.

Spends nothing. Where no take of a shot is selected, its first one is used, from which chains go on.
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from hailuo_batch.app.disclosing import Discloser, open_discloser, require_disclosure
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.core.plan.export_names import DEFAULT_TEMPLATE, make_export_names
from hailuo_batch.core.plan.timeline import Timeline, TimelinePart, make_timeline
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import InputError, RefusedError, StoreError
from hailuo_batch.files.folder import Folder, temporary_name, write_beside
from hailuo_batch.files.regular import is_regular
from hailuo_batch.load.settings import make_folder
from hailuo_batch.values import dataclass
from hailuo_batch.views.timeline.media import Media, MediaByShot, plain_line

if TYPE_CHECKING:
    from hailuo_batch.media.rough_cut import FilmMade, FilmPart


class HandOverFormat(StrEnum):
    """What is written."""

    OTIO = "otio"  # OpenTimelineIO
    EDL = "edl"  # CMX 3600
    FCPXML = "fcpxml"  # Final Cut Pro, Resolve
    FCP7_XML = "fcp7xml"  # Premiere, Avid, Resolve
    ALE = "ale"  # Avid's log
    ROUGH_CUT = "rough-cut"  # one MP4


ENDINGS = {
    HandOverFormat.OTIO: ".otio",
    HandOverFormat.EDL: ".edl",
    HandOverFormat.FCPXML: ".fcpxml",
    HandOverFormat.FCP7_XML: ".xml",
    HandOverFormat.ALE: ".ale",
    HandOverFormat.ROUGH_CUT: ".mp4",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """What was written, and where: the timeline, its text (of a rough cut: none), and how many copies were new."""

    timeline: Timeline
    out: Path | None = None
    text: str = ""
    film: "FilmMade | None" = None
    new_copies: int = 0
    extra_problems: tuple[Problem, ...] = ()  # such as a missing ledger, which explains gaps


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverOptions:
    """What the user chose. `media` is the folder of the copies.

    `out` is a file, or a folder that is there; without it the text is only returned.
    """

    form: HandOverFormat
    out: Path | None = None
    media: Path | None = None
    world: World = World.REAL
    only: Sequence[str] = ()
    force: bool = False
    certificate: Path | None = None  # with `key`: copies and rough cuts are signed (C2PA)
    key: Path | None = None
    require_disclosure: bool = False  # refuse what refers to a clip whose file says nothing of how it was made


async def hand_over(file: Path | str, options: HandOverOptions) -> HandOver:
    """Writes the used clips of a manifest as an editing program reads them.

    Raises `RefusedError` before anything is written where a file is in the way, or two copies would have one name.
    """
    planned = await plan(file, world=options.world, only=options.only, full_report=True, offline=True)
    seconds = {name: step.route.seconds for step in planned.plan.steps for name in step.take_names}
    timeline = make_timeline(planned.report, [shot.id for shot in planned.validation.shots], seconds)
    if len(timeline.gaps) == len(timeline.parts):
        raise _nothing_error(planned)
    options = replace(options, out=_name_file(options, timeline))
    _check_places(planned, options)
    made = HandOver(timeline=timeline, out=options.out, extra_problems=planned.extra_problems)
    discloser = await open_discloser(planned, certificate=options.certificate, key=options.key)
    if options.form is HandOverFormat.ROUGH_CUT:
        return replace(made, film=await _write_film(planned, timeline, options, discloser))
    sources = await _find_sources(planned, timeline, named=options.media is None)
    draw = _writer(options.form)
    if options.media is not None:
        media, copy = _plan_copies(planned, timeline, options, options.media, discloser)
        text = draw(timeline, media)  # a library that is missing is said before copies are made
        made = replace(made, new_copies=await asyncio.to_thread(copy, sources))
    else:
        if options.require_disclosure:
            rows = {part.shot: part.row for part in timeline.parts if part.used is not None}
            require_disclosure([(row, sources[shot]) for shot, row in rows.items()])
        text = draw(timeline, {shot: Media(path=_relative(path, options.out)) for shot, path in sources.items()})
    if options.out is not None:
        _write_text(options.out, text)
    return replace(made, text=text)


def _name_file(options: HandOverOptions, timeline: Timeline) -> Path | None:
    """The file that is written; in a folder it is called as the campaign."""
    if options.out is None or not options.out.is_dir():
        return options.out
    world = "" if timeline.world is World.REAL else f"_{timeline.world}"
    return options.out / f"{timeline.campaign}{world}{ENDINGS[options.form]}"


def _nothing_error(planned: PlannedRun) -> InputError:
    validation = planned.validation
    return InputError(
        "no clip to hand over",
        why="None of the takes has a clip yet.",
        remedy=f"See what a run would do:\n    "
        f"{command_line('plan', manifest=validation.name, world=validation.world)}",
    )


def _check_places(planned: PlannedRun, options: HandOverOptions) -> None:
    """Raises where something is in the way of what is written, or where only the program itself writes."""
    workspace, out = planned.validation.workspace, options.out
    ours = [folder.resolve() for folder in (workspace.renders_folder, workspace.state_folder)]
    film = out.parent if out is not None and options.form is HandOverFormat.ROUGH_CUT else None
    for folder in (options.media, film):
        if folder is not None and any(Path(os.path.realpath(folder)).is_relative_to(each) for each in ours):
            why = "Runs keep clips there, and take every clip in it for one of theirs."
            raise InputError(f"nothing is exported to {folder}", why=why, remedy="Name another folder.")
    if out is not None and os.path.lexists(out) and not options.force:
        why, remedy = "Nothing was written.", "Name another file, or add --force."
        raise RefusedError(f"{out} is there already", why=why, remedy=remedy)


def _writer(form: HandOverFormat) -> Callable[[Timeline, MediaByShot], str]:
    from hailuo_batch.views.timeline.fcpxml import draw_fcpxml
    from hailuo_batch.views.timeline.otio_timeline import draw_ale, draw_edl, draw_fcp7_xml, draw_otio

    return {
        HandOverFormat.OTIO: draw_otio,
        HandOverFormat.EDL: draw_edl,
        HandOverFormat.FCPXML: draw_fcpxml,
        HandOverFormat.FCP7_XML: draw_fcp7_xml,
        HandOverFormat.ALE: draw_ale,
    }[form]


async def _find_sources(planned: PlannedRun, timeline: Timeline, *, named: bool) -> dict[str, Path]:
    """The files of the clips by shot: those of the store, or where they are there, of their readable names.

    A file under a readable name may have been changed, so nothing is copied from it.
    """
    workspace = planned.validation.workspace
    workspace.require_own_files()
    store, found = workspace.open_store(), {}
    for part in timeline.parts:
        if part.used is not None:
            name = workspace.renders_folder / part.row.file
            found[part.shot] = name if named and is_regular(name) else await store.local_copy(part.used.digest)
    return found


def _relative(path: Path, out: Path | None) -> str:
    """A path from the folder of the timeline, or from the current one; whole where no way leads there."""
    base = Path.cwd() if out is None else out.parent
    with suppress(ValueError):  # another drive
        return Path(os.path.relpath(path.absolute(), base.absolute())).as_posix()
    return path.absolute().as_posix()


def _plan_copies(
    planned: PlannedRun, timeline: Timeline, options: HandOverOptions, folder: Path, discloser: Discloser
) -> tuple[dict[str, Media], Callable[[Mapping[str, Path]], int]]:
    """Where the copies will be, and what makes them."""
    from hailuo_batch.media.xmp import is_own_copy
    from hailuo_batch.store.copies import ClipCopy, place_copies

    names = make_export_names(timeline, planned.validation.project.names or DEFAULT_TEMPLATE)
    media = {shot: Media(path=_relative(folder / made.name, options.out)) for shot, made in names.items()}

    def copy(sources: Mapping[str, Path]) -> int:
        make_folder(folder)
        rows = {part.shot: part.row for part in timeline.parts}
        copies = [
            ClipCopy(name=made.name, make=partial(discloser.make_copy, rows[shot], sources[shot]))
            for shot, made in names.items()
        ]
        # An earlier copy of ours may make room: its clip is in the store.
        return place_copies(folder, copies, is_own_copy if options.force else lambda _: False)

    return media, copy


def _write_text(out: Path, text: str) -> None:
    make_folder(out.parent)
    try:
        write_beside(out, text.encode())
    except OSError as error:
        raise StoreError(f"cannot write {out}", why=f"The system says: {error.strerror}.") from None


async def _write_film(
    planned: PlannedRun, timeline: Timeline, options: HandOverOptions, discloser: Discloser
) -> "FilmMade":
    from hailuo_batch.media.rough_cut import FilmForm, write_rough_cut

    assert options.out is not None  # noqa: S101 - the command line asks for a name
    sources = await _find_sources(planned, timeline, named=False)
    parts = [_film_part(timeline, part, sources) for part in timeline.parts]
    # Encoders take even sizes only.
    form = FilmForm(rate=timeline.rate, width=timeline.width // 2 * 2, height=timeline.height // 2 * 2)
    make_folder(options.out.parent)
    hidden, is_stopped = temporary_name(options.out.name), Event()
    try:
        with Folder(options.out.parent, options.out.parent).open() as folder:
            try:
                made = await asyncio.to_thread(
                    write_rough_cut, folder.path / hidden, parts, form, is_stopped=is_stopped.is_set
                )
                clips = [(part.row, sources[part.shot]) for part in timeline.parts if part.used is not None]
                title = f"{timeline.campaign}, rough cut"
                await asyncio.to_thread(discloser.disclose_film, folder.path / hidden, clips, title=title)
                folder.move(hidden, options.out.name)
            finally:
                is_stopped.set()
                folder.remove(hidden)
    except OSError as error:
        raise StoreError(f"cannot write {options.out}", why=f"The system says: {error.strerror}.") from None
    return made


def _film_part(timeline: Timeline, part: TimelinePart, sources: Mapping[str, Path]) -> "FilmPart":
    from hailuo_batch.media.missing_slate import SlateText
    from hailuo_batch.media.rough_cut import FilmPart

    if part.used is not None:
        return FilmPart(frames=part.frames, path=sources[part.shot], rate=part.used.rate, first=part.used.first)
    facts = (timeline.campaign, part.row.sequence, f"{float(part.frames / timeline.rate):.2f} s")
    slate = SlateText(
        shot=part.shot,
        why=f"No clip: {part.row.why}",
        prompt=plain_line(part.row.prompt),
        facts="  ·  ".join(filter(None, facts)),
    )
    return FilmPart(frames=part.frames, slate=slate)
