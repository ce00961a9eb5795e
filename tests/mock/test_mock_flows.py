"""Whole ways through the mock: idempotency, balances, links that die, speed, moments, chance."""

import asyncio
from collections import Counter
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest
from mock_samples import GATEWAYS, at_once, body_of, client_of, one, status_in, submit_path

from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.mock.hooks import HookEvent, HookEventKind
from hailuo_batch.mock.rule import Script
from hailuo_batch.mock.script import parse_rule
from hailuo_batch.mock.server import Mock, serve
from hailuo_batch.testing.clips import CLIP


async def test_mindvideo_gives_the_first_task_again_for_the_same_key_and_payload() -> None:
    headers = {"Idempotency-Key": "6f1c"}
    async with client_of() as client:
        first = await client.submit("mindvideo", headers=headers)
        again = await client.submit("mindvideo", headers=headers)
        other = await client.submit("mindvideo", body_of("mindvideo", "another"), headers=headers)
        stranger = await client.submit("mindvideo", headers=headers, key="someone_else")

        assert first.json["task_id"] == again.json["task_id"] != stranger.json["task_id"]
        assert other.status == 409
        assert len(client.mock.charges) == 2


async def test_a_submit_that_got_no_answer_is_found_again_by_its_key() -> None:
    headers = {"Idempotency-Key": "6f1c"}
    async with client_of(one("reset", accepted=True, nth=1)) as client:
        lost = await client.submit("mindvideo", headers=headers)
        again = await client.submit("mindvideo", headers=headers)

        assert (lost.words, again.words) == ("reset", "200 json")
        assert [charge.task for charge in client.mock.charges] == [again.json["task_id"]]


@pytest.mark.parametrize("gateway", [name for name in GATEWAYS if name != "mindvideo"])
async def test_elsewhere_a_key_buys_no_safety(gateway: str) -> None:
    headers = {"Idempotency-Key": "0123456789abcdef"}
    async with client_of() as client:
        for _ in range(2):
            assert (await client.submit(gateway, headers=headers)).status == 200
        assert list(client.mock.charge_counts(gateway).values()) == [2]


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_a_balance_runs_down(gateway: str) -> None:
    async with client_of() as client:
        await client.ordered(gateway)
        cost = client.mock.charges[0].amount
    async with client_of(at_once(balance={gateway: 2 * cost})) as client:
        words = [(await client.submit(gateway)).words for _ in range(3)]
        refused = {"vtrix": "403 json", "highwayapi": "403 json", "minimax": "200 code 1008"}.get(gateway, "402 json")

        assert words == ["200 json", "200 json", refused]
        assert len(client.mock.charges) == 2


async def test_a_failed_task_gives_its_money_back() -> None:
    async with client_of(
        at_once(parse_rule(fault="task_failed", nth=1), balance={"minimax": Decimal("0.28")})
    ) as client:
        words = [(await client.submit("minimax")).words for _ in range(3)]
        assert words == ["200 json", "200 json", "200 code 1008"]


async def test_a_balance_is_told() -> None:
    async with client_of(at_once(balance={"odkkk": Decimal(100), "gccai": Decimal(1)})) as client:
        await client.ordered("odkkk")
        await client.ordered("gccai")
        points = (await client.ask("GET", client.mock.url("odkkk") + "/v1/credits")).json["data"]["token"]
        dollars = (await client.ask("GET", client.mock.url("gccai") + "/v1/balance")).json

    assert points == {"remaining_credits": 81, "unlimited_credits": False, "used_credits": 19}
    assert (dollars["remain_balance"], dollars["used_balance"]) == (0.72, 0.28)


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_a_link_dies_and_where_the_gateway_signs_anew_another_look_helps(gateway: str) -> None:
    async with client_of(at_once(link_seconds=600)) as client:
        task = await client.ordered(gateway)
        link = await client.link(gateway, task)
        client.mock.clock.advance(599)
        alive = await client.download(link)
        client.mock.clock.advance(2)
        dead = await client.download(link)
        anew = await client.download(await client.link(gateway, task))

    signs = gateway in {"highwayapi", "minimax"}
    assert alive.words == "200 mp4"
    assert dead.words == ("403 xml" if signs else "404 html")
    assert anew.words == ("200 mp4" if signs else "404 html")


