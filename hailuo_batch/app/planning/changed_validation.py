"""That a manifest is valid of which a few shots changed since it had nothing to do; the others are not even parsed.

Where anything is wrong or in doubt there is no answer, and the whole is validated: only that finds all problems and
their places.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from hailuo_batch.app.planning.finished_facts import has_joint_image, number_prompt
from hailuo_batch.app.planning.manifest_change import ManifestChange, find_manifest_change
from hailuo_batch.core.world import World
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidTotals:
    """A manifest without any problem."""

    name: str  # the file as shown to people
    shots: int
    takes: int


def validate_changed_shots(file: Path, *, world: World) -> ValidTotals | None:
    """What `validate` counts in a manifest with which nothing is wrong; None where that is in doubt."""
    change = find_manifest_change(file, world, lint=True)
    if change is None or not _is_whole_clean(change):
        return None
    takes = change.other_takes + sum(shot.takes for shot in change.now.shots)
    shots = len(change.shot_ids.difference(change.facts.omitted))
    return ValidTotals(name=change.now.name, shots=shots, takes=takes)


def _is_whole_clean(change: ManifestChange) -> bool:
    """Whether no warning that only `validate` gives could be about the other shots, or about them and these."""
    now, facts = change.now, change.facts
    if now.problems or facts.has_warnings or now.project.forbidden_words:
        return False
    if facts.has_joint_images or any(map(has_joint_image, now.shots)):
        return False
    numbers = Counter(facts.prompts)
    numbers.subtract(number_prompt(shot.prompt) for shot in change.before.shots)
    numbers.update(number_prompt(shot.prompt) for shot in now.shots)
    return max(numbers.values(), default=0) <= 1 and not _has_old_tables(change)


def _has_old_tables(change: ManifestChange) -> bool:
    """Whether a price or a model that any shot needs was read long ago; only what is bought has one."""
    now = change.now
    if now.world is not World.REAL or now.manifest is None:
        return False
    from hailuo_batch.app.planning.lint import read_time
    from hailuo_batch.app.planning.table_age import find_old_tables

    sample, moment = now.shots[0], read_time()
    for providers, size, length in change.facts.kinds:
        if providers not in now.provider_lists:
            return True  # nothing is known of these here
        kind = replace(sample, resolution=size, duration=length)
        if any(find_old_tables(now.manifest, [kind], now.provider_lists[providers], moment)):
            return True
    return False
