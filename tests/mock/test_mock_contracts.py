"""Every answer of the mock against the gateway's OpenAPI document, judged by openapi-core."""

from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from mock_samples import (
    GATEWAYS,
    KEY,
    Arrived,
    at_once,
    body_of,
    client_of,
    link_in,
    one,
    poll_path,
    status_in,
    submit_path,
)
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from hailuo_batch.load.openapi import list_operations, openapi_document, openapi_names
from hailuo_batch.load.provider_tables import provider_names
from hailuo_batch.mock.contract import GatewayContract
from hailuo_batch.mock.contracts.registry import contracts
from hailuo_batch.mock.fault import Fault, FaultKind
from hailuo_batch.mock.messages import Answer, CallKind, Refusal, RefusalReason
from hailuo_batch.mock.rule import Script
from hailuo_batch.mock.script import parse_rule
from hailuo_batch.mock.task import ClipSpec, Phase, Task, TaskView


@cache
def _document(gateway: str) -> OpenAPI:
    return OpenAPI.from_dict(dict(openapi_document(gateway)))


def agree(gateway: str, method: str, path: str, answer: Answer | Arrived, body: bytes = b"") -> None:
    """The answer is one that the document lists for this call; openapi-core raises when it is not."""
    server = openapi_document(gateway)["servers"][0]["url"]
    host = "/".join(server.split("/")[:3])
    base = server.removeprefix(host)
    bare, _, query = path.partition("?")
    args = dict(part.split("=") for part in query.split("&")) if query else {}
    request = MockRequest(
        host, method.lower(), base + bare, args=args, headers={"Authorization": f"Bearer {KEY}"}, data=body
    )
    data = answer.body if isinstance(answer, Answer) else answer.data
    _document(gateway).validate_response(request, MockResponse(data, status_code=answer.status))


def task_of(contract: GatewayContract, mark: int, fault: Fault | None = None) -> Task:
    return Task(
        gateway=contract.name,
        id=contract.new_id(mark << 96 | mark),
        payload="0",
        prompt="a kite",
        model="MiniMax-Hailuo-02",
        resolution="768p",
        seconds=6,
        frames=mark % 3,
        shape=(16, 9),
        clip=ClipSpec(resolution="768p", seconds=6, shape=(16, 9)),
        created=1_800_000_000.0,
        queued=2.0,
        running=8.0,
        price=contract.price("768p", 6),
        mark=mark,
        failure=contract.failure(fault) if fault else None,
    )


def view_at(task: Task, phase: Phase) -> TaskView:
    now = task.created + {Phase.QUEUED: 1.0, Phase.RUNNING: 5.0}.get(phase, 20.0)
    progress = {Phase.QUEUED: 0.0, Phase.RUNNING: 0.375}.get(phase, 1.0)
    link = "http://127.0.0.1:1/clips/a/b.mp4?until=1&sig=2" if phase is Phase.DONE else ""
    return TaskView(task=task, now=now, phase=phase, progress=progress, link=link, link_expires=now + 3600)


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("mark", [6, 7])
def test_a_poll_in_each_phase_and_both_spellings(gateway: str, phase: Phase, mark: int) -> None:
    contract = contracts()[gateway]
    faults = {Phase.FAILED: Fault(kind=FaultKind.TASK_FAILED), Phase.CANCELLED: Fault(kind=FaultKind.CANCELLED)}
    task = task_of(contract, mark, faults.get(phase))
    agree(gateway, "GET", poll_path(gateway, task.id), contract.poll_answer(view_at(task, phase)))


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_failure_with_each_code(gateway: str) -> None:
    contract = contracts()[gateway]
    for code in contract.failures:
        for mark in (6, 7):
            task = task_of(contract, mark, Fault(kind=FaultKind.TASK_FAILED, code=code))
            agree(gateway, "GET", poll_path(gateway, task.id), contract.poll_answer(view_at(task, Phase.FAILED)))


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize("mark", [6, 7])
def test_the_answer_to_a_submit(gateway: str, mark: int) -> None:
    contract = contracts()[gateway]
    answer = contract.submit_answer(view_at(task_of(contract, mark), Phase.QUEUED))
    agree(gateway, "POST", submit_path(gateway), answer)


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize(
    "reason", [reason for reason in RefusalReason if reason not in {RefusalReason.MISSING, RefusalReason.CONFLICT}]
)
def test_each_refusal_of_a_submit(gateway: str, reason: RefusalReason) -> None:
    answer = contracts()[gateway].refusal_answer(CallKind.SUBMIT, Refusal(reason=reason))
    agree(gateway, "POST", submit_path(gateway), answer)


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize(
    "reason", [RefusalReason.MISSING, RefusalReason.BAD_KEY, RefusalReason.THROTTLED, RefusalReason.INTERNAL]
)
def test_each_refusal_of_a_poll(gateway: str, reason: RefusalReason) -> None:
    contract = contracts()[gateway]
    answer = contract.refusal_answer(CallKind.POLL, Refusal(reason=reason))
    agree(gateway, "GET", poll_path(gateway, contract.new_id(9**30)), answer)


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_the_status_goes_through_the_gateways_words(gateway: str) -> None:
    script = Script(queued=3600.0, running=3600.0, spread=0.0)
    async with client_of(script, speed=1e-6) as client:
        task = await client.ordered(gateway)
        seen = []
        for age in (0.0, 2000.0, 5000.0, 8000.0):
            client.mock.clock.advance(age)
            seen.append(status_in(gateway, (await client.poll(gateway, task)).json))
            client.mock.clock.advance(-age)

    words = {
        "gccai": ["pending", "pending", "processing", "completed"],
        "odkkk": ["pending", "pending", "processing", "completed"],
        "mindvideo": ["queued", "queued", "processing", "succeeded"],
        "vtrix": ["queued", "queued", "in_progress", "completed"],
        "highwayapi": [f"TASK_STATUS_{word}" for word in ("QUEUED", "QUEUED", "PROCESSING", "SUCCEED")],
        "minimax": ["Preparing", "Queueing", "Processing", "Success"],
    }
    assert seen == words[gateway]


