"""Each fault at each gateway and call, as a plain aiohttp client sees it, and how many charges it leaves behind."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from mock_samples import GATEWAYS, client_of, one, status_in, task_in

from hailuo_batch.mock.contracts.registry import contracts
from hailuo_batch.mock.fault import ALLOWED_CALLS, FaultKind
from hailuo_batch.testing.clips import make_clip

API = ("submit", "poll")
EVERY = ("submit", "poll", "download")
QUICK = 0.4  # seconds after which a client gives up on an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A fault; what arrives at every gateway, or at those named; whether a submit is charged."""

    fault: str
    arrives: str
    calls: tuple[str, ...] = EVERY
    at: dict[str, str] = field(default_factory=dict)  # by gateway, by call, or by "gateway call"
    charged: bool = False
    more: dict[str, Any] = field(default_factory=dict)

    def wanted(self, gateway: str, call: str) -> str:
        for name in (f"{gateway} {call}", call, gateway):
            if name in self.at:
                return self.at[name]
        return self.arrives


def busy(status: int, *in_json: str) -> dict[str, str]:
    """A status that only these gateways (or calls of them) document; elsewhere a proxy speaks."""
    return dict.fromkeys(in_json, f"{status} json")


ROWS = (
    Row(
        fault="throttled",
        arrives="429 json",
        at={"minimax": "200 code 1002", "download": "429 xml", "minimax download": "429 xml"},
    ),
    Row(
        fault="throttled",
        more={"retry_after": 2},
        arrives="429 json, after 2",
        at={"minimax": "429 code 1002, after 2", "download": "429 xml, after 2"},
    ),
    Row(
        fault="server_error",
        arrives="500 json",
        at={"minimax": "500 code 1024", "download": "500 html"},
    ),
    Row(
        fault="server_error",
        more={"status": 502},
        arrives="502 html",
        at=busy(502, "gccai submit", "gccai poll", "odkkk submit"),
    ),
    Row(
        fault="server_error",
        more={"status": 503},
        arrives="503 html",
        at=busy(503, "odkkk submit", "highwayapi submit"),
    ),
    Row(
        fault="server_error",
        more={"status": 504, "retry_after": 7},
        arrives="504 html, after 7",
        at={"highwayapi submit": "504 json, after 7"},
    ),
    Row(
        fault="server_error",
        more={"accepted": True},
        arrives="500 json",
        at={"minimax": "500 code 1024"},
        calls=("submit",),
        charged=True,
    ),
    Row(
        fault="server_error",
        more={"accepted": True, "status": 504},
        arrives="504 html",
        at={"highwayapi": "504 json"},
        calls=("submit",),
        charged=True,
    ),
    Row(fault="reset", arrives="reset"),
    Row(fault="reset", more={"accepted": True}, arrives="reset", calls=("submit",), charged=True),
    Row(fault="hang", arrives="nothing"),
    Row(fault="hang", more={"accepted": True}, arrives="nothing", calls=("submit",), charged=True),
    Row(fault="slow", more={"seconds": 30}, arrives="nothing", calls=EVERY, charged=True),
    Row(fault="slow", more={"seconds": 0.01}, arrives="200 json", at={"download": "200 mp4"}, charged=True),
    Row(fault="slow", more={"seconds": 0.01, "accepted": False}, arrives="504 html", calls=("submit",)),
    Row(
        fault="bad_parameter",
        arrives="400 json",
        calls=API,
        at={"mindvideo": "422 json", "minimax": "200 code 2013"},
    ),
    Row(fault="bad_key", arrives="401 json", calls=API, at={"minimax": "200 code 1004"}),
    Row(fault="trickle", arrives="nothing", charged=True),
    Row(fault="trickle", more={"bytes": 10, "seconds": 0.01}, arrives="nothing", charged=True),
    Row(fault="trickle", more={"accepted": False}, arrives="nothing", calls=("submit",)),
    Row(fault="bad_key", more={"status": 401}, arrives="401 json", calls=API, at={"minimax": "401 code 2049"}),
    Row(fault="not_allowed", arrives="403 json", calls=API, at={"minimax": "200 code 2061"}),
    Row(
        fault="no_balance",
        arrives="402 json",
        calls=("submit",),
        at={"vtrix": "403 json", "highwayapi": "403 json", "minimax": "200 code 1008"},
    ),
    Row(
        fault="expired_link",
        arrives="404 html",
        calls=("download",),
        at={"highwayapi": "403 xml", "minimax": "403 xml"},
    ),
    Row(fault="cut", arrives="cut", charged=True),
    Row(fault="cut", more={"part": 0.0}, arrives="cut", charged=True),
    Row(fault="length_too_long", arrives="cut", charged=True),
    Row(fault="wrong_type", arrives="200 html"),
    Row(fault="wrong_type", more={"accepted": True}, arrives="200 html", calls=("submit",), charged=True),
    Row(fault="redirect", arrives="307 html", at={"download": "302 html"}),
    Row(fault="malformed_json", arrives="200 no json", calls=API, charged=True),
    Row(fault="malformed_json", more={"accepted": False}, arrives="200 no json", calls=("submit",)),
    Row(fault="truncated_json", arrives="200 no json", calls=API, charged=True),
    Row(fault="unknown_status", arrives="200 json", calls=API, charged=True),
    Row(fault="other_task", arrives="200 json", calls=("poll",), charged=True),
    Row(fault="input_refused", arrives="200 json", calls=("submit",), at={"minimax": "200 code 1026"}, charged=True),
    Row(fault="output_refused", arrives="200 json", calls=("submit",), charged=True),
    Row(fault="task_failed", arrives="200 json", calls=("submit",), charged=True),
    Row(fault="cancelled", arrives="200 json", calls=("submit",), charged=True),
    Row(fault="stuck", arrives="200 json", calls=("submit",), charged=True),
    Row(fault="other_clip_length", arrives="200 json", calls=("submit",), charged=True),
    Row(fault="other_clip_size", arrives="200 json", calls=("submit",), charged=True),
)  # fmt: skip


