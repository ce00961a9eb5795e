"""What a look at a task tells, read as leniently as gateways write."""

from decimal import Decimal
from typing import Any

import pytest
from gateway_samples import ALL, TASK, dialect, failed, made, polled, refused, reply, state

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.money import Money
from hailuo_batch.gateways.dialect import ClipReady, TaskRunning
from hailuo_batch.testing.dialect_contract import TASK_ENDING_KINDS, play_conversation

LINK = "https://cdn.test/clip.mp4?sig=1"
FILE = reply({"file": {"bytes": 0, "download_url": LINK}, "base_resp": {"status_code": 0}})
RUNNING = {
    "gccai": ("submitted", "pending", "processing"),
    "highwayapi": ("TASK_STATUS_QUEUED", "TASK_STATUS_PROCESSING", "TASK_STATUS_UNKNOWN"),
    "mindvideo": ("queued", "processing"),
    "minimax": ("Preparing", "Queueing", "Processing", "Unknown"),
    "odkkk": ("pending", "processing"),
    "vtrix": ("queued", "in_progress"),
}
DONE = {"highwayapi": "TASK_STATUS_SUCCEED", "mindvideo": "succeeded", "minimax": "Success"}
FAILED = {"highwayapi": ("TASK_STATUS_FAILED",), "minimax": ("Fail", "Failed", "failed")}


def with_link(name: str, body: Any) -> Any:
    return polled(name, reply(body), FILE) if name == "minimax" else polled(name, reply(body))


@pytest.mark.parametrize(
    ("name", "path", "query"),
    [
        ("gccai", f"/v1/tasks/{TASK}", {}),
        ("highwayapi", "/v3/async/task-result", {"task_id": TASK}),
        ("mindvideo", f"/api/v1/tasks/{TASK}", {}),
        ("minimax", "/v1/query/video_generation", {"task_id": TASK}),
        ("odkkk", f"/v1/tasks/{TASK}", {}),
        ("vtrix", f"/model/v1/generation/task/{TASK}", {}),
    ],
)
def test_where_a_task_is_read(name: str, path: str, query: dict[str, str]) -> None:
    (call,), _ = play_conversation(dialect(name).poll(TASK), ())
    assert (call.method, call.path, call.query, call.body, call.paid) == ("GET", path, query, None, False)


def test_a_tasks_id_cannot_lead_to_another_path() -> None:
    (call,), _ = play_conversation(dialect("gccai").poll("../credits?x=1&ü"), ())
    assert call.path == "/v1/tasks/..%2Fcredits%3Fx%3D1%26%C3%BC"
    (call,), _ = play_conversation(dialect("minimax").poll("{file}"), ())
    assert call.query == {"task_id": "{file}"}


@pytest.mark.parametrize(("name", "word"), [(name, word) for name, words in RUNNING.items() for word in words])
def test_a_task_that_runs(name: str, word: str) -> None:
    for spelled in (word, word.upper(), word.lower()):
        assert polled(name, reply(state(name, spelled))) == TaskRunning(status=spelled)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("word", ["archiving", "SUCCEEDED_PARTLY", "完成中", "0", "done"])
def test_a_word_that_no_table_lists_is_one_of_a_task_that_runs(name: str, word: str) -> None:
    assert polled(name, reply(state(name, word))) == TaskRunning(status=word)


@pytest.mark.parametrize("name", ALL)
def test_a_task_that_is_made(name: str) -> None:
    for body in (made(name, LINK), state(name, DONE.get(name, "completed").upper()) | _result(name)):
        said = with_link(name, body)
        assert isinstance(said, ClipReady)
        assert said.link == LINK


def _result(name: str) -> dict[str, Any]:
    whole = made(name, LINK)
    if name == "gccai":
        return {"data": {**whole["data"], "status": "COMPLETED"}}
    return {key: value for key, value in whole.items() if key not in {"status", "task"}}


@pytest.mark.parametrize("name", [name for name in ALL if name != "minimax"])
@pytest.mark.parametrize("link", [LINK, [LINK], [LINK, "https://cdn.test/other.mp4"], ["", LINK], [None, LINK]])
def test_a_link_may_be_a_text_or_a_list(name: str, link: object) -> None:
    assert polled(name, reply(made(name, link))).link == LINK


def test_odkkk_may_give_its_results_in_the_newer_form() -> None:
    body = {"id": "t1", "status": "completed", "results": [], "result_data": [{"video_url": LINK}]}
    assert polled("odkkk", reply(body)).link == LINK