OTHER_CALLS = {
    "gccai": (("GET", "/v1/balance"), ("GET", "/v1/user/balance")),
    "odkkk": (("GET", "/v1/credits"), ("GET", "/v1/tasks"), ("GET", "/v1/tasks?page=2&page_size=1")),
    "mindvideo": (("GET", "/api/v1/tasks/{}/events"),),
}


@pytest.mark.parametrize("gateway", sorted(OTHER_CALLS))
@pytest.mark.parametrize("balance", [None, "10"])
async def test_what_else_a_gateway_offers(gateway: str, balance: str | None) -> None:
    script = at_once(balance={} if balance is None else {gateway: Decimal(balance)})
    async with client_of(script) as client:
        for number in range(3):
            task = await client.ordered(gateway, body_of(gateway, f"shot {number}")) if balance is None else ""
        for method, path in OTHER_CALLS[gateway]:
            if "{}" in path and not task:
                continue
            arrived = await client.ask(method, client.mock.url(gateway) + path.format(task))
            assert arrived.status == 200
            agree(gateway, method, path.format(task), arrived)


async def test_odkkk_lists_its_tasks_newest_first_by_page_and_status() -> None:
    async with client_of(one("task_failed", prompt="storm")) as client:
        ids = [await client.ordered("odkkk", body_of("odkkk", prompt)) for prompt in ("calm", "storm", "fog")]
        base = client.mock.url("odkkk")

        everything = (await client.ask("GET", f"{base}/v1/tasks")).json
        failed = (await client.ask("GET", f"{base}/v1/tasks?status=failed&model=MiniMax-Hailuo-02&type=video")).json
        second = (await client.ask("GET", f"{base}/v1/tasks?page=2&page_size=2")).json
        several = await client.ask("POST", f"{base}/v1/tasks/batch", json={"task_ids": [ids[2], "task-unified-none"]})

    assert [row["id"] for row in everything["data"]] == ids[::-1]
    assert [row["id"] for row in failed["data"]] == [ids[1]]
    assert [row["id"] for row in second["data"]] == [ids[0]]
    assert second["total"] == 3
    assert [task["id"] for task in several.json["data"]] == [ids[2]]
    agree("odkkk", "POST", "/v1/tasks/batch", several)


async def test_a_file_of_minimax_has_a_number_where_the_query_had_a_text() -> None:
    async with client_of() as client:
        answer = (await client.poll("minimax", await client.ordered("minimax"))).json
        arrived = await client.file(answer)
        client.mock.clock.advance(60)
        again = await client.file(answer)

    agree("minimax", "GET", f"/v1/files/retrieve?file_id={answer['file_id']}", arrived)
    assert arrived.json["file"]["file_id"] == int(answer["file_id"])
    assert link_in(arrived.json) != link_in(again.json)  # a fresh one each time
    assert (answer["video_width"], answer["video_height"]) == (1366, 768)


@pytest.mark.parametrize("gateway", ["gccai", "odkkk", "highwayapi"])
async def test_stored_pages_that_disagree_are_both_met(gateway: str) -> None:
    """Half of the tasks spell what differs between a gateway's pages in the other way."""
    async with client_of() as client:
        tasks = [await client.ordered(gateway, body_of(gateway, f"shot {number}")) for number in range(12)]
        answers = [(await client.poll(gateway, task)).json for task in tasks]

    spelled = {
        "gccai": lambda answer: type(answer["data"]["result"]["videos"][0]["url"]),
        "odkkk": lambda answer: "result_data" in answer,
        "highwayapi": lambda answer: type(answer["videos"][0]["video_url_ttl"]),
    }[gateway]
    assert len({spelled(answer) for answer in answers}) == 2


