"""The contact sheet of 1,000 shots: time and size of the page, first paint and scrolling in a real Chromium.

    python benchmarks/sheeting.py [--shots 1000]

The campaign is finished and its stills are there, each of its own bytes; drawing them is measured elsewhere. The anchor
is the same page without `content-visibility`, so that the browser lays out all shots at once. A frame is dropped when
the next one is later than 25 ms. There is no graphics card: the processor paints.
"""

import argparse
import os
import random
import re
import statistics
import tempfile
from pathlib import Path
from typing import Any

import campaign
from measure import measure, table, tool, use_own_machine
from PIL import Image

from hailuo_batch.core.plan.render_names import StillAt, poster_name
from hailuo_batch.store.listing import list_digests

CHROMIUM = "/usr/bin/chromium"
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
ASSETS = Path(__file__).parents[1] / "manifests" / "assets"
LATE = 25  # ms from one frame to the next, at 60 a second
SCROLL = """() => new Promise(done => {
    const gaps = [], begun = performance.now();
    let before = begun;
    const step = now => {
        gaps.push(now - before);
        before = now;
        window.scrollBy(0, 60);
        if (now - begun < 5000) requestAnimationFrame(step); else done(gaps.slice(1));
    };
    requestAnimationFrame(step);
})"""


def write_stills(folder: Path, seed: int = 7) -> int:
    """Three stills for each clip of a campaign, cut from the images of the examples; their bytes."""
    chance = random.Random(seed)
    images = [Image.open(each).convert("RGB").resize((1280, 720)) for each in sorted(ASSETS.glob("*.webp"))]
    posters, size = folder / "renders" / "posters", 0
    posters.mkdir(parents=True, exist_ok=True)
    for digest in list_digests(folder / ".hailuo" / "store"):
        for at in StillAt:
            left, top = chance.randrange(640), chance.randrange(360)
            file = folder / "renders" / poster_name(digest, at)
            chance.choice(images).crop((left, top, left + 640, top + 360)).save(file, "JPEG", quality=82)
            size += file.stat().st_size
    return size


def browse(page: Path) -> dict[str, float]:
    """First paint and load in ms, and what scrolling for five seconds is like; medians of three visits."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        visits = [_visit(browser, page) for _ in range(4)][1:]
        browser.close()
    return {name: statistics.median(visit[name] for visit in visits) for name in visits[0]}


def _visit(browser: Any, page: Path) -> dict[str, float]:
    tab = browser.new_page(viewport={"width": 1280, "height": 800})
    tab.goto(page.as_uri())
    tab.wait_for_load_state("load")
    tab.wait_for_timeout(500)
    times = tab.evaluate(
        """() => {
            const paint = performance.getEntriesByName("first-contentful-paint")[0];
            return [paint.startTime, performance.getEntriesByType("navigation")[0].loadEventEnd];
        }"""
    )
    gaps = tab.evaluate(SCROLL)
    typed = tab.evaluate(
        """() => {
            const field = document.querySelector("[name=q]"), begun = performance.now();
            field.value = "777";
            field.dispatchEvent(new Event("input", { bubbles: true }));
            document.body.offsetHeight;
            return performance.now() - begun;
        }"""
    )
    tab.close()
    late = [gap for gap in gaps if gap > LATE]
    return {
        "paint": times[0],
        "load": times[1],
        "frames": len(gaps) / 5,
        "late": 100 * len(late) / len(gaps),
        "worst": max(gaps),
        "search": typed,
    }


def report(folder: Path, *, shots: int = 1000, runs: int = 3) -> str:
    """The table of docs/performance.md."""
    project = folder / "campaign"
    manifest = campaign.finished_campaign(project, shots)
    use_own_machine(project)
    stills = write_stills(project)
    name = str(manifest.relative_to(project))
    drawn = measure(tool("sheet", "--sketch", name), folder=project, runs=runs)
    page = project / "renders" / "bench_sketch.html"
    alone = folder / "alone.html"
    command = tool("sheet", "--sketch", "--embed", "-o", str(alone), name)
    embedded = measure(command, folder=project, runs=1, warm=0)
    plain = page.with_name("plain.html")
    text = re.sub(r"content-visibility: auto;|<meta http-equiv=[^>]*>", "", page.read_text(encoding="utf-8"))
    plain.write_text(text, encoding="utf-8")
    rows = [
        _row("the page beside its stills", page, drawn, browse(page)),
        _row("everything in one file", alone, embedded, browse(alone)),
        _row("(without `content-visibility`)", plain, None, browse(plain)),
    ]
    head = [
        "page",
        "made in s",
        "MB",
        "first paint ms",
        "loaded ms",
        "frames/s",
        "late frames",
        "worst ms",
        "search ms",
    ]
    return f"{shots:,} shots, {3 * shots:,} stills of {stills / 1e6:.0f} MB\n\n{table(head, rows)}"


def _row(what: str, page: Path, made: Any, seen: dict[str, float]) -> list[str]:
    return [
        what,
        "" if made is None else f"{made.wall:.2f}",
        f"{page.stat().st_size / 1e6:.1f}",
        f"{seen['paint']:.0f}",
        f"{seen['load']:.0f}",
        f"{seen['frames']:.0f}",
        f"{seen['late']:.1f} %",
        f"{seen['worst']:.0f}",
        f"{seen['search']:.0f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=int, default=1000)
    with tempfile.TemporaryDirectory(prefix="hailuo-sheet-") as folder:
        os.environ["HAILUO_STATE"] = str(Path(folder) / "user")
        print(report(Path(folder), shots=parser.parse_args().shots))


if __name__ == "__main__":
    main()
