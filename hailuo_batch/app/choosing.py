"""What people choose: the take that is used, what is good or not, what is left out, notes, and one more take.

Spends nothing. Each decision is written into the review file at once, with who and when, and the plan is made again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.core.plan.choice import Choice
from hailuo_batch.core.world import World
from hailuo_batch.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ChoicesMade:
    """What was written down, and how the shots stand with it.

    `made` are the decisions with the shots and takes that they turned out to mean. `planned` is the plan after them;
    its report has these shots only. `notes` are things to know. `file` is the last review file that was written.
    """

    file: Path
    planned: PlannedRun
    made: tuple[Choice, ...]
    notes: tuple[str, ...] = ()
    lock: Path | None = None  # the lock file, when it was written anew


async def choose(
    file: Path | str,
    choices: Sequence[Choice],
    *,
    world: World = World.REAL,
    by: str = "",
    clock: Clock | None = None,
) -> ChoicesMade:
    """Writes these decisions into the review, all of them or none, and plans with them. Nothing is bought.

    Raises `InputError` for a shot, take or clip that is not there; then nothing is written. `by` is who decides
    (default: git's user, else the login name).
    """
    raise NotImplementedError
