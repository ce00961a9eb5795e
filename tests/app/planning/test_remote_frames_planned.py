"""Frames behind web addresses, from plan to clip: asked once a command, remembered, and gone on with when offline."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from PIL import Image
from yarl import URL

from hailuo_batch.app.inspect import status
from hailuo_batch.app.planning.fast_path import read_cached_summary
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.planned import ManifestError, PlannedRun
from hailuo_batch.app.planning.validate import validate
from hailuo_batch.app.run import RunResult, run
from hailuo_batch.app.running.options import Rehearsal, RunOptions
from hailuo_batch.core.plan.plan import Action, StepReason
from hailuo_batch.core.world import World
from hailuo_batch.drivers.remote_frames import RemoteImageDownloader
from hailuo_batch.errors import Exit

OPEN, CLOSE = "https://frames.example/open.png", "https://frames.example/close.png"


def picture(colour: str, size: tuple[int, int] = (640, 360), kind: str = "PNG") -> bytes:
    target = BytesIO()
    Image.new("RGB", size, colour).save(target, kind)
    return target.getvalue()


def digest_of(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


class Site:
    """A host whose pages are bytes by path; `asked` are the paths, with the tags that were shown."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {"/open.png": picture("teal"), "/close.png": picture("navy")}
        self.asked: list[tuple[str, str | None]] = []
        self.base: URL | None = None
        self.looks = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        shown = request.headers.get("If-None-Match")
        self.asked.append((request.path, shown))
        if request.path not in self.pages:
            return web.Response(status=404)
        tag = f'"{digest_of(self.pages[request.path])[7:15]}"'
        return web.Response(
            status=304 if shown == tag else 200,
            body=b"" if shown == tag else self.pages[request.path],
            headers={"ETag": tag},
        )


