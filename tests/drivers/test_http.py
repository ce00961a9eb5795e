"""The driver of a gateway against the mock: what it sends again, how long it waits, and when it leaves off."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from driver_samples import KEY, PICTURE, Pauses, driver, order
from PIL import Image

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.models import DEFAULT_MODEL
from hailuo_batch.core.request.request import ImageRef
from hailuo_batch.drivers.http import HttpDriver, Patience
from hailuo_batch.drivers.poll_scheduler import PollScheduler
from hailuo_batch.drivers.transport import Transport
from hailuo_batch.load.provider_tables import provider_names, read_provider
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.ports import NEVER_LEFT, Produced, ProviderTask
from hailuo_batch.testing.clips import CLIP

LITTLE = Patience(submit=10.0, task=60.0)
NOT_IDEMPOTENT = [name for name in provider_names() if not read_provider(name, DEFAULT_MODEL).idempotent]


@asynccontextmanager
async def mocked(*faults: dict[str, Any], **script: Any) -> AsyncIterator[Mock]:
    async with Mock(parse_script({"faults": list(faults), **script}), clip=CLIP) as mock:
        yield mock


async def task_at(driver: HttpDriver, **members: Any) -> ProviderTask:
    task = await driver.submit(order(**members))
    assert isinstance(task, ProviderTask), task
    return task


def failed(value: object, kind: FailureKind) -> Failure:
    assert isinstance(value, Failure), value
    assert value.kind is kind, value
    return value


def keys(mock: Mock) -> list[str]:
    """The idempotency keys of all submits."""
    return [entry.headers["Idempotency-Key"] for entry in mock.log if entry.call == "submit"]


async def test_an_order_becomes_a_clip(tmp_path: Path):
    async with mocked() as mock, driver("minimax", mock) as asked:
        task = await task_at(asked)
        made = await asked.wait(order(), task)
        assert isinstance(made, Produced)
        assert await asked.download(order(), made, tmp_path / "clip.mp4") is None
        assert (tmp_path / "clip.mp4").read_bytes().startswith(CLIP)
        assert [charge.task for charge in mock.charges] == [task.id]


async def test_a_machine_that_slept_since_its_intent_sends_nothing():
    async with mocked() as mock, driver("minimax", mock) as asked:
        late = replace(order(), send_before=time.time() - 1.0)
        failed(await asked.submit(late), FailureKind.NOT_SENT)
        assert mock.log == []


async def test_the_host_of_a_link_is_reported_and_nothing_else_of_it(tmp_path: Path):
    hosts: list[tuple[str, str]] = []

    def add(gateway: str, host: str) -> None:
        hosts.append((gateway, host))

    async with Mock() as mock, driver("minimax", mock, on_link_host=add) as asked:
        for link in ("http://127.0.0.1:9/c.mp4?sign=x", "no link", "ftp://cdn.example/c.mp4"):
            await asked.download(order(), Produced(link=link), tmp_path / "clip.mp4")
    assert hosts == [("minimax", "127.0.0.1"), ("minimax", ""), ("minimax", "cdn.example")]


async def test_the_same_attempt_has_the_same_key_and_another_attempt_another():
    async with mocked() as mock, driver("mindvideo", mock) as asked:
        first = await task_at(asked, attempt=1)
        assert await task_at(asked, attempt=1) == first
        assert len(mock.charges) == 1
        assert await task_at(asked, attempt=2) != first
        assert await task_at(asked, attempt=1, prompt="a boat") != first
        one, again, second, other = keys(mock)
        assert len(mock.charges) == 3
    assert one == again
    assert len({one, second, other}) == 3


async def test_another_process_has_the_same_key_for_the_same_attempt():
    async with mocked() as mock:
        for _ in range(2):
            async with driver("mindvideo", mock) as asked:
                await task_at(asked, attempt=7)
        assert len(set(keys(mock))) == len(mock.charges) == 1


async def test_an_unclear_submit_is_sent_again_with_its_key_where_that_is_free():
    async with mocked({"fault": "reset", "accepted": True, "first": 2}) as mock:
        async with driver("mindvideo", mock, patience=LITTLE) as asked:
            task = await task_at(asked)
        assert len(keys(mock)) == 3
        assert len(set(keys(mock))) == 1
        assert [charge.task for charge in mock.charges] == [task.id]


async def test_a_second_sending_that_never_left_is_no_proof_for_the_first(monkeypatch: pytest.MonkeyPatch):
    answers: list[Failure | asyncio.CancelledError] = [
        Failure(kind=FailureKind.UNKNOWN_OUTCOME, why="it broke off"),
        asyncio.CancelledError(NEVER_LEFT),
    ]

    async def answer(*_: object) -> Failure:
        if isinstance(found := answers.pop(0), Failure):
            return found
        raise found

    monkeypatch.setattr(Transport, "run_conversation", answer)
    async with mocked() as mock, driver("mindvideo", mock, patience=LITTLE) as asked:
        with pytest.raises(asyncio.CancelledError) as stopped:
            await asked.submit(order())
    assert (answers, stopped.value.args) == ([], ())


@pytest.mark.parametrize("gateway", NOT_IDEMPOTENT)
async def test_an_unclear_submit_is_never_sent_again_elsewhere(gateway: str):
    async with mocked({"fault": "reset"}) as mock, driver(gateway, mock) as asked:
        members: dict[str, Any] = {"first": PICTURE, "addresses": {PICTURE.digest: "https://frames.example/a.png"}}
        failed(await asked.submit(order(**members)), FailureKind.UNKNOWN_OUTCOME)
        assert len([entry for entry in mock.log if entry.call == "submit"]) == 1


@pytest.mark.parametrize(
    "later",
    [{"fault": "throttled"}, {"fault": "bad_key"}, {"fault": "no_balance"}, {"fault": "bad_parameter"}],
    ids=lambda fault: str(fault["fault"]),
)
async def test_a_no_after_an_unclear_answer_leaves_the_doubt(later: dict[str, Any]):
    """The first call may have been accepted: the same order at another provider, or with another key, is paid twice."""
    async with mocked({"fault": "reset", "accepted": True, "nth": 1}, later) as mock:
        async with driver("mindvideo", mock, patience=LITTLE) as asked:
            failed(await asked.submit(order()), FailureKind.UNKNOWN_OUTCOME)
        assert len(mock.charges) == 1


@pytest.mark.parametrize(
    ("asked", "wait"), [(7, 7.0), (0, 0.0), (3600, 3600.0), (None, None)], ids=["seconds", "at once", "long", "no time"]
)
async def test_what_was_not_accepted_comes_back_at_once_with_the_wait_that_was_asked_for(asked: Any, wait: Any):
    """Whether and when it is sent again is no matter of the driver's: others may want to send meanwhile."""
    slept, fault = Pauses(), {"fault": "throttled", "nth": 1}
    async with (
        mocked({**fault, "retry_after": asked} if asked is not None else fault) as mock,
        driver("odkkk", mock, pauses=slept) as asking,
    ):
        said = failed(await asking.submit(order()), FailureKind.THROTTLED)
        assert len(mock.log) == 1
        assert mock.charges == []
        await task_at(asking)
    assert said.wait_seconds == wait
    assert said.why.startswith("odkkk apiv1 asks to go slower")
    assert slept == []


