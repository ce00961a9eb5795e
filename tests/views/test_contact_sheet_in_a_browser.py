"""The report's page in Chromium, over file://, with real posters and clips. Skipped, and said, where there is none."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from hailuo_batch.app.report import report
from hailuo_batch.app.run import run
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.core.world import World

CHROMIUM = Path("/usr/bin/chromium")
QUIET = [
    "--no-sandbox", "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip
MANIFEST = """\
version: 1
campaign: teaser
defaults: {duration: 1, resolution: 512p}
shots:
  - {id: open, prompt: "A bottle in mist [Push in] <script>document.title = 'taken'</script>", tags: [hero, "<b>x</b>"]}
  - id: a-shot-with-a-name-that-is-as-long-as-a-name-may-be-in-any-film
    prompt: زجاجة في الضباب
    notes: '&amp; "quoted"'
  - {id: turn, prompt: "AWordThatIsLongerThanThePhoneIsWideAndHasNoPlaceToBreakAtAllNotEvenOneOrTwo"}
"""


@dataclass
class Visit:
    """A page in the browser, with all that it asked for and complained about."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of three shots, the last of which has changed since it was drawn."""
    root = tmp_path_factory.mktemp("a project with 100% of # and ü")
    manifest = root / "teaser.yaml"
    manifest.write_text(MANIFEST, encoding="utf-8")

    async def make() -> Path:
        await run(manifest, RunOptions(world=World.SKETCH))
        manifest.write_text(MANIFEST.replace("id: turn, prompt: ", "id: turn, duration: 2, prompt: "), encoding="utf-8")
        return (await report(manifest, world=World.SKETCH))[1]

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
def visit(browser: Any, file: Path, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """The page, opened as `request.param` (or a wide light window) says."""
    context = browser.new_context(**getattr(request, "param", {"viewport": {"width": 1400, "height": 900}}))
    page = context.new_page()
    visit = Visit(page)
    page.on("console", lambda message: visit.complaints.append(message.text))
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    page.on("request", lambda request: visit.asked.append(request.url))
    page.on("requestfailed", lambda request: visit.failed.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_load_state("load")
    yield visit
    context.close()


def test_it_opens_without_a_complaint_and_asks_for_nothing_outside_its_folder(visit: Visit, file: Path) -> None:
    visit.page.evaluate("Promise.all([...document.images].map(image => image.decode()))")
    assert visit.complaints == []
    assert visit.failed == []
    assert len(visit.asked) == 3, "the page and two posters; clips wait until they are played"
    for url in visit.asked:
        assert Path(unquote(urlsplit(url).path)).is_relative_to(file.parent), url


def test_posters_load(visit: Visit) -> None:
    sizes = visit.page.evaluate(
        """Promise.all([...document.querySelectorAll("video")].map(async video => {
            const image = new Image();
            image.src = video.poster;
            await image.decode();
            return [image.naturalWidth, image.naturalHeight];
        }))"""
    )
    assert len(sizes) == 2
    assert all(width >= 480 and height >= 270 for width, height in sizes), sizes


def test_clips_play(visit: Visit) -> None:
    played = visit.page.evaluate(
        """Promise.all([...document.querySelectorAll("video")].map(async video => {
            video.muted = true;
            await video.play();
            await new Promise(done => video.addEventListener("timeupdate", () => video.currentTime > 0 && done()));
            return [video.readyState, video.currentTime, video.videoHeight, video.duration];
        }))"""
    )
    assert len(played) == 2
    for ready, time, height, length in played:
        assert ready >= 2
        assert time > 0
        assert height == 512
        assert length == pytest.approx(1, abs=0.1)
    assert visit.complaints == []


def test_a_link_leads_to_the_clip(visit: Visit, file: Path) -> None:
    for link in visit.page.locator("a").all():
        assert Path(unquote(urlsplit(link.evaluate("link => link.href")).path)).samefile(
            file.parent / link.inner_text()
        )
    assert visit.page.locator("a").count() == 2


def test_words_stay_words(visit: Visit) -> None:
    page = visit.page
    assert page.title() == "teaser, sketches"
    assert page.locator("main script, main b").count() == 0
    assert page.locator("p").filter(has_text="<script>document.title = 'taken'</script>").count() == 1
    assert page.get_by_text("hero, <b>x</b>").count() == 1
    assert page.get_by_text('&amp; "quoted"').count() == 1


def test_a_script_that_came_into_the_page_would_not_run(visit: Visit) -> None:
    """The policy is the second wall; it is tried here from the inside."""
    ran = visit.page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.taken = true";
            document.body.append(script);
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


def test_headings_and_labels_are_in_order(visit: Visit) -> None:
    headings = visit.page.locator("h1, h2, h3, h4").evaluate_all(
        "all => all.map(each => [each.tagName, each.innerText])"
    )
    long = "a-shot-with-a-name-that-is-as-long-as-a-name-may-be-in-any-film"
    assert headings == [["H1", "teaser"], ["H2", "open#1 v001"], ["H2", f"{long}#1 v001"], ["H2", "turn#1 v002"]]
    assert visit.page.locator("video").evaluate_all("all => all.map(each => each.getAttribute('aria-label'))") == [
        "open#1",
        f"{long}#1",
    ]
    assert visit.page.locator("html").get_attribute("lang") == "en"
    assert visit.page.locator("main").count() == visit.page.locator("header").count() == 1
    assert visit.page.locator(".none").inner_text() == "duration 1 s → 2 s"


SIZES = [
    pytest.param({"viewport": {"width": width, "height": 800}, "color_scheme": scheme}, id=f"{width} {scheme}")
    for width in (375, 1400)
    for scheme in ("light", "dark")
]

CONTRASTS = """() => {
    const numbers = colour => colour.match(/[0-9.]+/g).map(Number);
    const linear = v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const light = colour => {
        const [r, g, b] = numbers(colour).map(v => linear(v / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = element => {
        for (let each = element; each; each = each.parentElement) {
            const colour = getComputedStyle(each).backgroundColor;
            if (!colour.endsWith(", 0)")) return colour;
        }
        return "rgb(255, 255, 255)";
    };
    return [...document.querySelectorAll("h1, h2, p, span, a, footer, .none")].map(element => {
        const pair = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => b - a);
        return [element.innerText.slice(0, 30), (pair[0] + 0.05) / (pair[1] + 0.05)];
    });
}"""


@pytest.mark.parametrize("visit", SIZES, indirect=True)
def test_it_fits_a_phone_and_a_desk_by_day_and_by_night(visit: Visit) -> None:
    page = visit.page
    wide, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= window, "nothing scrolls sideways"
    assert page.locator("li").evaluate_all("all => all.every(each => each.scrollWidth <= each.clientWidth)")
    shapes = page.locator("video, .none").evaluate_all("all => all.map(each => each.clientWidth / each.clientHeight)")
    assert shapes == [pytest.approx(16 / 9, rel=0.02)] * 3, "a frame has the shape of a film, whatever stands in it"
    faint = [(words, ratio) for words, ratio in page.evaluate(CONTRASTS) if ratio < 4.5]
    assert not faint, "WCAG 2 AA asks 4.5 to 1"


@pytest.mark.parametrize("visit", SIZES[:2], indirect=True)
def test_day_and_night_differ(visit: Visit, request: pytest.FixtureRequest) -> None:
    ground = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(ground.removeprefix("rgb(").split(",")[0])
    assert (red < 100) is ("dark" in request.node.name)
