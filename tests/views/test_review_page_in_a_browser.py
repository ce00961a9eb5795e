"""The review page in Chromium over real HTTP, with clips of a rehearsal. Skipped, and said, where there is none."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from hailuo_batch.app.run import run
from hailuo_batch.app.running.options import Rehearsal, RunOptions
from hailuo_batch.core.world import World
from hailuo_batch.views.review_page.page import ReviewDrawer
from hailuo_batch.views.review_page.values import ServedMedia
from hailuo_batch.views.sheet.shots import list_shots

CHROMIUM = Path("/usr/bin/chromium")
QUIET = [
    "--no-sandbox", "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PROGRAM = (sys.executable, "-m", "hailuo_batch.cli.main")
NAUGHTY = Path(__file__).with_name("naughty-strings.json")  # MIT, by Max Woolf: npm big-list-of-naughty-strings 1.0.0
HOSTILE = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\"> \u202egnp.exe"
FILM = """\
version: 1
campaign: teaser
providers: [minimax]
defaults: {duration: 6, resolution: 512p}
shots:
  - {id: open, takes: 2, tags: ["hero", "client:acme"], notes: our own words, frames: {first: open.png}, prompt: PROMPT}
  - {id: turn, prompt: "a cap turns [Tilt up]", frames: {first: open.png}}
"""
MORE = "  - {id: end, prompt: the end, frames: {first: open.png}}\n"
SPEED = 1000.0


@dataclass
class Visit:
    """A page in the browser, with what it complained about."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def wait(self, condition: str) -> None:
        """Playwright's own wait evaluates text in the page, which the page's policy forbids."""
        from playwright.sync_api import Error

        for _ in range(600):
            with suppress(Error):  # the page is about to be another
                if self.page.evaluate(f"!!({condition})"):
                    return
            self.page.wait_for_timeout(50)
        raise AssertionError(condition)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)


def rehearse(film: Path) -> None:
    """A run of its own loop: Playwright keeps one in this thread."""
    options = RunOptions(world=World.REHEARSAL, rehearsal=Rehearsal(speed=SPEED))
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(run(film, options))).result()


@pytest.fixture(scope="module")
def bought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose clips are rehearsed once."""
    from PIL import Image

    root = tmp_path_factory.mktemp("a project with 100% of # and ü")
    (root / "hailuo.yaml").write_text("version: 1\n")
    Image.new("RGB", (1366, 768), (40, 90, 120)).save(root / "open.png")
    (root / "film.yaml").write_text(FILM.replace("PROMPT", json.dumps(HOSTILE)), encoding="utf-8")
    rehearse(root / "film.yaml")
    return root / "film.yaml"


@pytest.fixture
def film(bought: Path) -> Iterator[Path]:
    """The same, as it was before the test."""
    text = bought.read_text(encoding="utf-8")
    yield bought
    bought.write_text(text, encoding="utf-8")
    for review in bought.parent.rglob("*.review.yaml"):
        review.unlink()


@contextmanager
def serving(film: Path, *words: str, **variables: str) -> Iterator[str]:
    """The address of a page that a process serves."""
    line = [*PROGRAM, "review", "--rehearsal", "--as", "Ana", *words, film.name]
    process = subprocess.Popen(
        line, cwd=film.parent, env={**os.environ, **variables}, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        yield re.findall(r"http://\S+", process.stdout.readline().decode())[0]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser tests")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not there: no browser tests")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield browser
        browser.close()


@contextmanager
def visiting(browser: Any, url: str, *, width: int = 1400, height: int = 900, scheme: str = "light") -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    visit = Visit(context.new_page())
    visit.page.on("console", lambda message: visit.complaints.append(message.text))
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.on("request", lambda request: visit.asked.append(request.url))
    visit.page.goto(url)
    visit.wait("document.querySelector('.stage, .empty, form')")
    yield visit
    context.close()


@pytest.fixture(scope="module")
def url(bought: Path) -> Iterator[str]:
    with serving(bought) as found:
        yield found


@pytest.fixture
def visit(browser: Any, url: str, film: Path) -> Iterator[Visit]:
    with visiting(browser, url) as found:
        found.wait("document.querySelector('video')")
        yield found


def test_it_opens_without_a_complaint_and_reaches_this_server_only(visit: Visit, url: str) -> None:
    visit.wait("[...document.querySelectorAll('video')].every(each => each.readyState >= 1)")
    visit.wait("[...document.querySelectorAll('.rail img')].every(each => each.complete && each.naturalWidth >= 480)")
    assert visit.complaints == []
    base = url.split("?", maxsplit=1)[0]
    assert visit.page.url.split("#")[0] == base, "the token is out of the address"
    assert {each for each in visit.asked if not each.startswith(base)} == set()


def test_words_stay_words(visit: Visit) -> None:
    page = visit.page
    assert page.title() == "teaser, review"
    prompt = page.locator(".stage .prompt").inner_text()
    assert "<script>document.title = 'taken'</script><img src=x" in prompt
    assert "\u202e" not in prompt
    assert page.locator(".stage script, .stage [onerror]").count() == 0


def test_a_script_that_came_into_the_page_would_not_run(visit: Visit) -> None:
    ran = visit.page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.taken = true";
            document.body.append(script);
            return window.taken === true;
        }"""
    )
    assert ran is False


