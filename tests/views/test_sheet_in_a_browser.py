"""The sheet in Chromium, over file://, with real stills and clips. Skipped, and said, where there is none."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from hailuo_batch.app.run import run
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.app.sheet import SheetOptions, sheet
from hailuo_batch.core.world import World

CHROMIUM = Path("/usr/bin/chromium")
QUIET = [
    "--no-sandbox", "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
LONG = "a-shot-with-a-name-that-is-as-long-as-a-name-may-be-in-any-film"
NAUGHTY = Path(__file__).with_name("naughty-strings.json")  # MIT, by Max Woolf: npm big-list-of-naughty-strings 1.0.0
MANIFEST = """\
version: 1
campaign: teaser
defaults: {duration: 6, resolution: 768p}
sequences: [{id: a, title: First}, {id: b, title: Second}]
shots:
  - {id: open, sequence: a, takes: 2, prompt: "A bottle in mist [Push in] <script>document.title = 'taken'</script>",
     tags: [hero, "<b>x</b>"]}
  - id: a-shot-with-a-name-that-is-as-long-as-a-name-may-be-in-any-film
    sequence: a
    prompt: زجاجة في الضباب
    notes: '&amp; "quoted"'
  - {id: turn, sequence: b, prompt: "AWordThatIsLongerThanThePhoneIsWideAndHasNoPlaceToBreakAtAllNotEvenOneOrTwo"}
  - {id: dew, sequence: b, prompt: "PLACEHOLDER", tags: [hero]}
