"""What is sent for a question, what is refused before anything is sent, and what an answer is worth."""

from decimal import Decimal
from typing import Any

import pytest
from gateway_samples import ALL, KEY, YES, dialect, order, question, refused, reply, submitted

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.manifest.shot import Mode
from hailuo_batch.core.money import Money
from hailuo_batch.gateways.dialect import SubmitAccepted
from hailuo_batch.testing.dialect_contract import DATA_URIS, IMAGE_URLS, play_conversation

FULL: dict[str, Any] = {"prompt_optimizer": False, "fast_pretreatment": True, "watermark": True}


@pytest.mark.parametrize(
    ("name", "path", "body"),
    [
        (
            "gccai",
            "/v1/videos/generations",
            {
                "model": "MiniMax-Hailuo-02", "prompt": "a kite", "duration": 6, "resolution": "1080p",
                "first_frame_image": IMAGE_URLS[0], "last_frame_image": IMAGE_URLS[1],
                "prompt_optimizer": False, "fast_pretreatment": True, "watermark": True,
            },
        ),
        (
            "mindvideo",
            "/api/v1/tasks",
            {
                "model": "minimax-hailuo-02",
                "input": {
                    "prompt": "a kite", "duration": 6, "resolution": "1080p",
                    "first_frame_image": IMAGE_URLS[0], "last_frame_image": IMAGE_URLS[1],
                    "prompt_optimizer": False, "fast_pretreatment": True, "watermark": True,
                },
            },
        ),
        (
            "minimax",
            "/v1/video_generation",
            {
                "model": "MiniMax-Hailuo-02", "prompt": "a kite", "duration": 6, "resolution": "1080P",
                "first_frame_image": IMAGE_URLS[0], "last_frame_image": IMAGE_URLS[1],
                "prompt_optimizer": False, "fast_pretreatment": True, "aigc_watermark": True,
            },
        ),
    ],
)  # fmt: skip
def test_a_whole_question_in_the_words_of_gateways_that_have_every_field(name: str, path: str, body: object) -> None:
    call = order(name, question(Mode.FIRST_LAST, resolution="1080p", **FULL))
    assert (call.method, call.path, call.body, call.query) == ("POST", path, body, {})


def test_odkkk_counts_pictures_calls_the_size_quality_and_nests_its_switches() -> None:
    call = order("odkkk", question(Mode.FIRST_LAST, prompt_optimizer=False, fast_pretreatment=True, watermark=False))
    assert call.body == {
        "model": "MiniMax-Hailuo-02", "prompt": "a kite", "quality": "768p", "duration": 6, "image_urls": [*IMAGE_URLS],
        "model_params": {"prompt_optimizer": False, "fast_pretreatment": True},
    }  # fmt: skip
    assert order("odkkk", question()).body["image_urls"] == [IMAGE_URLS[0]]  # type: ignore[index]
    assert "image_urls" not in (order("odkkk", question(Mode.TEXT)).body or {})


def test_vtrix_wants_an_envelope() -> None:
    call = order("vtrix", question(prompt_optimizer=True, watermark=True, callback_url="https://hooks.test/x"))
    params = {
        "prompt": "a kite", "first_frame_image": IMAGE_URLS[0], "duration": 6, "resolution": "768P",
        "prompt_optimizer": True, "aigc_watermark": True, "callback_url": "https://hooks.test/x",
    }  # fmt: skip
    assert call.body == {"model": "minimax_hailuo_02_i2v", "input": [{"params": params}]}


def test_highwayapi_has_the_model_in_the_path_and_its_own_names() -> None:
    call = order("highwayapi", question(Mode.FIRST_LAST, prompt_optimizer=True, fast_pretreatment=False))
    assert call.path == "/v3/async/minimax-hailuo-02"
    assert call.body == {
        "prompt": "a kite", "image": IMAGE_URLS[0], "end_image": IMAGE_URLS[1], "duration": 6, "resolution": "768P",
        "enable_prompt_expansion": True, "fast_pretreatment": False,
    }  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_a_submit_is_marked_as_paid_and_only_mindvideo_may_repeat_it(name: str) -> None:
    keyed = order(name, question(idempotency_key=KEY))
    assert keyed.paid
    assert keyed.idempotent is (name == "mindvideo")
    assert keyed.headers == ({"Idempotency-Key": KEY} if name in {"gccai", "odkkk", "mindvideo"} else {})
    bare = order(name, question())
    assert (bare.idempotent, bare.headers) == (False, {})


