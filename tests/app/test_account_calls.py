"""Gateways asked outside of a run, as the mock plays them on loopback: balances, events, and nothing else."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from doubt_samples import Left, film, submitted

from hailuo_batch.app.account import has_balance, has_task_events, open_accounts
from hailuo_batch.app.doctor import doctor
from hailuo_batch.app.doctor_checks import CheckResult, DoctorCheck
from hailuo_batch.app.inspect import show
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.core.attempt.attempt import Move
from hailuo_batch.errors import InputError, KeyMissingError
from hailuo_batch.load.provider_tables import provider_names
from hailuo_batch.load.settings import read_project
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.ports import Facts
from hailuo_batch.testing.clips import CLIP

KEY = "sk-never-to-be-shown"


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Left:
    for name in [name for name in os.environ if name.endswith("_API_KEY")]:
        monkeypatch.delenv(name)
    return Left(folder=tmp_path)


def keys(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    for name in names:
        monkeypatch.setenv(f"{name.upper()}_API_KEY", KEY)


async def balances(folder: Path, **how: bool) -> dict[str, DoctorCheck]:
    checks = await doctor(folder, **how)
    assert KEY not in repr(checks)
    return {each.name.removeprefix("balance of "): each for each in checks if each.name.startswith("balance")}


async def test_doctor_tells_what_is_left_where_a_key_is_set_and_a_gateway_tells(
    left: Left, monkeypatch: pytest.MonkeyPatch
):
    keys(monkeypatch, "gccai", "odkkk", "minimax")
    async with Mock(parse_script({"balance": {"gccai": 12.5, "odkkk": 850}}), speed=1000, clip=CLIP) as mock:
        left.settings(mock.urls)
        found = await balances(left.folder)
        assert {name: (check.result, check.detail) for name, check in found.items()} == {
            "gccai": (CheckResult.GOOD, "12.50 gccai-units"),
            "odkkk": (CheckResult.GOOD, "850.00 credits"),
        }
        assert {entry.call for entry in mock.log if entry.gateway != "minimax"} == {"balance"}
        asked = len(mock.log)
        assert await balances(left.folder, offline=True) == {}
        monkeypatch.delenv("GCCAI_API_KEY")
        assert set(await balances(left.folder)) == {"odkkk"}
        assert len(mock.log) == asked + 2


@pytest.mark.parametrize("gateway", ["minimax", "mindvideo", "vtrix", "highwayapi"])
async def test_where_no_balance_is_reported_the_key_is_tried_free(
    gateway: str, left: Left, monkeypatch: pytest.MonkeyPatch
):
    keys(monkeypatch, gateway)
    found = []
    for script in ({}, {"keys": ["another"]}):
        async with Mock(parse_script(script), speed=1000, clip=CLIP) as mock:
            left.settings(mock.urls)
            found += [each for each in await doctor(left.folder) if each.name == f"account of {gateway}"]
            assert not mock.charges
    assert [(each.result, each.is_key_rejected) for each in found] == [
        (CheckResult.GOOD, False),
        (CheckResult.BAD, True),
    ]
    assert f"{gateway.upper()}_API_KEY" in found[1].remedy
    assert ("regions: {minimax: china}" in found[1].remedy) == (gateway == "minimax")
    assert KEY not in repr(found)


async def test_an_empty_account_is_worth_a_note(left: Left, monkeypatch: pytest.MonkeyPatch):
    keys(monkeypatch, "odkkk")
    async with Mock(parse_script({"balance": {"odkkk": 0}}), speed=1000, clip=CLIP) as mock:
        left.settings(mock.urls)
        assert (await balances(left.folder))["odkkk"].result is CheckResult.NOTE


async def test_a_rejected_key_is_bad_and_a_gateway_that_is_away_is_a_note(left: Left, monkeypatch: pytest.MonkeyPatch):
    keys(monkeypatch, "odkkk")
    async with Mock(parse_script({"keys": ["another"]}), speed=1000, clip=CLIP) as mock:
        left.settings(mock.urls)
        rejected = (await balances(left.folder))["odkkk"]
        assert rejected.result is CheckResult.BAD
        assert "ODKKK_API_KEY" in rejected.remedy
    away = (await balances(left.folder))["odkkk"]
    assert away.result is CheckResult.NOTE
    assert "cannot be reached" in away.detail


async def test_doctor_sends_no_key_while_the_settings_are_wrong(left: Left, monkeypatch: pytest.MonkeyPatch):
    keys(monkeypatch, "odkkk")
    async with Mock(speed=1000, clip=CLIP) as mock:
        left.settings({"odkkk": mock.url("odkkk"), "odkk": mock.url("odkkk")})
        assert await balances(left.folder) == {}
        assert not mock.log


async def made(left: Left, mock: Mock, gateway: str) -> None:
    """An attempt of the manifest's only shot, whose task the mock has."""
    (left.folder / "film.yaml").write_text(film(gateway))
    left.settings(mock.urls)
    (step,) = (await plan(left.folder / "film.yaml")).plan.steps
    assert step.request is not None
    task = await submitted(mock.url(gateway), gateway)
    await left.attempt(gateway, (Move.ACCEPT, Facts(task=task)), asked=step.request)


async def test_show_asks_for_the_events_of_a_task(left: Left, monkeypatch: pytest.MonkeyPatch):
    keys(monkeypatch, "mindvideo")
    async with Mock(speed=1000, clip=CLIP) as mock:
        await made(left, mock, "mindvideo")
        assert (await show(left.folder / "film.yaml", "open")).task_events == ()
        (told,) = (await show(left.folder / "film.yaml", "open", ask=True)).task_events
        assert told.events[0]["type"] == "queued"
        assert told.why == ""


