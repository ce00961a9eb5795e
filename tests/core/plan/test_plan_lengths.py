"""Two sums: what is bought, by clips, and the edit, by shots."""

from dataclasses import replace
from decimal import Decimal

import pytest
from core_samples import HAILUO_02, PAID, planned, request, shot, standing

from hailuo_batch.core.manifest.document import Cut, Duration
from hailuo_batch.core.plan.plan_cost import list_purchases
from hailuo_batch.core.plan.plan_lengths import PlanLengths, find_kept_duration, sum_lengths
from hailuo_batch.core.plan.report import ClipSize

SIX = replace(PAID, seconds=6)
CUT = Cut(start=Decimal(1), end=Decimal("4.5"))


def sums(*shots, **members) -> PlanLengths:
    plan = planned(*shots, route=SIX, **members)
    clips = {"sha256:1": ClipSize(size=1, seconds=5.9)}
    return sum_lengths(plan.steps, list_purchases(plan.steps), clips)


def test_each_clip_is_bought_once_and_each_shot_is_in_the_edit_once() -> None:
    found = sums(shot("a", takes=3, cut=CUT), shot("b", prompt="b"), shot("c", prompt="b", cut=CUT))
    assert found == PlanLengths(bought=24, to_buy=24, edit=3.5 + 6 + 3.5)


def test_without_a_cut_there_is_no_sum_of_the_edit() -> None:
    assert sums(shot("a", takes=2)) == PlanLengths(bought=12, to_buy=12)


def test_a_clip_that_is_there_counts_as_long_as_it_is() -> None:
    mark = planned(shot("a")).steps[0].fingerprint
    kept = {mark: standing(digest="sha256:1")}
    found = sums(shot("a", cut=CUT), standings=kept, stored_digests=frozenset(["sha256:1"]))
    assert found == PlanLengths(bought=5.9, to_buy=0, edit=3.5)


@pytest.mark.parametrize(
    ("before", "now", "end", "kept"),
    [
        (10, "short", "3", 10),
        ("long", "short", "3", "long"),
        ("short", 6, "5.5", None),  # it may be 5 s
        (6, "long", "8", None),
        (6, 6, "3", None),
    ],
)
def test_a_clip_before_is_kept_only_where_it_holds_the_cut(
    before: Duration, now: Duration, end: str, kept: Duration | None
) -> None:
    cut_shot = shot(cut=Cut(end=Decimal(end)), places={"cut": ("shots", 0, "cut")})
    assert find_kept_duration(cut_shot, request(duration=before), request(duration=now), HAILUO_02) == kept
    other = request(duration=before, prompt="another")
    assert find_kept_duration(cut_shot, other, request(duration=now), HAILUO_02) is None
    assert find_kept_duration(shot(), request(duration=before), request(duration=now), HAILUO_02) is None