"""


@dataclass
class Visit:
    """A page in the browser, with all that it loaded and complained about."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def focus(self) -> str:
        """What has the focus: its label."""
        words: str = self.page.evaluate("document.activeElement.getAttribute('aria-label') || ''")
        return words

    def shown(self) -> list[str]:
        """The shots that are shown, in their order."""
        names: list[str] = self.page.locator(".shot:visible").evaluate_all("all => all.map(each => each.dataset.name)")
        return names


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages of a rehearsal of four shots, the third of which has changed since: linked, and in one file."""
    root = tmp_path_factory.mktemp("a project with 100% of # and ü")
    manifest = root / "teaser.yaml"
    text = MANIFEST.replace("PLACEHOLDER", "すりガラスの肩に朝露が静かに集まり、一粒だけが滑り落ちていく。" * 12)
    manifest.write_text(text, encoding="utf-8")

    async def make() -> dict[str, Path]:
        await run(manifest, RunOptions(world=World.REHEARSAL))
        manifest.write_text(text.replace("id: turn,", "id: turn, duration: 10,"), encoding="utf-8")
        linked = await sheet(manifest, world=World.REHEARSAL)
        alone = SheetOptions(embed=True)
        elsewhere = tmp_path_factory.mktemp("elsewhere") / "alone.html"
        embedded = await sheet(manifest, world=World.REHEARSAL, page=elsewhere, options=alone)
        return {"linked": linked.page, "embedded": embedded.page}

    with ThreadPoolExecutor(1) as pool:  # Playwright keeps a loop in this thread
        return pool.submit(lambda: asyncio.run(make())).result()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser tests")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not there: no browser tests")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Any, files: dict[str, Path], request: pytest.FixtureRequest) -> Iterator[Visit]:
    """The page, opened as `request.param` (or a wide light window) says, without a network."""
    wanted = dict(getattr(request, "param", {}))
    which = wanted.pop("which", "linked")
    context = browser.new_context(**{"viewport": {"width": 1400, "height": 900}, "offline": True, **wanted})
    page = context.new_page()
    visit = Visit(page)
    page.on("console", lambda message: visit.complaints.append(message.text))
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    page.on("request", lambda request: visit.loaded.append(request.url))
    page.on("requestfailed", lambda request: visit.failed.append(request.url))
    page.goto(files[which].as_uri())
    page.wait_for_load_state("load")
    yield visit
    context.close()


BOTH = [pytest.param({"which": which}, id=which) for which in ("linked", "embedded")]


@pytest.mark.parametrize("visit", BOTH, indirect=True)
def test_it_opens_without_a_complaint_a_network_or_a_clip(visit: Visit, files: dict[str, Path]) -> None:
    visit.page.locator("article").last.scroll_into_view_if_needed()
    visit.page.evaluate("Promise.all([...document.images].map(image => image.decode()))")
    assert visit.complaints == visit.failed == []
    assert visit.page.locator("video").count() == 0
    files_read = {unquote(urlsplit(url).path) for url in visit.loaded if url.startswith("file:")}
    assert not [path for path in files_read if path.endswith(".mp4")]
    for path in files_read:
        assert Path(path).is_relative_to(files["linked"].parent) or Path(path) == files["embedded"], path
    if files["embedded"] in map(Path, files_read):
        assert len(files_read) == 1


@pytest.mark.parametrize("visit", BOTH, indirect=True)
def test_a_click_plays_a_clip_muted_and_only_that_one(visit: Visit) -> None:
    visit.page.locator("#shot-open .still").first.click()
    video = visit.page.locator("video")
    video.evaluate(
        "video => new Promise(done => video.addEventListener('timeupdate', () => video.currentTime && done()))"
    )
    assert video.evaluate("video => [video.muted, video.controls, video.videoHeight]") == [True, True, 768]
    visit.page.locator("#shot-dew .still").click()
    assert visit.page.locator("video").count() == 1
    assert visit.complaints == []


def test_moving_over_a_poster_shows_first_middle_and_last_frame(visit: Visit) -> None:
    still = visit.page.locator("#shot-open .still").first
    box, seen = still.bounding_box(), []
    for part in (0.1, 0.5, 0.9):
        visit.page.mouse.move(box["x"] + part * box["width"], box["y"] + 20)
        seen.append(still.locator("img").get_attribute("src").rpartition(".")[0][-7:])
    assert [name.rpartition("_")[2] for name in seen[1:]] == ["middle", "last"]
    visit.page.mouse.move(2, 2)
    assert "_" not in still.locator("img").get_attribute("src").rpartition("/")[2], "the poster is there again"


def test_keys_go_from_take_to_take_and_from_shot_to_shot(visit: Visit) -> None:
    press = visit.page.keyboard.press
    steps = [("j", "open, take 1"), ("ArrowRight", "open, take 2"), ("j", f"{LONG}, take 1"), ("k", "open, take 2"),
             ("ArrowDown", f"{LONG}, take 1"), ("ArrowDown", "dew, take 1"), ("ArrowUp", f"{LONG}, take 1"),
             ("ArrowLeft", "open, take 2")]  # fmt: skip
    for key, label in steps:
        press(key)
        assert visit.focus() == f"Play {label}", key
    press(" ")
    assert visit.page.locator("video").evaluate("video => document.activeElement === video")
    press(" ")
    assert visit.page.locator("video").evaluate("video => video.paused")
    press("Escape")
    assert visit.page.locator("video").count() == 0
    assert visit.focus() == "Play open, take 2"
    press("?")
    assert visit.page.locator("dialog").is_visible()
    press("Escape")
    press("/")
    assert visit.page.evaluate("document.activeElement.name") == "q"


def test_search_filters_and_order(visit: Visit) -> None:
    page = visit.page
    everything = ["open", LONG, "turn", "dew"]
    assert visit.shown() == everything
    for words, found in (("الضباب", [LONG]), ("BOTTLE mist", ["open"]), ("朝露", ["dew"]), ("nothing here", [])):
        page.fill("[name=q]", words)
        assert visit.shown() == found, words
        assert page.locator("output").inner_text() == f"{len(found)} of 4 shots"
    page.get_by_role("button", name="Show all shots").click()
    assert visit.shown() == everything
    page.select_option("[name=tags]", "hero")
    assert visit.shown() == ["open", "dew"]
    page.select_option("[name=seq]", "b")
    assert visit.shown() == ["dew"]
    page.select_option("[name=seq]", "")
    page.select_option("[name=tags]", "<b>x</b>")
    assert visit.shown() == ["open"]
    page.select_option("[name=tags]", "")
    page.select_option("[name=sort]", "name")
    assert visit.shown() == [LONG, "dew", "open", "turn"]
    page.select_option("[name=sort]", "number")
    assert visit.shown() == everything
    todo = page.get_by_role("button", name="To do 1")
    todo.click()
    assert visit.shown() == ["turn"]
    todo.click()
    assert visit.shown() == everything


def test_a_long_prompt_is_whole_after_a_click(visit: Visit) -> None:
    prompt = visit.page.locator("#shot-dew .prompt")
    assert prompt.evaluate("each => each.scrollHeight > each.clientHeight + 2")
    visit.page.get_by_role("button", name="Whole prompt").click()
    assert prompt.evaluate("each => each.scrollHeight <= each.clientHeight + 2")


def test_words_stay_words(visit: Visit) -> None:
    page = visit.page
    assert page.title() == "teaser, rehearsal"
    assert page.locator("main script, main p b:not(.who b, .none b)").count() == 0
    assert page.locator("p").filter(has_text="<script>document.title = 'taken'</script>").count() == 1
    assert page.locator(".tags").get_by_text("<b>x</b>").count() == 1
    assert page.get_by_text('&amp; "quoted"').count() == 1
    assert page.locator(".move").inner_text() == "Push in"


def test_a_script_that_came_into_the_page_would_not_run(visit: Visit) -> None:
    """The policy is the second wall; it is tried here from the inside."""
    ran = visit.page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.taken = true";
            document.body.append(script);
            document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.taken = true'>");
            return window.taken === true;
        }"""
    )
    assert ran is False
    assert any("Content Security Policy" in words for words in visit.complaints)