@pytest.mark.parametrize("name", ["odkkk", "minimax"])
def test_an_empty_prompt_is_left_out(name: str) -> None:
    assert "prompt" not in (order(name, question(prompt="")).body or {})


def test_minimax_hears_of_a_watermark_only_when_one_is_asked_for() -> None:
    assert "aigc_watermark" not in (order("minimax", question(watermark=False)).body or {})


@pytest.mark.parametrize("name", [name for name in ALL if name != "odkkk"])
def test_a_picture_may_be_a_data_uri(name: str) -> None:
    assert DATA_URIS[0] in str(order(name, question(first=DATA_URIS[0])).body)


@pytest.mark.parametrize("name", ["gccai", "mindvideo", "highwayapi"])
def test_a_callback_address_is_not_said_where_there_is_no_field_for_it(name: str) -> None:
    assert "hooks.test" not in str(order(name, question(callback_url="https://hooks.test/x")).body)


@pytest.mark.parametrize(
    ("name", "of", "why"),
    [
        ("highwayapi", question(resolution="512p"), "HighwayAPI does not sell 512p"),
        ("minimax", question(model="hailuo-9"), "MiniMax does not sell hailuo-9"),
        ("minimax", question(Mode.TEXT, last=IMAGE_URLS[1]), "MiniMax takes no last frame without a first one"),
        ("vtrix", question(Mode.TEXT), "Vtrix takes nothing without a first frame"),
        ("odkkk", question(first=DATA_URIS[0]), "odkkk apiv1 takes pictures by web address only"),
        ("odkkk", question(watermark=True), "odkkk apiv1 has no watermark that could be turned on"),
        ("vtrix", question(fast_pretreatment=True), "Vtrix has no fast pretreatment that could be turned on"),
        ("minimax", question(prompt="x" * 2001), "MiniMax takes 2000 characters; as it is sent the prompt has 2001"),
        (
            "vtrix",
            question(prompt="x" * 1990 + "[Pan left]"),
            "Vtrix takes 2000 characters; as it is sent the prompt has 2032",
        ),
    ],
)
def test_what_a_gateway_has_no_words_for_is_not_sent(name: str, of: object, why: str) -> None:
    calls, value = play_conversation(dialect(name).submit(of), ())  # type: ignore[arg-type]
    assert calls == []
    assert isinstance(value, Failure)
    assert (value.kind, value.why) == (FailureKind.UNABLE, f"Nothing was sent: {why}")
    assert value.remedy


@pytest.mark.parametrize("name", ALL)
def test_a_yes_is_a_task(name: str) -> None:
    assert submitted(name, reply(YES[name])) == SubmitAccepted(task="t1")


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_2xx_with_a_task_is_a_yes(status: int) -> None:
    assert submitted("mindvideo", reply(YES["mindvideo"], status)) == SubmitAccepted(task="t1")


def test_an_estimate_comes_with_its_unit() -> None:
    said = submitted("mindvideo", reply({"task_id": "t1", "cost_estimate": "0.225"}))
    assert said.estimate == Money(amount=Decimal("0.225"), currency="mindvideo-units")


@pytest.mark.parametrize("task", [106916112212032, "106916112212032", " 106916112212032 "])
def test_a_task_may_be_a_number(task: object) -> None:
    assert submitted("minimax", reply({"task_id": task, "base_resp": {"status_code": 0}})).task == "106916112212032"


def test_a_list_of_one_may_be_the_one() -> None:
    assert submitted("gccai", reply({"code": 200, "data": {"task_id": "t1"}})) == SubmitAccepted(task="t1")


