from typing import Any

import pytest
from report_samples import row

from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.plan.judgement import Verdict
from hailuo_batch.core.plan.used_takes import find_used_takes

CLIP = Clip(digest="sha256:aa", size=9, width=1366, height=768, seconds=6.0, frames=144, codec="h264")
GOOD = {"clip": CLIP}
REJECTED = {"clip": CLIP, "verdict": Verdict.REJECTED}
SELECTED = {"clip": CLIP, "is_selected": True}
MISSING = {"clip": None}


@pytest.mark.parametrize(
    ("takes", "used"),
    [
        ([GOOD, GOOD], 1),
        ([GOOD, SELECTED], 2),
        ([REJECTED, GOOD], 2),
        ([MISSING, GOOD], 2),
        ([MISSING, REJECTED], 2),  # the view says that it was rejected
        ([REJECTED, REJECTED], 1),
        ([MISSING, MISSING], 1),
    ],
)
def test_the_take_of_a_shot_that_the_edit_uses(takes: list[dict[str, Any]], used: int) -> None:
    rows = [row(take=number, **members) for number, members in enumerate(takes, 1)]
    assert {shot: each.take for shot, each in find_used_takes(rows).items()} == {"open": used}
