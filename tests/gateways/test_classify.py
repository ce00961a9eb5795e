"""Every documented status and code of every gateway; the pairs here are a second copy of the tables, made by hand."""

import pytest
from gateway_samples import ALL, KEY, failed, polled, question, refused, reply, submitted
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, FailureKind
from hailuo_batch.gateways.error_classes import CONSEQUENCES, ErrorContext, ErrorMeaning, choose_remedy
from hailuo_batch.gateways.redact import redact
from hailuo_batch.gateways.retry_after import MAX_WAIT_SECONDS, parse_retry_after, parse_wait_seconds
from hailuo_batch.testing.dialect_contract import TASK_ENDING_KINDS

# Code, what a submit refused by it is, what a read is, and what a task that ended with it is (None: not looked at).
CODES: dict[str, list[tuple[object, FailureKind, FailureKind, FailureKind | None]]] = {
    "minimax": [
        (1000, FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY, FailureKind.BROKEN),
        (1001, FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY, FailureKind.BROKEN),
        (1002, FailureKind.THROTTLED, FailureKind.THROTTLED, FailureKind.BROKEN),
        (1004, FailureKind.UNAUTHORIZED, FailureKind.UNAUTHORIZED, FailureKind.BROKEN),
        (1008, FailureKind.UNPAID, FailureKind.UNPAID, FailureKind.BROKEN),
        (1024, FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY, FailureKind.BROKEN),
        (1026, FailureKind.PROMPT_REFUSED, FailureKind.UNKNOWN_OUTCOME, FailureKind.PROMPT_REFUSED),
        (1027, FailureKind.CLIP_REFUSED, FailureKind.UNKNOWN_OUTCOME, FailureKind.CLIP_REFUSED),
        (1028, FailureKind.UNPAID, FailureKind.UNPAID, FailureKind.BROKEN),
        (1030, FailureKind.UNPAID, FailureKind.UNPAID, FailureKind.BROKEN),
        (1033, FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY, FailureKind.BROKEN),
        (1039, FailureKind.THROTTLED, FailureKind.THROTTLED, FailureKind.BROKEN),
        (1041, FailureKind.THROTTLED, FailureKind.THROTTLED, FailureKind.BROKEN),
        (1042, FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME, FailureKind.REFUSED),
        (2013, FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME, FailureKind.REFUSED),
        (2045, FailureKind.THROTTLED, FailureKind.THROTTLED, FailureKind.BROKEN),
        (2049, FailureKind.UNAUTHORIZED, FailureKind.UNAUTHORIZED, FailureKind.BROKEN),
        (2056, FailureKind.UNPAID, FailureKind.UNPAID, FailureKind.BROKEN),
        (2061, FailureKind.UNAUTHORIZED, FailureKind.UNAUTHORIZED, FailureKind.BROKEN),
        ("01026", FailureKind.PROMPT_REFUSED, FailureKind.UNKNOWN_OUTCOME, FailureKind.PROMPT_REFUSED),
        (9999, FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME, FailureKind.BROKEN),
    ],
    "vtrix": [
        ("010004095", FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY, FailureKind.BROKEN),
        (10004095, FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY, FailureKind.BROKEN),
        ("010004096", FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY, FailureKind.BROKEN),
        ("010004097", FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY, FailureKind.BROKEN),
        ("010004098", FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY, FailureKind.BROKEN),
        ("010004099", FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME, FailureKind.BROKEN),
    ],
    "odkkk": [
        ("invalid_request", FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME, None),
        ("unauthorized", FailureKind.UNAUTHORIZED, FailureKind.UNAUTHORIZED, None),
        ("insufficient_quota", FailureKind.UNPAID, FailureKind.UNPAID, None),
        ("quota_exceeded", FailureKind.UNPAID, FailureKind.UNPAID, FailureKind.BROKEN),
        ("model_access_denied", FailureKind.UNAUTHORIZED, FailureKind.UNAUTHORIZED, None),
        ("task_not_found", FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME, None),
        ("invalid_task_id", FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME, None),
        ("rate_limit_exceeded", FailureKind.THROTTLED, FailureKind.THROTTLED, None),
        ("internal_error", FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY, None),
        ("idempotency_conflict", FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME, None),
        ("paid_outcome_unknown", FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY, None),
        (
            "content_policy_violation",
            FailureKind.PROMPT_REFUSED,
            FailureKind.UNKNOWN_OUTCOME,
            FailureKind.PROMPT_REFUSED,
        ),
        (400, FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME, None),
        (401, FailureKind.UNAUTHORIZED, FailureKind.UNAUTHORIZED, None),
        (402, FailureKind.UNPAID, FailureKind.UNPAID, None),
        (403, FailureKind.UNAUTHORIZED, FailureKind.UNAUTHORIZED, None),
        (429, FailureKind.THROTTLED, FailureKind.THROTTLED, None),
        (500, FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY, None),
        (502, FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY, None),
    ],
    "gccai": [
        ("invalid_request_error", FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME, FailureKind.REFUSED),
        ("authentication_error", FailureKind.UNAUTHORIZED, FailureKind.UNAUTHORIZED, None),
        ("payment_required", FailureKind.UNPAID, FailureKind.UNPAID, None),
        ("permission_error", FailureKind.UNAUTHORIZED, FailureKind.UNAUTHORIZED, None),
        ("rate_limit_error", FailureKind.THROTTLED, FailureKind.THROTTLED, None),
        ("server_error", FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY, FailureKind.BROKEN),
        ("bad_gateway", FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY, FailureKind.BROKEN),
        ("idempotency_key_reused", FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME, None),
        ("idempotency_in_progress", FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY, None),
        ("idempotency_result_indeterminate", FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY, None),
    ],
    "highwayapi": [
        ("INVALID_REQUEST_BODY", FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME, None),
        ("NOT_ENOUGH_BALANCE", FailureKind.UNPAID, FailureKind.UNPAID, None),
        ("BILLING_FAILED", FailureKind.UNPAID, FailureKind.UNPAID, None),
        ("BILLING_AUTH_FAILED", FailureKind.UNPAID, FailureKind.UNPAID, None),
        ("BILLING_BALANCE_NOT_ENOUGH", FailureKind.UNPAID, FailureKind.UNPAID, None),
    ],
    "mindvideo": [
        ("invalid_input", FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME, FailureKind.REFUSED),
        ("insufficient_balance", FailureKind.UNPAID, FailureKind.UNPAID, None),
        ("rate_limited", FailureKind.THROTTLED, FailureKind.THROTTLED, None),
        ("generation_failed", FailureKind.REFUSED, FailureKind.FLAKY, FailureKind.BROKEN),
    ],
}
ODKKK_TASKS = {
    FailureKind.PROMPT_REFUSED: ("content_policy_violation",),
    FailureKind.REFUSED: (
        "invalid_parameters", "image_processing_error", "image_dimension_mismatch", "request_cancelled",
        "resource_not_found",
    ),
    FailureKind.BROKEN: (
        "generation_failed_no_content", "service_error", "generation_timeout", "resource_exhausted", "quota_exceeded",
        "service_unavailable", "unknown_error", "a code of next year",
    ),
}  # fmt: skip
ROWS = [(name, *row) for name, rows in CODES.items() for row in rows]


