"""What the review page's server serves: the campaign as it is now, watched while somebody looks on.

A change of one of its files, by a run, a command or an editor, is found within half a second and sent to every page.
Nothing is watched while no page is open.
"""

import asyncio
import secrets
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from hailuo_batch.app.choosing import ChoicesMade, choose
from hailuo_batch.app.planning.planned import ManifestError
from hailuo_batch.app.reviewing.decisions import describe_choice, parse_decision, price_words
from hailuo_batch.app.reviewing.moments import Changed, Moments, Shown, find_shot
from hailuo_batch.app.reviewing.reading import Reading, measure_clips, read_campaign
from hailuo_batch.core.plan.choice import Choice
from hailuo_batch.core.plan.render_names import StillAt, poster_name
from hailuo_batch.core.world import World
from hailuo_batch.drivers.review_server import DrawnPage, News
from hailuo_batch.errors import HailuoError
from hailuo_batch.files.folder import write_beside
from hailuo_batch.files.regular import is_regular
from hailuo_batch.load.file_changes import Stamps, read_stamps
from hailuo_batch.load.settings import make_folder
from hailuo_batch.views.review_page.page import ReviewDrawer

CHECK_SECONDS = 0.5
_STILLS_AT_ONCE = 2
_REST = 3.0  # times as long as reading took, until the next one: a large campaign leaves most of the processor free


