"""The picture of the review page: manifests/product-film.yaml is rehearsed, and chosen from by clicks.

Needs Chromium and Playwright (the group `dev`). `draw_pictures.py` calls it.
"""

import io
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = "/usr/bin/chromium"
FILM = "manifests/product-film.yaml"
WIDTH, HEIGHT, SCALE = 1280, 740, 1.5


def draw_review(target: Path) -> None:
    """The takes of one shot, the first of which is selected and approved, in the middle of playing."""
    with TemporaryDirectory() as name, _serve(Path(name)) as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SCALE, color_scheme="dark"
        )
        page.goto(url)
        page.locator(".rail [data-shot=mist] a").click()
        page.locator(".stage[data-shot=mist]").wait_for()
        page.locator(".cell[data-take='1'] [data-do=approve]").click()
        page.locator(".cell[data-take='3'] [data-do=reject]").click()
        page.locator("dialog textarea").fill("the mist hides the cap")
        page.keyboard.press("Enter")
        page.locator(".rail [data-shot=mist][data-state=done]").wait_for()
        page.locator(".transport input").fill("6.5")
        page.keyboard.press("1")
        page.evaluate("document.activeElement.blur()")
        page.locator(".toast").wait_for(state="hidden")
        while page.evaluate("[...document.querySelectorAll('video')].some(v => v.seeking || v.readyState < 4)"):
            page.wait_for_timeout(100)
        page.wait_for_timeout(1000)  # until the frames are painted, too
        _save(page.screenshot(), target)
        browser.close()


def _save(shot: bytes, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(shot)).convert("RGB").save(target, "WEBP", quality=82, method=6)


@contextmanager
def _serve(folder: Path) -> Iterator[str]:
    """The address of the page of a film that was rehearsed here."""
    shutil.copytree(ROOT / "manifests", folder / "manifests", ignore=shutil.ignore_patterns(".hailuo", "renders"))
    _run_command(folder, "run", "--rehearsal", "--yes", FILM)
    words = [*_program(), "review", "--rehearsal", "--as", "Ana", FILM]
    process = subprocess.Popen(words, cwd=folder, env=_surroundings(folder), stdout=subprocess.PIPE, text=True)
    try:
        yield re.findall(r"http://\S+", process.stdout.readline() if process.stdout else "")[0]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def _run_command(folder: Path, *words: str) -> None:
    subprocess.run([*_program(), *words], cwd=folder, env=_surroundings(folder), check=True, capture_output=True)


def _program() -> tuple[str, ...]:
    return (sys.executable, "-m", "hailuo_batch.cli.main")


def _surroundings(folder: Path) -> dict[str, Any]:
    return {**os.environ, "HAILUO_STATE": str(folder / "state"), "PYTHONPATH": str(ROOT)}