@pytest.mark.parametrize(("name", "code", "submit", "read", "task"), ROWS)
def test_what_each_code_means(
    name: str, code: object, submit: FailureKind, read: FailureKind, task: FailureKind | None
) -> None:
    said = submitted(name, reply(refused(name, code=code)))
    assert said.kind is submit
    assert said.why
    assert said.remedy
    assert polled(name, reply(refused(name, code=code))).kind is read
    if task is not None:
        assert polled(name, reply(failed(name, code=code))).kind is task


@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, codes in ODKKK_TASKS.items() for code in codes])
def test_what_each_code_of_an_odkkk_task_means(kind: FailureKind, code: str) -> None:
    assert polled("odkkk", reply(failed("odkkk", code=code))).kind is kind


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("status", "submit", "read"),
    [
        (400, FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME),
        (401, FailureKind.UNAUTHORIZED, FailureKind.UNAUTHORIZED),
        (402, FailureKind.UNPAID, FailureKind.UNPAID),
        (403, FailureKind.UNAUTHORIZED, FailureKind.UNAUTHORIZED),
        (404, FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME),
        (405, FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME),
        (408, FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY),
        (409, FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME),
        (413, FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME),
        (422, FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME),
        (429, FailureKind.THROTTLED, FailureKind.THROTTLED),
        (500, FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY),
        (502, FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY),
        (503, FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY),
        (504, FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY),
    ],
)
def test_what_each_status_means_when_the_body_says_nothing(
    name: str, status: int, submit: FailureKind, read: FailureKind
) -> None:
    bodies: tuple[object, ...] = (None, {}, [], "<html>")
    for body in bodies:
        assert submitted(name, reply(body, status)).kind is submit
        assert polled(name, reply(body, status)).kind is read


@pytest.mark.parametrize("name", ["vtrix", "highwayapi"])
def test_a_403_is_no_balance_when_its_text_says_so(name: str) -> None:
    for text in ("insufficient balance", "Not enough balance, please top up", "quota exceeded"):
        assert submitted(name, reply({"code": 403, "message": text}, 403)).kind is FailureKind.UNPAID
    said = submitted(name, reply({"code": 403, "message": "permission denied"}, 403))
    assert (said.kind, "balance" in said.remedy) == (FailureKind.UNAUTHORIZED, True)


@pytest.mark.parametrize("name", ALL)
def test_moderation_may_come_as_a_400(name: str) -> None:
    body = {"base_resp": {"status_msg": "prompt is sensitive"}, "error": {"message": "prompt is sensitive"}}
    body |= {"message": "prompt is sensitive"}  # type: ignore[dict-item]
    assert submitted(name, reply(body, 400)).kind is FailureKind.PROMPT_REFUSED