def test_the_network_is_closed_to_the_page(visit: Visit) -> None:
    """Any scheme but file is refused before a packet leaves."""
    blocked = visit.page.evaluate(
        """new Promise(done => {
            document.addEventListener("securitypolicyviolation", event => done(event.blockedURI));
            new Image().src = "http://127.0.0.1:9/x.png";
        })"""
    )
    assert blocked.startswith("http://127.0.0.1:9")


def test_no_naughty_string_becomes_markup(browser: Any, tmp_path: Path) -> None:
    """The big list of naughty strings, as prompt, name, tag and note of a shot each."""
    from view_samples import draw_page, report, stored

    words = [each for each in json.loads(NAUGHTY.read_text(encoding="utf-8")) if each]
    rows = [stored(f"s{at}", prompt=each, notes=each, tags=(each,)) for at, each in enumerate(words)]
    page = browser.new_page()
    (tmp_path / "page.html").write_text(draw_page(report(*rows)), encoding="utf-8")
    dialogs: list[str] = []

    def note_dialog(dialog: Any) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note_dialog)
    page.goto((tmp_path / "page.html").as_uri())
    assert page.locator(".shot").count() == len(words)
    plain = "article, header, h3, span, p, ol, ul, li, button, img, div, b, a, svg, use, path, g, circle"
    assert page.locator(f".shot :not({plain})").count() == 0
    assert page.locator(".shot [onerror], .shot [onload], .shot [style], .shot script").count() == 0
    assert dialogs == []
    page.close()


def test_headings_are_in_order(visit: Visit) -> None:
    headings = visit.page.locator("h1, h2, h3, h4").evaluate_all(
        "all => all.filter(each => !each.closest('dialog')).map(each => [each.tagName, each.textContent.trim()])"
    )
    assert headings == [
        ["H1", "teaser"], ["H2", "First"], ["H3", "01 open"], ["H3", f"02 {LONG}"],
        ["H2", "Second"], ["H3", "03 turn"], ["H3", "04 dew"],
    ]  # fmt: skip
    assert visit.page.locator("html").get_attribute("lang") == "en"


SIZES = [
    pytest.param({"viewport": {"width": width, "height": 800}, "color_scheme": scheme}, id=f"{width} {scheme}")
    for width in (390, 1280, 1920)
    for scheme in ("light", "dark")
]


@pytest.mark.parametrize("visit", SIZES, indirect=True)
def test_it_fits_every_window_and_axe_finds_nothing(visit: Visit) -> None:
    page = visit.page
    wide, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= window, "nothing scrolls sideways"
    assert page.locator("article").evaluate_all("all => all.every(each => each.scrollWidth <= each.clientWidth + 1)")
    shapes = page.locator(".still img").evaluate_all("all => all.map(each => each.clientWidth / each.clientHeight)")
    assert shapes
    assert all(shape == pytest.approx(1366 / 768, rel=0.02) for shape in shapes), "no poster is out of shape"
    if window < 640:
        small = page.locator("button:visible, select:visible, input:visible").evaluate_all(
            "all => all.filter(each => each.offsetHeight < 40).map(each => each.outerHTML.slice(0, 80))"
        )
        assert small == []
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: not tried")
    page.locator("article").evaluate_all("all => all.forEach(each => each.style.contentVisibility = 'visible')")
    found = axe.Axe().run(page).response
    assert [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in found["violations"]] == []


@pytest.mark.parametrize("visit", SIZES[:2], indirect=True)
def test_day_and_night_differ(visit: Visit, request: pytest.FixtureRequest) -> None:
    ground = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(ground.removeprefix("rgb(").split(",")[0])
    assert (red < 100) is ("dark" in request.node.name)


def test_on_paper_there_is_a_cover_and_no_shot_is_cut(visit: Visit) -> None:
    """Where no shot may be cut, none is in two pieces: its boxes are counted as the printer lays them out."""
    page = visit.page
    page.emulate_media(media="print")
    assert page.locator(".tools, dialog, .more").evaluate_all("all => all.every(each => !each.checkVisibility())")
    rules = page.locator(".shot").evaluate_all("all => all.map(each => getComputedStyle(each).breakInside)")
    assert set(rules) == {"avoid"}
    assert page.evaluate("getComputedStyle(document.querySelector('.cover')).breakAfter") == "page"
    pdf = page.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") >= 2, "the cover is a page of its own"