async def test_show_says_which_key_is_missing(left: Left):
    async with Mock(speed=1000, clip=CLIP) as mock:
        await made(left, mock, "mindvideo")
        (told,) = (await show(left.folder / "film.yaml", "open", ask=True)).task_events
        assert "MINDVIDEO_API_KEY is not set" in told.why


async def test_who_keeps_no_events_is_not_asked(left: Left, monkeypatch: pytest.MonkeyPatch):
    keys(monkeypatch, "minimax")
    async with Mock(speed=1000, clip=CLIP) as mock:
        await made(left, mock, "minimax")
        assert (await show(left.folder / "film.yaml", "open", ask=True)).task_events == ()


async def test_events_that_are_not_told_say_why(left: Left, monkeypatch: pytest.MonkeyPatch):
    keys(monkeypatch, "mindvideo")
    script = parse_script({"faults": [{"fault": "server_error", "call": "events"}]})
    async with Mock(script, speed=1000, clip=CLIP) as mock:
        await made(left, mock, "mindvideo")
        (told,) = (await show(left.folder / "film.yaml", "open", ask=True)).task_events
        assert (told.events, bool(told.why)) == ((), True)


class Answering:
    """A gateway that gives one answer to everything."""

    def __init__(self, body: object) -> None:
        self.body = body

    async def __aenter__(self) -> str:
        from aiohttp import web

        async def answer(_: web.BaseRequest) -> web.Response:
            return web.json_response(self.body)

        self._runner = web.ServerRunner(web.Server(answer))
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()


async def test_events_carry_no_link_and_no_key(left: Left, monkeypatch: pytest.MonkeyPatch):
    keys(monkeypatch, "mindvideo")
    deep: object = "https://cdn.example/clip.mp4?sig=deep"
    for _ in range(50):
        deep = {"more": [deep]}
    event = {
        "url": "https://cdn.example/clip.mp4?sig=abc",
        "note": f"Bearer {KEY}",
        "n": [1, {"at": 2.5}],
        "deep": deep,
    }
    async with Mock(speed=1000, clip=CLIP) as mock:
        await made(left, mock, "mindvideo")
    async with Answering([event]) as url:
        left.settings({"mindvideo": url})
        (told,) = (await show(left.folder / "film.yaml", "open", ask=True)).task_events
    assert "sig" not in repr(told)
    assert KEY not in repr(told)
    assert told.events[0]["n"] == [1, {"at": 2.5}]


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        ({"data": [{"id": "t-1", "created": 1}], "total": 1}, True),
        ({"data": [{"id": "t-1", "created": 1}], "total": 2}, False),
        ({"data": [{"id": "t-1", "created": 1}]}, True),
        ({"data": [], "total": 0}, True),
        ({"data": []}, False),
        ({"tasks": [{"id": "t-1"}]}, False),
    ],
)
async def test_a_list_is_whole_only_when_nothing_can_be_missing(
    left: Left, monkeypatch: pytest.MonkeyPatch, body: Mapping[str, object], whole: bool
):
    """Money: what an unread page might hold is no reason to buy again."""
    keys(monkeypatch, "odkkk")
    async with Answering(body) as url:
        left.settings({"odkkk": url})
        async with open_accounts(read_project(left.folder)) as gateway:
            told = await gateway("odkkk").list_tasks()
    assert told is not None
    assert told.failure is None
    assert told.is_complete is whole


@pytest.mark.parametrize(
    ("told", "created"),
    [(1_800_000_000, 1_800_000_000.0), (1_800_000_000_500, 1_800_000_000.5), (0, None), ("yesterday", None)],
)
async def test_a_time_is_read_as_seconds_or_not_at_all(
    left: Left, monkeypatch: pytest.MonkeyPatch, told: object, created: float | None
):
    """Money: a time that is misread would make it look as if a task had never been there."""
    keys(monkeypatch, "odkkk")
    async with Answering({"data": [{"id": "t-1", "created_at": told}], "total": 1}) as url:
        left.settings({"odkkk": url})
        async with open_accounts(read_project(left.folder)) as gateway:
            listed = await gateway("odkkk").list_tasks()
    assert listed is not None
    assert [each.created for each in listed.tasks] == [created]


async def test_a_gateway_is_asked_only_by_its_key_and_by_a_name_there_is(left: Left):
    left.settings({})
    async with open_accounts(read_project(left.folder)) as gateway:
        with pytest.raises(KeyMissingError, match="MINIMAX_API_KEY is not set"):
            gateway("minimax")
        with pytest.raises(InputError, match="no longer a provider of this project"):
            gateway("studio")


def test_who_tells_what(left: Left):
    project = read_project(left.folder)
    assert [name for name in provider_names() if has_balance(project, name)] == ["gccai", "odkkk"]
    assert [name for name in provider_names() if has_task_events(project, name)] == ["mindvideo"]


async def test_a_gateway_that_hangs_is_not_waited_for_long(left: Left, monkeypatch: pytest.MonkeyPatch):
    keys(monkeypatch, "odkkk")
    monkeypatch.setattr("hailuo_batch.app.account.ANSWER_SECONDS", 0.05)
    script = parse_script({"faults": [{"fault": "hang", "call": "balance"}]})
    async with Mock(script, speed=1000, clip=CLIP) as mock:
        left.settings(mock.urls)
        check = (await asyncio.wait_for(balances(left.folder), 30))["odkkk"]
    assert (check.result, "timed out" in check.detail) == (CheckResult.NOTE, True)