def test_a_key_used_for_two_payloads_is_our_bug() -> None:
    said = submitted("mindvideo", reply({}, 409), of=question(idempotency_key=KEY))
    assert said.kind is FailureKind.REFUSED
    assert said.remedy == "Nothing was bought. This is a bug in hailuo_batch."


def test_a_plan_that_is_used_up_is_not_taken_for_throttling() -> None:
    assert submitted("minimax", reply(refused("minimax", code=2056), 429)).kind is FailureKind.UNPAID
    assert submitted("odkkk", reply(refused("odkkk", code="insufficient_quota"), 429)).kind is FailureKind.UNPAID


def test_the_newer_envelope_of_minimax_is_read_too() -> None:
    body = {"type": "error", "error": {"type": "rate_limit_error", "message": "rate limit (1002)", "http_code": "429"}}
    assert submitted("minimax", reply(body, 429)).kind is FailureKind.THROTTLED
    body = {"type": "error", "error": {"type": "other", "message": "no", "http_code": "402"}}
    assert submitted("minimax", reply(body, 402)).kind is FailureKind.UNPAID


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("header", "wait"), [("30", 30), ("0", 0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("x", None)]
)
def test_seconds_of_a_retry_after_come_along(name: str, header: str, wait: float | None) -> None:
    for status in (429, 503):
        assert polled(name, reply({}, status, retry_after=header)).wait_seconds == wait
    assert submitted(name, reply({}, 429, retry_after=header)).wait_seconds == wait
    assert submitted(name, reply({}, 503, retry_after=header)).wait_seconds is None


@pytest.mark.parametrize("name", ALL)
def test_every_bad_key_names_the_variable(name: str) -> None:
    assert f"{name.upper()}_API_KEY" in submitted(name, reply({}, 401)).remedy


def test_a_key_of_minimax_may_be_of_the_other_region() -> None:
    assert "China" in submitted("minimax", reply(refused("minimax", code=2049))).remedy


@pytest.mark.parametrize("means", ErrorMeaning)
def test_each_meaning_is_worth_something_at_each_moment(means: ErrorMeaning) -> None:
    worth = CONSEQUENCES[means]
    assert worth.read not in TASK_ENDING_KINDS, "money: a read that is refused would end its task"
    assert worth.task in TASK_ENDING_KINDS, "a task that ended would be followed for ever"
    assert worth.read is FailureKind.UNKNOWN_OUTCOME or worth.read in {
        FailureKind.THROTTLED,
        FailureKind.FLAKY,
        FailureKind.UNPAID,
        FailureKind.UNAUTHORIZED,
    }
    assert worth.submit is not FailureKind.FLAKY, "money: what may be repeated without a thought is no submit"
    assert all(choose_remedy(means, moment) for moment in ErrorContext)


def test_only_throttling_lets_a_submit_be_sent_again() -> None:
    assert {means for means, worth in CONSEQUENCES.items() if FAILURE_POLICIES[worth.submit].resend} == {
        ErrorMeaning.THROTTLED
    }


SECRETS = [
    "sk-abcdefghijklmnop1234", "mv_live_9f8e7d6c5b4a", "Bearer abc.def.ghi", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x",
    "https://cdn.test/clip.mp4?sig=1", "data:image/png;base64,iVBORw0KGgoAAA", "AKIA1234567890ABCDEF1234567890",
]  # fmt: skip


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("secret", SECRETS)
def test_no_key_and_no_link_reaches_a_message(name: str, secret: str) -> None:
    said = submitted(name, reply(refused(name, code=2049, message=f"wrong: {secret}, \x1b[31mread it\x00"), 401))
    assert secret.rsplit(maxsplit=1)[-1] not in said.why
    assert "wrong:" in said.why
    assert said.why.isprintable()


def test_a_message_is_one_short_line() -> None:
    assert redact("a\n\tb  c") == "a b c"
    assert len(redact("word " * 1000)) <= 200
    assert redact("\ud800 x") == "x"


@given(st.text())
def test_what_is_shown_can_be_printed(text: str) -> None:
    assert redact(text).isprintable()
    redact(text).encode()


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", 120),
        ("  5 ", 5),
        ("Thu, 20 Nov 2026 12:00:30 GMT", 30),
        ("Thursday, 20-Nov-2026 12:00:30 GMT", 30),
        ("20 Nov 2026 12:00:30", 30),
        ("Thu, 20 Nov 2026 11:00:00 GMT", 0),
        ("Thu, 20 Foo 2026 12:00:30 GMT", None),
        ("99999999", MAX_WAIT_SECONDS),
        ("Thu, 20 Nov 2030 12:00:30 GMT", MAX_WAIT_SECONDS),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date(header: str | None, wait: float | None) -> None:
    assert parse_retry_after(header, now=1795176000.0) == wait  # 2026-11-20 12:00:00 UTC


@given(st.integers(0, 4_000_000_000))
def test_a_date_is_counted_as_the_library_counts_it(then: int) -> None:
    from email.utils import formatdate

    assert parse_retry_after(formatdate(then, usegmt=True), now=then - 7) == 7
    assert parse_wait_seconds(formatdate(then, usegmt=True)) is None
