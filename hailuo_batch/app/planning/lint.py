"""What `validate` says beyond what a plan needs: warnings about what is allowed and seldom meant.

Nothing here stops a run, and no plan needs it. Each check is loaded when a manifest has what it is
about, since most have not.
"""

from collections.abc import Iterator
from itertools import chain

from hailuo_batch.app.planning.validate import Draft
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.world import World
from hailuo_batch.load.input_values import Inputs


def find_lint(draft: Draft, inputs: Inputs) -> Iterator[Problem]:
    """Every warning of these rules; each goes through the shots once."""
    shots, words = draft.shots, draft.project.forbidden_words
    if len({shot.prompt for shot in shots}) < len(shots):
        from hailuo_batch.core.manifest.same_requests import find_same_requests

        yield from find_same_requests(shots, inputs.images)
    if words:
        from hailuo_batch.core.manifest.forbidden_words import find_forbidden_words

        yield from find_forbidden_words(shots, words)
    if inputs.images:
        from hailuo_batch.core.manifest.meeting_stills import find_unmatched_stills

        yield from find_unmatched_stills(shots, inputs.images)
    if draft.world is World.REAL and draft.manifest is not None:  # no other world buys
        from hailuo_batch.app.planning.provider_lists import group_by_providers
        from hailuo_batch.app.planning.table_age import find_old_tables

        groups, now = group_by_providers(shots).items(), read_time()
        old = (find_old_tables(draft.manifest, group, draft.provider_lists[names], now) for names, group in groups)
        yield from dict.fromkeys(chain.from_iterable(old))


def read_time() -> float:
    """Seconds since the epoch."""
    return SystemClock().now()
