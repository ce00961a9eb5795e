"""Two reviews that grew from one → one with the decisions of both, shot by shot."""

from dataclasses import replace

from hailuo_batch.core.plan.review import Review, shot_review, update_shots


def merge_reviews(base: Review, ours: Review, theirs: Review) -> tuple[Review, tuple[str, ...]]:
    """The merged review, and the shots about which both sides decided differently: of those, ours is in it."""
    shots, conflicts = {}, []
    for name in dict.fromkeys((*base.shots, *ours.shots, *theirs.shots)):
        before, mine, other = (shot_review(each, name) for each in (base, ours, theirs))
        shots[name] = other if mine == before else mine
        if before not in {mine, other} and mine != other:
            conflicts.append(name)
    return update_shots(replace(ours, shots={}), shots), tuple(conflicts)
