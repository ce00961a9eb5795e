"""Decisions of two branches, shot by shot."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.plan.judgement import ReviewNote
from hailuo_batch.core.plan.merge_reviews import merge_reviews
from hailuo_batch.core.plan.review import EMPTY_REVIEW, Review, ShotReview

ENTRIES = st.sampled_from(["", "one", "two"]).map(
    lambda text: replace(EMPTY_REVIEW, notes=(ReviewNote(by="ann", at="2026-11-20", text=text),)) if text else None
)
REVIEWS = st.dictionaries(st.sampled_from("abc"), ENTRIES).map(
    lambda shots: Review(shots={name: entry for name, entry in shots.items() if entry is not None})
)


def entry(review: Review, name: str) -> ShotReview | None:
    return review.shots.get(name)


@given(REVIEWS, REVIEWS, REVIEWS)
def test_what_one_side_changed_is_taken_and_what_both_changed_is_a_conflict(
    base: Review, ours: Review, theirs: Review
) -> None:
    merged, conflicts = merge_reviews(base, ours, theirs)
    for name in "abc":
        before, mine, other = (entry(each, name) for each in (base, ours, theirs))
        changed = {mine, other} - {before}
        assert (name in conflicts) is (len(changed) == 2)
        if name not in conflicts:
            assert entry(merged, name) == (changed.pop() if changed else before)
    assert set(merge_reviews(base, theirs, ours)[1]) == set(conflicts)
