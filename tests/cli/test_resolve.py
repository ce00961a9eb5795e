"""`hailuo-batch resolve`, from the command line: what it lists, asks, refuses and settles."""

import asyncio
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from trusting import trust_project

from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.core.attempt.attempt import Move
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.request.fingerprint import fingerprint, preimage
from hailuo_batch.core.request.request import Request
from hailuo_batch.core.switches import DEFAULT_SWITCHES
from hailuo_batch.errors import Exit
from hailuo_batch.ledger.sqlite import open_ledger, read_ledger
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.ports import Facts, Intent
from hailuo_batch.testing.clips import CLIP

Say = Callable[..., Any]
LOST = Facts(failure=Failure(kind=FailureKind.UNKNOWN_OUTCOME, why="no whole answer came"))
WHY = ("--reason", "I looked")
FILM = "version: 1\ncampaign: teaser\nproviders: [minimax]\nshots: [{id: open, prompt: a bottle in mist}]\n"


def leave(root: Path, provider: str = "minimax", takes: int = 1, campaign: str = "teaser") -> None:
    """Writes takes of `open` down that are in doubt."""

    async def write() -> None:
        async with open_ledger(root / ".hailuo" / "ledger.db", clock=SystemClock()) as ledger:
            run = await ledger.begin_run(manifest=f"manifests/{campaign}.yaml", campaign=campaign, sketch=False)
            for take in range(1, takes + 1):
                asked = Request(
                    model="hailuo-02", prompt=f"mist over {campaign}", duration=6, resolution="768p", first=None,
                    last=None, switches=DEFAULT_SWITCHES, take=take,
                )  # fmt: skip
                intent = Intent(
                    fingerprint=fingerprint(asked), preimage=preimage(asked).decode(), provider=provider,
                    campaign=campaign, shot="open", take=take, run=run,
                )  # fmt: skip
                await ledger.move(await ledger.record_intent(intent), Move.LOSE_SIGHT, LOST)
            await ledger.end_run(run, stored=0, failed=takes, exit=8)

    asyncio.run(write())


