from typing import Any

import pytest
from core_samples import PAID, after_shot, planned, request, shot, standing, usd
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.attempt.attempt import Clip, Stage
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.manifest.document import Frames
from hailuo_batch.core.plan.plan import Action, LastRender, Plan
from hailuo_batch.core.plan.reasons import describe_reason
from hailuo_batch.core.plan.report import ClipSize, Report, make_report
from hailuo_batch.core.request.fingerprint import fingerprint, preimage


def artifact(digest: str = "sha256:aa", seconds: float = 6.0, size: int = 1000) -> Clip:
    return Clip(digest=digest, size=size, width=1366, height=768, seconds=seconds, frames=144, codec="h264")


def report(plan: Plan, *artifacts: Clip, sketch: bool = False, **members) -> Report:
    kept = {each.digest: each for each in artifacts}
    footage = {each.digest: ClipSize(size=each.size, seconds=each.seconds) for each in artifacts}
    return make_report(plan, manifest="teaser.yaml", sketch=sketch, clips=kept, clip_sizes=footage, **members)


MARK = planned(shot()).steps[0].fingerprint
STORED: dict[str, Any] = {"standings": {MARK: standing(cost=usd("0.30"))}, "stored_digests": frozenset({"sha256:aa"})}


def test_a_row_says_what_stands_where() -> None:
    plan = planned(shot(tags=("hero",), notes="n"), **STORED)
    (row,) = report(plan, artifact()).rows
    assert (row.shot, row.take, row.version, row.action, row.stage) == ("open", 1, 1, Action.REUSE, Stage.STORED)
    assert (row.file, row.provider, row.cost) == ("teaser_open_v001_t01.mp4", "minimax", usd("0.30"))
    assert (row.fingerprint, row.clip, row.tags, row.notes) == (MARK, artifact(), ("hero",), "n")


def test_a_clip_that_is_not_there_has_no_file() -> None:
    (row,) = report(planned(shot())).rows
    assert (row.file, row.clip, row.stage, row.cost) == ("", None, None, None)
    assert (row.provider, row.estimate) == (PAID.provider, PAID.estimate)


def test_a_shared_clip_is_one_clip_with_a_row_for_each_name() -> None:
    shared = report(planned(shot("a"), shot("b"), **STORED), artifact(seconds=6.0, size=1000))
    assert [(row.shot, row.shared_with) for row in shared.rows] == [("a", ("b",)), ("b", ("a",))]
    assert (shared.clips, shared.seconds, shared.bytes, shared.spent) == (1, 6.0, 1000, (usd("0.30"),))


def test_a_clip_that_many_share_names_the_first_of_them() -> None:
    many = report(planned(*(shot(f"s{number:02d}") for number in range(30)), **STORED)).rows
    assert {(len(row.shared_with), row.shared_count) for row in many} == {(20, 29)}
    assert (many[0].shared_with[0], many[29].shared_with[-1]) == ("s01", "s19")


def test_counts_and_money_are_sums() -> None:
    plan = planned(shot("a"), shot("b", prompt="q", takes=2), **STORED)
    found = report(plan, artifact(), shots_outside=3)
    assert found.counts == {Action.REUSE: 1, Action.SUBMIT: 2}
    assert (found.to_spend, found.unpriced, found.shots_outside) == ((usd("0.56"),), 0, 3)


def test_a_clip_whose_facts_are_lost_counts_for_nothing_and_keeps_its_name() -> None:
    lost = report(planned(shot(), **STORED))
    assert (lost.clips, lost.bytes, lost.rows[0].file) == (0, 0, "teaser_open_v001_t01.mp4")


def test_a_brief_report_counts_everything_and_has_rows_of_the_work_only() -> None:
    plan = planned(shot("a"), shot("b", prompt="q", takes=2), **STORED)
    footage = {"sha256:aa": ClipSize(size=1000, seconds=6.0)}
    brief = make_report(plan, manifest="teaser.yaml", sketch=False, clip_sizes=footage)
    assert [(row.shot, row.take) for row in brief.rows] == [("b", 1), ("b", 2)]
    assert (brief.takes, brief.clips, brief.bytes, brief.seconds) == (3, 1, 1000, 6.0)
    assert brief.counts == {Action.REUSE: 1, Action.SUBMIT: 2}


def test_the_footage_is_the_same_sum_in_any_order() -> None:
    shots = [shot(f"s{n}", prompt=str(n)) for n in range(30)]
    marks = [step.fingerprint for step in planned(*shots).steps]
    now = {mark: standing(digest=mark) for mark in marks}
    plan = planned(*shots, standings=now, stored_digests=frozenset(marks))
    footage = {mark: ClipSize(size=1, seconds=0.1) for mark in marks}
    found = make_report(plan, manifest="teaser.yaml", sketch=False, clip_sizes=footage)
    assert found.seconds == 3.0, "added one by one, thirty tenths are 3.0000000000000013"


def test_a_sketch_is_named_as_one() -> None:
    assert report(planned(shot(), **STORED), artifact(), sketch=True).rows[0].file == "teaser_open_v001_sketch.mp4"


