"""A real PostgreSQL for tests: one server for all workers of a session, and a new database for each test.

A test module takes the fixtures that it needs:

    from postgres_fixtures import PostgresServer, postgres, postgres_url  # noqa: F401 - fixtures

Where there is no PostgreSQL the tests are skipped, and say so. The server does not sync: for a test of durability start
another with `PostgresServer(..., sync=True)`.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

import pytest

TEMPLATE = "hailuo_template"  # has the schema; a test's database is a copy of it
PRODUCER = "producer"  # a login that may do what a run does, and nothing more
WORKER = "worker"  # a login that may do what a farm's worker does
OWNER = "postgres"
_OPTIONS = ("-c", "max_connections=200", "-c", "listen_addresses=127.0.0.1", "-c", "hailuo.allow_unsafe_disk=on")
_FAST = ("-c", "fsync=off", "-c", "full_page_writes=off")
_NUMBERS = count(1)


def find_postgres() -> Path | None:
    """The folder of PostgreSQL's programs, the newest one; None where there is none."""
    named = shutil.which("postgres")
    found = [Path(named).resolve()] if named else list(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return max((each.parent for each in found if each.with_name("initdb").exists()), default=None, key=_version)


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in folder.parent.name.split(".") if part.isdecimal())


class PostgresServer:
    """A server in a folder of its own, on a free port of 127.0.0.1 and a socket in that folder."""

    def __init__(self, folder: Path, programs: Path, *, sync: bool = False, port: int = 0, options: Any = ()) -> None:
        self.folder, self.port = folder, port or _free_port()
        self._programs = programs
        self._options = (*_OPTIONS, *(() if sync else _FAST), *options)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> int:
        """The number of the server's first process."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def create(self) -> None:
        """Makes the server's files."""
        self.folder.chmod(0o700)
        if os.geteuid() == 0:
            shutil.chown(self.folder, _user())
        files = str(self.folder / "data")
        self.run("initdb", "-D", files, "-A", "trust", "-U", OWNER, "--no-sync", "-E", "UTF8", "--locale=C")

    def run(self, program: str, *words: str) -> None:
        """Runs one of PostgreSQL's programs, as the server's user."""
        subprocess.run(
            [self._programs / program, *words], check=True, capture_output=True, cwd=self.folder, **_as_server()
        )

    def start(self) -> None:
        """Starts the server, and returns when it answers."""
        log = (self.folder / "log").open("ab")
        with closing(log):
            words = ("-D", "data", "-p", str(self.port), "-k", str(self.folder), *self._options)
            self._process = subprocess.Popen(
                [self._programs / "postgres", *words],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                start_new_session=True,
                **_as_server(),
            )
        import psycopg

        for _ in range(600):
            with suppress(psycopg.OperationalError):
                self.connect("postgres").close()
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError((self.folder / "log").read_text()[-2000:])

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stops the server; SIGQUIT is as near to a power cut as the server's own rules allow."""
        with suppress(FileNotFoundError, ProcessLookupError):
            number = self.process
            os.kill(number, how)
            for _ in range(1500):
                with suppress(ChildProcessError):
                    os.waitpid(number, os.WNOHANG)  # one of our own is still there until somebody waits for it
                if not (self.folder / "data" / "postmaster.pid").exists():
                    break  # it ended well; the child of another worker stays a zombie until that one waits for it
                os.kill(number, 0)
                time.sleep(0.01)

    def kill(self) -> None:
        """Kills every process of the server at once, as a power cut does; what was synced is there afterwards."""
        number = self.process
        found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(number)], capture_output=True, text=True, check=False)
        for each in (number, *map(int, found.stdout.split())):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
        (self.folder / "data" / "postmaster.pid").unlink()

    def release(self) -> None:
        """Leaves the server to others: no warning that its process outlives this object."""
        if self._process is not None:
            self._process.returncode = 0

    def url(self, database: str, user: str = PRODUCER) -> str:
        """The address of a database, as `ledger` in hailuo.yaml has it."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str, user: str = OWNER) -> Any:
        """A connection to a database, by default as its owner; every statement is committed."""
        import psycopg

        return psycopg.connect(self.url(database, user), autocommit=True, connect_timeout=5)

    def prepare(self) -> None:
        """Makes the roles and the template."""
        from hailuo_batch.ledger.postgres.migrate import migrate

        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {TEMPLATE}")
        with self.connect(TEMPLATE) as connection:
            migrate(connection)
            connection.execute(f"CREATE ROLE {PRODUCER} LOGIN IN ROLE hailuo_run")
            connection.execute(f"CREATE ROLE {WORKER} LOGIN IN ROLE hailuo_work")

    def create_database(self, name: str = "") -> str:
        """The name of a new database with an empty ledger that has an id of its own."""
        name = name or f"ledger_{os.getpid()}_{next(_NUMBERS)}"
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        with self.connect(name) as connection:
            connection.execute("UPDATE hailuo.identity SET id = replace(gen_random_uuid()::text, '-', '')")
        return name

    def drop_database(self, name: str) -> None:
        """Drops a database, whoever is connected."""
        with self.connect("postgres") as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def start_postgres(*, sync: bool = False, on_disk: bool = False) -> Iterator[PostgresServer]:
    """A server of one's own, for what stops it, kills it, needs its syncs or measures them."""
    programs = find_postgres()
    if programs is None:
        skip_loudly()
    folder = _make_folder(on_disk=on_disk)
    server = PostgresServer(folder, programs, sync=sync)
    try:
        server.create()
        server.start()
        server.prepare()
        yield server
    finally:
        server.stop()
        server.release()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """The server of this session; the workers of xdist share one, which the last of them stops."""
    programs = find_postgres()
    if programs is None:
        skip_loudly()
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    note = shared / "postgres.json"
    with _locked(shared):
        found = json.loads(note.read_text()) if note.exists() else None
        if found is None:
            folder = _make_folder()
            server = PostgresServer(folder, programs)
            server.create()
            server.start()
            server.release()
            server.prepare()
            found = {"folder": str(folder), "port": server.port, "users": 0}
        server = PostgresServer(Path(found["folder"]), programs, port=found["port"])
        note.write_text(json.dumps({**found, "users": found["users"] + 1}))
    yield server
    with _locked(shared):
        found = json.loads(note.read_text())
        note.write_text(json.dumps({**found, "users": found["users"] - 1}))
        if found["users"] == 1:
            note.unlink()
            server.stop()
            shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture
