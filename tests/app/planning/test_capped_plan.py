"""What a plan under a cap counts, sums and leaves out: the same as a run would."""

from pathlib import Path

import pytest

from hailuo_batch.app.planning.plan import plan
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report
from hailuo_batch.views.plan import plan_totals
from hailuo_batch.views.style import PLAIN

FILM = """\
version: 1
campaign: film
providers: [minimax]
budget: {max: 40, currency: USD}
shots:
  - {id: end, prompt: the end, frames: {first: {shot: middle, frame: last}}}
  - {id: middle, prompt: the middle, frames: {first: {shot: open, frame: last}}}
  - {id: other, prompt: something else}
  - {id: open, prompt: the beginning}
"""


async def capped(tmp_path: Path, cost: str) -> Report:
    file = tmp_path / "film.yaml"
    file.write_text(FILM)
    return (await plan(file, max_cost=cost)).report


@pytest.mark.parametrize(
    ("cost", "left", "sentence"),
    [
        ("0.28", ["open#1", "middle#1", "end#1"], "1 to render, 3 left out under a cap. Cost: 0.28 USD."),
        ("0.84", ["end#1"], "2 to render, 1 waiting for a frame, 1 left out under a cap. Cost: 0.84 USD."),
        ("2", [], "2 to render, 2 waiting for a frame. Cost: 1.12 USD."),
        ("0.10", ["other#1", "open#1", "middle#1", "end#1"], "4 left out under a cap. Cost: none."),
    ],
)
async def test_shots_are_left_out_in_the_order_of_a_run_and_are_not_counted_as_work(
    tmp_path: Path, cost: str, left: list[str], sentence: str
) -> None:
    report = await capped(tmp_path, cost)
    assert [take for take, _ in report.over_cap] == left
    assert plan_totals(report, PLAIN) == f"Plan: {sentence}"
    bought = [row for row in report.rows if row.is_bought]
    assert len(bought) == report.clips_to_buy == 4 - len(left)
    assert {row.action for row in bought} <= {Action.SUBMIT, Action.WAIT}


async def test_the_report_says_what_each_cap_still_allows(tmp_path: Path) -> None:
    report = await capped(tmp_path, "3")
    assert [(each.description, str(each.left)) for each in report.caps_left] == [
        ("--max-cost of 3.00 USD", "3.00 USD"),
        ("the manifest's budget of 40.00 USD", "40.00 USD"),
    ]