@pytest.mark.parametrize("task", ["", None, "..", "a\nb", "\ud800", "x" * 300, True, {}, ["t"]])
def test_what_cannot_be_a_task_is_none_and_leaves_the_submit_unclear(task: object) -> None:
    said = submitted("highwayapi", reply({"task_id": task}))
    assert said.kind is FailureKind.UNKNOWN_OUTCOME


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("body", [None, {}, [], "fine", 1, True])
def test_a_2xx_that_says_nothing_is_unclear(name: str, body: object) -> None:
    assert submitted(name, reply(body)).kind is FailureKind.UNKNOWN_OUTCOME


@pytest.mark.parametrize("name", [name for name in ALL if name != "minimax"])
def test_a_200_without_a_task_that_says_why_is_refused(name: str) -> None:
    said = submitted(name, reply(refused(name, message="no such luck")))
    assert said.kind is FailureKind.REFUSED
    assert "no such luck" in said.why


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("insufficient balance", FailureKind.UNPAID),
        ("余额不足", FailureKind.UNPAID),
        ("rate limit exceeded", FailureKind.THROTTLED),
        ("the prompt contains sensitive content", FailureKind.PROMPT_REFUSED),
    ],
)
def test_the_text_of_a_refusal_without_a_code_is_read(message: str, kind: FailureKind) -> None:
    assert submitted("vtrix", reply({"error": message})).kind is kind
    assert submitted("vtrix", reply({"code": "7", "message": message})).kind is kind
    assert submitted("vtrix", reply({"message": message})).kind is FailureKind.UNKNOWN_OUTCOME, (
        "money: no form of an error"
    )


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("gccai", {"code": 200, "message": "success", "data": []}),
        ("minimax", {"task_id": "", "base_resp": {"status_code": 0, "status_msg": "success"}}),
        ("minimax", {"base_resp": {"status_msg": "success"}}),
        ("vtrix", {"message": "accepted", "error": None}),
        ("mindvideo", {"status": "queued", "message": "ok", "error": {}}),
        ("highwayapi", {"code": 0, "message": "ok"}),
    ],
)
def test_a_kind_word_without_a_task_proves_nothing(name: str, body: object) -> None:
    assert submitted(name, reply(body)).kind is FailureKind.UNKNOWN_OUTCOME


@pytest.mark.parametrize("code", ["010004095", 10004096, "010004097", "10004098"])
def test_a_fault_behind_vtrix_proves_nothing(code: object) -> None:
    assert submitted("vtrix", reply(refused("vtrix", code=code))).kind is FailureKind.UNKNOWN_OUTCOME


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504, 520, 599])
def test_a_fault_of_the_server_leaves_a_submit_unclear_whatever_its_body_says(name: str, status: int) -> None:
    for body in (None, {}, refused(name, code=1008, message="insufficient balance"), YES[name]):
        assert submitted(name, reply(body, status)).kind is FailureKind.UNKNOWN_OUTCOME


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_no_answer(status: int) -> None:
    assert submitted("gccai", reply(None, status)).kind is FailureKind.UNKNOWN_OUTCOME


def test_a_refusal_of_minimax_that_names_a_task_is_looked_at_by_a_person() -> None:
    said = submitted(
        "minimax", reply({"task_id": "t1", "base_resp": {"status_code": 1002, "status_msg": "rate limit"}})
    )
    assert said.kind is FailureKind.UNKNOWN_OUTCOME
    assert submitted("minimax", reply({"task_id": "t1"})) == SubmitAccepted(task="t1")


def test_the_gateways_id_of_the_call_comes_with_the_task_for_its_support() -> None:
    said = submitted("minimax", reply({"task_id": "t1"}, trace_id="abc[1]"))
    assert said == SubmitAccepted(task="t1", request_id="abc(1)")
    assert submitted("minimax", reply({"task_id": "t1", "request_id": "req_7"})).request_id == "req_7"
