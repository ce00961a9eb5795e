from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from timeline_samples import clip, cut, take, timeline

from hailuo_batch.core.manifest.document import Cut
from hailuo_batch.core.plan.report import Report
from hailuo_batch.core.plan.timeline import EDIT_RATES, find_rate, make_timeline


@pytest.mark.parametrize(
    ("frames", "seconds", "rate"),
    [
        (144, 6.0, Fraction(24)),
        (141, 5.875, Fraction(24)),
        (150, 6.0, Fraction(25)),
        (144, 6.006, Fraction(24000, 1001)),
        (180, 6.006, Fraction(30000, 1001)),
        (144, 6.001, Fraction(24)),  # a clock of milliseconds
        (96, 6.0, Fraction(16)),  # no rate of an editing program
        (2, 1.0, Fraction(2)),
    ],
)
def test_the_rate_of_a_clip_follows_from_its_frames_and_is_exact(frames: int, seconds: float, rate: Fraction):
    assert find_rate(replace(clip(), frames=frames, seconds=seconds)) == rate


def test_the_selected_take_is_used_else_the_first_and_the_order_is_that_of_the_shots():
    rows = (
        take("b", clip(mark="b2"), take=2),
        take("b", clip(mark="b1")),
        take("a", clip(mark="a1")),
        take("a", clip(mark="a2"), take=2, is_selected=True),
    )
    report = Report(campaign="film", manifest="film.yaml", model="hailuo-02", sketch=False, rows=rows)
    made = make_timeline(report, ["a", "b", "left out"], {})
    assert [(part.shot, part.row.take, part.used and part.used.digest) for part in made.parts] == [
        ("a", 2, "sha256:a2"),
        ("b", 1, "sha256:b1"),
    ]
    assert made.unselected == ("b",)


@pytest.mark.parametrize(
    ("written", "first", "frames", "beyond"),
    [
        (None, 0, 144, False),
        (cut("0", "3.5"), 0, 84, False),
        (cut("0.5", "2.02"), 12, 36, False),  # 48.48 frames
        (cut("1", "6.5"), 24, 120, True),
        (cut("7", "8"), 143, 1, True),  # nothing of it is in the clip; a part is never empty
    ],
)
def test_a_cut_is_counted_in_frames_of_the_clip(written: Cut | None, first: int, frames: int, beyond: bool):
    (part,) = timeline(take("a", clip(), cut=written)).parts
    assert part.used is not None
    assert (part.used.first, part.used.frames) == (first, Fraction(frames))
    assert (part.frames, part.cut_beyond) == (frames, beyond)


def test_a_missing_clip_is_a_gap_as_long_as_its_cut_or_as_what_would_be_bought():
    made = timeline(take("a", cut=cut("1", "3.5")), take("b", clip()), take("c"), seconds=10.0)
    assert [(part.shot, part.start, part.frames) for part in made.parts] == [
        ("a", 0, 60),
        ("b", 60, 144),
        ("c", 204, 240),
    ]
    assert [part.shot for part in made.gaps] == ["a", "c"]


def test_most_clips_decide_the_rate_and_the_size():
    odd = clip(96, rate=16)
    made = timeline(take("a", clip(150, 25, (1080, 1920))), take("b", clip()), take("c", clip()), take("d", odd))
    assert (made.rate, made.width, made.height) == (Fraction(24), 1366, 768)
    assert timeline(take("a", odd)).rate == 24  # programs count no timecode at 16


def test_a_sketch_is_as_long_as_its_cut_so_none_of_it_is_left_out():
    row = take("a", clip(48), cut=cut("1.5", "3.5"))
    report = Report(campaign="film", manifest="film.yaml", model="animatic", sketch=True, rows=(row,))
    (part,) = make_timeline(report, ["a"], {}).parts
    assert (part.used and part.used.first, part.frames, part.cut_beyond) == (0, 48, False)


def test_each_run_of_a_sequence_is_a_span():
    rows = [take(name, clip(), sequence=where) for name, where in zip("abcde", ("x", "x", "", "y", "x"), strict=True)]
    made = timeline(*rows, sequence_titles={"x": "Morning"})
    assert [(span.label, span.start, span.frames) for span in made.sequences] == [
        ("x Morning", 0, 288),
        ("y", 432, 144),
        ("x Morning", 576, 144),
    ]


CLIPS = st.builds(clip, st.integers(1, 400), st.sampled_from([float(rate) for rate in EDIT_RATES] + [16.0, 12.5]))
CUTS = st.none() | st.builds(
    lambda start, length: Cut(start=start, end=start + length),
    st.decimals(0, 20, places=3),
    st.decimals("0.001", 20, places=3),
)


@given(st.lists(st.tuples(st.none() | CLIPS, CUTS), min_size=1, max_size=8))
def test_parts_follow_each_other_and_use_frames_that_the_clip_has(shots: list[tuple[object, Cut | None]]):
    made = timeline(*(take(f"s{at}", of, cut=written) for at, (of, written) in enumerate(shots)))  # type: ignore[arg-type]
    at = 0
    for part in made.parts:
        assert (part.start, part.frames >= 1) == (at, True)
        at += part.frames
        if part.used is not None:
            assert 0 <= part.used.first < part.used.clip.frames
            # The last frame that is shown is there, whatever the two rates are.
            last = part.used.first + int((part.frames - 1) * part.used.rate / made.rate)
            assert last < part.used.clip.frames
    assert made.frames == at
