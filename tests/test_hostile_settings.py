"""Somebody else's project: what its settings name gets no key, reads no variable and widens nothing until the user
trusts it. The attacker is a real server on loopback that writes down every byte it is sent.
"""

import asyncio
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from doubt_samples import Left
from PIL import Image
from trusting import trust_project

import hailuo_batch
from hailuo_batch.app.doctor import doctor
from hailuo_batch.app.fetch import fetch_orphans, list_pending_tasks
from hailuo_batch.app.inspect import show
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.providers import providers
from hailuo_batch.app.resolve import check_task, list_open_attempts, query_tasks
from hailuo_batch.app.run import run
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.cli.main import run_command_line
from hailuo_batch.core.attempt.attempt import Move
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.plan.task_entries import TaskEntry
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit, UntrustedError
from hailuo_batch.load import api_keys, gateway_keys
from hailuo_batch.load.settings import read_project
from hailuo_batch.load.tasks_file import write_tasks
from hailuo_batch.ports import Facts
from hailuo_batch.runner.shutdown import Stop

SENTINEL = "sentinel-that-must-not-leave"
FOREIGN = "AWS_SECRET_ACCESS_KEY"
BROKEN = Failure(kind=FailureKind.BROKEN, why="it broke")
ROW = "source: x, read: 2026-11-20"

# Each way to name an address; LIKE is how the gateway talks, HOST is the attacker's.
SETTINGS = {
    "another variable": f"gateways: {{studio: {{title: S, key: {FOREIGN}, base_url: 'HOST', like: LIKE}}}}",
    "our variable": "gateways: {studio: {title: S, key: MINIMAX_API_KEY, base_url: 'HOST', like: LIKE}}",
    "a gateway of ours replaced": "gateways: {LIKE: {title: S, key: LIKE_KEY, base_url: 'HOST', like: LIKE}}",
    "a base address": "regions: {LIKE: 'HOST'}",
    "a region of its own": "gateways: {studio: {title: S, key: MINIMAX_API_KEY, base_url: 'https://api.minimax.io', "
    f"like: LIKE, regions: {{there: {{base_url: 'HOST', {ROW}}}}}}}}}\nregions: {{studio: there}}",
    "a base address of its own": "gateways: {studio: {title: S, key: MINIMAX_API_KEY, "
    "base_url: 'https://api.minimax.io', like: LIKE}}\nregions: {studio: 'HOST'}",
}
COMMANDS: dict[str, tuple[str, ...]] = {
    "doctor": ("doctor",),
    "run --yes": ("run", "--yes", "film.yaml"),
    "run, and a typed yes": ("run", "film.yaml"),
    "run --failed": ("run", "--yes", "--failed", "failed.yaml"),
    "run of what is under way": ("run", "film.yaml", "--only", "open"),
    "fetch": ("fetch",),
    "fetch of a manifest": ("fetch", "film.yaml"),
    "resolve --ask": ("resolve", "--ask"),
    "resolve --task": ("resolve", "lost", "--task", "t-3", "--reason", "seen"),
    "show --ask": ("show", "open", "film.yaml", "--ask"),
}
REFUSED = frozenset(COMMANDS) - {"doctor", "resolve --task"}


