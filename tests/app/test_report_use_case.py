import os
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from app_samples import Project

from hailuo_batch.app.planning.planned import ManifestError
from hailuo_batch.app.report import report
from hailuo_batch.core.plan.render_names import POSTERS_FOLDER, poster_name
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError, RefusedError

VOID = {"meta", "img", "br", "link", "input", "hr", "source"}


class Page(HTMLParser):
    """A page read back: its elements in balance, their attributes, and the words that a reader sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)
        self.close()
        assert self.open == [], "elements that nothing closes"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs)), f"{tag} has an attribute twice"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "script"}:
            self.words += data

    def values(self, *names: str) -> Iterator[str]:
        for _, attributes in self.elements:
            yield from (value for name, value in attributes.items() if name in names and value is not None)


def links(page: Path) -> list[Path]:
    """The files that a page names, as a browser finds them from where it lies; the cover names some again."""
    read = Page(page.read_text(encoding="utf-8"))
    named = dict.fromkeys(read.values("src", "data-clip", "data-middle", "data-last"))
    return [page.parent / unquote(value) for value in named]


async def test_a_page_stands_beside_the_clips_and_shows_every_take(project: Project):
    await project.run()
    found, page = await report(project.file, world=World.SKETCH)
    assert page == project.renders / "aurora_sketch.html"
    read = Page(page.read_text(encoding="utf-8"))
    assert [tag for tag, _ in read.elements].count("img") == 6, "three takes, and three on the printed cover"
    assert "video" not in {tag for tag, _ in read.elements}, "no clip is loaded before a click"
    assert read.words.count("a frosted bottle") == 2
    assert found.takes == 3


async def test_every_link_of_a_page_leads_to_a_file(project: Project):
    await project.run()
    _, page = await report(project.file, world=World.SKETCH)
    found = links(page)
    assert len(found) == 12  # a clip and three stills for each take
    assert all(link.is_file() for link in found)
    assert sorted(path.suffix for path in (project.renders / POSTERS_FOLDER).iterdir()) == [".jpg"] * 9


@pytest.mark.parametrize("place", ["page.html", "to the client/v1 #2/100%.html", "renders/sub/page.htm"])
async def test_the_links_work_from_another_folder(project: Project, place: str):
    await project.run()
    _, page = await report(project.file, world=World.SKETCH, page=project.folder / place)
    assert page == project.folder / place
    found = links(page)
    assert len(found) == 12
    assert all(link.is_file() for link in found)


async def test_the_links_still_work_when_the_project_has_moved(project: Project):
    await project.run()
    _, page = await report(project.file, world=World.SKETCH)
    moved = project.folder.rename(project.folder.with_name("elsewhere"))
    assert all(link.is_file() for link in links(moved / "renders" / page.name))


WICKED = "<script>alert(1)</script> \\\" onload=x ' & <b>bold</b> </li>"


async def test_what_users_write_is_text_and_nothing_else(project: Project):
    for old in ("${bottle} on a table", "tags: [hero]"):
        assert old in project.file.read_text()
    project.change("${bottle} on a table", WICKED)
    project.change("tags: [hero]", f'tags: ["{WICKED}"], notes: "{WICKED}"')
    await project.run()
    _, page = await report(project.file, world=World.SKETCH)
    text = page.read_text(encoding="utf-8")
    read = Page(text)
    assert text.count("<script") == [tag for tag, _ in read.elements].count("script") == 1
    assert "onload" not in {name for _, attributes in read.elements for name in attributes}
    assert not any(name.startswith("on") for _, attributes in read.elements for name in attributes)
    assert read.words.count("<script>alert(1)</script> \" onload=x ' & <b>bold</b> </li>") == 4, "tags are a filter too"


async def test_a_page_may_load_nothing_from_the_network_and_run_nothing(project: Project):
    await project.run()
    _, page = await report(project.file, world=World.SKETCH)
    read = Page(page.read_text(encoding="utf-8"))
    [policy] = [attributes["content"] for _, attributes in read.elements if "http-equiv" in attributes]
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["style-src"].startswith("'sha256-")
    assert rules["script-src"].startswith("'sha256-")
    assert set(rules.values()) - {rules["style-src"], rules["script-src"]} == {"'none'", "'self' file:"}
    assert not any("://" in value for value in read.values("src", "href", "poster", "content") if value != policy)


async def test_a_campaign_without_clips_has_a_page_that_says_why(project: Project):
    found, page = await report(project.file, world=World.SKETCH)
    assert found.clips == 0
    assert links(page) == []
    assert "never rendered" in Page(page.read_text(encoding="utf-8")).words


async def test_a_page_is_written_again_and_a_poster_is_not(project: Project):
    await project.run()
    await report(project.file, world=World.SKETCH)
    posters = {path: path.stat().st_mtime_ns for path in (project.renders / POSTERS_FOLDER).iterdir()}
    project.change("the cap turns", "the cap burns")
    _, page = await report(project.file, world=World.SKETCH)
    assert "the cap burns" in page.read_text(encoding="utf-8")
    assert {path: path.stat().st_mtime_ns for path in (project.renders / POSTERS_FOLDER).iterdir()} == posters


async def test_the_same_campaign_has_the_same_page(project: Project):
    await project.run()
    pages = [(await report(project.file, world=World.SKETCH))[1].read_bytes() for _ in range(2)]
    assert pages[0] == pages[1]


async def test_somebodys_own_page_is_left_as_it_is(project: Project):
    page = project.folder / "index.html"
    page.write_text("<h1>mine</h1>")
    with pytest.raises(RefusedError, match="is not a page of ours"):
        await report(project.file, world=World.SKETCH, page=page)
    assert page.read_text() == "<h1>mine</h1>"


async def test_a_page_ends_in_html(project: Project):
    with pytest.raises(InputError, match="is not a page"):
        await report(project.file, world=World.SKETCH, page=project.folder / "film.yaml")


async def test_a_page_that_cannot_be_written_says_why(project: Project):
    (project.folder / "file").touch()
    with pytest.raises(InputError, match="file is a file"):
        await report(project.file, world=World.SKETCH, page=project.folder / "file" / "page.html")


async def test_a_disk_that_is_full_leaves_the_old_page_and_nothing_else(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    _, page = await report(project.file, world=World.SKETCH)
    before = page.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="cannot write") as wrong:
        await report(project.file, world=World.SKETCH)
    assert wrong.value.why == "The system says: No space left on device."
    left = {path.name: path.read_bytes() for path in project.renders.iterdir()}
    assert left == {page.name: before, ".gitignore": b"*\n"}


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
async def test_what_is_no_file_is_no_page(project: Project, make: Callable[[Path], None]):
    make(project.folder / "page.html")
    with pytest.raises(InputError, match=r"page\.html is a "):
        await report(project.file, world=World.SKETCH, page=project.folder / "page.html")


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_file_where_the_posters_go_is_named_in_plain_words(project: Project, elsewhere: bool):
    await project.run()
    page = project.folder / "page.html" if elsewhere else None
    (project.renders / POSTERS_FOLDER).write_text("mine")
    with pytest.raises(InputError) as wrong:
        await report(project.file, world=World.SKETCH, page=page)
    assert wrong.value.summary == f"{project.renders / POSTERS_FOLDER} is a file"
    assert wrong.value.remedy
    assert (project.renders / POSTERS_FOLDER).read_text() == "mine"


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_file_where_the_clips_go_is_named_in_plain_words(project: Project, elsewhere: bool):
    await project.run()
    page = project.folder / "page.html" if elsewhere else None
    project.renders.rename(project.folder / "old renders")
    project.renders.write_text("mine")
    with pytest.raises(InputError, match="renders is a file"):
        await report(project.file, world=World.SKETCH, page=page)


async def test_a_clip_that_is_another_one_has_another_poster(project: Project):
    """The same name, drawn anew: the page must not show what was there before."""
    await project.run()
    first, _ = await report(project.file, world=World.SKETCH)
    for folder in (project.renders, project.folder / ".hailuo"):
        for path in folder.rglob("*"):
            if path.is_file() and path.parent.name != POSTERS_FOLDER:
                path.unlink()
    project.change("a frosted bottle", "a red bottle")
    await project.run()
    second, page = await report(project.file, world=World.SKETCH)
    assert [row.file for row in first.rows] == [row.file for row in second.rows]
    shown = {unquote(value) for value in Page(page.read_text(encoding="utf-8")).values("src")}
    assert shown == {poster_name(row.clip.digest) for row in second.rows if row.clip}
    assert shown.isdisjoint({poster_name(row.clip.digest) for row in first.rows if row.clip})
    assert all((project.renders / name).is_file() for name in shown)


async def test_posters_that_no_take_uses_are_left_alone(project: Project):
    await project.run()
    (project.renders / POSTERS_FOLDER).mkdir()
    old = project.renders / POSTERS_FOLDER / "aurora_open_v001_sketch.jpg"
    old.write_bytes(b"old")
    await report(project.file, world=World.SKETCH)
    assert old.read_bytes() == b"old"


async def test_a_poster_is_of_the_clip_even_when_its_name_leads_to_another(project: Project):
    await project.run()
    for name in project.names():
        (project.renders / name).unlink()
        (project.renders / name).write_bytes(b"no video")
    _, page = await report(project.file, world=World.SKETCH)
    assert len(links(page)) == 12


async def test_a_manifest_with_problems_has_no_report(project: Project):
    project.change("the cap turns", '"${cap} turns"')
    with pytest.raises(ManifestError):
        await report(project.file, world=World.SKETCH)
    assert not project.renders.exists()


async def test_a_clip_without_a_poster_can_still_be_played(project: Project):
    await project.run()
    for clip in project.stored():
        clip.unlink()
        clip.write_bytes(b"no video")
    _, page = await report(project.file, world=World.SKETCH)
    assert len(links(page)) == 3
    assert os.listdir(project.renders / POSTERS_FOLDER) == []  # noqa: PTH208