def test_vtrix_may_give_a_picture_beside_the_clip() -> None:
    content = [{"type": "image", "url": "https://cdn.test/cover.png"}, {"type": "video", "url": LINK}]
    assert polled("vtrix", reply({"id": "t1", "status": "completed", "output": [{"content": content}]})).link == LINK
    assert (
        polled("vtrix", reply({"id": "t1", "status": "completed", "output": {"content": {"url": LINK}}})).link == LINK
    )


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("link", [None, "", [], {}, 7, "clip.mp4", "file:///etc/passwd", "ftp://x.test/a"])
def test_a_clip_without_a_usable_link_is_asked_for_again(name: str, link: object) -> None:
    if name == "minimax":
        said = polled(name, reply(made(name)), reply({"file": {"download_url": link}, "base_resp": {"status_code": 0}}))
    else:
        said = polled(name, reply(made(name, link)))
    assert said.kind is FailureKind.FLAKY


@pytest.mark.parametrize(
    ("name", "place", "written", "read"),
    [
        ("gccai", "progress", 45, 0.45),
        ("gccai", "progress", "45", 0.45),
        ("odkkk", "progress", 100, 1.0),
        ("odkkk", "progress", 250, 1.0),
        ("vtrix", "progress", 0.4, 0.4),
        ("vtrix", "progress", "0.4", 0.4),
        ("vtrix", "progress", -1, 0.0),
        ("highwayapi", "progress_percent", 40, 0.4),
        ("highwayapi", "progress_percent", "soon", None),
        ("mindvideo", "progress", 40, None),
    ],
)
def test_progress_is_a_fraction_whatever_it_was(name: str, place: str, written: object, read: float | None) -> None:
    body = state(name, RUNNING[name][-1])
    {"gccai": body.get("data"), "highwayapi": body.get("task")}.get(name, body)[place] = written
    assert polled(name, reply(body)).progress == read


@pytest.mark.parametrize(("ttl", "seconds"), [("3600", 3600), (600, 600), ("0", 3600), (None, 3600), ("soon", 3600)])
def test_a_links_life_may_be_a_text_or_a_number(ttl: object, seconds: float) -> None:
    body = made("highwayapi", LINK)
    body["videos"][0]["video_url_ttl"] = ttl
    assert polled("highwayapi", reply(body)).link_seconds == seconds


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("gccai", 86400), ("odkkk", 86400), ("highwayapi", 3600), ("minimax", 3600), ("mindvideo", None), ("vtrix", None)],
)
def test_how_long_a_link_lives_where_the_answer_does_not_say(name: str, seconds: float | None) -> None:
    assert with_link(name, made(name, LINK)).link_seconds == seconds


@pytest.mark.parametrize(
    ("name", "extra", "cost"),
    [
        ("vtrix", {"usage": {"cost": "0.28", "discount": 1}}, ("0.28", "USD")),
        ("vtrix", {"usage": {"cost": 0.28}}, ("0.28", "USD")),
        ("vtrix", {"usage": {"cost": "free"}}, None),
        ("vtrix", {"usage": {"cost": -1}}, None),
        ("odkkk", {"usage": {"credits_used": 19, "cost": {"usd": 0.28}}}, ("19", "credits")),
        ("odkkk", {"usage": {"cost": {"credits": 7}}}, ("7", "credits")),
        ("mindvideo", {"cost_actual": 0.225, "cost_estimate": 1}, ("0.225", "mindvideo-units")),
        ("mindvideo", {"cost_actual": None, "cost_estimate": 1}, None),
    ],
)
def test_what_it_cost_where_the_gateway_tells(name: str, extra: dict[str, Any], cost: tuple[str, str] | None) -> None:
    said = polled(name, reply({**made(name, LINK), **extra}))
    assert said.cost == (cost and Money(amount=Decimal(cost[0]), currency=cost[1]))


def test_minimax_trades_the_files_id_for_the_link() -> None:
    for written, asked in ((205258526306433, "205258526306433"), ("f/1", "f/1")):
        body = {**state("minimax", "Success"), "file_id": written}
        calls, _ = play_conversation(dialect("minimax").poll("t1"), [reply(body)])
        assert (calls[1].path, calls[1].query) == ("/v1/files/retrieve", {"file_id": asked})
    assert polled("minimax", reply(body), FILE) == ClipReady(link=LINK, link_seconds=3600)


