"""Lines of a plan add up to its total, line by line and folded, whatever the plan has."""

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailuo_batch.core.attempt.attempt import Stage, Standing
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.manifest.document import NO_FRAMES, FrameRole, Frames, ShotFrame
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import LastRender, PlanInputs
from hailuo_batch.core.plan.plan_cost import list_purchases
from hailuo_batch.core.plan.planner import make_plan
from hailuo_batch.core.plan.report import Report, make_report
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.core.switches import DEFAULT_SWITCHES
from hailuo_batch.load.model_tables import read_model
from hailuo_batch.views.plan import draw_plan
from hailuo_batch.views.style import TextStyle

_OVER = Failure(kind=FailureKind.OVER_CAP, why="the cap has no room", remedy="Raise it.")
_PRICES = (Money(amount=Decimal("0.28"), currency="USD"), Money(amount=Decimal("12.5"), currency="credits"), None)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """A report of shots in chains, with shared requests, every stage, unknown prices, and a cap."""
    number = draw(st.integers(1, 8))
    shots = tuple(_draw_shot(draw, place) for place in range(number))
    routes = {
        each.needs: Route(provider=draw(st.sampled_from(["minimax", "vtrix"])), estimate=draw(st.sampled_from(_PRICES)))
        for each in shots
    }
    past = draw(st.sets(st.integers(0, number - 1)))
    inputs: dict[str, Any] = {
        "model": read_model("hailuo-02"), "images": {}, "routes": routes, "locked_clips": {},
        "last_renders": {f"s{n}": LastRender(version=1, take=1, fingerprint=f"v1-old-{n}") for n in past},
    }  # fmt: skip
    fresh = make_plan(shots, PlanInputs(standings={}, stored_digests=frozenset(), **inputs), campaign="film")
    stages = {step.fingerprint: draw(st.none() | st.sampled_from(Stage)) for step in fresh.steps if step.fingerprint}
    standings = {
        mark: Standing(attempt=1, stage=stage, provider="minimax", digest=f"sha256:{mark}", task="t-1")
        for mark, stage in stages.items()
        if stage is not None
    }
    kept = frozenset(each.digest or "" for each in standings.values() if draw(st.booleans()))
    plan = make_plan(shots, PlanInputs(standings=standings, stored_digests=kept, **inputs), campaign="film")
    bought = list_purchases(plan.steps)
    left = [(step, _OVER) for step in bought[draw(st.integers(0, len(bought))) :]]
    return make_report(plan, manifest="film.yaml", sketch=False, clip_sizes={}, over_cap=left)


def _draw_shot(draw: st.DrawFn, place: int) -> Shot:
    giver = draw(st.none() | st.integers(0, place - 1)) if place else None
    first = None if giver is None else ShotFrame(shot=f"s{giver}", frame=FrameRole.LAST)
    return Shot(
        id=f"s{place}", index=place, prompt=draw(st.sampled_from(["a", "b"])),
        frames=NO_FRAMES if first is None else Frames(first=first), duration=draw(st.sampled_from([6, 10])),
        resolution="768p", takes=draw(st.integers(1, 2)), tags=draw(st.sampled_from([(), ("hero",)])),
        switches=DEFAULT_SWITCHES, notes="",
    )  # fmt: skip


def line_sums(drawn: str) -> dict[str, Decimal]:
    """What the amounts on the lines of a plan add up to: all lines between its heading and its sums."""
    lines = drawn.split("\n\n")[1] if drawn.count("\n\n") > 1 else ""
    sums: dict[str, Decimal] = {}
    for amount, currency in re.findall(r"([\d,]+\.\d+) (USD|credits)", lines):
        sums[currency] = sums.get(currency, Decimal()) + Decimal(amount.replace(",", ""))
    return sums


@settings(max_examples=100, deadline=None)
@given(found=reports())
@pytest.mark.parametrize("width", [0, 200])
def test_lines_add_up_to_the_total_in_every_plan(found: Report, width: int) -> None:
    total = {each.currency: each.amount for each in found.to_spend}
    assert line_sums(draw_plan(found, TextStyle(width=width))) == total


@settings(max_examples=100, deadline=None)
@given(found=reports())
def test_groups_add_up_to_the_total_in_every_plan(found: Report) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hailuo_batch.views.plan.MAX_ROWS", 0)
        drawn = draw_plan(found)
    assert line_sums(drawn) == {each.currency: each.amount for each in found.to_spend}
    takes = sum(int(number) for number in re.findall(r"^  \S +([\d,]+) takes?  ", drawn, re.MULTILINE))
    assert takes == len(found.rows)