class ReviewRoom:
    """Implements `ReviewContent` for a manifest; `start` reads it for the first time."""

    def __init__(self, manifest: Path, world: World, *, for_client: bool, by: str = "") -> None:
        self._manifest, self._world, self._for_client, self._by = manifest, world, for_client, by
        self._drawer = ReviewDrawer(can_decide=not for_client, can_judge=world is not World.SKETCH)
        self._moments = Moments(secrets.token_hex(4))
        self._changed, self._one_reads = asyncio.Condition(), asyncio.Lock()
        self._listeners, self._somebody = 0, asyncio.Event()
        self._stills = asyncio.Semaphore(_STILLS_AT_ONCE)
        self._stamps: Stamps = {}
        self._has_measured = False
        self._reading: Reading

    async def start(self) -> None:
        """Reads the campaign; an error of ours says why it cannot be shown."""
        self._reading = await self._read()
        self._stamps = dict.fromkeys(self._reading.files)  # what was saved while it was read is found at once
        self._moments.move_on(self._reading.shown)

    async def watch(self) -> None:
        """Keeps the page as the files are, for as long as there is somebody to see it."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._measure_clips())
            while True:
                await self._somebody.wait()
                seconds = await self._read_again()
                await asyncio.sleep(max(CHECK_SECONDS, seconds * _REST))

    async def _measure_clips(self) -> None:
        """Marks and stills of clips that came before there were any, once there is somebody to see them."""
        await self._somebody.wait()
        if not self._for_client:
            await measure_clips(self._manifest, self._world)
            self._has_measured = True

    async def draw_page(self, form_key: str) -> DrawnPage:
        """The whole page, as the files are now."""
        await self._read_again()
        shown = self._moments.shown
        html = self._drawer.page(
            campaign=self._reading.report.campaign,
            kind=self._reading.kind,
            shots=shown.shots,
            figures=shown.figures,
            states=shown.states,
            now=shown.now,
            moment=self._moments.name,
            form_key=form_key,
        )
        return DrawnPage(html=html, policy=self._drawer.policy)

    def draw_entrance(self, message: str) -> DrawnPage:
        """The page on which a guest writes the password."""
        return DrawnPage(html=self._drawer.entrance(message=message), policy=self._drawer.entrance_policy)

    async def draw_shot(self, shot: str) -> str | None:
        """One shot with its takes side by side."""
        shots = self._moments.shown.shots
        found = find_shot(shots, shot)
        return None if found is None else self._drawer.shot(found, shots=len(shots))

    async def next_news(self, since: str) -> News:
        """What changed since a moment; waits until something did."""
        self._listeners += 1
        self._somebody.set()
        try:
            async with self._changed:
                await self._changed.wait_for(lambda: since != self._moments.name)
        finally:
            self._listeners -= 1
            if not self._listeners:
                self._somebody.clear()
        return News(id=self._moments.name, data=self._draw_news(self._moments.list_changes(since)))

    def _draw_news(self, changed: Changed) -> Mapping[str, object]:
        """What a page reads of it."""
        if changed.is_all:
            return {"reload": True}
        shown = self._moments.shown
        data: dict[str, object] = {"entries": self._drawer.entries(changed.shots)}
        if changed.has_status:
            data["status"] = self._drawer.status(shown.figures, shown.states, shown.now)
        if changed.has_order:
            data["order"] = [shot.id for shot in shown.shots]
        return data

    async def find_clip(self, digest: str) -> Path | None:
        """The file of a clip of this report."""
        if digest not in self._reading.digests:
            return None
        try:
            file = await self._reading.store.local_copy(digest)
        except HailuoError:
            return None
        return file if is_regular(file) else None

    async def find_still(self, digest: str, at: str) -> Path | None:
        """The file of a still of such a clip; the first frame is drawn where it is missing."""
        if digest not in self._reading.digests:
            return None
        file = self._reading.renders / poster_name(digest, StillAt(at))
        if not is_regular(file) and StillAt(at) is StillAt.FIRST and (clip := await self.find_clip(digest)):
            async with self._stills:
                await asyncio.to_thread(_draw_still, clip, file)
        return file if is_regular(file) else None

    async def decide(self, decision: Mapping[str, Any]) -> Mapping[str, object]:
        """Writes a decision of a page into the review file. Money: nothing is bought; a retake is requested only."""
        choice = parse_decision(decision, self._reading.report)
        made = await asyncio.to_thread(lambda: asyncio.run(self._choose(choice)))
        await self._read_again()
        return {
            "said": describe_choice(choice),
            "more": " ".join([*made.notes, *price_words(choice, made.planned.report)]),
        }

    async def _choose(self, choice: Choice) -> ChoicesMade:
        return await choose(self._manifest, [choice], world=self._world, by=self._by)

    async def _read(self) -> Reading:
        return await read_campaign(self._manifest, self._world, for_client=self._for_client)

    async def _read_again(self) -> float:
        """Reads the campaign if one of its files changed; the seconds that it took."""
        async with self._one_reads:
            before, begun = _read_stamps(self._stamps), time.monotonic()
            if before == self._stamps and not self._has_measured and not self._has_run_ended():
                return 0.0
            self._has_measured = False
            try:
                self._reading = await self._read()
                shown, files = self._reading.shown, self._reading.files
            except (HailuoError, OSError) as error:  # a half-saved file, mostly: the next change may mend it
                shown, files = self._show_problem(error), frozenset(before)
            self._stamps = {file: before.get(file) for file in files}
        if self._moments.move_on(shown):
            async with self._changed:
                self._changed.notify_all()
        return time.monotonic() - begun

    def _has_run_ended(self) -> bool:
        """Whether the page shows a run that was killed: it wrote nothing at its end."""
        return self._reading.shown.now.is_running and not self._reading.workspace.is_run_active()

    def _show_problem(self, error: HailuoError | OSError) -> Shown:
        shown = self._reading.shown
        if self._for_client:
            return shown
        text = f"The page is older than the files: {_describe_error(error)}"
        return replace(shown, now=replace(shown.now, problem=text))


def _read_stamps(files: Iterable[Path]) -> Stamps:
    """How each file is now. An empty one counts as none: reading a ledger touches the empty log beside it."""
    return {file: stamp if stamp is not None and stamp[0] else None for file, stamp in read_stamps(files).items()}


def _describe_error(error: HailuoError | OSError) -> str:
    if isinstance(error, ManifestError):
        first, more = error.problems[0], len(error.problems) - 1
        place = f"{first.place.file}:{first.place.line}: " if first.place is not None else ""
        return f"{place}{first.why}" + (f" There are {more} more problems." if more else "")
    return f"{error.summary}. {error.why}" if isinstance(error, HailuoError) else f"{error.strerror}."


def _draw_still(clip: Path, file: Path) -> None:
    """A clip without a poster is still playable, so one that cannot be written stops nothing."""
    from hailuo_batch.media.frames import draw_poster

    with suppress(HailuoError, OSError):
        make_folder(file.parent)
        write_beside(file, draw_poster(clip))