def test_a_file_that_cannot_be_looked_up_says_nothing_of_the_task() -> None:
    for code, kind in (
        (1002, FailureKind.THROTTLED),
        (1004, FailureKind.UNAUTHORIZED),
        (1033, FailureKind.FLAKY),
        (2013, FailureKind.UNKNOWN_OUTCOME),
    ):
        assert polled("minimax", reply(made("minimax")), reply({"base_resp": {"status_code": code}})).kind is kind
    assert polled("minimax", reply(made("minimax")), reply(None, 503)).kind is FailureKind.FLAKY
    assert polled("minimax", reply({**made("minimax"), "file_id": ""})).kind is FailureKind.FLAKY


def test_a_query_that_minimax_refuses_says_nothing_of_the_task() -> None:
    assert polled("minimax", reply(refused("minimax", code=1002))).kind is FailureKind.THROTTLED
    assert (
        polled("minimax", reply({**made("minimax"), "base_resp": {"status_code": 1002}})).kind is FailureKind.THROTTLED
    )


@pytest.mark.parametrize("name", ALL)
def test_a_task_that_failed_without_a_word_is_broken(name: str) -> None:
    for word in FAILED.get(name, ("failed", "FAILED")):
        assert polled(name, reply(state(name, word))).kind is FailureKind.BROKEN


@pytest.mark.parametrize("name", ["gccai", "mindvideo", "odkkk"])
def test_a_cancelled_task_is_over(name: str) -> None:
    said = polled(name, reply(state(name, "cancelled")))
    assert (said.kind, "cancelled" in said.why) == (FailureKind.REFUSED, True)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("The prompt contains sensitive content", FailureKind.PROMPT_REFUSED),
        ("input content was rejected", FailureKind.PROMPT_REFUSED),
        ("NSFW image detected", FailureKind.PROMPT_REFUSED),
        ("violates our content policy", FailureKind.PROMPT_REFUSED),
        ("输入内容敏感", FailureKind.PROMPT_REFUSED),
        ("output content is sensitive", FailureKind.CLIP_REFUSED),
        ("The generated video violates our usage policy", FailureKind.CLIP_REFUSED),
        ("输出内容违规", FailureKind.CLIP_REFUSED),
        ("upstream timeout", FailureKind.BROKEN),
        ("rate limit of the upstream", FailureKind.BROKEN),
        ("insufficient balance upstream", FailureKind.BROKEN),
        ("", FailureKind.BROKEN),
    ],
)
def test_the_text_of_a_failed_task_tells_moderation_from_a_fault(name: str, reason: str, kind: FailureKind) -> None:
    said = polled(name, reply(failed(name, message=reason)))
    assert said.kind is kind
    assert reason in said.why


@pytest.mark.parametrize("name", ["vtrix", "mindvideo", "odkkk", "gccai"])
def test_an_error_may_be_a_text_or_an_object(name: str) -> None:
    body = failed(name)
    for error in ("it broke", {"message": "it broke"}):
        if name == "gccai":
            body["data"]["error"] = error
        else:
            body["error"] = error
        said = polled(name, reply(body))
        assert (said.kind, "it broke" in said.why) == (FailureKind.BROKEN, True)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("body", [None, {}, [], "ok", 3, {"status": None}, {"status": {}}])
def test_an_answer_without_a_state_is_asked_for_again(name: str, body: object) -> None:
    assert polled(name, reply(body)).kind is FailureKind.FLAKY


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("status", [204, 301, 400, 401, 402, 403, 404, 409, 410, 418, 422, 429, 500, 502, 503, 504])
def test_a_read_that_is_refused_never_ends_a_task(name: str, status: int) -> None:
    """Money: the runner takes these kinds for the end of a task, and would buy it anew."""
    for body in (None, refused(name, message="content policy violation"), failed(name) if status >= 300 else {}):
        assert polled(name, reply(body, status)).kind not in TASK_ENDING_KINDS


@pytest.mark.parametrize("name", ALL)
def test_an_answer_about_another_task_is_not_believed(name: str) -> None:
    for body in (made(name, LINK), state(name, "failed"), state(name, "processing")):
        value = play_conversation(dialect(name).poll("t2"), [reply(body)])[1]
        assert isinstance(value, Failure)
        assert value.kind is FailureKind.FLAKY


def test_a_link_to_another_file_is_not_believed() -> None:
    other = reply({"file": {"file_id": 7, "download_url": LINK}, "base_resp": {"status_code": 0}})
    assert polled("minimax", reply({**made("minimax"), "file_id": "8"}), other).kind is FailureKind.FLAKY
    assert polled("minimax", reply({**made("minimax"), "file_id": "7"}), other).link == LINK
