"""A plan and an explanation that people review, in a terminal of 80 and of 200 columns."""

from collections.abc import Callable

import pytest
from view_samples import PROMPT, change, failure, report, row, stored, usd

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.plan.chains import LinkPlace
from hailuo_batch.core.plan.compare_requests import Member
from hailuo_batch.core.plan.dropped_shots import DroppedShot
from hailuo_batch.core.plan.explain import ChainLink, Explanation
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report
from hailuo_batch.views.explain import draw_explanation
from hailuo_batch.views.fit import fit_lines, measure_text
from hailuo_batch.views.plan import draw_plan
from hailuo_batch.views.style import TextStyle

Golden = Callable[[str, str], None]
OLD = "a wet street at night, neon on the asphalt, a taxi waits, on 35 mm film, soft grain, halation"
NEW = OLD.replace("asphalt", "cobbles")


def changed_film() -> Report:
    """One shot changed, two follow it, one has another image, one is in doubt, and a cap leaves one out."""
    changed = {"why": "the request changed", "version": 2}
    image = change("first", f"sha256:{'1' * 64}", f"sha256:{'2' * 64}", label="../stills/harbour.png")
    follows = {"action": Action.WAIT, "why": "chain: street changed", "chain": ("street",), "version": 2}
    rows = (
        row("street", prompt=NEW, changes=(change("prompt", OLD, NEW),), followers=("chase", "chase-end"),
            follower_count=2, duration=10, estimate=usd("0.56"), **changed),
        row("chase", prompt="the taxi drives off", **follows),
        row("chase-end", prompt="the taxi stops at the harbour", **follows),
        row("harbour-at-dawn-wide", prompt="fishing boats, long shadows, gulls", changes=(image,), **changed),
        row("pack-red", same_clip_as="pack-crimson#1"),
        row("pack-crimson", shared_with=("pack-red",), shared_count=1),
        row("clock", action=Action.HOLD, why="outcome unknown: it may have been accepted", stage=Stage.IN_DOUBT),
        row("end", is_left_out=True, is_bought=False),
        stored("open"),
    )  # fmt: skip
    over = failure("it would cost 0.28 USD, and --max-cost of 2 USD has 0.04 USD left", "Raise the cap.")
    return report(
        *rows,
        to_spend=(usd("1.68"),),
        left_out={Action.SUBMIT: 1},
        over_cap=(("end#1", failure(over.why, over.remedy, FailureKind.OVER_CAP)),),
        dropped=(DroppedShot(shot="gone"), DroppedShot(shot="watch", renamed_to="clock")),
    )


def explained_chase() -> Explanation:
    """The second shot of a chain of three, whose first shot changed."""
    giver, own, after = LinkPlace.BEFORE, LinkPlace.SELF, LinkPlace.AFTER
    links = (
        ("street", giver, Action.SUBMIT, "the request changed", ()),
        ("chase", own, Action.WAIT, "chain: street changed", ("last frame of street",)),
        ("chase-end", after, Action.WAIT, "chain: street changed (through chase)", ("last frame of chase",)),
    )
    first = Member(
        name="first", now=None, before={"artifact": "sha256:" + "1" * 64, "frame": "last"}, changed=True,
        label="last frame of street, not here yet", label_before="last frame of street v001",
    )  # fmt: skip
    return Explanation(
        shot="chase", take=1, version=2, action=Action.WAIT, reason="chain: street changed", fingerprint="",
        members=(Member(name="model", now="hailuo-02", before="hailuo-02"), PROMPT, first),
        previous_fingerprint="v1-" + "1" * 64, preimage="", provider="minimax", estimate=usd("0.28"), free=False,
        shared_with=(), digest="", has_shot_frames=True,
        chain=tuple(ChainLink(shot=s, place=p, action=a, reason=r, frames=f) for s, p, a, r, f in links),
    )  # fmt: skip


@pytest.mark.parametrize("width", [80, 200])
def test_what_people_review_fits_its_terminal(width: int, golden: Golden) -> None:
    style = TextStyle(width=width)
    texts = {
        "plan": draw_plan(changed_film(), style, is_last=True),
        "explanation": draw_explanation(explained_chase(), style),
    }
    for name, text in texts.items():
        fitted = fit_lines(text, width)
        assert max(map(measure_text, fitted.splitlines())) <= width
        golden(fitted, f"{name}_{width}.txt")
