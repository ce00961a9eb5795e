"""The review page's content over a real project: it follows the files while it is seen, and serves its own clips."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from app_samples import Project

from hailuo_batch.app.reviewing import room as rooms
from hailuo_batch.app.reviewing.reading import read_campaign
from hailuo_batch.app.reviewing.room import ReviewRoom
from hailuo_batch.core.world import World
from hailuo_batch.drivers.review_server import News


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "CHECK_SECONDS", 0.01)


@asynccontextmanager
async def watching(project: Project, *, for_client: bool = False) -> AsyncIterator[ReviewRoom]:
    room = ReviewRoom(project.file, World.SKETCH, for_client=for_client)
    await room.start()
    watch = asyncio.create_task(room.watch())
    try:
        yield room
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)


async def moment(room: ReviewRoom) -> str:
    """What a page that is opened now has."""
    html = (await room.draw_page("")).html
    return html.split('data-moment="')[1].split('"')[0]


async def next_news(room: ReviewRoom, since: str) -> News:
    async with asyncio.timeout(30):
        return await room.next_news(since)


async def test_clips_appear_while_a_run_works(project: Project) -> None:
    async with watching(project) as room:
        since = await moment(room)
        assert "<video" not in (await room.draw_shot("open") or "")
        await project.run()
        entries: set[str] = set()
        while entries != {"open", "turn", "pack"}:
            news = await next_news(room, since)
            entries |= news.data["entries"].keys()  # type: ignore[attr-defined]
            since = news.id
        assert "<video" in (await room.draw_shot("open") or "")


async def test_a_change_by_hand_is_seen_and_a_half_saved_file_is_said(project: Project) -> None:
    async with watching(project) as room:
        since = await moment(room)
        text = project.file.read_text()
        project.write(text.replace("the cap turns", "the lid turns"))
        news = await next_news(room, since)
        assert list(news.data["entries"]) == ["turn"]  # type: ignore[call-overload]
        assert "the lid turns" in (await room.draw_shot("turn") or "")
        project.write(text.replace('"${bottle} in mist [Push in]"', ""))
        broken = await next_news(room, news.id)
        assert "The page is older than the files: film.yaml:6: " in str(broken.data["status"])
        assert "the lid turns" in (await room.draw_shot("turn") or ""), "what was shown is still there"
        project.write(text)
        mended = await next_news(room, broken.id)
        assert "older than" not in str(mended.data["status"])


async def test_the_page_says_whether_a_run_works_and_what_is_left(project: Project) -> None:
    async with watching(project) as room:
        since = await moment(room)
        with (await project.plan()).validation.workspace.hold_run_lock("run"):
            busy = await next_news(room, since)
            while "A run is working" not in str(busy.data.get("status")):
                busy = await next_news(room, busy.id)
            assert "2 to submit" in str(busy.data["status"])
            assert "1 waiting for a frame" in str(busy.data["status"])
        idle = await next_news(room, busy.id)
        assert "A run" not in str(idle.data["status"])


async def test_two_pages_get_the_same(project: Project) -> None:
    async with watching(project) as room:
        since = await moment(room)
        both = asyncio.gather(next_news(room, since), next_news(room, since))
        await asyncio.sleep(0)
        project.change("the cap turns", "the lid turns")
        first, second = await both
        assert first == second


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[None]]:
    reads: list[None] = []
    read = read_campaign

    async def count(*of: object, **how: object) -> object:
        reads.append(None)
        return await read(*of, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(rooms, "read_campaign", count)
    yield reads


async def test_nothing_is_read_while_nothing_changes_or_nobody_sees_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    await project.run()
    async with watching(project) as room:
        since = await moment(room)
        with counted(monkeypatch) as reads:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):  # of about twenty checks
                    await room.next_news(since)
            assert reads == [], "reading itself touches files beside the ledger"
            project.change("the cap turns", "the lid turns")
            for _ in range(20):
                await asyncio.sleep(0.01)
            assert reads == [], "no page is open"
            assert "the lid turns" not in (await room.draw_shot("turn") or "")
            assert await moment(room) != since
            assert "the lid turns" in (await room.draw_shot("turn") or ""), "a page that is opened is of now"


async def test_only_clips_of_the_report_are_found(project: Project) -> None:
    await project.run()
    old = {row.clip.digest for row in (await project.plan(full_report=True)).report.rows if row.clip is not None}
    project.change("the cap turns", "the lid turns")
    await project.run()
    async with watching(project) as room:
        now = {row.clip.digest for row in room._reading.report.rows if row.clip is not None}
        assert len(old - now) == 1, "its clip is still in the store, and not of this report"
        for digest in now:
            assert await room.find_clip(digest) is not None
            still = await room.find_still(digest, "")
            assert still is not None, "drawn when it is first wanted"
            assert still.read_bytes().startswith(b"\xff\xd8")
        for digest in {*(old - now), "sha256:" + "ab" * 32, "", "../film.yaml"}:
            assert await room.find_clip(digest) is None
            assert await room.find_still(digest, "") is None


async def test_a_link_in_place_of_a_clip_is_not_served(project: Project) -> None:
    await project.run()
    async with watching(project) as room:
        digest = next(iter(room._reading.digests))
        file = await room.find_clip(digest)
        assert file is not None
        file.unlink()
        file.symlink_to(project.file)
        assert await room.find_clip(digest) is None


async def test_a_guest_is_shown_no_work_no_problem_and_no_buttons(project: Project) -> None:
    await project.run()
    async with watching(project, for_client=True) as room:
        html = (await room.draw_page("")).html + (await room.draw_shot("open") or "")
        assert "<video" in html
        for word in ("hero", "client:acme", "data-do", "film.yaml", "<textarea", "sketch", "animatic"):
            assert word not in html.split("<body")[1].split("<script>")[0] + html.split("</html>")[1], word
        project.write("broken: [")
        assert "older than" not in (await room.draw_page("")).html
