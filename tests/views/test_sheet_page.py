"""The sheet of a report, whole; how a browser takes it is in `test_sheet_in_a_browser.py`."""

import base64
import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from view_samples import PROMPT, clip, draw_page, report, row, stored, usd

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.manifest.camera import CameraCommand
from hailuo_batch.core.manifest.document import Sequence
from hailuo_batch.core.marks import Mark, MarkKind
from hailuo_batch.core.plan.client_report import make_selects_report
from hailuo_batch.core.plan.judgement import ReviewNote, ShotState, Verdict
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.views.sheet.camera_icons import CAMERA_ICONS, icon_id
from hailuo_batch.views.sheet.cover import make_sheet
from hailuo_batch.views.sheet.media import LinkedMedia, relative_base
from hailuo_batch.views.sheet.page import TEMPLATES
from hailuo_batch.views.sheet.shots import list_shots
from hailuo_batch.views.sheet.values import SheetShot
from hailuo_batch.views.sheet.written import draw_written_sheet

Golden = Callable[[str, str], None]
LINKED = LinkedMedia(base="", files={}, stills=frozenset())
OTHER = "sha256:" + "cd" * 32


def body(text: str) -> str:
    """The page but for its style and script, which are for looking at and for trying."""
    shown = re.sub(r"<style>.*?</style>", "<style>…</style>", text, flags=re.DOTALL)
    shown = re.sub(r"<script>.*?</script>", "<script>…</script>", shown, flags=re.DOTALL)
    return re.sub(r"sha256-[A-Za-z0-9+/=]{44}", "sha256-…", shown).rstrip("\n")


FULL = report(
    stored("open", tags=("hero", "client:acme"), notes="The stars go first.", clip=clip(seconds=5.8767), sequence="a"),
    stored("open", take=2, clip=clip(digest=OTHER), is_selected=True, verdict=Verdict.APPROVED, cost=usd("0.25"),
           sequence="a", review_notes=(ReviewNote(by="Ana", at="2026-11-25T10:00:00Z", text="This one.", take=2),)),
    stored("twin", shared_with=("open",), remarks=("requested 6 s, got 5.88 s",), version=12, verdict=Verdict.REJECTED,
           verdict_why="Out of focus.",
           marks=(Mark(kind=MarkKind.FROZEN, measure=1, limit=0.9, unit="share", why="all frames are the same"),)),
    row("turn", why="the request changed", changes=(PROMPT,), duration="long", prompt="mist [Push in, Tilt up], dew"),
    row("end", action=Action.WAIT, why="it starts from turn, not rendered yet"),
    row("away", action=Action.RESUME, why="submitted, still rendering", stage=Stage.SUBMITTED, task="t-7"),
    row("doubt", action=Action.HOLD, why="outcome unknown: it may have been accepted", stage=Stage.IN_DOUBT),
    clips=2,
    seconds=11.8767,
    bytes=2_469_134,
    spent=(usd("0.25"),),
    estimated=(usd("0.28"),),
    silent_providers=("minimax",),
    to_spend=(usd("0.84"),),
    sequences=(Sequence(index=0, id="a", title="The start", notes="Quiet."),),
    states={"open": ShotState.DONE, "twin": ShotState.RETAKE},
    shot_notes={"turn": (ReviewNote(by="Tom", at="2026-11-24T10:00:00Z", text="Warmer."),)},
    now=1_795_700_000.0,
)  # fmt: skip


def shots(*rows: object, **members: object) -> tuple[SheetShot, ...]:
    return tuple(list_shots(report(*rows, **members), LINKED))  # type: ignore[arg-type]


def test_a_page_of_takes_of_every_kind(golden: Golden) -> None:
    golden(body(draw_page(FULL, clients=("acme",))), "sheet.html")


def test_a_column_for_the_client_takes_the_place_of_tags() -> None:
    sheet = make_sheet(report(stored("open"), meta=(("client", "Acme & Sons"),)), LINKED, clients=("acme",))
    assert [value for name, value in sheet.facts if name.lower() == "client"] == ["Acme & Sons"]


@pytest.mark.parametrize(("sequence", "titles"), [("a", ["The start", "No sequence"]), ("", [""])])
def test_shots_outside_of_all_sequences_have_a_heading_of_their_own(sequence: str, titles: list[str]) -> None:
    shown = report(stored("open", sequence=sequence), stored("end"), sequences=FULL.sequences)
    assert [section.title for section in make_sheet(shown, LINKED).sections] == titles


def test_a_mark_that_is_a_remark_too_is_on_the_page_once() -> None:
    mark = Mark(kind=MarkKind.WRONG_LENGTH, measure=4, limit=0.5, unit="s", why="got 4.00 s")
    assert draw_page(report(stored("open", marks=(mark,), remarks=(mark.why,)))).count("got 4.00 s") == 1


def test_what_was_written_counts_what_is_on_the_page() -> None:
    shown = make_selects_report(report(stored("open"), replace(stored("turn"), verdict=Verdict.REJECTED)))
    words = draw_written_sheet(
        shown, page="a.html", size=None, clips_left_out=0, unselected=("open",), shots_left_out=("turn",)
    )
    assert words.splitlines()[:3] == [
        "1 shot, 1 take and 1 clip.",
        "open has no selected take: the first that nobody rejected is shown.",
        "turn is left out: its take is rejected, or not here yet.",
    ]


def test_a_page_of_sketches_says_so(golden: Golden) -> None:
    golden(body(draw_page(report(stored("open"), sketch=True, clips=1))), "sheet_sketch.html")


def test_a_page_without_takes_is_still_one(golden: Golden) -> None:
    golden(body(draw_page(report())), "sheet_empty.html")


