"""What `explain` prints, whole, as text and as JSON."""

import json
from collections.abc import Callable
from typing import Any

from view_samples import usd

from hailuo_batch.core.plan.compare_requests import Member
from hailuo_batch.core.plan.explain import Explanation
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.views.explain import draw_explanation, explanation_dict
from hailuo_batch.views.style import TextStyle

Golden = Callable[[str, str], None]


def explanation(**members: Any) -> Explanation:
    plain = {
        "shot": "open", "take": 1, "version": 1, "action": Action.SUBMIT, "reason": "never rendered",
        "members": (Member(name="model", now="hailuo-02"), Member(name="duration", now=6)),
        "fingerprint": "v1-" + "0" * 64, "previous_fingerprint": "", "preimage": '{"model":"hailuo-02"}',
        "provider": "minimax",
        "estimate": usd("0.28"), "free": False, "shared_with": (), "digest": "",
    }  # fmt: skip
    return Explanation(**{**plain, **members})


CHANGED = explanation(
    version=2,
    reason="the request changed",
    members=(
        Member(name="model", now="hailuo-02", before="hailuo-02"),
        Member(name="prompt", now="a bottle in mist\nand light", before="a bottle", changed=True),
        Member(name="first", now=None, before={"artifact": "sha256:" + "1" * 64, "frame": "last"}, changed=True),
        Member(name="last", now="sha256:" + "2" * 64, before=None, changed=True),
        Member(name="prompt_optimizer", now=True, before=True),
    ),
    previous_fingerprint="v1-" + "1" * 64,
    shared_with=("twin", "triplet"),
)


def test_a_take_that_was_never_rendered(golden: Golden) -> None:
    golden(draw_explanation(explanation()), "explanation_new.txt")


def test_what_changed_stands_beside_what_it_was(golden: Golden) -> None:
    golden(draw_explanation(CHANGED), "explanation_changed.txt")
    golden(draw_explanation(CHANGED, TextStyle(colour=True)).replace("\x1b", "ESC"), "explanation_changed_colour.txt")
    golden(json.dumps(explanation_dict(CHANGED), indent=2), "explanation_changed.json")


def test_frames_are_shown_by_their_names(golden: Golden) -> None:
    members = (
        Member(
            name="first", now=None, before={"artifact": "sha256:" + "1" * 64, "frame": "last"}, changed=True,
            label="last frame of open, not here yet", label_before="last frame of open v001",
        ),
        Member(name="last", now="sha256:" + "2" * 64, label="assets/end.png"),
    )  # fmt: skip
    golden(draw_explanation(explanation(members=members)), "explanation_frames.txt")


def test_a_take_that_is_there(golden: Golden) -> None:
    there = explanation(
        action=Action.REUSE, reason="its clip is in the store", digest="sha256:" + "3" * 64, estimate=None, free=True,
        provider="animatic",
    )  # fmt: skip
    golden(draw_explanation(there), "explanation_stored.txt")


def test_a_take_that_waits_has_no_members_and_no_fingerprint(golden: Golden) -> None:
    waiting = explanation(
        action=Action.WAIT, reason="it starts from open, not rendered yet", members=(), fingerprint="", preimage="",
        estimate=None, provider="vtrix",
    )  # fmt: skip
    golden(draw_explanation(waiting), "explanation_waiting.txt")
    members = explanation_dict(waiting)
    assert members["version"] == 1
    assert [name for name, value in members.items() if value is None] == [
        "fingerprint", "before", "preimage", "artifact", "estimate",
    ]  # fmt: skip
