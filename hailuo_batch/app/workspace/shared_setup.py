"""Makes a shared ledger, checks it, moves a project's own ledger there, and settles a change of its server."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.identity import login_name
from hailuo_batch.app.workspace.shared_content import read_password
from hailuo_batch.app.workspace.shared_ledger import SharedLedger, find_shared_ledger, require_driver
from hailuo_batch.app.workspace.workspace import LEDGER_NAME, SKETCH_LEDGER_NAME, Workspace
from hailuo_batch.core.shared_places import SharedPlaces
from hailuo_batch.errors import InputError, LedgerError
from hailuo_batch.load.project_root import find_project_root
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from hailuo_batch.ledger.postgres.check import LedgerCheck
    from hailuo_batch.ledger.postgres.holders import HolderCard
    from hailuo_batch.ledger.postgres.move_in import MoveProof


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedLedger:
    """What was moved: from which file to which place, and the proof; None: there was nothing to move any more."""

    file: Path
    place: str
    proof: "MoveProof | None"


def make_shared_ledger(url: str) -> int:
    """Makes the ledger in a database, as its owner, or brings it up to date; how many steps that took.

    The tables of a farm are made as well where its library is installed.
    """
    from hailuo_batch.farm.tables import apply_farm_schema, has_libraries
    from hailuo_batch.ledger.postgres.migrate import migrate

    with _connect(url, "ledger init") as connection:
        steps = migrate(connection)
        if has_libraries():
            apply_farm_schema(connection)
        return steps


def check_shared_ledger(url: str) -> "tuple[LedgerCheck, ...]":
    """What is checked of the ledger at an address."""
    from hailuo_batch.ledger.postgres.check import check_ledger

    with _connect(url, "ledger check") as first, _connect(url, "ledger check") as second:
        return tuple(check_ledger(first, second))


def find_workspace(folder: Path | str = ".") -> Workspace:
    """The real world of the project around a folder."""
    return Workspace(find_project_root(Path(folder).resolve()))


def find_shared_url(folder: Path | str = ".") -> str:
    """The address of the ledger that the project around a folder shares."""
    return require_shared_ledger(find_workspace(folder)).places.ledger


async def settle_shared_ledger(workspace: Workspace, reason: str) -> bool:
    """Says for all machines that the shared ledger was compared with the accounts; whether that was needed."""
    with workspace.hold_run_lock("ledger settle"):
        return await require_shared_ledger(workspace).settle(SystemClock(), reason)


def require_shared_ledger(workspace: Workspace) -> SharedLedger:
    """The shared ledger that a project names; `InputError` where it names none."""
    found = find_shared_ledger(workspace.places, workspace.project_root, workspace.journal_file)
    if found is None:
        raise InputError("this project shares no ledger", remedy="Name it in hailuo.yaml: ledger: postgresql://…")
    return found


def move_ledger(workspace: Workspace, url: str) -> MovedLedger:
    """Copies a project's own ledger into a shared one, with a proof, and leaves a mark that nobody writes to.

    Money: the mark comes before the commit, so at no moment could both be written. A move that was cut off in between
    is done again from the mark, which has kept everything.
    """
    from hailuo_batch.ledger.journal import enter_move
    from hailuo_batch.ledger.move_over import move_over
    from hailuo_batch.ledger.moved_mark import copy_beside, is_moved, mark_as_moved, read_moved_place
    from hailuo_batch.ledger.open import open_for_writing
    from hailuo_batch.ledger.postgres.move_in import copy_ledger, read_moved

    place = SharedPlaces(ledger=url).ledger_place
    workspace.create()
    with workspace.hold_run_lock("ledger move"):
        file = workspace.ledger_folder / LEDGER_NAME
        move_over(workspace.older_ledger_file, file)
        if not file.exists():
            raise InputError("there is no ledger to move", why=f"{file} is not there.")
        if is_moved(file) and read_moved_place(file) != place:
            raise LedgerError("the ledger was moved elsewhere", why=f"{file} was moved to {read_moved_place(file)}")
        if not is_moved(file):
            open_for_writing(file).close()  # brought up to date
        with _connect(url, "ledger move") as connection, _open_source(file) as source:
            (identity,) = source.execute("SELECT id FROM identity").fetchone()
            proof = None
            if read_moved(connection, identity) is None:
                with connection.transaction():
                    proof = copy_ledger(source, connection, _card(workspace), identity)
                    source.close()
                    copy_beside(file, file.with_name(SKETCH_LEDGER_NAME))  # what is drawn stays here
                    mark_as_moved(file, place)
            else:
                source.close()
                mark_as_moved(file, place)
        enter_move(workspace.journal_file, identity, f"postgresql://{place}")
    return MovedLedger(file=file, place=place, proof=proof)


def _card(workspace: Workspace) -> "HolderCard":
    from hailuo_batch.ledger.postgres.holders import HolderCard

    place = str(workspace.project_root.resolve())
    return HolderCard.of_this_process("ledger move", person=login_name(), place=place)


@contextmanager
def _open_source(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as source:
        yield source


@contextmanager
def _connect(url: str, name: str) -> Iterator[Any]:
    from hailuo_batch.load.place_problems import is_ledger_address

    if not is_ledger_address(url):
        raise InputError(
            "this is no address of a shared ledger",
            why="It is an address of PostgreSQL, without a password.",
            remedy="Write it as in postgresql://ana@db.example:5432/films.",
        )
    require_driver()
    from hailuo_batch.ledger.postgres.connect import connect, translate_postgres_errors

    place = SharedPlaces(ledger=url).ledger_place
    with translate_postgres_errors(place), closing(connect(url, name=name, password=read_password)) as connection:
        yield connection
