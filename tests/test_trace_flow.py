"""What a trace holds of a run, and that no sentinel is in it: keys of all six gateways, links, pictures, callbacks."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from rehearsal import GATEWAYS, SPEED, film
from trusting import trust_project

from hailuo_batch.app.run import run
from hailuo_batch.app.running.options import Rehearsal, RunOptions, WebhookOptions
from hailuo_batch.cli.trace import start_trace
from hailuo_batch.core.trace import TraceLine
from hailuo_batch.core.world import World
from hailuo_batch.load.provider_tables import read_provider_table
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.runner.limiter import Tempo
from hailuo_batch.testing.clips import CLIP

SENTINEL = "SeNtInEl"  # in every secret, and nowhere else
KEYS = {name: f"{SENTINEL}+{name}/=key" for name in GATEWAYS}
SPELLED = [SENTINEL.lower(), *(f"%{ord(SENTINEL[0]):02x}%{ord(SENTINEL[1]):02x}",)]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which every gateway's key is a sentinel, and for which time flies."""
    for name, key in KEYS.items():
        monkeypatch.setenv(str(read_provider_table(name, {})["key"]), key)
    monkeypatch.setattr(
        "hailuo_batch.app.running.context.make_scaled_clock", lambda _: Tempo(elapsed=monotonic, speed=SPEED)
    )
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "hailuo.yaml").write_text("version: 1\n")
    return folder


@contextmanager
def traced(folder: Path) -> Iterator[Path]:
    """A command that is traced, and shown by `-vv`."""
    file = folder / "t.jsonl"
    end = start_trace("run", str(file), 2)
    try:
        yield file
    finally:
        end(0)


def settle(folder: Path, gateway: str, base: str) -> None:
    (folder / "hailuo.yaml").write_text(f"version: 1\nregions: {{{gateway}: '{base}'}}\n")
    trust_project(folder)


def assert_no_secret(file: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither in what we write nor in what any other handler of logging is handed."""
    words = capfd.readouterr()
    handed = [asdict(record.msg) for record in caplog.records if isinstance(record.msg, TraceLine)]
    assert handed
    for text in (file.read_text(encoding="utf-8"), words.out, words.err, caplog.text, repr(handed)):
        for secret in (*SPELLED, "sig=", "/clips/", "until="):
            assert secret not in text.lower()


def written(file: Path, what: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [line for line in found if line["what"] == what]


FAULTS = (
    {"fault": "throttled", "call": "submit", "first": 1, "retry_after": 1},
    {"fault": "server_error", "call": "poll", "nth": 1},
    {"fault": "cut", "call": "download", "nth": 1},
    {"fault": "redirect", "call": "download", "nth": 2},
)


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_a_real_run_is_told_from_its_intent_to_its_clip_without_a_secret(
    gateway: str, project: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "film.yaml").write_text(film(gateway, "a kite"))
    async with Mock(parse_script({"faults": list(FAULTS)}), speed=SPEED, clip=CLIP) as mock:
        settle(project, gateway, mock.url(gateway))
        with traced(project) as file:
            ran = await run(project / "film.yaml")
    assert ran.outcome.stored == 1
    moves = [(line["move"], line["stage"]) for line in written(file, "move")]
    assert moves == [
        ("intend", "intended"),
        ("refuse", "failed"),
        ("resend", "intended"),
        ("accept", "submitted"),
        ("produce", "produced"),
        ("keep", "stored"),
    ]
    calls = written(file, "request")
    assert [line["call"] for line in calls[:2]] == ["submit", "submit"]
    assert "a kite" in json.dumps(calls[1]["body"])
    assert {line["key"] for line in calls if line["call"] == "download"} == {False}
    assert {line["status"] for line in calls if line["call"] == "download"} >= {200, 302}
    assert {line["reason"] for line in written(file, "wait")} >= {"throttled", "poll", "resend"}
    assert_no_secret(file, caplog, capfd)


async def test_a_rehearsal_with_callbacks_and_pictures_is_told_without_a_secret(
    project: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    chained = "  - {id: s2, prompt: a boat, frames: {first: {shot: s1, frame: last}}}\n"
    (project / "film.yaml").write_text(film("minimax", "a kite") + chained)
    webhook = WebhookOptions(public_url=f"https://render.example.com/{SENTINEL}", listen_address="127.0.0.1:0")
    with traced(project) as file:
        options = RunOptions(world=World.REHEARSAL, rehearsal=Rehearsal(speed=SPEED), webhook=webhook)
        ran = await run(project / "film.yaml", options)
    assert ran.outcome.stored == 2
    first, second = (line["body"] for line in written(file, "request") if line["call"] == "submit")
    assert first["callback_url"] == "https://render.example.com/…"
    assert second["first_frame_image"].startswith("data:image/png (")
    assert written(file, "callback")[0]["gateway"] == "minimax"
    assert "frame" in {line["reason"] for line in written(file, "wait")}
    assert_no_secret(file, caplog, capfd)


@asynccontextmanager
async def echoing(folder: Path, gateway: str, status: int, *, as_json: bool) -> AsyncIterator[None]:
    """A gateway that says everything it was told, its key in every spelling."""
    key = KEYS[gateway]
    every = "".join(f"%{ord(letter):02X}" for letter in key)
    spellings = (key, quote(key), quote(key, safe=""), every, every.replace("%", "%25"), key.replace("/", "\\/"))

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        said = f"bad key {' '.join(spellings)}; {dict(request.headers)}; https://x.test/{SENTINEL}?sig={SENTINEL}"
        headers = {"Trace-Id": key, "Set-Cookie": f"a={SENTINEL}", "Location": f"https://me:{SENTINEL}@x.test/"}
        if as_json:
            text = json.dumps(
                {"base_resp": {"status_code": 1004, "status_msg": said}, "error": said, "token": SENTINEL}
            )
            return web.Response(text=text, status=status, headers=headers, content_type="application/json")
        return web.Response(text=f"<html>{said}</html>", status=status, headers=headers, content_type="text/html")

    runner = web.ServerRunner(web.Server(answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        settle(folder, gateway, f"http://127.0.0.1:{runner.addresses[0][1]}/{gateway}")
        yield
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize(("status", "as_json"), [(401, True), (401, False), (302, False)])
async def test_a_gateway_that_echoes_the_key_in_every_spelling_does_not_make_a_trace_say_it(
    status: int,
    as_json: bool,
    gateway: str,
    project: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (project / "film.yaml").write_text(film(gateway, "a kite"))
    async with echoing(project, gateway, status, as_json=as_json):
        with traced(project) as file:
            ran = await run(project / "film.yaml")
    assert ran.outcome.stored == 0
    assert {line["status"] for line in written(file, "request")} == {status}
    assert written(file, "move")[-1]["facts"]["failure"]
    assert_no_secret(file, caplog, capfd)
