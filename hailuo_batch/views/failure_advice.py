"""What to do about a failure, with its command: a failure itself knows neither the world nor the manifest."""

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.world import World, command_line


def failure_advice(failure: Failure, *, manifest: str = "", world: World = World.REAL) -> str:
    """The remedy, and below it the command that it leads to, if there is one."""
    if not failure.command:
        return failure.remedy
    return f"{failure.remedy}\n    {command_line(*failure.command, manifest=manifest, world=world)}"
