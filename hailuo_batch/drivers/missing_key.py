"""The driver of a gateway whose key is missing, not usable or not to be sent: it reports that, and sends nothing."""

from pathlib import Path

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.ports import DriverRequest, Produced, ProviderTask


def missing_key_failure(provider: str, variable: str, *, value: str) -> Failure:
    """What to say of a key that is not set, or whose value no key has."""
    state = "does not hold a valid key (it has a line break, or a character that no key has)" if value else "is not set"
    remedy = f"Set {variable} to your key, in the environment or in the system's keyring."
    why = f"{variable}, the key of {provider}, {state}"
    return Failure(kind=FailureKind.UNAUTHORIZED, why=why, remedy=remedy)


class MissingKeyDriver:
    """Implements `ports.Driver`; every answer is the same failure."""

    def __init__(self, failure: Failure) -> None:
        self._failure = failure

    async def submit(self, driver_request: DriverRequest) -> ProviderTask | Failure:  # noqa: ARG002 - the port of a driver
        """Nothing is sent."""
        return self._failure

    async def wait(self, driver_request: DriverRequest, task: ProviderTask) -> Produced | Failure:  # noqa: ARG002
        """Its task is left to a run that has the key."""
        return self._failure

    async def download(self, driver_request: DriverRequest, produced: Produced, target: Path) -> Failure | None:  # noqa: ARG002
        """Nothing is fetched."""
        return self._failure