def stages(root: Path) -> list[str]:
    async def read() -> list[str]:
        async with read_ledger(root / ".hailuo" / "ledger.db") as ledger:
            return [str(each.stage) for each in await ledger.attempts()]

    return asyncio.run(read())


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A person who types these lines."""

    def typing(*lines: str) -> None:
        keys = io.StringIO("".join(f"{line}\n" for line in lines))
        keys.isatty = lambda: True  # type: ignore[method-assign]
        monkeypatch.setattr(sys, "stdin", keys)

    return typing


def test_without_a_doubt_there_is_nothing_to_do(surroundings: Path, say: Say) -> None:
    said = say("resolve")
    assert (said.code, said.out) == (Exit.DONE, "Nothing is in doubt.\n")
    assert json.loads(say("resolve", "--format", "json").out) == {"version": 1, "doubts": [], "sent_again": []}
    assert not (surroundings / ".hailuo").exists()


def test_the_list_names_each_doubt_and_exits_with_8(surroundings: Path, say: Say) -> None:
    leave(surroundings, takes=2)
    said = say("resolve")
    assert said.code == Exit.NEEDS_PERSON
    assert "2 takes in doubt" in said.out
    assert '\n      hailuo-batch resolve open#2 --never-sent --reason "..."\n' in said.out
    told = json.loads(say("resolve", "--format", "json").out)
    assert [(each["name"], each["provider"]) for each in told["doubts"]] == [
        ("open#1", "minimax"),
        ("open#2", "minimax"),
    ]


@pytest.mark.parametrize(
    ("verdict", "words"), [("--never-sent", "nothing is charged"), ("--write-off", "buys it again")]
)
def test_one_take_is_settled(surroundings: Path, say: Say, verdict: str, words: str) -> None:
    leave(surroundings)
    (surroundings / "manifests").mkdir()
    (surroundings / "manifests" / "teaser.yaml").write_text(FILM)
    said = say("resolve", "open#1", verdict, *WHY)
    assert (said.code, said.err) == (Exit.DONE, "")
    assert words in said.out
    assert "    hailuo-batch run manifests/teaser.yaml\n" in said.out
    assert stages(surroundings) == ["cancelled"]
    assert say("resolve").code == Exit.DONE


def test_a_task_is_taken_without_asking_where_no_key_is_set(surroundings: Path, say: Say) -> None:
    leave(surroundings)
    told = json.loads(say("resolve", "open", "--task", "t-9", *WHY, "--format", "json").out)
    [settled] = told["settled"]
    assert (settled["name"], settled["verdict"], settled["stage"]) == ("open#1", "found", "submitted")
    assert told["said"] is None


@pytest.mark.parametrize(
    "args",
    [
        ("open", "--never-sent", "--write-off"),
        ("open", "--task", "t", "--write-off"),
        ("open",),
        ("--all",),
        ("--never-sent",),
        ("open", "--all", "--never-sent"),
        ("open#1", "open#2", "--task", "t"),
        ("--all", "--task", "t"),
        ("--ask", "open"),
        ("--ask", "--all"),
        ("--ask", "--never-sent"),
        ("open", "--never-sent", "--reason", " "),
        ("open", "--never-sent"),
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_a_wrong_command_line(surroundings: Path, say: Say, args: tuple[str, ...]) -> None:
    leave(surroundings, takes=2)
    assert say("resolve", *args).code == Exit.USAGE
    assert stages(surroundings) == ["in_doubt", "in_doubt"]


@pytest.mark.parametrize("args", [("--all",), ("open#1", "open#2")], ids=" ".join)
def test_several_are_settled_at_once_when_that_is_agreed(
    surroundings: Path, say: Say, terminal: Callable[..., None], args: tuple[str, ...]
) -> None:
    leave(surroundings, takes=2)
    said = say("resolve", *args, "--write-off", *WHY)
    assert said.code == Exit.REFUSED
    assert "Add --yes." in said.err
    terminal("n")
    assert say("resolve", *args, "--write-off", *WHY).code == Exit.REFUSED
    assert stages(surroundings) == ["in_doubt", "in_doubt"]
    terminal("y", "the account is closed")
    assert say("resolve", *args, "--write-off").code == Exit.DONE
    assert stages(surroundings) == ["cancelled", "cancelled"]


def test_all_of_none_is_the_empty_list(surroundings: Path, say: Say) -> None:
    said = say("resolve", "--all", "--never-sent", *WHY)
    assert (said.code, said.out) == (Exit.DONE, "Nothing is in doubt.\n")


def test_yes_asks_nobody(surroundings: Path, say: Say) -> None:
    leave(surroundings, takes=2)
    assert say("resolve", "--all", "--never-sent", "--yes", *WHY).code == Exit.DONE
    assert stages(surroundings) == ["cancelled", "cancelled"]


def test_the_manifest_stands_last_and_tells_two_campaigns_apart(surroundings: Path, say: Say) -> None:
    leave(surroundings)
    leave(surroundings, campaign="spring")
    (surroundings / "manifests").mkdir()
    for campaign in ("teaser", "spring"):
        text = FILM.replace("teaser", campaign)
        (surroundings / "manifests" / f"{campaign}.yaml").write_text(text)
    said = say("resolve")
    assert '      hailuo-batch resolve open#1 manifests/spring.yaml --never-sent --reason "..."\n' in said.out
    assert say("resolve", "open#1", "--never-sent", *WHY).code == Exit.INVALID
    assert "1 take in doubt" in say("resolve", "manifests/spring.yaml").out
    assert say("resolve", "open#1", "manifests/spring.yaml", "--never-sent", *WHY).code == Exit.DONE
    assert stages(surroundings) == ["in_doubt", "cancelled"]


def test_no_command_names_a_manifest_that_is_gone(surroundings: Path, say: Say) -> None:
    leave(surroundings)
    leave(surroundings, campaign="spring")
    said = say("resolve")
    assert '      hailuo-batch resolve open#1@2 --never-sent --reason "..."\n' in said.out
    assert ".yaml" not in said.out
    settled = say("resolve", "open#1@2", "--never-sent", *WHY)
    assert (settled.code, "hailuo-batch run" in settled.out) == (Exit.DONE, False)


def test_the_manifest_may_stand_anywhere_among_the_takes(surroundings: Path, say: Say) -> None:
    leave(surroundings, takes=2)
    (surroundings / "film.yaml").write_text(FILM)
    assert say("resolve", "film.yaml", "open#1", "--never-sent", *WHY).code == Exit.DONE
    assert say("resolve", "--never-sent", "film.yaml", *WHY, "open#2").code == Exit.DONE
    assert stages(surroundings) == ["cancelled", "cancelled"]
    said = say("resolve", "film.yaml", "other.yaml")
    assert (said.code, "film.yaml and other.yaml are two manifests" in said.err) == (Exit.USAGE, True)


def test_a_task_that_runs_is_given_up_only_when_that_is_agreed(
    surroundings: Path, say: Say, terminal: Callable[..., None]
) -> None:
    leave(surroundings)
    assert say("resolve", "open", "--task", "t-9", *WHY).code == Exit.DONE
    corrected = say("resolve", "open", "--task", "t-10", *WHY)
    assert (corrected.code, stages(surroundings)) == (Exit.DONE, ["submitted"])
    said = say("resolve", "open", "--write-off", *WHY)
    assert said.code == Exit.REFUSED
    assert "task t-10" in said.err
    assert "To download it instead:\n    hailuo-batch fetch" in said.err
    assert "Add --yes." in said.err
    terminal("n")
    assert say("resolve", "open", "--write-off", *WHY).code == Exit.REFUSED
    assert stages(surroundings) == ["submitted"]
    assert say("resolve", "open", "--write-off", "--yes", *WHY).code == Exit.DONE
    settled = say("resolve", "open", "--write-off", *WHY)
    assert (settled.code, "It was written off." in settled.err) == (Exit.INVALID, True)


def test_a_name_that_is_wrong_changes_nothing(surroundings: Path, say: Say) -> None:
    leave(surroundings)
    said = say("resolve", "opne#1", "--never-sent", *WHY)
    assert said.code == Exit.INVALID
    assert 'Did you mean "open#1"?' in said.err
    assert stages(surroundings) == ["in_doubt"]


def test_asking_without_the_key_says_which(surroundings: Path, say: Say) -> None:
    leave(surroundings, provider="odkkk")
    assert "    hailuo-batch resolve --ask\n" in say("resolve").out
    said = say("resolve", "--ask")
    assert said.code == Exit.KEY
    assert "ODKKK_API_KEY" in said.err


def test_gateways_without_a_list_are_named(surroundings: Path, say: Say) -> None:
    leave(surroundings)
    said = say("resolve", "--ask")
    assert said.code == Exit.NEEDS_PERSON
    assert "minimax has no list of tasks" in said.out


async def _submit(url: str) -> None:
    import aiohttp

    body = {"model": "MiniMax-Hailuo-02", "prompt": "mist"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/v1/videos/generations", json=body, headers={"Authorization": "Bearer x"}) as response,
    ):
        assert response.status == 200


async def test_what_has_one_match_is_settled_by_itself_only_when_that_is_said(
    surroundings: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ODKKK_API_KEY", "sk-never-to-be-shown")
    await asyncio.to_thread(leave, surroundings, "odkkk")
    async with Mock(speed=1, clip=CLIP) as mock:
        (surroundings / "hailuo.yaml").write_text(f"version: 1\nregions: {{odkkk: '{mock.url('odkkk')}'}}\n")
        trust_project(surroundings)
        nothing = await asyncio.to_thread(say, "resolve", "--ask")
        assert (nothing.code, "--never-sent" in nothing.out) == (Exit.NEEDS_PERSON, True)
        await _submit(mock.url("odkkk"))
        shown = await asyncio.to_thread(say, "resolve", "--ask")
        task = mock.charges[0].task
        assert shown.code == Exit.NEEDS_PERSON
        assert f'      hailuo-batch resolve open#1 --task {task} --reason "..."\n' in shown.out
        told = json.loads((await asyncio.to_thread(say, "resolve", "--ask", "--format", "json")).out)
        assert [each["match"] for each in told["matches"]] == [task]
        assert told["lists"] == [{"provider": "odkkk", "tasks": 1, "whole": True, "why": None}]
        done = await asyncio.to_thread(say, "resolve", "--ask", "--yes")
        assert (done.code, done.err) == (Exit.DONE, "")
        assert f"open#1 is task {task} at odkkk" in done.out
        assert "sk-never" not in f"{shown} {told} {done}"
    assert await asyncio.to_thread(stages, surroundings) == ["submitted"]
    assert len(mock.charges) == 1


async def test_a_task_that_the_gateway_does_not_know_needs_force(
    surroundings: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIMAX_API_KEY", "sk-never-to-be-shown")
    await asyncio.to_thread(leave, surroundings, "minimax", 2)
    async with Mock(parse_script({}), speed=1000, clip=CLIP) as mock:
        (surroundings / "hailuo.yaml").write_text(f"version: 1\nregions: {{minimax: '{mock.url('minimax')}'}}\n")
        trust_project(surroundings)
        refused = await asyncio.to_thread(say, "resolve", "open#1", "--task", "715829735007682", *WHY)
        assert refused.code == Exit.INVALID
        assert "the gateway does not know that task" in refused.err
        assert await asyncio.to_thread(stages, surroundings) == ["in_doubt", "in_doubt"]
        forced = await asyncio.to_thread(say, "resolve", "open#1", "--task", "715829735007682", *WHY, "--force")
        assert forced.code == Exit.DONE
        asked = len(mock.log)
        blind = await asyncio.to_thread(say, "resolve", "open#2", "--task", "715829735007683", *WHY, "--offline")
        assert (blind.code, len(mock.log)) == (Exit.DONE, asked)
    assert await asyncio.to_thread(stages, surroundings) == ["submitted", "submitted"]


def test_a_rehearsal_has_doubts_of_its_own(surroundings: Path, say: Say) -> None:
    (surroundings / "film.yaml").write_text(FILM)
    (surroundings / "faults.yaml").write_text("faults: [{fault: reset, accepted: false, first: 1}]\n")
    ran = say("run", "film.yaml", "--rehearsal-script", "faults.yaml", "--yes", "--progress", "none")
    assert ran.code == Exit.NEEDS_PERSON, ran
    assert say("resolve").code == Exit.DONE
    said = say("resolve", "--rehearsal")
    assert said.code == Exit.NEEDS_PERSON
    assert '      hailuo-batch resolve --rehearsal open#1 --never-sent --reason "..."\n' in said.out
    assert "--ask" not in said.out, "minimax has no list, in a rehearsal either"
    assert "Find its prompt in .hailuo/rehearsal/.hailuo/mock.jsonl, then run one of:" in said.out
    settled = say("resolve", "open#1", "--rehearsal", "--never-sent", *WHY)
    assert settled.code == Exit.DONE
    assert "    hailuo-batch run --rehearsal film.yaml\n" in settled.out
    assert say("run", "film.yaml", "--rehearsal", "--yes", "--progress", "none").code == Exit.DONE
    assert say("resolve", "--rehearsal").code == Exit.DONE


@pytest.mark.parametrize("accepted", [True, False])
def test_doubts_of_a_rehearsal_are_compared_with_the_tasks_of_its_mock(
    surroundings: Path, say: Say, monkeypatch: pytest.MonkeyPatch, *, accepted: bool
) -> None:
    """As at a real gateway, without one: no key is set, and no address but loopback is called."""
    monkeypatch.delenv("ODKKK_API_KEY", raising=False)
    (surroundings / "film.yaml").write_text(FILM.replace("minimax", "odkkk"))
    (surroundings / "faults.yaml").write_text(f"faults: [{{fault: reset, accepted: {accepted}, first: 1}}]\n".lower())
    ran = say("run", "film.yaml", "--rehearsal-script", "faults.yaml", "--yes", "--progress", "none")
    assert ran.code == Exit.NEEDS_PERSON, ran
    assert "    hailuo-batch resolve --rehearsal --ask film.yaml\n" in say("resolve", "--rehearsal", "film.yaml").out
    strange = say("resolve", "--rehearsal", "open#1", "--task", "task-unified-0", *WHY)
    assert (strange.code, "does not know that task" in strange.err) == (Exit.INVALID, True)
    found = say("resolve", "--rehearsal", "--ask")
    assert found.code == Exit.NEEDS_PERSON
    assert ("--never-sent" in found.out, " --task task-" in found.out) == (not accepted, accepted)
    settled = say("resolve", "--rehearsal", "--ask", "--yes")
    assert settled.code == (Exit.DONE if accepted else Exit.NEEDS_PERSON)
    if accepted:
        assert say("fetch", "film.yaml", "--rehearsal", "--progress", "none").code == Exit.DONE
        assert say("resolve", "--rehearsal").code == Exit.DONE


def test_the_events_of_a_rehearsed_task_come_from_the_mock(
    surroundings: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its id and the key of a real gateway never meet."""
    monkeypatch.setenv("MINDVIDEO_API_KEY", "sk-never-to-be-sent")
    film = FILM.replace("minimax", "mindvideo").replace("mist}", "mist, duration: short}")
    (surroundings / "film.yaml").write_text(film)
    assert say("run", "film.yaml", "--rehearsal", "--yes", "--progress", "none").code == Exit.DONE
    shown = say("show", "open", "film.yaml", "--rehearsal", "--ask")
    assert "mindvideo: type succeeded, " in shown.out, shown