def test_takes_play_in_time_with_each_other_and_seeking_moves_all(visit: Visit) -> None:
    page, times = visit.page, "[...document.querySelectorAll('video')].map(each => each.currentTime)"
    visit.wait("[...document.querySelectorAll('video')].every(each => each.readyState >= 3)")
    visit.press("Space")
    visit.wait(f"{times}.every(time => time > 0.3)")
    found = page.evaluate(times)
    assert len(found) == 2
    assert max(found) - min(found) < 0.2
    visit.press("Space")
    visit.wait("[...document.querySelectorAll('video')].every(each => each.paused)")
    page.locator(".transport input").fill("4.5")
    visit.wait(f"{times}.every(time => Math.abs(time - 4.5) < 0.01)")
    visit.press(".")
    visit.wait(f"{times}.every(time => time > 4.5 && time < 4.6)")


def test_arrows_and_numbers_move_about(visit: Visit) -> None:
    page = visit.page
    visit.press("2")
    assert page.locator(".cell.focus").get_attribute("data-take") == "2"
    visit.press("2")
    assert page.locator(".cell:visible").count() == 1, "the same number again shows the take alone"
    visit.press("2", "ArrowRight")
    visit.wait("document.querySelector('.stage').dataset.shot === 'turn'")
    assert page.locator(".rail [aria-current]").get_attribute("data-shot") == "turn"
    assert page.url.endswith("#turn")
    page.reload()
    visit.wait("document.querySelector('.stage')?.dataset.shot === 'turn'")
    visit.press("ArrowLeft")
    visit.wait("document.querySelector('.stage').dataset.shot === 'open'")
    page.evaluate("window.gone = document.querySelector('video')")
    visit.press("ArrowRight", "ArrowLeft", "ArrowRight", "ArrowLeft")
    visit.wait("!window.gone.isConnected && window.gone.networkState === HTMLMediaElement.NETWORK_EMPTY")
    page.evaluate("window.gone.dispatchEvent(new Event('loadedmetadata'))")
    assert visit.complaints == [], "a clip out of sight is no longer loaded, nor heard of"


def test_only_shots_of_a_state_are_shown_and_walked_through(visit: Visit) -> None:
    page, shown = visit.page, "[...document.querySelectorAll('.rail li:not([hidden])')].map(each => each.dataset.shot)"
    visit.press("1", "a")
    visit.wait("document.querySelector('.rail [data-shot=open]').dataset.state === 'done'")
    page.get_by_role("button", name="To approve").click()
    assert page.evaluate(shown) == ["turn"]
    visit.press("ArrowRight")
    visit.wait("document.querySelector('.stage').dataset.shot === 'turn'")
    visit.press("ArrowLeft", "a")
    visit.wait(f"{shown}.join() === 'open,turn'")
    assert page.locator(".stage").get_attribute("data-shot") == "turn", "no shot of that state is left: all are shown"