def _wrong() -> list[Any]:
    """Bodies that a contract forbids: (gateway, what is wrong, body)."""
    rows: list[tuple[str, str, dict[str, Any]]] = []
    upper = (("gccai", "resolution"), ("mindvideo", "resolution"), ("odkkk", "quality"))
    six = ("odkkk", "vtrix", "highwayapi", "minimax")
    rows += [(gateway, "upper case", body_of(gateway, **{name: "768P"})) for gateway, name in upper]
    rows += [(gateway, "lower case", body_of(gateway, resolution="768p")) for gateway in six[1:]]
    rows += [(gateway, "six seconds", body_of(gateway, duration=6)) for gateway in ("gccai", "mindvideo")]
    rows += [(gateway, "five seconds", body_of(gateway, duration=5)) for gateway in six]
    rows += [
        ("gccai", "1080p for ten seconds", body_of("gccai", resolution="1080p", duration=10)),
        ("odkkk", "1080p for ten seconds", body_of("odkkk", quality="1080p", duration=10)),
        ("vtrix", "1080P for ten seconds", body_of("vtrix", resolution="1080P", duration=10)),
        ("highwayapi", "1080P for ten seconds", body_of("highwayapi", resolution="1080P", duration=10)),
        ("highwayapi", "512P", body_of("highwayapi", resolution="512P")),
        ("minimax", "1080P for ten seconds", body_of("minimax", resolution="1080P", duration=10)),
        ("odkkk", "512p without an image", body_of("odkkk", quality="512p")),
        ("odkkk", "three images", body_of("odkkk", image_urls=["https://a.b/c.png"] * 3)),
        ("odkkk", "a data URI", body_of("odkkk", image_urls=["data:image/png;base64,AA=="])),
        ("odkkk", "a private callback", body_of("odkkk", callback_url="https://10.0.0.1/hook")),
        ("odkkk", "a callback without TLS", body_of("odkkk", callback_url="http://example.com/hook")),
        ("minimax", "512P without a frame", body_of("minimax", resolution="512P")),
        ("minimax", "a last frame alone", body_of("minimax", last_frame_image="https://a.b/c.png")),
        ("minimax", "bare base64", body_of("minimax", first_frame_image="iVBORw0KGgo=")),
        ("vtrix", "no first frame", body_of("vtrix", first_frame_image=None)),
        ("vtrix", "a flat body", {"model": "minimax_hailuo_02_i2v", "first_frame_image": "https://a.b/c.png"}),
        ("mindvideo", "an unknown name", body_of("mindvideo", aspect_ratio="16:9")),
        ("mindvideo", "an empty prompt", body_of("mindvideo", "")),
        ("minimax", "another model", {"model": "video-01", "prompt": "kite"}),
    ]
    rows += [(gateway, "2001 letters", body_of(gateway, "x" * 2001)) for gateway in ("gccai", *six)]
    return [pytest.param(gateway, body, id=f"{gateway}: {what}") for gateway, what, body in rows]


@pytest.mark.parametrize(("gateway", "body"), _wrong())
async def test_a_body_that_the_contract_forbids_is_refused_and_costs_nothing(gateway: str, body: Any) -> None:
    async with client_of() as client:
        arrived = await client.submit(gateway, body)
        assert arrived.words == {"minimax": "200 code 2013", "mindvideo": "422 json"}.get(gateway, "400 json")
        assert not client.mock.charges
        agree(gateway, "POST", submit_path(gateway), arrived)


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_a_submit_without_a_key_is_refused(gateway: str) -> None:
    async with client_of(at_once(keys=(KEY,))) as client:
        without = await client.submit(gateway, key=None)
        wrong = await client.submit(gateway, key="another")
        right = await client.submit(gateway)

        assert without.status == 401
        assert wrong.words == ("200 code 1004" if gateway == "minimax" else "401 json")
        assert right.words == "200 json"
        assert len(client.mock.charges) == 1


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_what_is_no_json_is_refused(gateway: str) -> None:
    async with client_of() as client:
        url = client.mock.url(gateway) + submit_path(gateway)
        deep = await client.ask("POST", url, data=b"[" * 100_000, headers={"Content-Type": "application/json"})
        bare = await client.ask("POST", url, data=b"{}", headers={"Content-Type": "text/plain"})
        half = await client.ask(
            "POST", url, data=b'{"prompt": "\\ud800"}', headers={"Content-Type": "application/json"}
        )
        for arrived in (deep, bare, half):
            agree(gateway, "POST", submit_path(gateway), arrived)
        assert not client.mock.charges


async def test_there_is_nothing_at_other_addresses() -> None:
    async with client_of() as client:
        nowhere = await client.ask("GET", client.mock.url("gccai") + "/v1/videos")
        nobody = await client.ask("GET", client.mock.base_url + "/openai/v1/videos")
        method = await client.ask("DELETE", client.mock.url("odkkk") + "/v1/tasks/batch")

    assert (nowhere.status, nobody.status, method.status) == (404, 404, 405)
    assert (method.headers or {})["Allow"] == "POST"


def test_every_call_of_every_document_is_known() -> None:
    every = contracts()
    assert set(every) == set(openapi_names()) == set(provider_names())
    for name, contract in every.items():
        assert {operation.id for operation in list_operations(name)} == set(contract.calls)


def test_a_rule_may_name_each_fate() -> None:
    for contract in contracts().values():
        for code in contract.failures:
            assert contract.failure(parse_rule(fault="task_failed", code=code).fault).code == code
