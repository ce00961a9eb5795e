"""The shared ledger keeps the promises of every ledger: the suites that the one on SQLite passes too."""

import asyncio
import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postgres_fixtures import PostgresServer, postgres  # noqa: F401 - a fixture

from hailuo_batch.ledger.postgres.reader import read_shared_ledger
from hailuo_batch.ledger.postgres.writer import open_shared_ledger
from hailuo_batch.ports import Clock, LedgerReader, LedgerWriter
from hailuo_batch.testing.ledger_contract import OPERATIONS, LedgerContract, Operation
from hailuo_batch.testing.ledger_reads_contract import LedgerReadsContract


class PostgresOpener:
    """How the suites open the ledger: each folder has a database of its own."""

    server: PostgresServer
    made: set[str]

    @pytest.fixture(autouse=True)
    def _databases(self, postgres: PostgresServer) -> Iterator[None]:  # noqa: F811
        type(self).server, type(self).made = postgres, set()
        yield
        for name in self.made:
            postgres.drop_database(name)

    def open_writer(self, folder: Path, clock: Clock) -> AbstractAsyncContextManager[LedgerWriter]:
        return open_shared_ledger(self._find_url(folder), clock=clock)

    def take_away(self, folder: Path) -> None:
        name = _name(folder)
        self.server.drop_database(name)
        self.server.create_database(name)

    def open_reader(self, folder: Path) -> AbstractAsyncContextManager[LedgerReader]:
        return read_shared_ledger(self._find_url(folder))

    def _find_url(self, folder: Path) -> str:
        name = _name(folder)
        if name not in self.made:
            self.made.add(self.server.create_database(name))
        return self.server.url(name)


def _name(folder: Path) -> str:
    return f"ledger_{hashlib.sha256(bytes(folder)).hexdigest()[:16]}"


class TestPostgresLedger(PostgresOpener, LedgerContract):
    """What every ledger promises to those who write."""

    # Each example has a database of its own, which takes a while to make: fewer of them than in a file.
    @settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.differing_executors])
    @given(operations=OPERATIONS, together=st.booleans())
    def test_no_order_of_writes_gives_one_request_two_live_attempts(self, operations: list[Operation], together: bool):
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(self._carry_out(Path(folder), operations, together=together))

    async def _carry_out(self, folder: Path, operations: Sequence[Operation], *, together: bool) -> None:
        await super()._carry_out(folder, operations, together=together)
        self.made.discard(_name(folder))
        self.server.drop_database(_name(folder))


class TestPostgresLedgerReader(PostgresOpener, LedgerReadsContract):
    """What each read answers."""