# What goes wrong on the way to the client: no contract has a part in it.
ON_THE_LINE = frozenset(
    {"reset", "hang", "slow", "trickle", "cut", "length_too_long", "wrong_type", "redirect", "malformed_json",
     "truncated_json"}
)  # fmt: skip


def cases() -> Iterator[Any]:
    """Each row and call at every gateway; a line that breaks meets one gateway, and each time another one."""
    turn = itertools.cycle(GATEWAYS)
    for row in ROWS:
        said = " ".join(f"{name}={value}" for name, value in row.more.items())
        for call in row.calls:
            for gateway in (next(turn),) if row.fault in ON_THE_LINE else GATEWAYS:
                yield pytest.param(row, gateway, call, id=f"{row.fault} {said}: {gateway} {call}".replace(" :", ":"))


@pytest.mark.parametrize(("row", "gateway", "call"), list(cases()))
async def test_a_fault_arrives_and_leaves_its_charges(row: Row, gateway: str, call: str) -> None:
    early = row.fault == "input_refused" and gateway == "minimax"
    charges = 0 if early or (call == "submit" and not row.charged) else 1
    async with client_of(one(row.fault, call=call, nth=1, **row.more)) as client:
        slow = row.wanted(gateway, call) == "nothing"
        arrived = await client.call(call, gateway, **({"patience": QUICK} if slow else {}))

        assert arrived.words == row.wanted(gateway, call)
        assert len(client.mock.charges) == charges, client.mock.charges
        assert [entry.fault for entry in client.mock.log if entry.fault] == [row.fault]
        assert client.mock.log[-1].status == (None if row.fault in {"reset", "hang"} else arrived.status or 200)


