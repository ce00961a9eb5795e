"""A real process that buys is asked to stop: what runs is left and brought home later, and nothing is bought twice."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import connect
from time import monotonic
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from rehearsal import KEY, SPEED, nth
from trusting import trust_project

from hailuo_batch.mock.hooks import HookEvent
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.testing.clips import CLIP

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals to a process alone")
SHOTS, AT_ONCE = 6, 3
FILM = "".join(f"  - {{id: s{number}, prompt: kite number {number}}}\n" for number in range(1, SHOTS + 1))
# A task takes longer than the test; what it has bought is made for the next run.
LONG = {"task": {"queued": 0, "running": 20_000}}


@dataclass(kw_only=True)
class Project:
    """A folder whose MiniMax is a mock; every command is a process of its own."""

    folder: Path
    mock: Mock

    def __post_init__(self) -> None:
        limits = f"limits: {{minimax: {{per_minute: 6000, at_once: {AT_ONCE}}}}}\n"
        regions = f"regions: {{minimax: '{self.mock.url('minimax')}'}}\n"
        (self.folder / "hailuo.yaml").write_text(f"version: 1\n{limits}{regions}")
        trust_project(self.folder)
        head = "version: 1\ncampaign: film\nproviders: [minimax]\ndefaults: {duration: 6, resolution: 768p}\nshots:\n"
        (self.folder / "film.yaml").write_text(head + FILM)

    @asynccontextmanager
    async def running(self, *words: str) -> AsyncIterator["asyncio.subprocess.Process"]:
        """A run of its own; it does not outlive the test."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hailuo_batch.cli.main", "run", "--yes", "film.yaml", *words,
            cwd=self.folder, env={**os.environ, "MINIMAX_API_KEY": KEY},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    def stages(self) -> dict[str, str]:
        """The stage of each shot's attempt."""
        with closing(connect(self.folder / ".hailuo" / "ledger.db")) as ledger:
            return dict(ledger.execute("SELECT shot, stage FROM attempts ORDER BY id").fetchall())

    async def until_submitted(self, count: int) -> None:
        """Waits until so many ids are on the disk."""
        async with asyncio.timeout(30):
            while list(self.stages().values()).count("submitted") < count:
                await asyncio.sleep(0.01)

    def submits(self) -> int:
        return sum(entry.call == "submit" for entry in self.mock.log)

    async def until(self, reached: Callable[[HookEvent], bool]) -> None:
        """Waits for a moment of the mock."""
        came = asyncio.Event()

        def listen(moment: HookEvent) -> None:
            if reached(moment):
                came.set()

        self.mock.listeners.append(listen)
        await asyncio.wait_for(came.wait(), 30)
        self.mock.listeners.remove(listen)


@asynccontextmanager
async def project(folder: Path, *faults: dict[str, Any], **script: Any) -> AsyncIterator[Project]:
    async with Mock(parse_script({"faults": list(faults), **script}), speed=SPEED, clip=CLIP) as mock:
        yield Project(folder=folder, mock=mock)


async def told(process: "asyncio.subprocess.Process") -> tuple[int, str, str]:
    """Exit code and words of a process that ends."""
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    assert KEY not in out.decode() + err.decode()
    assert "Traceback" not in err.decode(), err.decode()
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_first_signal_sends_nothing_more_and_the_next_run_brings_home_what_ran(
    number: signal.Signals, tmp_path: Path
):
    async with project(tmp_path, **LONG) as found:
        async with found.running() as process:
            await found.until(nth(AT_ONCE, "answered", "submit"))
            await found.until_submitted(AT_ONCE)
            process.send_signal(number)
            begin = monotonic()
            code, out, err = await told(process)
        assert code == 130
        assert monotonic() - begin < 30, "nobody waited for what is being made"
        assert found.submits() == AT_ONCE
        assert found.stages() == dict.fromkeys(("s1", "s2", "s3"), "submitted")
        assert "Stopped: interrupted. The next run resumes from here." in out
        assert "3 tasks are still running and may be billed" in out
        assert "nothing more is submitted" in err

        found.mock.clock.advance(60_000.0)
        async with found.running("--only", "s[123]") as process:
            code, out, _ = await told(process)
        assert code == 0, out
        assert found.stages() == dict.fromkeys(("s1", "s2", "s3"), "stored")
        assert found.submits() == AT_ONCE
        assert max(found.mock.charge_counts().values()) == 1


