"""What stands in for a gateway whose key is not set, or can be no key: it says so, and sends nothing."""

from pathlib import Path

from hailuo_batch.core.attempt.failure import Failure, Kind
from hailuo_batch.ports import Order, Produced, Task


class KeylessDriver:
    """Wears `ports.Driver`; every answer is the same failure."""

    def __init__(self, *, provider: str, variable: str, found: str) -> None:
        state = "holds what can be no key (a line break, or a letter that no key has)" if found else "is not set"
        remedy = f"Set {variable} to your key, in the environment or in the system's keyring."
        why = f"{variable}, the key of {provider}, {state}"
        self._failure = Failure(kind=Kind.UNAUTHORIZED, why=why, remedy=remedy)

    async def submit(self, order: Order) -> Task | Failure:  # noqa: ARG002 - the face of a driver
        """Nothing is sent."""
        return self._failure

    async def wait(self, order: Order, task: Task) -> Produced | Failure:  # noqa: ARG002
        """Its task is left to a run that has the key."""
        return self._failure

    async def fetch(self, order: Order, produced: Produced, target: Path) -> Failure | None:  # noqa: ARG002
        """Nothing is fetched."""
        return self._failure
