"""What `status` and `report` print, whole."""

from collections.abc import Callable

from view_samples import PROMPT, clip, report, row, stored, usd

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.views.report import draw_report
from hailuo_batch.views.style import TextStyle

Golden = Callable[[str, str], None]

MIXED = report(
    stored("open"),
    stored("square", version=12, take=3, clip=clip(width=768, height=768, seconds=10.0, size=12_345_678)),
    stored("short", clip=clip(seconds=5.8767, size=90_000), remarks=("requested 6 s, got 5.88 s",)),
    stored("uhd", clip=clip(width=1920, height=1080)),
    row("turn", version=2, why="the request changed", changes=(PROMPT,)),
    row("end", action=Action.WAIT, why="it starts from turn, not rendered yet"),
    clips=4,
    seconds=27.9,
    bytes=14_904_812,
    to_spend=(usd("0.56"),),
    spent=(usd("1.12"),),
)


def test_what_is_not_home_has_its_task_and_what_to_do(golden: Golden) -> None:
    away = (
        row("run", action=Action.RESUME, why="submitted, still rendering", stage=Stage.SUBMITTED, task="t-7"),
        row("made", action=Action.FETCH, why="rendered, not downloaded yet", stage=Stage.PRODUCED, task="t-8"),
        row("doubt", action=Action.HOLD, why="outcome unknown: it may have been accepted", stage=Stage.IN_DOUBT),
        row("gone", action=Action.FETCH, why="the lock names its clip, which is in the store"),
    )
    golden(draw_report(report(*away, stored("open", task="t-9"))), "report_not_home.txt")


def test_every_take_has_a_line_and_the_sums_follow(golden: Golden) -> None:
    golden(draw_report(MIXED), "report_mixed.txt")


def test_a_terminal_sees_the_same_words_in_colour(golden: Golden) -> None:
    golden(draw_report(MIXED, TextStyle(colour=True)).replace("\x1b", "ESC"), "report_mixed_colour.txt")


def test_a_report_of_a_finished_sketch(golden: Golden) -> None:
    rows = (stored("open"), stored("turn", shared_with=("twin",)), stored("twin", shared_with=("turn",)))
    drawn = draw_report(report(*rows, sketch=True, model="animatic", clips=2, seconds=12.0, bytes=2_469_134))
    golden(drawn, "report_sketch.txt")


def test_a_report_of_nothing_is_its_heading_and_its_sums(golden: Golden) -> None:
    golden(draw_report(report()), "report_empty.txt")