@pytest.mark.parametrize("kind", list(FaultKind))
def test_every_fault_stands_in_the_table(kind: FaultKind) -> None:
    assert ALLOWED_CALLS[kind]
    assert kind in {row.fault for row in ROWS} | {FaultKind.HUGE, FaultKind.LENGTH_TOO_SHORT}


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_after_a_fault_the_same_call_goes_well(gateway: str) -> None:
    async with client_of(one("reset", nth=1)) as client:
        assert (await client.submit(gateway)).words == "reset"
        assert (await client.call("download", gateway)).words == "200 mp4"
        assert len(client.mock.charges) == 1


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_a_length_that_lies_short_cuts_the_file_without_a_sound(gateway: str) -> None:
    async with client_of(one("length_too_short", bytes=100, nth=1)) as client:
        link = await client.link(gateway, await client.ordered(gateway))
        short = await client.download(link)

        assert short.words == "200 mp4"
        assert short.data == make_clip(client.mock.charges[0].task)[:-100]


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_a_huge_file_never_ends(gateway: str) -> None:
    async with client_of(one("huge")) as client:
        link = await client.link(gateway, await client.ordered(gateway))
        async with client.session.get(link) as response:
            assert response.content_length is not None
            assert response.content_length > 50 * 2**30
            assert len(await response.content.readexactly(3_000_000)) == 3_000_000


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_a_file_that_trickles_comes_in_drops_and_never_to_its_end(gateway: str) -> None:
    async with client_of(one("trickle", bytes=100, seconds=0.001)) as client:
        task = await client.ordered(gateway)
        whole = make_clip(task)
        async with client.session.get(await client.link(gateway, task)) as response:
            assert response.content_length == len(whole)
            assert await response.content.readexactly(len(whole) - 1) == whole[:-1]
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(response.content.readexactly(1), 0.05)


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_a_cut_file_is_gone_on_with(gateway: str) -> None:
    async with client_of(one("cut", part=0.3, nth=1), clip=make_clip("x" * 200_000)) as client:
        link = await client.link(gateway, await client.ordered(gateway))
        got = b""
        async with client.session.get(link) as response:
            tag = response.headers["ETag"]
            with suppress(aiohttp.ClientPayloadError):
                async for chunk in response.content.iter_any():
                    got += chunk
        rest = await client.download(link, headers={"If-Range": tag, "Range": f"bytes={len(got)}-"})
        whole = await client.download(link)
    assert 0 < len(got) < len(whole.data)
    assert (rest.status, got + rest.data) == (206, whole.data)


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_an_unknown_status_is_a_word_that_nobody_lists(gateway: str) -> None:
    async with client_of(one("unknown_status", text="simmering", nth=1)) as client:
        task = await client.ordered(gateway)
        first, second = await client.poll(gateway, task), await client.poll(gateway, task)

    assert status_in(gateway, first.json) == "simmering"
    assert status_in(gateway, second.json) != "simmering"


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_an_answer_about_another_task_has_another_link(gateway: str) -> None:
    async with client_of(one("other_task", nth=1)) as client:
        task = await client.ordered(gateway)
        wrong, right = await client.poll(gateway, task), await client.poll(gateway, task)

        assert task.encode() not in wrong.data
        assert task.encode() in right.data
        assert len(client.mock.charges) == 1


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_a_redirect_leads_to_another_host_that_sees_whether_a_key_comes_along(gateway: str) -> None:
    async with client_of(one("redirect")) as client:
        link = await client.link(gateway, await client.ordered(gateway))
        headers = {"Authorization": "Bearer secret"}
        async with client.session.get(link, headers=headers) as response:
            assert response.status == 200
            assert response.url.host == "localhost"

        first, second = client.mock.log[-2:]
        assert (first.key, second.key) == (True, False)  # aiohttp leaves it behind
        assert second.host.startswith("localhost:")


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_a_stuck_task_is_never_done(gateway: str) -> None:
    async with client_of(one("stuck")) as client:
        task = await client.ordered(gateway)
        arrived = await client.poll(gateway, task)
        running = ("processing", "in_progress", "task_status_processing")
        assert status_in(gateway, arrived.json).lower() in running


def _failures() -> Iterator[Any]:
    for name, contract in contracts().items():
        for code in contract.failures:
            yield pytest.param(name, code, id=f"{name} {code}")


@pytest.mark.parametrize(("gateway", "code"), list(_failures()))
async def test_a_task_fails_with_each_documented_code_and_its_charge_is_given_back(gateway: str, code: str) -> None:
    async with client_of(one("task_failed", code=code)) as client:
        task = await client.ordered(gateway)
        arrived = await client.poll(gateway, task)

        assert status_in(gateway, arrived.json).lower().removeprefix("task_status_") in {"fail", "failed"}
        assert arrived.words == (f"200 code {code}" if gateway == "minimax" else "200 json")
        assert len(client.mock.charges) == 1
        assert [task.id for task in client.mock.refunded_tasks(gateway)] == [task]


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_a_refused_output_is_told_in_the_gateways_words(gateway: str) -> None:
    async with client_of(one("output_refused")) as client:
        task = await client.ordered(gateway)
        text = (await client.poll(gateway, task)).data.decode()
        assert any(word in text for word in ("sensitive", "rejected", "content_policy_violation"))


@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        ("throttled", (1002, 1039, 1041, 2045)),
        ("bad_key", (1004, 2049)),
        ("no_balance", (1008, 2056, 1028, 1030)),
        ("server_error", (1000, 1001, 1024, 1033)),
        ("bad_parameter", (2013, 1042)),
        ("input_refused", (1026,)),
        ("not_allowed", (2061,)),
    ],
)
async def test_minimax_refuses_in_a_200_with_each_code(fault: str, codes: tuple[int, ...]) -> None:
    for code in codes:
        async with client_of(one(fault, code=code)) as client:
            arrived = await client.submit("minimax")
            assert arrived.words == f"200 code {code}"
            assert task_in("minimax", arrived.json) == ""
            assert not client.mock.charges


async def test_vtrix_may_refuse_in_a_200_without_an_id() -> None:
    async with client_of(one("server_error", status=200, code="010004099")) as client:
        arrived = await client.submit("vtrix")
        assert arrived.json == {"error": {"code": "010004099", "error_message": "internal error"}}
        assert not client.mock.charges


async def test_a_retry_after_may_be_a_date() -> None:
    async with client_of(one("throttled", retry_after="date:30")) as client:
        arrived = await client.submit("odkkk")
        assert (arrived.headers or {})["Retry-After"].endswith(" GMT")