async def test_a_task_that_nobody_got_to_follow_is_counted_among_those_that_run(tmp_path: Path):
    """Two tasks run since an earlier run, and one hand follows the first of them."""
    async with project(tmp_path, **LONG) as found:
        async with found.running("--only", "s[12]") as process:
            await found.until(nth(2, "answered", "submit"))
            await found.until_submitted(2)
            process.send_signal(signal.SIGINT)
            assert (await told(process))[0] == 130
        async with found.running("-j", "1", "--only", "s[12]") as process:
            await found.until(nth(1, "answered", "poll"))
            process.send_signal(signal.SIGINT)
            code, out, _ = await told(process)
        assert code == 130
        assert "2 tasks are still running and may be billed" in out
        assert found.submits() == 2


async def test_the_second_signal_ends_at_once_and_leaves_a_doubt_where_an_answer_was_awaited(tmp_path: Path):
    async with project(tmp_path, {"fault": "hang", "accepted": True, "nth": 1}) as found:
        async with found.running("--only", "s1") as process:
            await found.until(nth(1, "charged", "submit"))
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            while b"stopping" not in await asyncio.wait_for(process.stderr.readline(), 60):
                pass
            assert process.returncode is None, "an answer that is due is waited for"
            process.send_signal(signal.SIGINT)
            begin = monotonic()
            code, _, err = await told(process)
        assert code == 130
        assert monotonic() - begin < 30
        assert "Interrupted." in err
        assert "may be in doubt" in err
        lines = (
            "    hailuo-batch resolve film.yaml",
            "To download clips already paid for:",
            "    hailuo-batch fetch film.yaml",
        )
        assert err.splitlines()[-3:] == list(lines)
        assert found.stages() == {"s1": "intended"}
        async with found.running("--only", "s1") as process:
            code, out, _ = await told(process)
        assert code == 8, out
        assert (found.submits(), len(found.mock.charges)) == (1, 1)


async def test_the_second_signal_leaves_no_doubt_where_the_connection_did_not_stand_yet(tmp_path: Path):
    """The gateway's host accepts the connection and never answers the TLS handshake: no byte of the submit has left."""
    begun, over = asyncio.Event(), asyncio.Event()

    async def shake_no_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        begun.set()
        await over.wait()
        writer.close()

    server = await asyncio.start_server(shake_no_hands, "127.0.0.1", 0)
    async with project(tmp_path) as found:
        settings, address = tmp_path / "hailuo.yaml", f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        told_first = settings.read_text()
        settings.write_text(told_first.replace(found.mock.url("minimax"), address))
        trust_project(tmp_path)
        async with found.running("--only", "s1") as process:
            await asyncio.wait_for(begun.wait(), 30)
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            while b"stopping" not in await asyncio.wait_for(process.stderr.readline(), 10):
                pass
            process.send_signal(signal.SIGINT)
            code, _, _ = await told(process)
        over.set()
        server.close()
        assert (code, found.stages()) == (130, {"s1": "failed"})
        settings.write_text(told_first)
        trust_project(tmp_path)
        async with found.running("--only", "s1") as process:
            code, out, _ = await told(process)
        assert (code, len(found.mock.charges)) == (0, 1), out


@pytest.mark.parametrize("signals", [1, 2])
async def test_a_run_that_is_interrupted_is_reported_too(signals: int, tmp_path: Path):
    """Once while a task runs, and twice while an answer is awaited."""
    bodies = list[dict[str, Any]]()

    async def take(request: web.Request) -> web.Response:
        bodies.append(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    faults = [{"fault": "hang", "accepted": True, "nth": 1}] if signals == 2 else []
    async with project(tmp_path, *faults, **LONG) as found, TestServer(app) as inbox:  # noqa: SIM117 - one after the other
        async with found.running("--only", "s1", "--notify", str(inbox.make_url("/"))) as process:
            await found.until(nth(1, "charged" if signals == 2 else "answered", "submit"))
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            while b"stopping" not in await asyncio.wait_for(process.stderr.readline(), 60):
                pass
            if signals == 2:
                process.send_signal(signal.SIGINT)
            code, _, _ = await told(process)
    assert code == 130
    [body] = bodies
    assert (body["exit"], body["ending"]) == (130, "interrupted")