async def test_a_link_lives_as_long_as_the_gateway_says() -> None:
    for gateway, seconds in (("gccai", 86_400), ("odkkk", 86_400), ("highwayapi", 3600), ("minimax", 3600)):
        async with client_of() as client:
            link = await client.link(gateway, await client.ordered(gateway))
            client.mock.clock.advance(seconds - 5)
            assert (await client.download(link)).words == "200 mp4"
            client.mock.clock.advance(10)
            assert (await client.download(link)).status in {403, 404}


async def test_a_forged_link_is_worth_nothing() -> None:
    async with client_of() as client:
        link = await client.link("minimax", await client.ordered("minimax"))
        for wrong in (
            link.replace("until=1", "until=2"),
            link[:-1],
            link.partition("?")[0],
            link.replace("sig=", "s="),
        ):
            assert (await client.download(wrong)).status == 403


async def test_ninety_seconds_pass_in_a_moment() -> None:
    async with client_of(Script(queued=10, running=80, spread=0), speed=3000) as client:
        task = await client.ordered("vtrix")
        seen: list[str] = []
        while not seen or seen[-1] != "completed":
            seen.append(status_in("vtrix", (await client.poll("vtrix", task)).json))
            await client.mock.clock.sleep(3)
        made = client.mock.tasks("vtrix")[0]

        assert seen[0] in {"queued", "in_progress"}
        assert (made.queued, made.running) == (10, 80)


async def _campaign(seed: int, *, shuffled: bool) -> tuple[Counter[str], list[str]]:
    script = at_once(parse_rule(fault="throttled", rate=0.4), parse_rule(fault="task_failed", rate=0.3), seed=seed)
    async with client_of(script) as client:
        bodies = [body_of("gccai", f"shot {number}") for number in range(30)]
        answers = await asyncio.gather(*[client.submit("gccai", body) for body in bodies[:: -1 if shuffled else 1]])
        return Counter(answer.words for answer in answers), sorted(task.id for task in client.mock.tasks("gccai"))


async def test_equal_seeds_meet_equal_faults_in_any_order() -> None:
    first, ids = await _campaign(7, shuffled=False)
    again, same_ids = await _campaign(7, shuffled=True)
    other, other_ids = await _campaign(8, shuffled=False)

    assert (first, ids) == (again, same_ids)
    assert ids != other_ids
    assert 4 <= first["429 json"] <= 20
    assert first["429 json"] + first["200 json"] == other["429 json"] + other["200 json"] == 30


async def test_a_listener_hears_each_moment_in_its_order() -> None:
    heard: list[HookEvent] = []
    async with client_of() as client:
        client.mock.listeners.append(heard.append)
        await client.call("download", "minimax")

    kinds = [(moment.kind, moment.call) for moment in heard]
    assert kinds == [
        (HookEventKind.RECEIVED, "submit"),
        (HookEventKind.CHARGED, "submit"),
        (HookEventKind.HALF_SENT, "submit"),
        (HookEventKind.ANSWERED, "submit"),
        (HookEventKind.RECEIVED, "poll"),
        (HookEventKind.HALF_SENT, "poll"),
        (HookEventKind.ANSWERED, "poll"),
        (HookEventKind.RECEIVED, "file"),
        (HookEventKind.HALF_SENT, "file"),
        (HookEventKind.ANSWERED, "file"),
        (HookEventKind.RECEIVED, "download"),
        (HookEventKind.HALF_SENT, "download"),
        (HookEventKind.ANSWERED, "download"),
    ]
    assert [moment.number for moment in heard] == list(range(1, len(heard) + 1))
    assert [moment.request for moment in heard] == [1] * 4 + [2] * 3 + [3] * 3 + [4] * 3
    assert {moment.gateway for moment in heard} == {"minimax"}
    assert len({moment.task for moment in heard[1:]}) == 1


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_the_moments_have_the_same_numbers_every_time(gateway: str) -> None:
    async def heard() -> list[HookEvent]:
        found: list[HookEvent] = []
        async with client_of(one("throttled", call=["submit", "poll"], nth=1)) as client:
            client.mock.listeners.append(found.append)
            await client.submit(gateway)
            await client.poll(gateway, await client.ordered(gateway))
            await client.call("download", gateway)
        return found

    first = await heard()
    assert first == await heard()
    assert [(moment.number, moment.kind) for moment in first[:4]] == [
        (1, HookEventKind.RECEIVED),
        (2, HookEventKind.HALF_SENT),
        (3, HookEventKind.ANSWERED),
        (4, HookEventKind.RECEIVED),
    ], "a refusal has moments too, and no charge"


