"""Every fault of the mock at every gateway: how a run ends, what was charged, and what the next run does.

A row says what the first run comes to and what the next one, in the words of `RenderPool.tell`; where gateways differ,
it says so by their names. What may have been accepted is never asked for again; only MindVideo's key makes that safe.
"""

import itertools
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rehearsal import FETCHES, GATEWAYS, KEY, LOOKS, SPEED, SUBMITS, Studio, film

from hailuo_batch.core.plan.plan import Action
from hailuo_batch.mock.fault import FaultKind
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.testing.clips import CLIP, make_clip

SOON = 0.4  # seconds of the world after which a client that meets silence gives up
TOO_SLOW = 0.05  # seconds of the world after which a download that has hardly begun is too slow
LATE = 1e6  # seconds of the mock: later than anybody waits

STORED = "stored, 1 charged, exit 0"
STORED_2 = "stored, 2 charged, exit 0"
DONE = "nothing to do, 1 charged, exit 0"
DONE_2 = "nothing to do, 2 charged, exit 0"
DOUBT_0 = "unclear in_doubt, 0 charged, exit 8"
DOUBT_1 = "unclear in_doubt, 1 charged, exit 8"
HELD_0 = "held in_doubt, 0 charged, exit 8"
HELD_1 = "held in_doubt, 1 charged, exit 8"
RUNNING = "pending submitted, 1 charged, exit 8"
_NEXT = {STORED: DONE, STORED_2: DONE_2, DOUBT_0: HELD_0, DOUBT_1: HELD_1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A fault and the calls it meets (`more`), how the first run ends and how the next one."""

    fault: str
    ends: str
    then: str = ""  # left out where it follows from how the first ended
    at: dict[str, str | tuple[str, str]] = field(default_factory=dict)
    gateways: tuple[str, ...] = GATEWAYS
    answer: float = 10.0
    more: dict[str, Any] = field(default_factory=dict)

    def wanted(self, gateway: str) -> tuple[str, str]:
        found = self.at.get(gateway, (self.ends, self.then))
        ends, then = found if isinstance(found, tuple) else (found, "")
        return ends, then or _NEXT[ends]

    @property
    def call(self) -> str:
        return str(self.more.get("call", "submit"))

    @property
    def name(self) -> str:
        said = " ".join(f"{name}={value}" for name, value in self.more.items())
        return f"{self.fault} {said}".strip()


def row(fault: str, ends: str, then: str = "", *, at: Any = None, gateways: Any = GATEWAYS, **more: Any) -> Row:
    silent = fault == "hang" or more.get("seconds") == LATE or (fault == "trickle" and more.get("call") != "download")
    answer = SOON if silent else 10.0
    return Row(fault=fault, ends=ends, then=then, at=at or {}, gateways=gateways, answer=answer, more=more)


def doubtful(fault: str, *, accepted: bool, **more: Any) -> Row:
    """A submit whose outcome is unknown: it is left to a person, but not at MindVideo."""
    ends = DOUBT_1 if accepted else DOUBT_0
    return row(fault, ends, at={"mindvideo": STORED}, call="submit", accepted=accepted, nth=1, **more)


def repeated(fault: str, call: str, **more: Any) -> Row:
    """A reading call that goes wrong once and is simply repeated."""
    return row(fault, STORED, call=call, nth=1, **more)


def on_and_on(fault: str, call: str, **more: Any) -> Row:
    """A look at a task that goes wrong until patience ends: the next run follows the same task."""
    return row(fault, RUNNING, STORED, call=call, first=LOOKS, **more)


MINIMAX = ("minimax",)
SUBMIT = (
    row("throttled", STORED, nth=1),
    row("throttled", STORED, nth=1, retry_after=2),
    row("throttled", STORED, nth=1, retry_after="date:3"),
    row("throttled", "throttled failed, 0 charged, exit 4", STORED, first=SUBMITS),
    *(row("throttled", STORED, nth=1, code=code, gateways=MINIMAX) for code in (1039, 1041, 2045)),
    *(doubtful("server_error", status=status, accepted=False) for status in (500, 502, 503, 504)),
    *(doubtful("server_error", status=status, accepted=True) for status in (500, 502, 503, 504)),
    doubtful("server_error", status=503, accepted=False, retry_after=2),
    row("server_error", DOUBT_0, nth=1, gateways=MINIMAX, status=200, code=1000),
    doubtful("reset", accepted=False),
    doubtful("reset", accepted=True),
    row("reset", DOUBT_1, gateways=("mindvideo",), accepted=True, first=SUBMITS),
    row("reset", DOUBT_0, gateways=("mindvideo",), accepted=False, first=SUBMITS),
    doubtful("hang", accepted=False),
    doubtful("hang", accepted=True),
    row("slow", STORED, nth=1),
    doubtful("slow", accepted=True, seconds=LATE),
    doubtful("slow", accepted=False, seconds=1),
    doubtful("trickle", accepted=True),
    doubtful("trickle", accepted=False),
    doubtful("malformed_json", accepted=True),
    doubtful("malformed_json", accepted=False),
    doubtful("truncated_json", accepted=True),
    doubtful("truncated_json", accepted=False),
    doubtful("cut", accepted=True),
    doubtful("length_too_long", accepted=True),
    doubtful("length_too_short", accepted=True),
    doubtful("wrong_type", accepted=True),
    doubtful("wrong_type", accepted=False),
    doubtful("huge", accepted=True),
    doubtful("redirect", accepted=False),
    doubtful("redirect", accepted=True),
    row("unknown_status", STORED, call="submit", nth=1),
    row("bad_parameter", "refused failed, 0 charged, exit 4", "held failed, 0 charged, exit 4", nth=1),
    row("bad_key", "unauthorized failed, 0 charged, exit 6", STORED, nth=1),
    row("not_allowed", "unauthorized failed, 0 charged, exit 6", STORED, nth=1),
    row("no_balance", "unpaid failed, 0 charged, exit 7", STORED, nth=1),
    *(
        row("no_balance", "unpaid failed, 0 charged, exit 7", STORED, nth=1, code=code, gateways=MINIMAX)
        for code in (2056, 1028)
    ),
    row(
        "input_refused",
        "prompt_refused failed, 1 charged, exit 4",
        "held failed, 1 charged, exit 4",
        at={"minimax": ("prompt_refused failed, 0 charged, exit 4", "held failed, 0 charged, exit 4")},
        nth=1,
    ),
)
BROKEN = "broken failed, 1 charged, exit 4"
NOT_THIS = "refused failed, 1 charged, exit 4"
NOT_THIS_PROMPT = "prompt_refused failed, 1 charged, exit 4"
NOT_SHOWN = "clip_refused failed, 1 charged, exit 4"
HELD = "held failed, 1 charged, exit 4"
TASK = (
    row("output_refused", NOT_SHOWN, HELD, at={"odkkk": (NOT_THIS_PROMPT, HELD)}, nth=1),
    row("task_failed", BROKEN, STORED_2, nth=1),
    row("task_failed", NOT_THIS_PROMPT, HELD, nth=1, code="input", gateways=("gccai", "highwayapi", "vtrix")),
    row("task_failed", BROKEN, STORED_2, nth=1, code="bare", gateways=("mindvideo",)),
    row("task_failed", BROKEN, STORED_2, nth=1, code="generation_timeout", gateways=("odkkk",)),
    row("task_failed", NOT_THIS_PROMPT, HELD, nth=1, code="content_policy_violation", gateways=("odkkk",)),
    row("task_failed", NOT_THIS, HELD, nth=1, code="image_processing_error", gateways=("odkkk",)),
    row("task_failed", BROKEN, STORED_2, nth=1, code="010004098", gateways=("vtrix",)),
    row("task_failed", BROKEN, STORED_2, nth=1, code=1001, gateways=MINIMAX),
    row("task_failed", NOT_THIS_PROMPT, HELD, nth=1, code=1026, gateways=MINIMAX),
    row("task_failed", NOT_SHOWN, HELD, nth=1, code=1027, gateways=MINIMAX),
    row("cancelled", NOT_THIS, HELD, nth=1, gateways=("odkkk",)),
    row("stuck", RUNNING, RUNNING, nth=1),
    row("other_clip_length", STORED, nth=1),
    row("other_clip_size", STORED, nth=1),
)


def reads(call: str, gateways: tuple[str, ...]) -> tuple[Row, ...]:
    """What can go wrong with a look at a task, or at MiniMax's file."""
    return (
        repeated("throttled", call, gateways=gateways),
        repeated("throttled", call, gateways=gateways, retry_after=2),
        repeated("server_error", call, gateways=gateways, status=500),
        repeated("server_error", call, gateways=gateways, status=503),
        repeated("reset", call, gateways=gateways),
        repeated("hang", call, gateways=gateways),
        repeated("slow", call, gateways=gateways),
        repeated("trickle", call, gateways=gateways),
        repeated("malformed_json", call, gateways=gateways),
        repeated("truncated_json", call, gateways=gateways),
        repeated("cut", call, gateways=gateways),
        repeated("length_too_long", call, gateways=gateways),
        repeated("length_too_short", call, gateways=gateways),
        repeated("wrong_type", call, gateways=gateways),
        repeated("huge", call, gateways=gateways),
        repeated("other_task", call, gateways=gateways),
        on_and_on("throttled", call, gateways=gateways),
        on_and_on("server_error", call, gateways=gateways),
        on_and_on("malformed_json", call, gateways=gateways),
        on_and_on("other_task", call, gateways=gateways),
        row("bad_key", "unauthorized submitted, 1 charged, exit 6", STORED, call=call, nth=1, gateways=gateways),
        row("not_allowed", "unauthorized submitted, 1 charged, exit 6", STORED, call=call, nth=1, gateways=gateways),
        row("bad_parameter", "unclear submitted, 1 charged, exit 8", STORED, call=call, nth=1, gateways=gateways),
    )


READ = (
    *reads("poll", GATEWAYS),
    *reads("file", MINIMAX),
    repeated("unknown_status", "poll"),
    row("redirect", "unclear submitted, 1 charged, exit 8", STORED, call="poll", nth=1),
)
LEFT = "corrupt produced, 1 charged, exit 4"
BROKE_OFF = "flaky produced, 1 charged, exit 4"
# A file that ends before its promised length is asked for once more from there, and then, as there is no more, anew.
TWICE = 2 * FETCHES - 1
DROPS = {"bytes": 10, "seconds": 1}
DOWNLOAD = (
    repeated("expired_link", "download"),
    row("expired_link", "expired produced, 1 charged, exit 4", STORED, call="download", first=2),
    repeated("cut", "download"),
    repeated("cut", "download", part=0.99),
    row("cut", BROKE_OFF, STORED, call="download", first=FETCHES),
    repeated("length_too_long", "download"),
    row("length_too_long", BROKE_OFF, STORED, call="download", first=TWICE),
    repeated("length_too_short", "download", bytes=100),
    row("length_too_short", LEFT, STORED, call="download", first=2, bytes=100),
    row("wrong_type", LEFT, STORED, call="download", nth=1),
    row("huge", LEFT, STORED, call="download", nth=1),
    repeated("redirect", "download"),
    row("redirect", LEFT, STORED, call="download", nth=1, to="http://192.0.2.1/clip.mp4"),
    row("redirect", LEFT, STORED, call="download", nth=1, to="file:///etc/passwd"),
    repeated("reset", "download"),
    repeated("hang", "download"),
    repeated("slow", "download"),
    repeated("trickle", "download", **DROPS),
    row("trickle", BROKE_OFF, STORED, call="download", first=FETCHES, **DROPS),
    repeated("throttled", "download"),
    repeated("server_error", "download"),
    row("server_error", BROKE_OFF, STORED, call="download", first=FETCHES),
)
ROWS = (*SUBMIT, *TASK, *READ, *DOWNLOAD)


# Faults that a gateway tells in words of its own: each dialect reads them in its own way.
IN_ITS_WORDS = frozenset(
    {"throttled", "server_error", "bad_key", "not_allowed", "bad_parameter", "no_balance", "input_refused",
     "output_refused", "task_failed", "unknown_status", "other_task", "cancelled", "stuck"}
)  # fmt: skip


def cases() -> tuple[Any, ...]:
    """Each row at the gateways where something else could be wrong.

    The first row of a fault in a gateway's own words meets all of them; a row for some gateways meets each of those,
    and every ending that a gateway has alone is met there. A broken line is the same line everywhere: it meets one
    gateway, and each row another one.
    """
    found, known, turn = [], set(), itertools.count()
    for each in ROWS:
        spoken = each.fault in IN_ITS_WORDS and (each.fault, each.call) not in known
        known.add((each.fault, each.call))
        alike = [gateway for gateway in each.gateways if gateway not in each.at]
        everywhere = spoken or each.gateways != GATEWAYS
        met = each.gateways if everywhere else (*each.at, alike[next(turn) % len(alike)])
        found += [pytest.param(each, gateway, id=f"{gateway} × {each.name}") for gateway in met]
    return tuple(found)


CASES = cases()


@asynccontextmanager
async def studio(folder: Path, monkeypatch: pytest.MonkeyPatch, gateway: str, *faults: dict[str, Any]) -> Any:
    script = parse_script({"faults": [{"gateway": gateway, **fault} for fault in faults]})
    async with Mock(script, speed=SPEED, clip=CLIP) as mock:
        found = Studio(folder=folder, mock=mock, monkeypatch=monkeypatch)
        found.write(film(gateway, "a kite"))
        yield found


@pytest.mark.parametrize(("row", "gateway"), CASES)
async def test_a_fault_ends_as_the_table_says(row: Row, gateway: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hailuo_batch.drivers.transport.STALLED_SECONDS", SOON)
    monkeypatch.setattr("hailuo_batch.drivers.stall_guard.WINDOW_SECONDS", TOO_SLOW)
    async with studio(tmp_path, monkeypatch, gateway, {"fault": row.fault, **row.more}) as found:
        found.answer = row.answer
        ends, then = row.wanted(gateway)

        assert await found.tell() == ends
        assert [entry.fault for entry in found.mock.log if entry.fault], "the fault never struck"
        assert await found.tell() == then

        assert_nothing_wrong_is_kept(found)
        assert_no_secret_is_told(found)


def assert_nothing_wrong_is_kept(found: Studio) -> None:
    """In the store is the whole clip of the attempt's own task, or none."""
    stored = found.rows("SELECT task, digest FROM attempts WHERE stage = 'stored'")
    clips = found.clips()
    assert len(clips) == len(stored)
    for task, digest in stored:
        assert clips[digest.removeprefix("sha256:")] == CLIP + box_of(task), "it is another task's clip"
    assert found.leftovers() == []


def box_of(task: str) -> bytes:
    """The box by which the mock tells the clips of two tasks apart."""
    return (len(task) + 8).to_bytes(4, "big") + b"free" + task.encode()


def assert_no_secret_is_told(found: Studio) -> None:
    failures = [failure for _, failure in found.ran.outcome.failed] if found.ran else []
    told = "\n".join((found.written(), *(f"{failure.why} {failure.remedy}" for failure in failures)))
    assert KEY not in told
    assert "sig=" not in told
    assert "/clips/" not in told
    assert not any(entry.key for entry in found.calls("download")), "the key went to the host of the clips"


@pytest.mark.parametrize("gateway", ["minimax", "odkkk"])
async def test_a_download_that_was_cut_fetches_only_the_rest(
    gateway: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    script = parse_script({"faults": [{"fault": "cut", "part": 0.6, "nth": [1, 2]}]})
    async with Mock(script, speed=SPEED, clip=make_clip("x" * 500_000)) as mock:
        found = Studio(folder=tmp_path, mock=mock, monkeypatch=monkeypatch)
        found.write(film(gateway, "a kite"))
        assert await found.tell() == STORED
        assert [entry.status for entry in found.calls("download")] == [200, 206, 206]
        (task,) = mock.tasks(gateway)
        assert list(found.clips().values()) == [make_clip("x" * 500_000) + box_of(task.id)]


@pytest.mark.parametrize(
    ("gateway", "fault", "made"),
    [("minimax", "other_clip_length", (1366, 768, 4.0)), ("odkkk", "other_clip_size", (910, 512, 6.0))],
)
async def test_a_clip_of_another_length_or_size_is_kept_since_it_was_paid_for(
    gateway: str, fault: str, made: tuple[int, int, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    script = parse_script({"faults": [{"fault": fault, "seconds": 2}]})
    async with Mock(script, speed=SPEED) as mock:
        found = Studio(folder=tmp_path, mock=mock, monkeypatch=monkeypatch)
        found.write(film(gateway, "a kite"))
        assert await found.tell() == STORED
        assert await found.tell() == DONE
        assert found.rows("SELECT width, height, seconds FROM artifacts") == [made]


@pytest.mark.parametrize("fault", list(FaultKind))
def test_every_fault_of_the_mock_is_in_the_table_and_is_met(fault: FaultKind):
    listed = {gateway for each in ROWS if each.fault == fault for gateway in each.gateways}
    assert listed >= ({"odkkk"} if fault is FaultKind.CANCELLED else set(GATEWAYS))
    met = {case.values[1] for case in CASES if case.values[0].fault == fault}
    assert met >= listed if fault in IN_ITS_WORDS else met


STORM = (
    {"fault": "throttled", "rate": 0.2},
    {"fault": "reset", "accepted": True, "rate": 0.05},
    {"fault": "server_error", "accepted": False, "rate": 0.05},
    {"fault": "malformed_json", "call": ["submit", "poll"], "rate": 0.05},
    {"fault": "server_error", "call": "poll", "rate": 0.2},
    {"fault": "reset", "call": ["poll", "download"], "rate": 0.1},
    {"fault": "cut", "rate": 0.3},
    {"fault": "length_too_short", "rate": 0.1, "bytes": 50},
    {"fault": "wrong_type", "rate": 0.1},
    {"fault": "expired_link", "rate": 0.2},
)


@pytest.mark.parametrize("gateway", ["minimax", "odkkk", "mindvideo"])  # a dialect, a table, a table with keys
async def test_in_a_storm_of_faults_nothing_is_bought_twice(
    gateway: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    async with studio(tmp_path, monkeypatch, gateway, *STORM) as found:
        found.write(film(gateway, *(f"kite number {number}" for number in range(40))))
        for _ in range(12):
            ran = await found.run()
            assert_no_secret_is_told(found)
            if all(step.action is Action.HOLD for step in ran.after.pending_steps):
                break
        assert_nothing_wrong_is_kept(found)
        assert set(found.stages()) <= {"stored", "in_doubt", "failed"}
        in_doubt = found.stages().count("in_doubt")
        assert found.stages().count("stored") + in_doubt == 40
        assert (in_doubt > 0) == (gateway != "mindvideo")
        assert set(found.mock.charge_counts(gateway).values()) == {1}
    assert KEY not in caplog.text
    assert "sig=" not in caplog.text


@pytest.mark.parametrize(
    ("fault", "told", "asked"),
    [
        ({"fault": "throttled"}, "stored, 1 charged, exit 0", 1),
        ({"fault": "no_balance"}, "stored, 1 charged, exit 0", 1),
        ({"fault": "bad_key"}, "stored, 1 charged, exit 0", 1),
        ({"fault": "reset", "accepted": False}, DOUBT_0, 0),
        ({"fault": "server_error", "accepted": True}, DOUBT_1, 0),
        ({"fault": "bad_parameter"}, "refused failed, 0 charged, exit 4", 0),
        ({"fault": "task_failed"}, BROKEN, 0),
    ],
    ids=lambda value: value["fault"] if isinstance(value, dict) else "",
)
async def test_another_provider_is_asked_only_after_a_definite_no(
    fault: dict[str, Any], told: str, asked: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with studio(tmp_path, monkeypatch, "odkkk", fault) as found:
        found.write(film("odkkk, minimax", "a kite"))
        assert await found.tell() == told
        assert len([entry for entry in found.calls("submit") if entry.gateway == "minimax"]) == asked


@pytest.mark.parametrize("fault", ["no_balance", "bad_key"])
async def test_a_provider_without_money_or_key_is_not_asked_for_the_other_shots(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with studio(tmp_path, monkeypatch, "odkkk", {"fault": fault}) as found:
        found.write(film("odkkk", *(f"kite number {number}" for number in range(20))))
        ran = await found.run(jobs=1)
        assert (len(ran.outcome.failed), len(found.mock.log)) == (20, 1)


async def test_a_link_that_dies_at_once_is_asked_for_anew_by_each_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    script = parse_script({"link_seconds": 0})
    async with Mock(script, speed=SPEED, clip=CLIP) as mock:
        found = Studio(folder=tmp_path, mock=mock, monkeypatch=monkeypatch)
        found.write(film("minimax", "a kite"))
        for _ in range(2):
            assert await found.tell() == "expired produced, 1 charged, exit 4"
        assert len(found.calls("download")) == 4
        assert found.ran is not None
        [(_, failure)] = found.ran.outcome.failed
        assert failure.remedy == (
            "The next run, or `fetch`, polls it again. If it never comes, give it up. It counts as 0.28 USD, and the "
            "next run buys it again:"
        )
        assert failure.command == ("resolve", "s1#1@1", "--write-off", "--reason", "no whole clip comes")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"fault": "server_error", "call": "poll", "first": LOOKS}, RUNNING),
        ({"fault": "cut", "call": "download", "first": FETCHES}, BROKE_OFF),
    ],
    ids=["running", "made"],
)
async def test_a_task_is_followed_where_it_is_when_the_manifest_names_another_provider_now(
    fault: dict[str, Any], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with studio(tmp_path, monkeypatch, "odkkk", fault) as found:
        assert await found.tell() == told
        found.write(film("minimax", "a kite"))
        assert await found.tell() == STORED
        assert {entry.gateway for entry in found.mock.log} == {"odkkk"}
