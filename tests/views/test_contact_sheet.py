"""The report as a page, whole; how a browser takes it is in `test_page_in_a_browser.py`."""

import os
import re
from collections.abc import Callable
from pathlib import Path

from view_samples import PROMPT, clip, report, row, stored, usd

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report
from hailuo_batch.views.contact_sheet import TEMPLATES, draw_contact_sheet

Golden = Callable[[str, str], None]

STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)


def body(text: str) -> str:
    """The page but for its style, which is for looking at."""
    return STYLE.sub("<style>…</style>", text).rstrip("\n")


def drawn(found: Report, tmp_path: Path, page: str = "renders/teaser.html") -> str:
    folder = tmp_path / "renders"
    (folder / "posters").mkdir(parents=True, exist_ok=True)
    (folder / "posters" / "abababababababab.jpg").touch()
    return draw_contact_sheet(found, folder=folder, page=tmp_path / page)


FULL = report(
    stored("open", tags=("hero", "client:acme"), notes="The stars go first.", clip=clip(seconds=5.8767)),
    stored("twin", shared_with=("open",), remarks=("requested 6 s, got 5.88 s",), version=12),
    row("turn", why="the request changed", changes=(PROMPT,), duration="long"),
    row("end", action=Action.WAIT, why="it starts from turn, not rendered yet"),
    row("away", action=Action.RESUME, why="submitted, still rendering", stage=Stage.SUBMITTED, task="t-7"),
    row("doubt", action=Action.HOLD, why="outcome unknown: it may have been accepted", stage=Stage.IN_DOUBT),
    clips=1,
    seconds=5.8767,
    bytes=1_234_567,
    spent=(usd("0.56"),),
    estimated=(usd("0.28"),),
    silent_providers=("minimax",),
    to_spend=(usd("0.84"),),
)


def test_a_page_of_clips_of_every_kind(golden: Golden, tmp_path: Path) -> None:
    golden(body(drawn(FULL, tmp_path)), "page.html")


def test_a_page_of_sketches_says_so(golden: Golden, tmp_path: Path) -> None:
    golden(body(drawn(report(stored("open"), sketch=True, clips=1), tmp_path)), "page_sketch.html")


def test_a_page_without_takes_is_still_one(golden: Golden, tmp_path: Path) -> None:
    golden(body(drawn(report(), tmp_path)), "page_empty.html")


def test_a_clip_whose_poster_is_not_there_has_none(tmp_path: Path) -> None:
    other = drawn(report(stored("open", clip=clip(digest="sha256:" + "cd" * 32)), clips=1), tmp_path)
    assert 'src="teaser_open_v001_t01.mp4"' in other
    assert "poster=" not in other


def test_a_page_elsewhere_finds_the_clips(tmp_path: Path) -> None:
    text = drawn(FULL, tmp_path, "re ports/100%/x.html")
    assert 'src="../../renders/teaser_open_v001_t01.mp4"' in text
    assert 'poster="../../renders/posters/abababababababab.jpg"' in text
    text = draw_contact_sheet(FULL, folder=tmp_path / "100% #1?" / "renders", page=tmp_path / "x.html")
    assert 'src="100%25%20%231%3F/renders/teaser_open_v001_t01.mp4"' in text
    text = draw_contact_sheet(FULL, folder=tmp_path / os.fsdecode(b"\xff") / "renders", page=tmp_path / "x.html")
    assert 'src="%FF/renders/teaser_open_v001_t01.mp4"' in text, "a folder's name need not be UTF-8"


def test_the_page_may_load_nothing_from_a_network() -> None:
    text = (TEMPLATES / "contact_sheet.html").read_text(encoding="utf-8")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules.pop("style-src") == "'unsafe-inline'"  # the style stands in the page
    assert rules.pop("default-src") == "'none'"
    assert set(rules.values()) <= {"'none'", "'self' file:"}, rules
    assert "http:" not in text
    assert "https:" not in text
    assert text.index("Content-Security-Policy") < text.index("<style>"), "a policy holds for what follows it"
