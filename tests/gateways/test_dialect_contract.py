"""Every dialect against its gateway's OpenAPI document: what it sends, and what it makes of each example there."""

from collections.abc import Callable
from typing import Any

import pytest
from gateway_samples import ALL, SHOWN, TASK, Golden, contract, dialect, provider, question

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.gateways.dialect import Balance, Call, ClipReady, SubmitAccepted, TaskRunning
from hailuo_batch.load.provider_tables import read_provider
from hailuo_batch.testing.dialect_contract import (
    OpenApiContract,
    play_conversation,
    play_examples,
    sample_gateway_requests,
    wrong_answers,
    wrong_calls,
)


@pytest.mark.parametrize("name", ALL)
def test_every_call_that_is_sold_fits_the_document(name: str) -> None:
    for model in provider(name).models:
        assert wrong_calls(dialect(name), read_provider(name, model), contract(name)) == ()


@pytest.mark.parametrize("name", ALL)
def test_every_example_of_the_document_becomes_what_its_status_and_its_name_say(name: str) -> None:
    assert wrong_answers(dialect(name), contract(name), question(), SHOWN[name]) == ()


@pytest.mark.parametrize("name", ALL)
def test_what_each_example_becomes(name: str, golden: Golden) -> None:
    talk, document = dialect(name), contract(name)
    starts: dict[str, Callable[[], Any]] = {
        "submit": lambda: talk.submit(question()),
        "poll": lambda: talk.poll(SHOWN[name]),
        "tasks": talk.tasks,
        "balance": talk.balance,
        "events": lambda: talk.events(TASK),
    }
    lines = [
        f"{start}, {example}: {drawn(value)}"
        for start, begin in starts.items()
        if begin() is not None
        for example, value in play_examples(begin, document)
    ]
    golden("\n".join(lines), f"answers_{name}.txt")


@pytest.mark.parametrize("name", ALL)
def test_reading_calls_fit_the_document_and_cost_nothing(name: str) -> None:
    for conversation in (dialect(name).poll(TASK), dialect(name).events(TASK)):
        for call in play_conversation(conversation, ())[0] if conversation else ():
            assert contract(name).call_fault(call) == ""
            assert (call.method, call.paid, call.body) == ("GET", False, None)


def test_what_a_model_lacks_is_not_said_to_the_gateway() -> None:
    """MiniMax's pages know no fast pretreatment of 2.3-Fast."""
    requests = [request for _, request in sample_gateway_requests(read_provider("minimax", "hailuo-2.3-fast"))]
    bodies = [play_conversation(dialect("minimax").submit(request), ())[0][0].body or {} for request in requests]
    assert {body["model"] for body in bodies} == {"MiniMax-Hailuo-2.3-Fast"}
    assert not any("fast_pretreatment" in body for body in bodies)


def test_all_that_is_sold_is_asked() -> None:
    """So that the suite cannot pass by asking nothing: modes × sizes × lengths, and switches beside them."""
    counts = {name: len(list(sample_gateway_requests(provider(name)))) for name in ALL}
    assert counts == {"gccai": 225, "highwayapi": 75, "mindvideo": 270, "minimax": 206, "odkkk": 74, "vtrix": 112}


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("minimax", {"resolution": "768p"}, "768p"),
        ("minimax", {"resolution": "1080P", "duration": 10}, "6 was expected"),
        ("minimax", {"aigc_watermark": 1}, "boolean"),
        ("minimax", {"model": "MiniMax-Hailuo-2.3", "resolution": "512P"}, "512P"),
        ("minimax", {"model": "MiniMax-Hailuo-2.3", "last_frame_image": "https://x.example/a.png"}, "last_frame_image"),
        ("minimax", {"model": "MiniMax-Hailuo-2.3-Fast", "fast_pretreatment": True}, "fast_pretreatment"),
        ("minimax", {"model": "MiniMax-Hailuo-9"}, "MiniMax-Hailuo-9"),
        ("odkkk", {"image_urls": ["data:image/png;base64,AA=="]}, "does not match"),
    ],
)
def test_the_document_does_refuse_what_it_does_not_allow(name: str, change: dict[str, object], told: str) -> None:
    call = play_conversation(dialect(name).submit(question()), ())[0][0]
    broken = Call(method=call.method, path=call.path, body={**(call.body or {}), **change}, paid=True)
    assert told in contract(name).call_fault(broken)


def test_a_closed_object_is_held_closed_and_a_strange_path_is_told() -> None:
    call = play_conversation(dialect("mindvideo").submit(question()), ())[0][0]
    body: Any = {**(call.body or {})}
    body["input"] = {**body["input"], "seed": 1}
    assert "seed" in contract("mindvideo").call_fault(Call(method="POST", path=call.path, body=body))
    assert "PathNotFound" in contract("mindvideo").call_fault(Call(method="GET", path="/api/v2/tasks"))


def test_the_suite_finds_a_dialect_that_speaks_another_gateways_words() -> None:
    assert wrong_calls(dialect("gccai"), provider("minimax"), contract("minimax"))
    assert wrong_answers(dialect("gccai"), contract("minimax"), question(), TASK)


def test_examples_are_whole_answers() -> None:
    limited = {each.name: each.reply for each in _examples(contract("gccai"))}["429 limited"]
    assert (limited.status, limited.headers) == (429, {"retry-after": "30"})


def _examples(document: OpenApiContract) -> Any:
    return document.examples(Call(method="GET", path="/v1/tasks/t1"))


def drawn(value: object) -> str:
    """A value on one line, as people read it."""
    match value:
        case SubmitAccepted(task=task, estimate=estimate):
            return f"accepted as {task}" + (f", for {estimate}" if estimate else "")
        case TaskRunning(status=status, progress=progress):
            return f"running ({status})" if progress is None else f"running ({status}, {progress:.0%})"
        case ClipReady(link=link, link_seconds=seconds, cost=cost):
            return f"made at {link}" + (f", for {seconds:g} s" if seconds else "") + (f", cost {cost}" if cost else "")
        case Failure(kind=kind, why=why, remedy=remedy, wait_seconds=wait):
            return f"{kind}{f' (wait {wait:g} s)' if wait else ''}: {why} | {remedy}"
        case Balance(remaining=left, unlimited=unlimited):
            return "unlimited" if unlimited else f"{left} left"
        case _:
            return str(value)