async def test_a_date_to_wait_for_becomes_seconds():
    async with (
        mocked({"fault": "throttled", "nth": 1, "retry_after": "date:30"}) as mock,
        driver("odkkk", mock) as asking,
    ):
        assert failed(await asking.submit(order()), FailureKind.THROTTLED).wait_seconds == pytest.approx(30, abs=2)


async def test_between_submits_with_the_same_key_pauses_grow_and_what_is_asked_for_is_obeyed():
    slept = Pauses()
    faults = (
        {"fault": "reset", "accepted": True, "first": 2},
        {"fault": "throttled", "nth": 3, "retry_after": 5},
        {"fault": "reset", "nth": 4},
    )
    async with mocked(*faults) as mock, driver("mindvideo", mock, pauses=slept) as asking:
        await task_at(asking)
        assert len(mock.charges) == 1
        assert len(set(keys(mock))) == 1
    assert slept == [1.0, 2.0, 5.0, 8.0]


async def test_pauses_do_not_grow_without_end():
    patience = Patience(first_wait=1.0, longest_wait=60.0)
    assert [patience.delay(times, None) for times in (0, 1, 5, 6, 7, 10_000)] == [1.0, 2.0, 32.0, 60.0, 60.0, 60.0]
    assert patience.delay(3, 0.0) == 0.0
    assert patience.delay(3, 100.0) == 100.0


