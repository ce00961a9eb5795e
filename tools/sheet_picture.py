"""The pictures of the contact sheet, by day and by night: a rehearsal is run, takes are chosen, the page is shown.

Needs Chromium and Playwright (the group `dev`). `draw_pictures.py` calls it.
"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import sync_playwright

from hailuo_batch.app.choosing import choose
from hailuo_batch.app.run import run
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.app.sheet import sheet
from hailuo_batch.core.plan.choice import Choice, ChoiceKind
from hailuo_batch.core.world import World

ASSETS = Path(__file__).parents[1] / "manifests" / "assets"
CHROMIUM = "/usr/bin/chromium"
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
WIDTH, HEIGHT, SCALE = 1360, 1120, 1.5
MOST_BYTES = 300_000
FILM = """\
version: 1
campaign: aurora-spring
providers: [minimax]
vars: {bottle: a frosted glass bottle with a copper cap}
defaults: {duration: 6, resolution: 768p, prompt_optimizer: false, tags: ["client:Maison Vale"]}
meta: {director: Ana Lindqvist}
sequences:
  - {id: lake, title: The lake, notes: From the last stars to the first sun.}
  - {id: detail, title: Glass and copper}
  - {id: range, title: The range}
shots:
  - id: night
    sequence: lake
    prompt: Northern lights fade over a still lake, the sky turns rose, ${bottle} on a stone in the water [Static shot]
    frames: {first: assets/night.webp}
    takes: 2
    cut: 4.5
    notes: The stars go first, then the green. Nothing may move but the light.
    tags: [hero]
  - id: mist
    sequence: lake
    prompt: ${bottle} comes out of the morning mist [Push in], then the first sun rests on its shoulder [Pan left]
    frames: {first: assets/dawn.webp}
    duration: 10
    takes: 3
    tags: [hero]
  - id: cap
    sequence: detail
    prompt: light travels along the copper cap, far lights sway out of focus [Truck right, Zoom in]
    frames: {first: assets/cap.jpg}
    takes: 3
    tags: [macro]
  - id: pack-${scent}
    sequence: range
    matrix: {scent: [rose, amber, sea]}
    prompt: ${bottle} on a round plinth, petals drift past [Zoom out]
    frames: {first: "assets/pack-${scent}.webp"}
    tags: ["scent:${scent}"]
"""
CHOICES = (
    Choice(kind=ChoiceKind.APPROVE, shot="night", take=2),
    Choice(kind=ChoiceKind.REJECT, shot="mist", take=1, why="The cap is too dark."),
    Choice(kind=ChoiceKind.APPROVE, shot="mist", take=2),
    Choice(kind=ChoiceKind.NOTE, shot="mist", take=2, text="The sun finds the shoulder on the bar."),
    Choice(kind=ChoiceKind.SELECT, shot="cap", take=1),
)


def draw_sheet(target: Path) -> None:
    """The page as `target`, and by night as a file beside it whose name ends in `-dark`."""
    with TemporaryDirectory() as folder:
        os.environ["HAILUO_STATE"] = str(Path(folder) / "state")
        copytree(ASSETS, Path(folder) / "assets")
        film = Path(folder) / "film.yaml"
        film.write_text(FILM, encoding="utf-8")
        with ThreadPoolExecutor(1) as pool:  # Playwright keeps a loop in this thread
            page = pool.submit(lambda: asyncio.run(_make_page(film))).result()
        shots = _photograph(page)
    for scheme, picture in shots.items():
        ending = "-dark" if scheme == "dark" else ""
        target.with_stem(target.stem + ending).write_bytes(picture)


async def _make_page(film: Path) -> Path:
    await run(film, RunOptions(world=World.REHEARSAL))
    await choose(film, CHOICES, world=World.REHEARSAL, by="Ana Lindqvist")
    return (await sheet(film, world=World.REHEARSAL)).page


def _photograph(page: Path) -> dict[str, bytes]:
    found = {}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        for scheme in ("light", "dark"):
            tab = browser.new_page(
                viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SCALE, color_scheme=scheme
            )
            tab.goto(page.as_uri())
            tab.evaluate("Promise.all([...document.images].map(image => (image.loading = 'eager', image.decode())))")
            found[scheme] = _compress(tab.screenshot())
        browser.close()
    return found


def _compress(png: bytes) -> bytes:
    """The picture as a WebP that a page loads quickly."""
    for quality in (86, 78, 68, 56):
        target = BytesIO()
        Image.open(BytesIO(png)).convert("RGB").save(target, "WEBP", quality=quality, method=6)
        if target.tell() <= MOST_BYTES:
            break
    return target.getvalue()