def test_a_clip_of_a_run_appears_and_a_file_edited_by_hand_is_seen(visit: Visit, film: Path) -> None:
    page, text = visit.page, film.read_text(encoding="utf-8")
    film.write_text(text + MORE, encoding="utf-8")
    visit.wait("document.querySelector('.rail [data-shot=end]')")
    visit.press("ArrowRight", "ArrowRight")
    visit.wait("document.querySelector('.stage').dataset.shot === 'end'")
    assert page.locator(".stage video").count() == 0
    rehearse(film)
    visit.wait("document.querySelector('.stage video')?.readyState >= 1")
    assert page.locator(".rail [data-shot=end] img").count() == 1
    assert visit.complaints == []


def read_reviews(film: Path) -> dict[str, Any]:
    """What the review files say, by shot: that of the rehearsal, and the shared one."""
    found: dict[str, Any] = {}
    for file in film.parent.rglob("*.review.yaml"):
        for shot, said in yaml.safe_load(file.read_text(encoding="utf-8"))["shots"].items():
            found.setdefault(shot, {}).update(said)
    return found


def test_a_take_is_picked_with_the_keyboard_and_the_review_says_so(visit: Visit, film: Path) -> None:
    page, chosen = visit.page, "document.querySelector('.cell[data-selected]')?.dataset.take"
    visit.press("2", "p")
    visit.wait(f"{chosen} === '2'")
    selected = read_reviews(film)["open"]["selected"]
    assert (selected["take"], selected["by"]) == (2, "Ana")
    assert selected["clip"] == page.locator(".cell[data-take='2']").get_attribute("data-digest")
    page.reload()
    visit.wait(f"{chosen} === '2'")
    assert page.locator(".cell.focus").get_attribute("data-take") == "2", "the page begins at the take that is used"
    visit.press("1", "Enter")
    visit.wait(f"{chosen} === '1'")
    visit.press("u")
    visit.wait(f"{chosen} === '2'")
    assert read_reviews(film)["open"]["selected"]["take"] == 2
    visit.press("2", "p")
    visit.wait("!document.querySelector('.cell[data-selected]')")
    assert "selected" not in read_reviews(film).get("open", {})
    assert visit.complaints == []


def test_words_of_a_decision_reach_the_review_as_they_are(visit: Visit, film: Path) -> None:
    page, state = visit.page, "document.querySelector('.stage').dataset.state"
    for key, text, shown in (
        ("x", f"too dark {HOSTILE}", "document.querySelector('.cell').dataset.verdict === 'rejected'"),
        ("n", f"warmer: #1 {HOSTILE}", "document.querySelector('.cell .note')"),
        ("r", "slower", f"{state} === 'retake'"),
    ):
        visit.press(key)
        page.locator("dialog textarea").fill(text)
        visit.press("Enter")
        visit.wait(shown)
    said = read_reviews(film)["open"]
    assert said["judged"][0]["why"] == f"too dark {HOSTILE}"
    assert f"warmer: #1 {HOSTILE}" in [note["text"] for note in said["notes"]]
    assert [retake["take"] for retake in said["retakes"]] == [3]
    assert page.locator(".cell").count() == 3
    assert page.title() == "teaser, review"
    visit.press("ArrowRight")
    visit.wait("document.querySelector('.stage').dataset.shot === 'turn'")
    visit.press("o")
    page.get_by_role("button", name="Omit", exact=True).click()
    visit.wait(f"{state} === 'omitted'")
    assert "omitted" in read_reviews(film)["turn"]
    visit.press("u")
    visit.wait(f"{state} === 'wfa'")
    assert "turn" not in read_reviews(film)
    assert visit.complaints == []


def test_two_pages_agree_and_a_review_edited_by_hand_is_seen(browser: Any, visit: Visit, url: str, film: Path) -> None:
    with visiting(browser, url, width=390) as phone:
        phone.wait("document.querySelector('video')")
        visit.press("2", "a")
        for page in (visit, phone):
            page.wait("document.querySelector('.cell[data-selected]')?.dataset.verdict === 'approved'")
            page.wait("document.querySelector('.rail [data-shot=open]').dataset.state === 'done'")
        (review,) = film.parent.rglob("film.review.yaml")
        review.write_text("version: 1\nshots: {}\n", encoding="utf-8")
        for page in (visit, phone):
            page.wait("document.querySelector('.rail [data-shot=open]').dataset.state === 'wfa'")
            page.wait("!document.querySelector('.cell[data-selected]')")


