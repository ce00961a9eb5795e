"""A paid clip that is not a whole video: kept aside, told where, downloaded again, and never taken for rubbish."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from rehearsal import SPEED, Studio, film

from hailuo_batch.app.gc import collect_garbage
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.resolve import list_open_attempts, settle
from hailuo_batch.app.verify import verify
from hailuo_batch.app.verify_faults import VerifyFault
from hailuo_batch.core.attempt.in_doubt import Verdict
from hailuo_batch.core.spending.garbage import Garbage
from hailuo_batch.core.world import World
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.testing.clips import CLIP
from hailuo_batch.views.garbage import draw_garbage
from hailuo_batch.views.report import draw_report
from hailuo_batch.views.run_summary import draw_run_summary


@asynccontextmanager
async def cut(folder: Path, monkeypatch: pytest.MonkeyPatch, times: int, clip: bytes = CLIP) -> AsyncIterator[Studio]:
    """A project whose gateway sends the first files without their last hundred bytes."""
    fault = {"fault": "length_too_short", "call": "download", "bytes": 100, "first": times}
    script = parse_script({"faults": [fault] if times else []})
    async with Mock(script, speed=SPEED, clip=clip) as mock:
        found = Studio(folder=folder, mock=mock, monkeypatch=monkeypatch)
        found.write(film("minimax", "a kite"))
        yield found


def aside(found: Studio) -> list[str]:
    folder = found.base / ".hailuo" / "store" / "rejected"
    return sorted(path.relative_to(found.folder).as_posix() for path in folder.glob("*"))


async def gc(found: Studio, **how: Any) -> Garbage:
    return await collect_garbage(found.folder, days=0, world=World.REHEARSAL, **how)


async def test_a_cut_file_is_downloaded_again_in_the_same_run_and_nothing_is_left_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with cut(tmp_path, monkeypatch, 1) as found:
        assert await found.tell() == "stored, 1 charged, exit 0"
        assert aside(found) == []


async def test_a_file_that_comes_twice_is_kept_and_told_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with cut(tmp_path, monkeypatch, 3) as found:
        assert await found.tell() == "corrupt produced, 1 charged, exit 4"
        facts, clip = aside(found)
        told = json.loads((tmp_path / facts).read_bytes())
        assert (told["shot"], told["take"], told["task"]) == ("s1", 1, found.mock.charges[0].task)
        assert clip.endswith(f"film_s1_t01_{told['digest'].removeprefix('sha256:')}.mp4")
        assert CLIP.startswith((tmp_path / clip).read_bytes())
        assert found.ran is not None
        words = draw_run_summary(found.ran.outcome, found.ran.after.report, lock=None, folder="renders/")
        assert f"The same bytes came twice: this is minimax's file, kept aside as {clip}" in words
        assert "hailuo-batch resolve --rehearsal s1#1@1 --write-off --reason 'no whole clip comes' film.yaml" in words

        planned = await plan(found.folder / "film.yaml", world=World.REHEARSAL, full_report=True)
        status = draw_report(planned.report)
        assert f"what came is not a whole video, and is kept aside as {clip}" in status
        assert 'hailuo-batch resolve --rehearsal s1#1 --write-off film.yaml --reason "..."' in status
        looked = await verify(found.folder / "film.yaml", world=World.REHEARSAL)
        assert [(each.fault, each.files) for each in looked.findings] == [(VerifyFault.REJECTED, (clip,))]

        kept = await gc(found, remove=True)
        assert (kept.last_copies, aside(found)) == (1, [facts, clip])
        assert "1 rejected clip stays: nothing else is left of what was paid for." in draw_garbage(
            kept, remove_command=""
        )

        assert await found.tell() == "corrupt produced, 1 charged, exit 4"
        assert len(found.calls("download")) == 3, "one more download shows that it is the same file"
        assert await found.tell() == "stored, 1 charged, exit 0"
        assert aside(found) == [], "its take has a whole clip now"


async def test_what_a_person_gave_up_is_removed_by_gc_and_told_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with cut(tmp_path, monkeypatch, 2) as found:
        await found.run()
        clip = aside(found)[1]
        opened = await list_open_attempts(folder=tmp_path, world=World.REHEARSAL)
        await settle(opened, opened.attempts, Verdict.WRITTEN_OFF, reason="it does not play")
        listed = await gc(found)
        assert clip in draw_garbage(listed, remove_command="")
        assert aside(found)
        await gc(found, remove=True)
        assert aside(found) == []


async def test_bytes_behind_the_end_are_accepted_with_a_remark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with cut(tmp_path, monkeypatch, 0, clip=CLIP + bytes(8)) as found:
        assert await found.tell() == "stored, 1 charged, exit 0"
        assert found.ran is not None
        words = draw_run_summary(found.ran.outcome, found.ran.after.report, lock=None, folder="renders/")
        assert "s1#1  31 bytes behind the end of its MP4 are no part of it; it plays." in words
        about = json.loads(next((found.base / "renders").glob("*.json")).read_bytes())
        assert about["artifact"]["trailing_bytes"] == 31
