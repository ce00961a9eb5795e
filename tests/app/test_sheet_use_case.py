"""The sheet as a file: one file, given images, the client's page, one client's shots."""

import base64
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from app_samples import Project
from PIL import Image

from hailuo_batch.app.pages import embedding
from hailuo_batch.app.pages.embedding import embed_media
from hailuo_batch.app.pages.stills import list_stills
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.sheet import SheetOptions, WrittenSheet, sheet
from hailuo_batch.core.plan.render_names import POSTERS_FOLDER, StillAt, poster_name
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError, RefusedError


class Page(HTMLParser):
    """The attributes of a page, and the words that a reader sees."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str]] = []
        self.words, self._hidden = "", False
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden = tag in {"style", "script"}
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        self._hidden = self._hidden and tag not in {"style", "script"}

    def handle_data(self, data: str) -> None:
        self.words += "" if self._hidden else data

    def addresses(self) -> Iterator[str]:
        names = {"src", "data-clip", "data-middle", "data-last"}
        return (value for name, value in self.attributes if name in names)


async def write(project: Project, *, page: Path | None = None, **options: object) -> tuple[WrittenSheet, Page]:
    written = await sheet(project.file, world=World.SKETCH, page=page, options=SheetOptions(**options))  # type: ignore[arg-type]
    return written, Page(written.page)


async def test_one_file_has_everything_in_it(project: Project, tmp_path: Path) -> None:
    await project.run()
    written, page = await write(project, page=tmp_path / "elsewhere" / "page.html", embed=True)
    assert all(address.startswith("data:") for address in page.addresses())
    clips = {value.partition(",")[2] for name, value in page.attributes if name == "data-clip"}
    assert clips == {base64.b64encode(clip.read_bytes()).decode() for clip in project.stored()}
    assert written.size == written.page.stat().st_size
    assert written.clips_left_out == 0


async def test_posters_come_first_then_stills_then_the_clips_that_fit(project: Project) -> None:
    await project.run()
    await write(project)
    planned = await plan(project.file, world=World.SKETCH, full_report=True, offline=True)
    report, store = planned.report, planned.validation.workspace.open_store()
    names = list_stills(report, {}, project.renders)
    sizes = {name: 4 * ((project.renders / name).stat().st_size // 3 + 1) + 30 for name in names}
    words = 40_000 + 4_000 * len(report.rows)
    posters = [poster_name(row.clip.digest) for row in report.rows if row.clip]

    async def fits(room: int) -> tuple[int, int]:
        found = await embed_media(report, store, project.renders, names, remedy="smaller", limit=words + room)
        assert set(posters) <= found.stills.keys()
        return len(found.stills), len(found.clips)

    everything = sum(sizes.values())
    assert await fits(sum(sizes[name] for name in posters)) == (3, 0)
    assert await fits(everything) == (9, 0)
    smallest = min(4 * (clip.stat().st_size // 3 + 1) + 30 for clip in project.stored())
    assert await fits(everything + smallest) == (9, 1)
    with pytest.raises(RefusedError, match=r"the posters alone have \d+ kB") as refused:
        await embed_media(report, store, project.renders, names, remedy="smaller", limit=words + 100)
    assert refused.value.remedy == "smaller"


async def test_a_page_that_is_too_large_names_what_to_run(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    await project.run()
    monkeypatch.setattr(embedding.embed_media, "__kwdefaults__", {"limit": 53_000})
    with pytest.raises(RefusedError) as refused:
        await write(project, embed=True)
    assert refused.value.why == "A page in one file has 53 kB at most."
    assert refused.value.remedy.splitlines()[1:] == [
        "    hailuo-batch sheet --sketch --embed --only PATTERN film.yaml",
        "    hailuo-batch sheet --sketch film.yaml",
    ]
    with pytest.raises(RefusedError) as refused:
        await write(project, selected=True)
    assert refused.value.remedy.endswith("hailuo-batch sheet --sketch --selected --only PATTERN film.yaml")


async def test_given_images_are_shown_before_anything_is_bought(project: Project) -> None:
    Image.new("RGB", (1600, 900), "teal").save(project.folder / "a b.png")
    project.change("prompt: the cap turns,", "prompt: the cap turns, takes: 2,")
    project.change('"${bottle} on a table"', '"${bottle} on a table", frames: {first: a b.png, last: {shot: open}}')
    _, page = await write(project, inputs=True)
    assert "First frame a b.png" in page.words
    assert "Last frame last frame of open" in page.words
    assert page.words.count("1 take to render") == 3
    assert page.words.count("from words alone") == 1, "the shot that starts from no image"
    (still,) = [address for address in page.addresses() if not address.endswith(("_middle.jpg", "_last.jpg"))]
    with Image.open(project.renders / still) as drawn:
        assert drawn.size == (640, 360)
    assert not project.stored()


async def test_a_frame_of_another_shot_is_shown_when_that_is_there(project: Project) -> None:
    await project.run()
    _, page = await write(project, inputs=True)
    named = {name.rpartition("/")[2] for name in page.addresses()}
    assert {path.name for path in (project.renders / POSTERS_FOLDER).iterdir()} == {
        name for name in named if name.endswith(".jpg")
    }
    assert "First frame last frame of open" in page.words


async def test_the_clients_page_is_one_file_without_paths_and_notes(project: Project) -> None:
    project.change("tags: [hero]", "tags: [hero], notes: the client must not read this, meta: {budget: 4321}")
    await project.run()
    written, page = await write(project, selected=True)
    assert written.page.name == "aurora_client_sketch.html"
    assert (written.unselected, written.shots_left_out) == (("open", "turn", "pack"), ())
    assert "a frosted bottle in mist" in page.words
    text = written.page.read_text(encoding="utf-8")
    for secret in ("hero", "must not read", "4321", "animatic", "film.yaml", str(project.folder), ".mp4", "Second"):
        assert secret not in page.words, secret
        assert secret not in "".join(value for _, value in page.attributes if not value.startswith("data:")), secret
    assert str(project.folder) not in text


async def test_shots_that_a_clients_page_does_not_show_are_named(project: Project) -> None:
    written, _ = await write(project, selected=True)
    assert (written.unselected, written.shots_left_out, written.shown.rows) == ((), ("open", "turn", "pack"), ())


async def test_a_clients_page_names_no_other_client(project: Project) -> None:
    project.change("tags: [hero]", 'tags: ["client:zeta"]')
    await project.run()
    both, one = await write(project, selected=True), await write(project, selected=True, clients=("acme",))
    assert "acme" not in both[1].words
    assert "zeta" not in both[1].words
    assert "Client acme".replace(" ", "") in one[1].words.replace("\n", "").replace(" ", "")
    assert "a frosted bottle" not in one[1].words, "only shots of this client"


async def test_a_client_that_no_shot_names_is_a_mistake(project: Project) -> None:
    with pytest.raises(InputError, match="client:nobody"):
        await write(project, clients=("nobody",))


async def test_stills_of_a_clip_are_three(project: Project) -> None:
    await project.run()
    written, _ = await write(project)
    digests = [row.clip.digest for row in written.planned.report.rows if row.clip]
    names = {path.name for path in (project.renders / POSTERS_FOLDER).iterdir()}
    assert names == {poster_name(digest, at).partition("/")[2] for digest in digests for at in StillAt}