@pytest.mark.parametrize("fault", ["cut", "reset", "length_too_short", "wrong_type", "redirect", "slow"])
async def test_an_answer_that_goes_wrong_is_told_of_once(fault: str) -> None:
    heard: list[HookEventKind] = []
    async with client_of(one(fault, call="download", **({"seconds": 0.01} if fault == "slow" else {}))) as client:
        client.mock.listeners.append(lambda moment: heard.append(moment.kind) if moment.call == "download" else None)
        await client.call("download", "odkkk")
        for _ in range(100):
            if HookEventKind.ANSWERED in heard:
                break
            await asyncio.sleep(0.001)
    assert (heard[0], heard[-1], heard.count(HookEventKind.ANSWERED)) == (
        HookEventKind.RECEIVED,
        HookEventKind.ANSWERED,
        1,
    )


async def test_the_client_may_be_gone_at_any_moment() -> None:
    for kind in HookEventKind:
        async with client_of(clip=CLIP + bytes(3_000_000)) as client:
            gone: list[HookEvent] = []

            def leave(moment: HookEvent, kind: HookEventKind = kind, gone: list[HookEvent] = gone) -> None:
                if moment.kind is kind and moment.call in {"submit", "download"}:
                    gone.append(moment)

            client.mock.listeners.append(leave)
            async with aiohttp.ClientSession() as session:
                url = client.mock.url("gccai") + submit_path("gccai")
                request = asyncio.create_task(
                    session.post(url, json=body_of("gccai"), headers={"Authorization": "Bearer k"})
                )
                while not gone and not request.done():
                    await asyncio.sleep(0)
                request.cancel()
                await asyncio.gather(request, return_exceptions=True)
            assert (await client.call("download", "gccai")).words == "200 mp4"


async def test_pictures_that_break_a_published_limit_are_refused_where_one_is_published(tmp_path: Path) -> None:
    from base64 import b64encode

    from hailuo_batch.mock.clips import _write_grey_png

    small = "data:image/png;base64," + b64encode(_write_grey_png(tmp_path, (301, 300)).read_bytes()).decode()
    tall = "data:image/png;base64," + b64encode(_write_grey_png(tmp_path, (320, 900)).read_bytes()).decode()
    fair = "data:image/png;base64," + b64encode(_write_grey_png(tmp_path, (3, 4)).read_bytes()).decode()
    async with client_of() as client:
        for gateway, word in (("minimax", "200 code 2013"), ("vtrix", "400 json")):
            assert (await client.submit(gateway, body_of(gateway, first_frame_image=small))).words == word
            assert (await client.submit(gateway, body_of(gateway, first_frame_image=tall))).words == word
            assert (await client.submit(gateway, body_of(gateway, first_frame_image=fair))).words == "200 json"
        assert (await client.submit("gccai", body_of("gccai", first_frame_image=small))).words == "200 json"
        assert client.mock.tasks("minimax")[0].shape == (3, 4)
        assert "(" in str(client.mock.log[0].body)  # how long the picture was, and not the picture
        assert len(str(client.mock.log[0].body)) < 300


def test_a_host_that_others_reach_is_refused() -> None:
    for host in ("0.0.0.0", "192.168.1.5", "example.com"):  # noqa: S104
        with pytest.raises(RefusedError):
            Mock(host=host)
    assert Mock(host="0.0.0.0", allow_outside=True)  # noqa: S104


async def test_a_port_that_is_taken_is_told() -> None:
    async with Mock() as mock:
        port = int(mock.base_url.rsplit(":", 1)[1])
        with pytest.raises(InputError, match="cannot listen"):
            async with Mock(port=port):
                pass


async def test_serve_listens_until_it_is_cancelled(tmp_path: Path) -> None:
    told: asyncio.Future[Mock] = asyncio.get_running_loop().create_future()
    script = tmp_path / "script.yaml"
    script.write_text("task: {queued: 0, running: 0}\n")
    serving = asyncio.create_task(serve(script=script, clip=CLIP, log=tmp_path / "req.jsonl", ready=told.set_result))
    mock = await told
    async with aiohttp.ClientSession() as session, session.get(mock.url("gccai") + "/v1/balance") as response:
        assert response.status == 401
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    assert (tmp_path / "req.jsonl").read_text().count("\n") == 1


async def test_what_hangs_ends_with_the_mock() -> None:
    async with client_of(one("hang")) as client:
        hanging = asyncio.create_task(client.submit("gccai"))
        while not client.mock.log:
            await asyncio.sleep(0)
    assert (await hanging).words == "reset"
