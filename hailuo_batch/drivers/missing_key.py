"""The driver of a gateway whose key is not set or not usable: it reports that, and sends nothing."""

from pathlib import Path

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.ports import DriverRequest, Produced, ProviderTask


class MissingKeyDriver:
    """Implements `ports.Driver`; every answer is the same failure."""

    def __init__(self, *, provider: str, variable: str, value: str) -> None:
        state = (
            "does not hold a valid key (it has a line break, or a character that no key has)" if value else "is not set"
        )
        remedy = f"Set {variable} to your key, in the environment or in the system's keyring."
        why = f"{variable}, the key of {provider}, {state}"
        self._failure = Failure(kind=FailureKind.UNAUTHORIZED, why=why, remedy=remedy)

    async def submit(self, driver_request: DriverRequest) -> ProviderTask | Failure:  # noqa: ARG002 - the port of a driver
        """Nothing is sent."""
        return self._failure

    async def wait(self, driver_request: DriverRequest, task: ProviderTask) -> Produced | Failure:  # noqa: ARG002
        """Its task is left to a run that has the key."""
        return self._failure

    async def download(self, driver_request: DriverRequest, produced: Produced, target: Path) -> Failure | None:  # noqa: ARG002
        """Nothing is fetched."""
        return self._failure