async def test_patience_with_an_unclear_submit_ends_in_doubt():
    slept = Pauses()
    async with mocked({"fault": "reset"}) as mock, driver("mindvideo", mock, patience=LITTLE, pauses=slept) as asking:
        failed(await asking.submit(order()), FailureKind.UNKNOWN_OUTCOME)
        assert len(mock.log) == 4
    assert slept == [1.0, 2.0, 4.0]


async def test_who_asks_for_more_patience_than_there_is_is_not_waited_for():
    slept = Pauses()
    faults = ({"fault": "reset", "nth": 1}, {"fault": "throttled", "retry_after": 3600})
    async with mocked(*faults) as mock, driver("mindvideo", mock, pauses=slept) as asking:
        failed(await asking.submit(order()), FailureKind.UNKNOWN_OUTCOME)
    assert slept == [1.0]


async def test_a_wish_to_stop_ends_the_sending_under_the_same_key():
    left = False

    def stop(_: float) -> None:
        nonlocal left
        left = True

    async with (
        mocked({"fault": "reset"}) as mock,
        driver("mindvideo", mock, pauses=Pauses(stop), is_stopping=lambda: left) as asking,
    ):
        failed(await asking.submit(order()), FailureKind.UNKNOWN_OUTCOME)
        assert len(mock.log) == 1


async def test_a_wish_to_stop_leaves_a_task_that_runs_to_the_next_run():
    left = False
    async with mocked() as mock, driver("minimax", mock, is_stopping=lambda: left) as asking:
        task = await task_at(asking)
        left = True
        said = failed(await asking.wait(order(), task), FailureKind.STOPPED)
        assert said.running
        assert task.id in said.why
        assert [entry.call for entry in mock.log] == ["submit"]


async def test_a_fresh_task_is_looked_at_after_a_pause_and_one_of_an_earlier_run_at_once():
    slept = Pauses()
    async with mocked(task={"queued": 0, "running": 0}) as mock, driver("minimax", mock, pauses=slept) as asking:
        task = await task_at(asking)
        assert isinstance(await asking.wait(order(), task), Produced)
        assert slept == [2.0]
        assert isinstance(await asking.wait(order(), ProviderTask(id=task.id)), Produced)
        assert slept == [2.0]


async def test_a_task_that_runs_is_polled_soon_and_then_as_often_as_its_gateway_says():
    slept = Pauses()
    async with (
        mocked({"fault": "stuck"}) as mock,
        driver(
            "vtrix", mock, patience=LITTLE, pauses=slept, scheduler=PollScheduler(every=5.0, elapsed=lambda: sum(slept))
        ) as asked,
    ):
        addresses = {PICTURE.digest: "https://frames.example/a.png"}
        task = await task_at(asked, first=PICTURE, addresses=addresses)
        said = failed(await asked.wait(order(), task), FailureKind.PENDING)
    assert slept == [2.0, 2.0, 4.0, *[5.0] * 10]
    assert task.id in said.why
    assert "Nothing is bought again" in said.remedy


