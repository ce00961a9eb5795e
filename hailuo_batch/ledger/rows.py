"""What the reading functions need of a database: the rows of a query, by its name. Each ledger has its own queries."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol, TypeVar

Answer = TypeVar("Answer")


class LedgerRows(Protocol):
    """A connection to a ledger, inside one read. Lists arrive as JSON, so that they may be of any length."""

    def rows(self, name: str, *parameters: Any) -> Iterable[Any]:
        """The rows of a query, in its order."""


class ReadRunner(Protocol):
    """Carries out reading functions, each on the connection's own thread."""

    def run(self, work: Callable[[LedgerRows], Answer]) -> Awaitable[Answer]:
        """What `work` returns."""