def postgres_database(postgres: PostgresServer) -> Iterator[str]:
    """The name of a new database with an empty ledger."""
    name = postgres.create_database()
    yield name
    postgres.drop_database(name)


@pytest.fixture
def postgres_url(postgres: PostgresServer, postgres_database: str) -> str:
    """The address of a new, empty ledger, for a login that may do what a run does."""
    return postgres.url(postgres_database)


def skip_loudly() -> NoReturn:
    """Skips a test that needs PostgreSQL. In CI it must be there: see `.ci/run`."""
    import warnings

    words = "no PostgreSQL on this machine: the shared ledger is not tested (apt-get install postgresql)"
    warnings.warn(words, stacklevel=2)
    pytest.skip(words)


def _make_folder(*, on_disk: bool = False) -> Path:
    """Not below pytest's own folder, through which the server's user may not pass; and a socket's path must be short.

    In memory where there is room: tests kill processes, and no machine.
    """
    memory = Path("/dev/shm")  # noqa: S108 - the name of a file system
    has_room = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 << 30
    return Path(tempfile.mkdtemp(prefix="hailuo-pg-", dir=memory if has_room and not on_disk else None))


def _free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _user() -> str:
    import pwd

    names = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _as_server() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return {}
    import pwd

    return {"user": _user(), "group": pwd.getpwnam(_user()).pw_gid, "extra_groups": []}


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    import fcntl

    with (folder / "postgres.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