@pytest.mark.parametrize(
    ("duration", "seconds", "remarks"),
    [
        (6, 6.0, ()),
        (6, 6.4, ()),
        (6, 5.875, ()),
        (10, 6.0, ("requested 10 s, got 6.00 s",)),
        ("short", 9.0, ("requested short (5 or 6 s), got 9.00 s",)),
        ("short", 5.0, ()),
        ("long", 6.0, ("requested long (10 s), got 6.00 s",)),
        (5, 6.0, ()),  # two gateways sell the model's 6 s as 5
        (6, 5.0, ("requested 6 s, got 5.00 s",)),
    ],
)
def test_a_clip_of_another_length_is_kept_and_said(duration, seconds: float, remarks: tuple[str, ...]) -> None:
    of = shot(duration=duration)
    mark = planned(of).steps[0].fingerprint
    plan = planned(of, standings={mark: standing()}, stored_digests=frozenset({"sha256:aa"}))
    assert report(plan, artifact(seconds=seconds)).rows[0].remarks == remarks


def test_a_reason_names_who_is_waited_for_and_why_an_attempt_failed() -> None:
    waiting = planned(shot("a"), shot("b", frames=after_shot("a"))).steps[1]
    assert describe_reason(waiting) == "it starts from a, not rendered yet"
    failed = planned(shot(), standings={MARK: standing(Stage.FAILED, why="refused by moderation")}).steps[0]
    assert describe_reason(failed) == "the last attempt failed: refused by moderation"
    silent = planned(shot(), standings={MARK: standing(Stage.FAILED)}).steps[0]
    assert describe_reason(silent) == "the last attempt failed"
    cancelled = planned(shot(), standings={MARK: standing(Stage.CANCELLED, kind=FailureKind.WRITTEN_OFF)}).steps[0]
    assert describe_reason(cancelled) == "the last attempt was written off"


def test_a_changed_shot_says_which_members_differ_where_that_is_known() -> None:
    old = request(prompt="before", duration=10)
    plan = planned(shot(), last_renders={"open": LastRender(version=1, take=1, fingerprint=fingerprint(old))})
    requests = {fingerprint(old): preimage(old).decode()}
    (row,) = report(plan, requests=requests).rows
    assert [(each.name, each.before, each.now) for each in row.changes] == [
        ("prompt", "before", "a bottle in mist"), ("duration", 10, 6),
    ]  # fmt: skip
    assert row.changed == ("prompt", "duration")
    assert report(plan).rows[0].changes == ()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.integers(1, 3)), max_size=3))
def test_every_take_has_one_row_and_the_counts_are_their_number(of: list[tuple[str, str, int]]) -> None:
    shots = [shot(f"{name}{n}", prompt=prompt, takes=takes) for n, (name, prompt, takes) in enumerate(of)]
    found = report(planned(*shots))
    assert sum(found.counts.values()) == len(found.rows) == sum(takes for _, _, takes in of)


def test_followers_of_a_changed_shot_name_it_and_have_their_price() -> None:
    chain = (
        shot("a"), shot("b", frames=after_shot("a")), shot("c", frames=after_shot("b")),
        shot("new", frames=after_shot("a")),
    )  # fmt: skip
    past = {name: LastRender(version=1, take=1, fingerprint=f"v1-old-{name}") for name in "abc"}
    found = report(planned(*chain, last_renders=past))
    assert [(row.why, row.version, row.is_bought, row.estimate) for row in found.rows] == [
        ("the request changed", 2, True, usd("0.28")),
        ("chain: a changed", 2, True, usd("0.28")),
        ("chain: a changed (through b)", 2, True, usd("0.28")),
        ("it starts from a, which must be rendered again", 1, True, usd("0.28")),
    ]
    assert [(row.chain, row.followers) for row in found.rows] == [
        ((), ("b", "new")), (("a",), ("c",)), (("a",), ()), (("a",), ()),
    ]  # fmt: skip
    assert found.to_spend == (usd("1.12"),)


@pytest.mark.parametrize("stage", [Stage.SUBMITTED, Stage.PRODUCED, Stage.IN_DOUBT, Stage.FAILED])
def test_a_changed_shot_heads_its_chain_also_once_it_was_submitted(stage: Stage) -> None:
    past = {name: LastRender(version=1, take=1, fingerprint=f"v1-old-{name}") for name in "ab"}
    shots = (shot("a"), shot("b", frames=after_shot("a")))
    found = report(planned(*shots, last_renders=past, standings={MARK: standing(stage, digest=None)}))
    assert found.rows[1].why == "chain: a changed"


def test_a_shot_that_waits_for_more_than_a_changed_one_says_what_it_waits_for() -> None:
    """Its chain would be half of the truth: the other source was never rendered."""
    two = Frames(first=after_shot("a").first, last=after_shot("fresh").first)
    past = {name: LastRender(version=1, take=1, fingerprint=f"v1-old-{name}") for name in ("a", "b")}
    found = report(planned(shot("a"), shot("fresh", prompt="new"), shot("b", frames=two), last_renders=past))
    assert (found.rows[2].why, found.rows[2].chain) == ("it starts from a, fresh, not rendered yet", ())