async def test_looks_that_fail_are_repeated_with_growing_pauses_that_begin_anew_after_a_good_one():
    slept = Pauses()
    faults = {"fault": "server_error", "call": "poll", "nth": [1, 2, 4]}
    known = PollScheduler(every=10.0, elapsed=lambda: sum(slept))
    async with (
        mocked(faults, {"fault": "stuck"}) as mock,
        driver("minimax", mock, patience=Patience(task=25.0), pauses=slept, scheduler=known) as asked,
    ):
        failed(await asked.wait(order(), await task_at(asked)), FailureKind.PENDING)
    assert slept == [2.0, 1.0, 2.0, 5.0, 1.0, 10.0]


async def test_a_task_is_followed_by_another_driver_where_the_first_left_off(tmp_path: Path):
    async with mocked(task={"queued": 100, "running": 100}) as mock:
        async with driver("gccai", mock, patience=LITTLE) as asked:
            task = await task_at(asked)
            failed(await asked.wait(order(), task), FailureKind.PENDING)
        async with driver("gccai", mock) as asked:
            assert isinstance(await asked.wait(order(), task), Produced)
        assert len(mock.charges) == 1


async def test_a_picture_is_not_sent_to_who_takes_addresses_only(tmp_path: Path):
    file = tmp_path / "a.png"
    Image.new("RGB", (400, 300)).save(file)
    async with mocked() as mock, driver("odkkk", mock) as asked:
        here = ImageRef(digest=f"sha256:{sha256(file.read_bytes()).hexdigest()}")
        said = failed(await asked.submit(order(first=here, pictures={here.digest: file})), FailureKind.UNABLE)
        assert mock.log == []
    assert said.why == "Nothing was sent: odkkk apiv1 takes pictures by web address only"
    assert said.remedy


async def test_what_is_not_sold_or_not_here_is_refused_without_a_call():
    async with mocked() as mock, driver("minimax", mock) as asked:
        for wrong in (order(duration=8), order(first=PICTURE), order(first=PICTURE, last=PICTURE)):
            failed(await asked.submit(wrong), FailureKind.UNABLE)
        assert mock.log == []


async def test_no_key_and_no_link_is_ever_told(caplog: pytest.LogCaptureFixture, tmp_path: Path):
    caplog.set_level(logging.DEBUG)
    faults = (
        {"fault": "reset", "nth": 1},
        {"fault": "bad_key", "nth": 2, "text": f"the key {KEY} is wrong, see https://x.test/?sig=1"},
        {"fault": "malformed_json", "nth": 3},
        {"fault": "malformed_json", "call": "poll", "first": 2},
        {"fault": "cut", "call": "download", "first": 4},
        {"fault": "redirect", "call": "download", "nth": 5, "to": "https://10.0.0.7/clips/a.mp4?sig=1"},
        {"fault": "expired_link", "call": "download", "nth": 6},
    )
    told: list[object] = []
    async with mocked(*faults) as mock, driver("minimax", mock, patience=LITTLE) as asked:
        told += [await asked.submit(order()) for _ in range(3)]
        task = await task_at(asked)
        made = await asked.wait(order(), task)
        assert isinstance(made, Produced)
        for _ in range(4):
            told.append(await asked.download(order(), made, tmp_path / "clip.mp4"))
        assert (await asked.download(order(), made, tmp_path / "clip.mp4")) is None
    kinds = [each.kind for each in told if isinstance(each, Failure)]
    assert kinds == [
        FailureKind.UNKNOWN_OUTCOME,
        FailureKind.UNAUTHORIZED,
        FailureKind.UNKNOWN_OUTCOME,
        FailureKind.FLAKY,
        FailureKind.CORRUPT,
        FailureKind.EXPIRED,
    ]
    words = caplog.text + "\n".join(str(each) for each in told)
    for secret in (KEY, "sig=", "/clips/", "until="):
        assert secret not in words
