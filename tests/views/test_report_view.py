"""What `status` and `report` print, whole."""

from collections.abc import Callable

from view_samples import clip, report, row, stored, usd

from hailuo_batch.core.plan import Action
from hailuo_batch.views.ink import Ink
from hailuo_batch.views.report import draw_report

Golden = Callable[[str, str], None]

MIXED = report(
    stored("open"),
    stored("square", version=12, take=3, artifact=clip(width=768, height=768, seconds=10.0, size=12_345_678)),
    stored("short", artifact=clip(seconds=5.8767, size=90_000), remarks=("asked 6 s, got 5.88 s",)),
    stored("uhd", artifact=clip(width=1920, height=1080)),
    row("turn", version=2, why="the request changed", changed=("prompt",)),
    row("end", action=Action.WAIT, why="it starts from turn, not rendered yet"),
    clips=4,
    seconds=27.9,
    bytes=14_904_812,
    to_spend=(usd("0.56"),),
    spent=(usd("1.12"),),
)


def test_every_take_has_a_line_and_the_sums_follow(golden: Golden) -> None:
    golden(draw_report(MIXED), "report_mixed.txt")


def test_a_terminal_sees_the_same_words_in_colour(golden: Golden) -> None:
    golden(draw_report(MIXED, Ink(colour=True)).replace("\x1b", "ESC"), "report_mixed_colour.txt")


def test_a_report_of_a_finished_sketch(golden: Golden) -> None:
    rows = (stored("open"), stored("turn", shared_with=("twin",)), stored("twin", shared_with=("turn",)))
    drawn = draw_report(report(*rows, sketch=True, model="animatic", clips=2, seconds=12.0, bytes=2_469_134))
    golden(drawn, "report_sketch.txt")


def test_a_report_of_nothing_is_its_heading_and_its_sums(golden: Golden) -> None:
    golden(draw_report(report()), "report_empty.txt")
