"""What `doctor` prints, whole, and how it fits."""

import pytest

from hailuo_batch.views.doctor import CheckRow, draw_checks
from hailuo_batch.views.fit import fit_lines, measure_text
from hailuo_batch.views.style import TextStyle

CHECKS = (
    CheckRow("good", "python", "3.13.1"),
    CheckRow("good", "aiohttp", "3.14.5", group="libraries"),
    CheckRow("bad", "av", "not installed", "pip install av", group="libraries"),
    CheckRow("good", "rich", "15.0.0", group="libraries"),
    CheckRow("note", "key of minimax", "MINIMAX_API_KEY not set, for api.minimax.io"),
    CheckRow("bad", "ledger", "missing: clips were bought", "Restore it,\nor run again.\x1b[2J"),
)


def test_good_checks_of_a_group_share_a_line_and_others_have_what_to_do() -> None:
    assert draw_checks(CHECKS).splitlines() == [
        "good  python          3.13.1",
        "good  libraries       aiohttp 3.14.5, rich 15.0.0",
        "bad   av              not installed",
        "                      pip install av",
        "note  key of minimax  MINIMAX_API_KEY not set, for api.minimax.io",
        "bad   ledger          missing: clips were bought",
        "                      Restore it,",
        "                      or run again.�[2J",
        "",
        "2 good, 1 note, 2 bad.",
    ]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_it_fits_and_no_path_is_cut(width: int) -> None:
    path = "/home/someone/" + "films/" * 5
    long = CheckRow("good", "project", f"{path} has a hailuo.yaml, and everything in it was read without a problem")
    drawn = fit_lines(draw_checks([long], TextStyle(width=width)), width)
    assert path in drawn
    assert max(map(measure_text, drawn.splitlines())) <= width
    assert (len(drawn.splitlines()) == 3) is (width == 200)
