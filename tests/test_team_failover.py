"""A shared ledger whose server is killed, or replaced by a replica that lacks the last purchases."""

import asyncio
import shutil
import signal
from collections import Counter
from pathlib import Path

import pytest
from forking import Forks
from postgres_fixtures import OWNER, PostgresServer, start_postgres
from rehearsal import film, nth
from team_desks import PROMPTS, Desk, charged, mock, others, own_state  # noqa: F401 - fixtures

from hailuo_batch.app.run import run
from hailuo_batch.app.workspace.shared_setup import check_shared_ledger, settle_shared_ledger
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.errors import Exit, LedgerError
from hailuo_batch.mock.hooks import HookEvent
from hailuo_batch.mock.server import Mock

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_server_that_is_killed_and_restarted_only_makes_a_run_wait(
    tmp_path: Path,
    forks: Forks,
    mock: Mock,  # noqa: F811
) -> None:
    with start_postgres(sync=True) as server:
        desk = Desk.make(tmp_path / "desk", forks, mock.base_url, server.url(server.create_database()))
        is_now, loop = nth(3, "charged", "submit"), asyncio.get_running_loop()
        restarts: list[asyncio.Future[None]] = []

        def kill(moment: HookEvent) -> None:
            if not restarts and is_now(moment):
                server.stop(signal.SIGQUIT)  # as in a power cut: nothing is written that was not on the disk
                server.release()
                restarts.append(loop.run_in_executor(None, server.start))

        mock.listeners.append(kill)
        assert await desk.run() == Exit.DONE
        await restarts[0]
        assert charged(mock) == Counter(PROMPTS)
        assert all(each.is_good for each in check_shared_ledger(server.url(desk_database(desk))))


async def test_a_replica_that_lacks_the_last_purchases_buys_none_of_them_again(
    tmp_path: Path,
    forks: Forks,
    others: Forks,  # noqa: F811
    mock: Mock,  # noqa: F811
) -> None:
    with start_postgres(sync=True) as server:
        url = server.url(server.create_database())
        one = Desk.make(tmp_path / "one", forks, mock.base_url, url)
        two = Desk.make(tmp_path / "two", others, mock.base_url, url)
        (one.folder / "film.yaml").write_text(film("minimax", *PROMPTS[:3]))
        assert await one.run() == Exit.DONE
        replicate(server)
        (one.folder / "film.yaml").write_text(film("minimax", *PROMPTS))
        assert await one.run() == Exit.DONE
        assert charged(mock) == Counter(PROMPTS)
        begin_replica(server)
        with pytest.raises(LedgerError, match="is a replica"):
            await one.plan()
        with server.connect("postgres", user=OWNER) as connection:
            assert connection.execute("SELECT pg_promote()").fetchone() == (True,)
        for desk in (one, two):  # also a machine that never saw the server before
            planned = await desk.plan()
            problem = next(each for each in planned.extra_problems if each.rule.id == "ledger-changed")
            assert "took over" in problem.why
            with pytest.raises(LedgerError, match="may have lost purchases") as refused:
                await run(desk.folder / "film.yaml")
            assert refused.value.exit is Exit.LEDGER
            assert "ledger settle" in refused.value.remedy
        assert [each.name for each in check_shared_ledger(url) if not each.is_good] == ["server"]
        assert charged(mock) == Counter(PROMPTS)
        two.sit()
        assert await settle_shared_ledger(Workspace(two.folder), "compared with the account of minimax")
        assert not await settle_shared_ledger(Workspace(two.folder), "again")
        assert not [each for each in (await one.plan()).extra_problems if each.rule.id == "ledger-changed"], (
            "for all machines"
        )
        assert await one.run() == Exit.DONE, "what this machine has is taken in again, and not bought"
        assert charged(mock) == Counter(PROMPTS)


async def test_an_older_copy_of_the_same_server_is_known_by_its_log(
    tmp_path: Path,
    forks: Forks,
    mock: Mock,  # noqa: F811
) -> None:
    with start_postgres(sync=True) as server:
        desk = Desk.make(tmp_path / "desk", forks, mock.base_url, server.url(server.create_database()))
        replicate(server)
        assert await desk.run() == Exit.DONE
        put_back(server)
        server.start()
        with pytest.raises(LedgerError, match="may have lost purchases") as refused:
            await run(desk.folder / "film.yaml")
        assert "its log is at" in refused.value.why
        assert charged(mock) == Counter(PROMPTS)


def desk_database(desk: Desk) -> str:
    return (desk.folder / "hailuo.yaml").read_text().splitlines()[1].rpartition("/")[2]


def replicate(server: PostgresServer) -> None:
    """A replica as it is at this moment; it gets no more."""
    server.stop(signal.SIGINT)
    server.release()
    shutil.copytree(server.folder / "data", server.folder / "replica", copy_function=copy)
    shutil.copymode(server.folder / "data", server.folder / "replica")
    own(server.folder / "replica", server)
    server.start()


def put_back(server: PostgresServer) -> None:
    server.stop(signal.SIGINT)
    server.release()
    (server.folder / "data").rename(server.folder / "lost")
    (server.folder / "replica").rename(server.folder / "data")


def begin_replica(server: PostgresServer) -> None:
    """The server is gone, and its replica answers in its place: it only reads until it is promoted."""
    put_back(server)
    mark = server.folder / "data" / "standby.signal"
    mark.touch()
    own(mark, server)
    server.start()


def copy(source: str, target: str) -> str:
    return str(shutil.copy2(source, target))


def own(path: Path, server: PostgresServer) -> None:
    about = (server.folder / ("lost" if (server.folder / "lost").exists() else "data")).stat()
    for each in (path, *path.rglob("*")) if path.is_dir() else (path,):
        shutil.chown(each, about.st_uid, about.st_gid)