def test_a_clients_page_has_the_used_takes_and_nothing_of_money_or_ours(golden: Golden) -> None:
    text = draw_page(make_selects_report(FULL), for_client=True, clients=("acme",))
    golden(body(text), "sheet_client.html")
    text = body(text)
    for secret in ("USD", "minimax", "t-7", "manifests/", "hero", "This one.", "Warmer.", "frozen", "Quiet."):
        assert secret not in text, secret


def test_shots_stand_in_the_order_of_the_edit() -> None:
    late, early = Sequence(index=1, id="late"), Sequence(index=0, id="early")
    found = shots(stored("x"), stored("b", sequence="late"), stored("a", sequence="early"), sequences=(early, late))
    assert [(shot.number, shot.id) for shot in found] == [(1, "a"), (2, "b"), (3, "x")]


def test_a_shot_needs_attention_for_trouble_or_marks_and_not_for_a_verdict() -> None:
    mark = Mark(kind=MarkKind.BLACK, measure=1, limit=0.5, unit="share", why="it is black")
    found = shots(
        stored("rejected", verdict=Verdict.REJECTED), stored("marked", marks=(mark,)), row("new"),
        row("doubt", action=Action.HOLD, stage=Stage.IN_DOUBT), row("left", is_left_out=True),
    )  # fmt: skip
    assert [shot.id for shot in found if shot.needs_care] == ["marked", "doubt", "left"]


def test_takes_of_a_shot_share_its_columns() -> None:
    tall = clip(width=768, height=1366)
    found = shots(stored("wide"), *(stored("tall", take=take, clip=tall) for take in (1, 2, 3)), row("none"))
    assert [shot.span for shot in found] == [2, 3, 2]
    many = shots(*(stored("many", take=take) for take in range(1, 9)))
    assert many[0].span == 10, "more takes go on below"


def test_a_take_without_a_clip_has_the_shape_of_its_siblings() -> None:
    (shot,) = shots(stored("open", clip=clip(width=768, height=1366)), row("open", take=2))
    assert [take.shape for take in shot.takes] == ["tall", "tall"]


def test_a_shot_is_in_a_row_of_its_own_where_it_has_takes_or_no_neighbour() -> None:
    found = report(stored("a"), stored("b"), stored("c", take=1), stored("c", take=2), stored("d"))
    (section,) = make_sheet(found, LINKED).sections
    assert [shot.is_row for shot in section.shots] == [False, False, True, True]


def test_money_of_a_part_of_the_campaign_is_that_of_its_clips() -> None:
    def spent(outside: int) -> list[tuple[str, str, str]]:
        rows = (stored("a", cost=usd("0.20"), fingerprint="1"), stored("b", fingerprint="2"))
        found = report(*rows, shots_outside=outside, spent=(usd("9"),), clips=2)
        return [(each.name, each.value, each.note) for each in make_sheet(found, LINKED).figures if "USD" in each.value]

    assert spent(0) == [("spent so far", "9.00 USD", "")]
    assert spent(3) == [("spent so far", "0.48 USD", "0.28 USD of it by list price")]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"cost": usd("0.25")}, "0.25 USD actual, 0.28 USD estimated"),
        ({"cost": usd("0.28")}, "0.28 USD actual"),
        ({"quote": usd("0.30")}, "0.30 USD estimated"),
        ({"estimate": None}, "price not known"),
        ({"provider": "animatic"}, ""),
    ],
)
def test_the_actual_cost_stands_against_the_estimate(members: dict[str, object], words: str) -> None:
    (shot,) = shots(stored("open", **members))
    assert shot.takes[0].price == words


def test_every_camera_command_has_its_own_icon() -> None:
    assert set(CAMERA_ICONS) == set(CameraCommand)
    assert len(set(CAMERA_ICONS.values())) == len(CameraCommand)
    text = draw_page(report(*(row(f"s{at}", prompt=f"mist [{command}]") for at, command in enumerate(CameraCommand))))
    for command in CameraCommand:
        assert text.count(f'href="#{icon_id(command)}"') == text.count(f'id="{icon_id(command)}"') == 1
        assert f"</svg>{command}</span>" in text, "a reader without pictures has the word"


def test_a_clip_without_stills_can_still_be_played() -> None:
    text = draw_page(replace(FULL, rows=FULL.rows[:1]))
    assert 'data-clip="teaser_open_v001_t01.mp4"' in text
    (shot,) = shots(stored("open"))
    assert (shot.takes[0].clip, shot.takes[0].poster) == ("teaser_open_v001_t01.mp4", "")


def test_addresses_lead_from_the_page_to_the_clips(tmp_path: Path) -> None:
    renders = tmp_path / "renders"
    assert relative_base(renders, renders / "x.html") == ""
    assert relative_base(renders, tmp_path / "re ports/100%/x.html") == "../../renders/"
    assert relative_base(tmp_path / "100% #1?" / "renders", tmp_path / "x.html") == "100%25%20%231%3F/renders/"
    assert relative_base(tmp_path / os.fsdecode(b"\xff"), tmp_path / "x.html") == "%FF/", "a name need not be UTF-8"


def test_the_page_may_load_nothing_from_a_network_and_runs_one_script() -> None:
    text = draw_page(FULL)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.replace("&#39;", "'").split(";"))
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert rules.pop(rule) == f"'sha256-{digest}'"
    assert rules.pop("default-src") == "'none'"
    assert set(rules.values()) <= {"'none'", "'self' file:"}, rules
    assert "http:" not in text
    assert "https:" not in text
    assert text.index("Content-Security-Policy") < text.index("<style>"), "a policy holds for what follows it"


def test_the_script_is_small() -> None:
    assert len((TEMPLATES / "sheet.js").read_bytes()) <= 10_000