class Attacker(ThreadingHTTPServer):
    """Answers everything with 401 and keeps what it was sent."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.heard.append(f"{self.requestline}\n{self.headers}\n{body!r}")  # type: ignore[attr-defined]
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = answer  # noqa: N815 - names of http.server

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def attacker() -> Iterator[Attacker]:
    with Attacker() as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield server
        server.shutdown()


@dataclass(kw_only=True)
class Clone:
    """A project as its repository ships it, ledger included; the user's variables are set."""

    folder: Path
    attacker: Attacker
    read: list[str] = field(default_factory=list)  # variables that were looked up

    def write(self, settings: str, like: str) -> str:
        """The settings, and a manifest for their gateway; its name."""
        name = "studio" if "studio" in settings else like
        text = settings.replace("LIKE_KEY", f"{like.upper()}_API_KEY").replace("LIKE", like)
        (self.folder / "hailuo.yaml").write_text(f"version: 1\n{text.replace('HOST', self.attacker.url)}\n")
        head = f"version: 1\nproviders: [{name}]\ndefaults: {{duration: short, resolution: 768p}}\n"
        shots = "shots: [{id: open, prompt: a kite}, {id: close, prompt: a boat}]\n"
        (self.folder / "film.yaml").write_text(f"{head}campaign: film\n{shots}")
        (self.folder / "failed.yaml").write_text(f"{head}campaign: failed\nshots: [{{id: a, prompt: a lake}}]\n")
        return name

    async def buy(self, name: str) -> None:
        """A task under way, one without a manifest, one in doubt, and one that failed."""
        left = Left(folder=self.folder)
        accepted = partial(Facts, task="t-1")
        (step, _) = (await plan(self.folder / "film.yaml")).plan.steps
        (other,) = (await plan(self.folder / "failed.yaml")).plan.steps
        await left.attempt(name, (Move.ACCEPT, accepted()), asked=step.request, campaign="film")
        await left.attempt(name, (Move.ACCEPT, accepted(task="t-2")), shot="gone", campaign="other")
        await left.lost(name, shot="lost", campaign="film")
        await left.attempt(name, (Move.REFUSE, Facts(failure=BROKEN)), asked=other.request, campaign="failed")


@pytest.fixture
def clone(tmp_path: Path, attacker: Attacker, monkeypatch: pytest.MonkeyPatch) -> Clone:
    for name in (FOREIGN, *(f"{each}_API_KEY" for each in ("MINIMAX", "ODKKK", "MINDVIDEO"))):
        monkeypatch.setenv(name, SENTINEL)
    monkeypatch.chdir(tmp_path)
    found = Clone(folder=tmp_path, attacker=attacker)
    read = api_keys.read_api_key

    def watch(variable: str) -> str:
        found.read.append(variable)
        return read(variable)

    monkeypatch.setattr(gateway_keys, "read_api_key", watch)
    return found


