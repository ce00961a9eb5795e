"""Cuts, rights and the user's own columns, as every view shows them."""

from decimal import Decimal

import pytest
from view_samples import FORBIDDEN, HOSTILE, change, draw_page, report, row, stored, usd

from hailuo_batch.core.manifest.document import Cut, Rights
from hailuo_batch.core.manifest.image_rights import ImageRights
from hailuo_batch.core.plan.plan_lengths import PlanLengths
from hailuo_batch.core.plan.report import TakeRow
from hailuo_batch.views.github_summary import draw_step_summary
from hailuo_batch.views.history import draw_history
from hailuo_batch.views.nothing_to_do import draw_nothing_to_do
from hailuo_batch.views.own_columns import requested_length
from hailuo_batch.views.plan import draw_plan
from hailuo_batch.views.report import draw_report

CUT = Cut(start=Decimal("0.5"), end=Decimal(4))
RIGHTS = ImageRights(frame="first", image="a.png", rights=Rights(owner="Acme Photo", expires="2027-12-31"))
META = (("narration", "It floats."), ("x-music", ["cue 3", True]), ("empty", None), ("deep", {"a": 1}))


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (row(duration=6), "6 s"),
        (row(duration="short", cut=CUT), "short (cut 3.5 s)"),
        (row(duration=4, cut=Cut(end=Decimal(4))), "4 s"),
        (row(duration="3500ms", cut=CUT), "3.5 s"),  # a sketch is as long as its cut
    ],
)
def test_a_length_is_what_is_bought_and_the_cut(of: TakeRow, words: str) -> None:
    assert requested_length(of) == words
    assert f"{words} 768p" in draw_plan(report(of))
    assert f"** {words} 768p: " in draw_step_summary(report(of))


@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        (PlanLengths(bought=28.0, to_buy=16.0, edit=15.4), " Length: 16 s to buy, 28 s in all, 15.4 s in the edit."),
        (PlanLengths(bought=28.0, to_buy=28.0, edit=15.4), " Length: 28 s to buy, 15.4 s in the edit."),
        (PlanLengths(bought=90.0, to_buy=0.0, edit=75.5), " Length: 1 min 30 s in all, 1 min 16 s in the edit."),
        (PlanLengths(bought=28.0, to_buy=16.0), ""),
    ],
)
def test_the_sums_of_both_are_shown_where_a_shot_has_a_cut(lengths: PlanLengths, words: str) -> None:
    found = report(row("a"), stored("b"), to_spend=(usd("0.28"),), lengths=lengths)
    assert draw_plan(found).splitlines()[-2] == f"Plan: 1 to render, 1 in the store. Cost: 0.28 USD.{words}"
    assert draw_report(found).splitlines()[-1] == f"1 of 2 takes in the store; 1 to render.{words}"


def test_nothing_to_do_has_the_length_of_the_edit_planned_or_cached() -> None:
    found = report(stored(), clips=1, seconds=6.0, bytes=1_234_567, lengths=PlanLengths(bought=6, edit=3.5))
    words = "Nothing to do: 1 take in the store, 6.0 s of video (3.5 s in the edit), 1.2 MB."
    assert draw_plan(found) == words
    assert draw_nothing_to_do({"takes": 1, "clips": 1, "seconds": 6.0, "bytes": 1_234_567, "edit": 3.5}) == words


def test_a_clip_that_still_holds_the_cut_can_be_kept() -> None:
    changed = row(why="the request changed", changes=(change("duration", 10, 6),), kept_duration=10, cut=CUT)
    words = " ".join(draw_plan(report(changed)).split())
    assert "duration 10 s → 6 s; its clip holds the cut, and `duration: 10` keeps it" in words


def test_show_and_the_page_have_every_column_in_its_order() -> None:
    take = stored(cut=CUT, rights=(RIGHTS,), meta=META)
    columns = [
        ("cut", "0.5 s to 4 s, 3.5 s in the edit"),
        ("rights of the first frame", "Acme Photo, until 2027-12-31"),
        ("narration", "It floats."),
        ("x-music", "cue 3, true"),
        ("empty", ""),
        ("deep", '{"a": 1}'),
    ]
    lines = [f"{name}: {value}".strip() for name, value in columns]
    assert [line.strip() for line in draw_history((take,), (), ()).splitlines()[2:]] == lines
    page = draw_page(report(take, meta=META[:1]))
    cells = [f'<dt>{name}</dt><dd dir="auto">{value}</dd>'.replace('{"a"', "{&#34;a&#34;") for name, value in columns]
    places = [page.index(cell, page.index("<main")) for cell in cells]
    assert places == sorted(places)
    assert page.index('<dt>narration</dt><dd dir="auto">It floats.</dd>') < page.index("<main")


def test_hostile_columns_are_text() -> None:
    meta = ((HOSTILE, HOSTILE), ("list", [HOSTILE]), ("deep", {HOSTILE: [HOSTILE]}))
    rights = ImageRights(frame="last", image=HOSTILE, rights=Rights(owner=HOSTILE, licence=HOSTILE))
    take = stored(meta=meta, rights=(rights,))
    page = draw_page(report(take, meta=meta))
    for drawn in (draw_history((take,), (), ()), page):
        assert not [each for each in FORBIDDEN if each in drawn]
    assert page.count("<script>") == 1
