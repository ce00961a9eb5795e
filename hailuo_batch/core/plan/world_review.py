"""What of two review files counts in a world: the one beside the manifest, and that of its rehearsal.

Omissions, and notes about shots, are about the shot list and hold in every world. All else is about clips, and each
world has clips of its own: a sketch cannot be judged, and a rehearsed clip is judged in the rehearsal's file.
"""

from dataclasses import replace

from hailuo_batch.core.plan.choice import Choice, ChoiceKind
from hailuo_batch.core.plan.review import EMPTY_REVIEW, Review, ShotReview, shot_review, update_shots
from hailuo_batch.core.world import World


def is_about_shot(choice: Choice) -> bool:
    """Whether a decision holds in every world."""
    return choice.kind is ChoiceKind.OMIT or (choice.kind is ChoiceKind.NOTE and not choice.take)


def review_of_world(shared: Review, rehearsal: Review, world: World) -> Review:
    """What counts in this world."""
    if world is World.REAL:
        return shared
    shots = {name: _shot_part(each, world) for name, each in shared.shots.items()}
    found = update_shots(replace(shared, shots={}), shots)
    if world is World.SKETCH:
        return found
    added = {name: _add_rehearsal(shot_review(found, name), each) for name, each in rehearsal.shots.items()}
    return update_shots(found, added)


def _shot_part(shared: ShotReview, world: World) -> ShotReview:
    """What is not about real clips; a rehearsal has as many takes as the real world."""
    notes = tuple(note for note in shared.notes if not note.take)
    retakes = shared.retakes if world is World.REHEARSAL else ()
    return replace(EMPTY_REVIEW, omission=shared.omission, notes=notes, retakes=retakes)


def _add_rehearsal(shared: ShotReview, own: ShotReview) -> ShotReview:
    notes = (*shared.notes, *(note for note in own.notes if note.take))
    retakes = (*shared.retakes, *own.retakes)
    return replace(
        shared, retakes=retakes, notes=notes, selection=own.selection, judgements=own.judgements, acceptances=()
    )
