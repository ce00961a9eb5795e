from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from core_samples import HAILUO_02, PAID, planned, request, shot, standing

from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.manifest.document import Cut, FrameRole
from hailuo_batch.core.marks import Mark
from hailuo_batch.core.measures import ClipMeasures, FrameMatch
from hailuo_batch.core.plan.clip_marks import list_marks
from hailuo_batch.core.plan.report import make_report
from hailuo_batch.core.plan.row_order import sort_by_marks
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.core.request.request import ImageRef

CLIP = Clip(digest="sha256:aa", size=1000, width=1366, height=768, seconds=6.0, frames=144, codec="h264")
OPEN, END = ImageRef(digest="sha256:1"), ImageRef(digest="sha256:2", frame=FrameRole.LAST)


def marks(*, clip: dict[str, Any] | None = None, sold: float | None = None, seen: Any = None, **of: Any) -> list[Mark]:
    members = {"first": OPEN, "last": END}
    had = replace(CLIP, **(clip or {}))
    return [*list_marks(shot(**of), had, HAILUO_02, request=request(**members), measures=seen, sold=sold)]


@pytest.mark.parametrize(
    ("duration", "sold", "seconds", "why"),
    [
        ("short", 6, 6.0, ""),
        ("short", 5, 5.0, ""),
        ("short", 5, 6.0, ""),  # the model's 6 s, which two gateways sell as 5
        (5, 5, 6.0, ""),
        ("short", 6, 5.0, "requested short (6 s), got 5.00 s"),  # a second less than what was bought
        ("short", None, 5.0, ""),  # nobody knows what its provider sold
        ("long", 10, 6.0, "requested long (10 s), got 6.00 s"),
        (6, 6, 5.0, "requested 6 s, got 5.00 s"),
        (10, 10, 9.6, ""),
    ],
)
def test_a_length_is_compared_with_what_its_provider_sells(duration, sold, seconds: float, why: str) -> None:
    assert [mark.why for mark in marks(duration=duration, sold=sold, clip={"seconds": seconds})] == [why] * bool(why)


@pytest.mark.parametrize(
    ("end", "seconds", "why"), [("5.9", 5.6, "its cut ends at 5.9 s, got 5.60 s"), ("5.9", 5.88, "")]
)
def test_a_clip_that_does_not_hold_its_cut_is_marked(end: str, seconds: float, why: str) -> None:
    found = marks(cut=Cut(end=Decimal(end)), clip={"seconds": seconds})
    assert [mark.why for mark in found] == [why] * bool(why)


def match(role: str = "first", image: ImageRef = OPEN, **members: Any) -> FrameMatch:
    return FrameMatch(role=role, digest=image.digest, frame=str(image.frame or ""), **{"shape": 16 / 9, **members})


@pytest.mark.parametrize(
    ("size", "shape", "why"),
    [
        ((1366, 768), 1.78, ""),
        ((1366, 768), 1.5, ""),
        ((910, 512), 1.78, "requested 768p, got 910 × 512"),
        ((1366, 768), 0.56, "got 1366 × 768, wider than its first frame"),
        ((768, 1366), 1.78, "got 768 × 1366, narrower than its first frame"),
    ],
)
def test_a_size_is_compared_with_the_request_and_a_shape_with_the_first_frame(size, shape: float, why: str) -> None:
    seen = ClipMeasures(matches=(match(shape=shape),))
    found = marks(clip={"width": size[0], "height": size[1]}, seen=seen)
    assert [mark.why for mark in found] == [why] * bool(why)


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        ({"black": 0.5, "still": 1.0, "matches": (match(ssim=0.1),)}, "black: nothing is seen in 50 % of its frames"),
        ({"black": 0.44}, ""),
        ({"still": 0.67, "moved": 0.0}, "frozen: nothing changes for 67 % of its length"),
        ({"still": 0.6, "moved": 0.02}, "no motion: 2 % of it moves, and [Tilt up] is requested"),
        ({"moved": 0.1}, ""),
        ({"matches": (match(ssim=0.49),)}, "first frame unlike the given image: 0.49 of 1"),
        ({"matches": (match(ssim=0.5),)}, ""),
        ({"matches": (match("last", END, ssim=0.34),)}, "last frame unlike the given image: 0.34 of 1"),
        ({"matches": (match("last", OPEN, ssim=0.1),)}, ""),  # of another image than the request has
        ({"matches": (match(ssim=None),)}, ""),
        ({"failure": "Decoding stopped.", "black": 1.0}, "not measured: Decoding stopped."),
    ],
)
def test_what_is_seen_becomes_one_mark_with_its_measure(seen: dict[str, Any], why: str) -> None:
    found = marks(prompt="mist [Static shot] then [Tilt up]", seen=ClipMeasures(**seen))
    assert [mark.why for mark in found] == [why] * bool(why)
    assert all((mark.measure >= mark.limit) is (mark.kind in {"black", "frozen"}) or not mark.unit for mark in found)


def test_a_report_has_marks_in_rows_and_remarks_and_can_be_sorted_by_them() -> None:
    shots = [shot(name, prompt=name) for name in ("good", "dark", "short", "both")]
    prints = [step.fingerprint for step in planned(*shots).steps]
    digests = [f"sha256:{name}" for name in ("good", "dark", "short", "both")]
    there = {mark: standing(digest=digest) for mark, digest in zip(prints, digests, strict=True)}
    plan = planned(*shots, standings=there, stored_digests=frozenset(digests))
    lengths = {"sha256:short": 5.0, "sha256:both": 5.0}
    clips = {digest: replace(CLIP, digest=digest, seconds=lengths.get(digest, 6.0)) for digest in digests}
    seen = {digest: ClipMeasures(black=float(digest[7:] in {"dark", "both"})) for digest in digests[1:]}
    found = make_report(plan, manifest="teaser.yaml", sketch=False, clips=clips, measures=seen, clip_sizes={})
    assert [(row.shot, row.is_measured, [str(mark.kind) for mark in row.marks]) for row in found.rows] == [
        ("good", False, []), ("dark", True, ["black"]), ("short", True, ["wrong-length"]),
        ("both", True, ["black", "wrong-length"]),
    ]  # fmt: skip
    assert all(row.remarks == tuple(mark.why for mark in row.marks) for row in found.rows)
    assert [row.shot for row in sort_by_marks(found).rows] == ["both", "dark", "short", "good"]


def test_a_report_knows_what_the_provider_of_each_clip_sells() -> None:
    """`short` is 5 s at one gateway and 6 s at another: 5 s from the other one are a second too few."""
    one, other = replace(PAID, provider="mindvideo", seconds=5), Route(provider="minimax", estimate=None, seconds=6)
    for maker, kinds in (("mindvideo", []), ("minimax", ["wrong-length"])):
        of = shot(duration="short")
        step = planned(of).steps[0]
        there = {step.fingerprint: standing(provider=maker)}
        route = replace(one, fallbacks=(other,))
        plan = planned(of, route=route, standings=there, stored_digests=frozenset({"sha256:aa"}))
        clips = {"sha256:aa": replace(CLIP, seconds=5.0)}
        (row,) = make_report(plan, manifest="t.yaml", sketch=False, clips=clips, clip_sizes={}).rows
        assert [str(mark.kind) for mark in row.marks] == kinds