SIZES = [(390, "light"), (390, "dark"), (1280, "dark"), (1920, "light")]


def find_barriers(page: Any) -> list[Any]:
    """What axe finds; contrasts below those of WCAG 2 AA are among it."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: not tried")
    found = axe.Axe().run(page).response["violations"]
    return [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in found]


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_it_fits_a_phone_and_a_desk_by_day_and_by_night(
    browser: Any, url: str, film: Path, width: int, scheme: str
) -> None:
    with visiting(browser, url, width=width, scheme=scheme) as visit:
        visit.wait("document.querySelector('video')?.readyState >= 1")
        wide, high = visit.page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        )
        assert (wide, high) == (width, 900), "the page fills the window, and what is in it scrolls"
        room = visit.page.evaluate(
            "[...document.querySelectorAll('#room')].map(each => [each.scrollWidth, each.clientWidth])"
        )
        assert room[0][0] <= room[0][1], "no take is cut off"
        if width < 700:
            small = visit.page.evaluate(
                "[...document.querySelectorAll('button')].filter(each => each.offsetParent)"
                ".filter(each => each.offsetHeight < 40 || each.offsetWidth < 40).map(each => each.outerHTML)"
            )
            assert small == [], "a finger needs room"
        visit.press("2", "p", "1", "a")
        visit.wait("document.querySelector('.cell').dataset.verdict === 'approved'")
        assert find_barriers(visit.page) == []
        for key in ("?", "n"):
            visit.press(key)
            assert find_barriers(visit.page) == []
            visit.press("Escape")


def test_no_naughty_string_becomes_markup(browser: Any) -> None:
    """The big list of naughty strings, as prompt, note, tag and reason; parsed as the page does it."""
    from view_samples import report, stored

    words = [each for each in json.loads(NAUGHTY.read_text(encoding="utf-8")) if each]
    rows = [stored(f"s{at}", prompt=each, notes=each, tags=(each,), why=each) for at, each in enumerate(words)]
    drawer = ReviewDrawer(can_decide=True, can_judge=True)
    shots = list(list_shots(report(*rows), ServedMedia()))
    texts = [*(drawer.shot(shot, shots=len(shots)) for shot in shots), *drawer.entries(shots).values()]
    plain = "html, head, body, article, header, h2, span, p, ol, ul, li, button, div, video, b, kbd, a, img, svg, use"
    odd = """([texts, plain]) => texts.flatMap(text => {
        const page = new DOMParser().parseFromString(text, "text/html");
        const odd = [...page.querySelectorAll(`:not(${plain}), [onerror], [onload], [onfocus], [style]`)];
        return odd.map(each => each.outerHTML.slice(0, 80));
    })"""
    page = browser.new_page()
    assert page.evaluate(odd, [texts, plain]) == []
    page.close()


def test_a_guest_enters_by_a_password_and_sees_no_money(browser: Any, film: Path) -> None:
    with (
        serving(film, "--read-only", HAILUO_REVIEW_PASSWORD="a long password") as url,
        visiting(browser, url, width=390) as visit,
    ):
        page = visit.page
        page.get_by_label("Password").fill("a wrong password")
        page.get_by_role("button", name="Open").click()
        assert page.get_by_role("alert").inner_text() == "The password is not right."
        page.get_by_label("Password").fill("a long password")
        page.get_by_role("button", name="Open").click()
        visit.wait("document.querySelector('video')?.readyState >= 1")
        visit.press("p", "a", "o")
        seen = page.content()
        for word in ("minimax", "USD", "estimated", "task", "hero", "acme", "our own words", "film.yaml", "Select</"):
            assert word not in re.sub(r"<(script|style)>.*?</\1>", "", seen, flags=re.DOTALL), word
        assert page.locator("[data-do]").count() == 0
        assert not list(film.parent.rglob("*.review.yaml"))