def say(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """A command on a terminal whose user says yes to everything."""
    stdin = StringIO("y\n" * 9)
    stdin.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stdin", stdin)
    return run_command_line(words)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("settings", SETTINGS)
def test_no_command_sends_a_key_until_the_project_is_trusted(
    settings: str, command: str, clone: Clone, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    like = "mindvideo" if command == "show --ask" else "odkkk"
    asyncio.run(clone.buy(clone.write(SETTINGS[settings], like)))
    code = say(monkeypatch, *COMMANDS[command])
    said = capfd.readouterr()
    assert clone.attacker.heard == []
    assert FOREIGN not in clone.read
    assert SENTINEL not in said.out + said.err
    if command in REFUSED:
        assert code == Exit.REFUSED, said.err
        assert "error: the project is not trusted\n" in said.err
        assert said.err.endswith("    hailuo-batch trust\n")
    trust_project(clone.folder)
    say(monkeypatch, *COMMANDS[command])
    assert any(SENTINEL in request for request in clone.attacker.heard), capfd.readouterr()


@pytest.mark.parametrize("command", ["run", "fetch"])
def test_a_tasks_file_has_no_task_polled_where_nobody_trusts_the_address(
    command: str, clone: Clone, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    name = clone.write(SETTINGS["our variable"], "odkkk")
    (step, _) = asyncio.run(plan(clone.folder / "film.yaml")).plan.steps
    entry = TaskEntry(shot="open", take=1, provider=name, task="t-1", fingerprint=step.fingerprint)
    write_tasks(clone.folder / "film.tasks.yaml", [entry])
    assert say(monkeypatch, command, "film.yaml") == Exit.REFUSED
    assert "would send MINIMAX_API_KEY to" in capfd.readouterr().err
    assert clone.attacker.heard == []


async def _run(clone: Clone) -> Any:
    return await run(clone.folder / "film.yaml")


async def _fetch(clone: Clone) -> Any:
    pending = await list_pending_tasks(clone.folder)
    return await fetch_orphans(pending, RunOptions(), listener=lambda _: None, stop=Stop())


async def _ask(clone: Clone) -> Any:
    return await query_tasks(await list_open_attempts(folder=clone.folder))


async def _check(clone: Clone) -> Any:
    found = await list_open_attempts(folder=clone.folder)
    return await check_task(found, found.in_doubt[0], "t-9")


async def _show(clone: Clone) -> Any:
    return await show(clone.folder / "film.yaml", "open", ask=True)


@pytest.mark.parametrize(
    ("call", "like"),
    [(_run, "odkkk"), (_fetch, "odkkk"), (_ask, "odkkk"), (_show, "mindvideo")],
)
async def test_the_python_api_is_refused_too(call: Callable[[Clone], Any], like: str, clone: Clone) -> None:
    await clone.buy(clone.write(SETTINGS["another variable"], like))
    with pytest.raises(UntrustedError, match="the project is not trusted") as refused:
        await call(clone)
    assert f"would send {FOREIGN} to {clone.attacker.url} (studio)." in refused.value.why
    assert (clone.attacker.heard, clone.read.count(FOREIGN)) == ([], 0)


@pytest.mark.parametrize(
    "call", [lambda clone: doctor(clone.folder), lambda clone: providers(folder=clone.folder), _check]
)
async def test_what_only_looks_leaves_the_gateway_alone(call: Callable[[Clone], Any], clone: Clone) -> None:
    await clone.buy(clone.write(SETTINGS["another variable"], "odkkk"))
    await call(clone)
    assert (clone.attacker.heard, clone.read.count(FOREIGN)) == ([], 0)


async def test_the_drivers_of_a_run_send_nothing_whoever_opens_them(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    await clone.buy(clone.write(SETTINGS["our variable"], "odkkk"))
    monkeypatch.setattr("hailuo_batch.app.run.require_trust", lambda *_: None)
    monkeypatch.setattr("hailuo_batch.app.run.require_any_key", lambda *_: None)
    ran = await run(clone.folder / "film.yaml")
    assert clone.attacker.heard == []
    assert {failure.why for _, failure in ran.outcome.failed} == {
        f"studio is not trusted: {clone.attacker.url}, key MINIMAX_API_KEY"
    }


def test_doctor_and_validate_and_plan_say_what_does_not_count(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    clone.write(SETTINGS["another variable"], "odkkk")
    where = f"{clone.attacker.url}, key {FOREIGN}"
    for words in (("validate", "film.yaml"), ("plan", "film.yaml"), ("doctor",)):
        assert say(monkeypatch, *words) == Exit.DONE
        said = capfd.readouterr()
        assert f"studio is not used: {where}. To trust it: `hailuo-batch trust`" in re.sub(
            r"\n +", " ", said.out + said.err
        )
    assert f"  studio: {where}, not trusted\n" in _plan_text(monkeypatch, capfd)
    trust_project(clone.folder)
    assert f"  studio: {where}\n" in _plan_text(monkeypatch, capfd)


def _words(capfd: pytest.CaptureFixture[str]) -> str:
    """What was said, wherever its lines end."""
    said = capfd.readouterr()
    return re.sub(r"\n +", " ", said.out + said.err)


def _plan_text(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> str:
    capfd.readouterr()
    say(monkeypatch, "plan", "film.yaml")
    return capfd.readouterr().out


@pytest.mark.parametrize("world", [World.SKETCH, World.REHEARSAL])
def test_sketches_and_rehearsals_need_no_trust(
    world: World, clone: Clone, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    name = clone.write(SETTINGS["a base address"], "odkkk")
    (clone.folder / "film.yaml").write_text(
        f"version: 1\ncampaign: film\nproviders: [{name}]\nshots: [{{id: a, prompt: x, duration: short}}]\n"
    )
    assert say(monkeypatch, "run", f"--{world}", "film.yaml") == Exit.DONE
    assert "[untrusted]" not in capfd.readouterr().err
    assert (clone.attacker.heard, clone.read) == ([], [])


def test_a_project_with_a_region_of_our_own_tables_needs_no_trust(tmp_path: Path) -> None:
    for regions in ("minimax: china", "minimax: 'https://api.minimaxi.com'", "vtrix: gateway"):
        (tmp_path / "hailuo.yaml").write_text(f"version: 1\nregions: {{{regions}}}\n")
        assert not read_project(tmp_path).stakes
    (tmp_path / "hailuo.yaml").write_text("version: 1\nregions: {minimax: 'https://api.highwayapi.ai'}\n")
    assert read_project(tmp_path).stakes, "our address, and another gateway's key"


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose frame lies outside of it, in a folder that its own settings allow."""
    picture = tmp_path / "private" / "me.png"
    picture.parent.mkdir()
    Image.effect_noise((640, 640), 60).convert("RGB").save(picture)
    folder = tmp_path / "clone"
    folder.mkdir()
    (folder / "hailuo.yaml").write_text("version: 1\nallow_outside: [/]\n")
    shot = f"{{id: a, prompt: x, duration: 1, resolution: 512p, frames: {{first: {picture}}}}}"
    (folder / "film.yaml").write_text(f"version: 1\ncampaign: film\nshots: [{shot}]\n")
    monkeypatch.chdir(folder)
    return folder


def test_a_folder_outside_is_not_read_until_the_project_is_trusted(
    outside: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for command in ("validate", "plan", "run"):
        assert say(monkeypatch, command, "--sketch", "film.yaml") == Exit.INVALID
        said = capfd.readouterr()
        assert "file outside the project [frame-file]" in said.out + said.err
        assert "counts only when you trust the project: `hailuo-batch trust`" in re.sub(
            r"\n +", " ", said.out + said.err
        )
    trust_project(outside)
    assert say(monkeypatch, "run", "--sketch", "film.yaml") == Exit.DONE


def test_a_plan_that_was_done_is_not_done_when_trust_is_taken_back(
    outside: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    trust_project(outside)
    past = 1_700_000_000
    for file in (outside / "hailuo.yaml", outside / "film.yaml", outside.parent / "private" / "me.png"):
        os.utime(file, (past, past))
    for _ in range(2):
        assert say(monkeypatch, "run", "--sketch", "film.yaml") == Exit.DONE
    assert say(monkeypatch, "trust", "--undo") == Exit.DONE
    assert say(monkeypatch, "run", "--sketch", "film.yaml") == Exit.INVALID
    capfd.readouterr()
    trust_project(outside)
    assert say(monkeypatch, "run", "--sketch", "film.yaml") == Exit.DONE
    assert "Nothing to do" in capfd.readouterr().out


def test_a_run_whose_clips_could_not_come_home_is_refused_before_it_buys(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    clone.write("allow_private_downloads: true", "odkkk")
    assert not read_project(clone.folder).allow_private_downloads
    assert say(monkeypatch, "run", "film.yaml") == Exit.REFUSED
    assert "(allow_private_downloads)" in capfd.readouterr().err
    trust_project(clone.folder)
    assert read_project(clone.folder).allow_private_downloads


def test_keys_have_one_door() -> None:
    package = Path(hailuo_batch.__file__).parent
    texts = {file.relative_to(package).as_posix(): file.read_text() for file in package.rglob("*.py")}
    readers = {name for name, text in texts.items() if "import read_api_key" in text}
    assert readers == {"load/gateway_keys.py", "app/workspace/shared_content.py"}, "the latter reads no gateway's key"
    assert 'read_api_key("PGPASSWORD")' in texts["app/workspace/shared_content.py"]
    senders = {name for name, text in texts.items() if " Transport(" in text and not name.startswith("testing/")}
    assert senders == {"app/account.py", "app/running/drivers.py"}
    assert all("gateway_keys import" in texts[name] for name in senders)