class Rerouted:
    """A session whose https addresses are all at the site; without one there is no network."""

    def __init__(self, real: aiohttp.ClientSession, site: Site) -> None:
        self._real, self._site = real, site

    def get(self, url: URL, **how: Any) -> Any:
        assert url.scheme == "https"
        base = self._site.base or URL("http://nowhere.invalid")
        return self._real.get(base.join(url.relative()), **how)


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    found = Site()

    @asynccontextmanager
    async def frames(folder: Path, *, trusted: Path) -> AsyncIterator[RemoteImageDownloader]:
        found.looks += 1
        async with aiohttp.ClientSession() as real:
            session: Any = Rerouted(real, found)
            yield RemoteImageDownloader(session, folder=folder, trusted=trusted)

    monkeypatch.setattr("hailuo_batch.drivers.remote_frames.open_remote_images", frames)
    runner = web.ServerRunner(web.Server(found.handle, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.base = URL(f"http://127.0.0.1:{runner.addresses[0][1]}")
    yield found
    await runner.cleanup()


class Film:
    """A manifest whose shots start from pictures on the web."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "film.yaml"
        (folder / "hailuo.yaml").write_text("version: 1\n")

    def write(self, *frames: Any, providers: tuple[str, ...] = ("minimax",)) -> None:
        shots = [{"id": f"s{n}", "prompt": "a kite", "frames": each} for n, each in enumerate(frames, 1)]
        head = {"version": 1, "campaign": "film", "providers": list(providers), "defaults": {"duration": "short"}}
        self.file.write_text(json.dumps({**head, "shots": shots}))

    async def plan(self, **how: Any) -> PlannedRun:
        return await plan(self.file, **how)

    async def run(self, **how: Any) -> RunResult:
        return await run(
            self.file, RunOptions(world=World.REHEARSAL, rehearsal=Rehearsal(speed=200.0, sketches=False, **how))
        )


@pytest.fixture
def film(tmp_path: Path) -> Film:
    found = Film(tmp_path)
    found.write({"first": OPEN})
    return found


def firsts(planned: PlannedRun) -> list[str]:
    return [step.request.first.digest for step in planned.plan.steps if step.request and step.request.first]


async def test_planning_twice_asks_once_for_the_picture_and_once_whether_it_changed(film: Film, site: Site):
    film.write({"first": OPEN}, {"first": OPEN, "last": CLOSE}, {"first": {"url": OPEN}})
    first = await film.plan()
    assert sorted(site.asked) == [("/close.png", None), ("/open.png", None)], "once, however many shots name it"
    assert firsts(first) == [digest_of(site.pages["/open.png"])] * 2, "the same question is asked once"
    tags = {path: f'"{digest_of(data)[7:15]}"' for path, data in site.pages.items()}
    site.asked.clear()
    again = await film.plan()
    assert sorted(site.asked) == sorted(tags.items())
    assert again.report == first.report
    assert again.validation.external_problems == ()


async def test_a_changed_picture_is_a_changed_shot(film: Film, site: Site):
    assert (await film.run()).outcome.stored == 1
    assert (await film.run()).outcome.stored == 0
    site.pages["/open.png"] = picture("red")
    (step,) = (await film.plan(world=World.REHEARSAL)).pending_steps
    assert (step.why, step.uses[0].version) == (StepReason.CHANGED, 2)
    assert firsts(await film.plan()) == [digest_of(site.pages["/open.png"])]


async def test_what_is_read_offline_is_what_was_last_seen(film: Film, site: Site):
    assert [row.why for row in (await status(film.file)).rows] == [str(StepReason.IMAGE_UNKNOWN)]
    assert (await validate(film.file)).problems == ()
    await film.plan()
    site.asked.clear()
    assert [row.action for row in (await status(film.file)).rows] == [Action.SUBMIT]
    assert site.asked == []


async def test_without_a_network_the_remembered_picture_is_used_and_that_is_said(film: Film, site: Site):
    before = await film.plan()
    site.base = None
    after = await film.plan()
    assert firsts(after) == firsts(before)
    (said,) = after.validation.external_problems
    assert said.place is not None
    assert "cannot resolve host, or there is no network; the one that was fetched on" in said.why
    film.write({"first": CLOSE})
    (step,) = (await film.plan()).plan.steps
    assert (step.why, step.action) == (StepReason.IMAGE_UNKNOWN, Action.HOLD)


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (None, "its host answered 404 (Not Found)"),
        (b"<!doctype html>", "its bytes are not an image"),
        (picture("red", (200, 120)), "has 200 × 120 pixels"),
    ],
)
async def test_a_shot_whose_picture_is_not_to_be_had_is_held_and_the_others_go_on(
    page: bytes | None, said: str, film: Film, site: Site
):
    film.write({"first": OPEN}, {"first": CLOSE})
    if page is None:
        del site.pages["/open.png"]
    else:
        site.pages["/open.png"] = page
    ran = await film.run()
    assert (ran.outcome.stored, ran.outcome.failed, ran.exit) == (1, (), Exit.NEEDS_PERSON)
    (problem,) = ran.before.validation.external_problems
    assert said in problem.why
    assert problem.why.endswith("the shot is held.")


def submits(log: Path) -> Iterator[dict[str, Any]]:
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return (line["body"] for line in lines if line["what"] == "request" and line["call"] == "submit")


async def test_a_gateway_gets_the_address_and_the_clip_is_bought_once(film: Film, site: Site, tmp_path: Path):
    log = tmp_path / "req.jsonl"
    ran = await film.run(log=log)
    assert (ran.outcome.stored, ran.outcome.failed, ran.exit) == (1, (), Exit.DONE)
    assert [body["first_frame_image"] for body in submits(log)] == [OPEN]
    assert site.looks == 1, "once a command"


async def test_a_picture_that_is_gone_is_sent_as_it_was_seen(film: Film, site: Site, tmp_path: Path):
    await film.plan()
    data = site.pages.pop("/open.png")
    log = tmp_path / "req.jsonl"
    assert (await film.run(log=log)).outcome.stored == 1
    (body,) = submits(log)
    assert str(body["first_frame_image"]).startswith("data:image/png;base64,")
    assert (tmp_path / ".hailuo" / "frames" / digest_of(data)[7:]).read_bytes() == data


async def test_without_its_memory_a_picture_is_fetched_again_and_nothing_is_bought_again(film: Film, site: Site):
    await film.run()
    for file in (film.folder / ".hailuo" / "memory").iterdir():
        file.unlink()
    site.asked.clear()
    ran = await film.run()
    assert site.asked == [("/open.png", None)]
    assert (ran.outcome.stored, ran.exit) == (0, Exit.DONE)
    for file in (film.folder / ".hailuo" / "frames").iterdir():
        file.unlink()
    site.asked.clear()
    await film.plan()
    assert site.asked == [("/open.png", None)], "without its bytes, what is known of it is not enough"


async def test_the_short_way_is_not_taken_past_an_address(film: Film, nothing_is_too_fresh: None, site: Site):
    film.write({"first": OPEN})
    film.file.write_text(film.file.read_text().replace('"film", ', '"film", "model": "animatic", '))
    assert (await run(film.file)).outcome.stored == 1
    assert (await film.plan()).pending_steps == ()
    assert read_cached_summary(film.file) is None
    film.write({"first": {"url": OPEN, "sha256": "ab" * 32}})
    film.file.write_text(film.file.read_text().replace('"film", ', '"film", "model": "animatic", '))
    await run(film.file)
    await film.plan()
    assert read_cached_summary(film.file) is not None
    assert site.looks == 0, "drawing asks nobody"


async def test_a_sketch_asks_nobody_and_draws_what_a_plan_has_fetched(film: Film, site: Site):
    (card,) = (await film.plan(world=World.SKETCH)).plan.steps
    assert site.looks == 0
    assert card.request is not None
    assert card.request.first is not None
    assert card.request.first.digest.startswith("address:")
    await film.plan()
    site.base = None
    sketch = await film.plan(world=World.SKETCH)
    digest = digest_of(site.pages["/open.png"])
    assert firsts(sketch) == [digest]
    assert sketch.validation.inputs.files[digest].read_bytes() == site.pages["/open.png"]


async def test_nobody_is_asked_for_what_is_pinned_or_when_something_else_is_wrong(film: Film, site: Site):
    film.write({"first": {"url": OPEN, "sha256": "ab" * 32}})
    await film.plan()
    film.write({"first": OPEN}, {"last": OPEN})
    with pytest.raises(ManifestError):
        await film.plan()
    assert site.looks == 0


async def test_other_bytes_than_the_pinned_ones_are_refused_when_they_are_seen(film: Film, site: Site):
    film.write({"first": OPEN}, {"first": {"url": OPEN, "sha256": "ab" * 32}})
    with pytest.raises(ManifestError) as wrong:
        await film.plan()
    assert [problem.rule.id for problem in wrong.value.problems] == ["frame-pinned"]


async def test_a_project_that_cannot_be_written_to_is_planned_all_the_same(film: Film, site: Site):
    (film.folder / ".hailuo").write_text("a file where the folder should be")
    (step,) = (await film.plan()).plan.steps
    assert step.why is StepReason.IMAGE_UNKNOWN
