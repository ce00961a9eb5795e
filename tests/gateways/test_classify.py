"""Every documented status and code of every gateway; the pairs here are a second copy of the tables, made by hand."""

import pytest
from gateway_samples import ALL, KEY, failed, polled, question, refused, reply, submitted
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.attempt.failure import ALLOWS, Kind
from hailuo_batch.gateways.error_classes import WORTH, Meaning, Moment, remedy_for
from hailuo_batch.gateways.redact import shown
from hailuo_batch.gateways.retry_after import LONGEST, wait_from, wait_seconds
from hailuo_batch.testing.dialect_contract import ENDED

# Code, what a submit refused by it is, what a read is, and what a task that ended with it is (None: not looked at).
CODES: dict[str, list[tuple[object, Kind, Kind, Kind | None]]] = {
    "minimax": [
        (1000, Kind.UNCLEAR, Kind.FLAKY, Kind.BROKEN),
        (1001, Kind.UNCLEAR, Kind.FLAKY, Kind.BROKEN),
        (1002, Kind.THROTTLED, Kind.THROTTLED, Kind.BROKEN),
        (1004, Kind.UNAUTHORIZED, Kind.UNAUTHORIZED, Kind.BROKEN),
        (1008, Kind.UNPAID, Kind.UNPAID, Kind.BROKEN),
        (1024, Kind.UNCLEAR, Kind.FLAKY, Kind.BROKEN),
        (1026, Kind.PROMPT_REFUSED, Kind.UNCLEAR, Kind.PROMPT_REFUSED),
        (1027, Kind.CLIP_REFUSED, Kind.UNCLEAR, Kind.CLIP_REFUSED),
        (1028, Kind.UNPAID, Kind.UNPAID, Kind.BROKEN),
        (1030, Kind.UNPAID, Kind.UNPAID, Kind.BROKEN),
        (1033, Kind.UNCLEAR, Kind.FLAKY, Kind.BROKEN),
        (1039, Kind.THROTTLED, Kind.THROTTLED, Kind.BROKEN),
        (1041, Kind.THROTTLED, Kind.THROTTLED, Kind.BROKEN),
        (1042, Kind.REFUSED, Kind.UNCLEAR, Kind.REFUSED),
        (2013, Kind.REFUSED, Kind.UNCLEAR, Kind.REFUSED),
        (2045, Kind.THROTTLED, Kind.THROTTLED, Kind.BROKEN),
        (2049, Kind.UNAUTHORIZED, Kind.UNAUTHORIZED, Kind.BROKEN),
        (2056, Kind.UNPAID, Kind.UNPAID, Kind.BROKEN),
        (2061, Kind.UNAUTHORIZED, Kind.UNAUTHORIZED, Kind.BROKEN),
        ("01026", Kind.PROMPT_REFUSED, Kind.UNCLEAR, Kind.PROMPT_REFUSED),
        (9999, Kind.REFUSED, Kind.UNCLEAR, Kind.BROKEN),
    ],
    "vtrix": [
        ("010004095", Kind.UNCLEAR, Kind.FLAKY, Kind.BROKEN),
        (10004095, Kind.UNCLEAR, Kind.FLAKY, Kind.BROKEN),
        ("010004096", Kind.UNCLEAR, Kind.FLAKY, Kind.BROKEN),
        ("010004097", Kind.UNCLEAR, Kind.FLAKY, Kind.BROKEN),
        ("010004098", Kind.UNCLEAR, Kind.FLAKY, Kind.BROKEN),
        ("010004099", Kind.REFUSED, Kind.UNCLEAR, Kind.BROKEN),
    ],
    "odkkk": [
        ("invalid_request", Kind.REFUSED, Kind.UNCLEAR, None),
        ("unauthorized", Kind.UNAUTHORIZED, Kind.UNAUTHORIZED, None),
        ("insufficient_quota", Kind.UNPAID, Kind.UNPAID, None),
        ("quota_exceeded", Kind.UNPAID, Kind.UNPAID, Kind.BROKEN),
        ("model_access_denied", Kind.UNAUTHORIZED, Kind.UNAUTHORIZED, None),
        ("task_not_found", Kind.REFUSED, Kind.UNCLEAR, None),
        ("invalid_task_id", Kind.REFUSED, Kind.UNCLEAR, None),
        ("rate_limit_exceeded", Kind.THROTTLED, Kind.THROTTLED, None),
        ("internal_error", Kind.UNCLEAR, Kind.FLAKY, None),
        ("idempotency_conflict", Kind.REFUSED, Kind.UNCLEAR, None),
        ("paid_outcome_unknown", Kind.UNCLEAR, Kind.FLAKY, None),
        ("content_policy_violation", Kind.PROMPT_REFUSED, Kind.UNCLEAR, Kind.PROMPT_REFUSED),
        (400, Kind.REFUSED, Kind.UNCLEAR, None),
        (401, Kind.UNAUTHORIZED, Kind.UNAUTHORIZED, None),
        (402, Kind.UNPAID, Kind.UNPAID, None),
        (403, Kind.UNAUTHORIZED, Kind.UNAUTHORIZED, None),
        (429, Kind.THROTTLED, Kind.THROTTLED, None),
        (500, Kind.UNCLEAR, Kind.FLAKY, None),
        (502, Kind.UNCLEAR, Kind.FLAKY, None),
    ],
    "gccai": [
        ("invalid_request_error", Kind.REFUSED, Kind.UNCLEAR, Kind.REFUSED),
        ("authentication_error", Kind.UNAUTHORIZED, Kind.UNAUTHORIZED, None),
        ("payment_required", Kind.UNPAID, Kind.UNPAID, None),
        ("permission_error", Kind.UNAUTHORIZED, Kind.UNAUTHORIZED, None),
        ("rate_limit_error", Kind.THROTTLED, Kind.THROTTLED, None),
        ("server_error", Kind.UNCLEAR, Kind.FLAKY, Kind.BROKEN),
        ("bad_gateway", Kind.UNCLEAR, Kind.FLAKY, Kind.BROKEN),
        ("idempotency_key_reused", Kind.REFUSED, Kind.UNCLEAR, None),
        ("idempotency_in_progress", Kind.UNCLEAR, Kind.FLAKY, None),
        ("idempotency_result_indeterminate", Kind.UNCLEAR, Kind.FLAKY, None),
    ],
    "highwayapi": [
        ("INVALID_REQUEST_BODY", Kind.REFUSED, Kind.UNCLEAR, None),
        ("NOT_ENOUGH_BALANCE", Kind.UNPAID, Kind.UNPAID, None),
        ("BILLING_FAILED", Kind.UNPAID, Kind.UNPAID, None),
        ("BILLING_AUTH_FAILED", Kind.UNPAID, Kind.UNPAID, None),
        ("BILLING_BALANCE_NOT_ENOUGH", Kind.UNPAID, Kind.UNPAID, None),
    ],
    "mindvideo": [
        ("invalid_input", Kind.REFUSED, Kind.UNCLEAR, Kind.REFUSED),
        ("insufficient_balance", Kind.UNPAID, Kind.UNPAID, None),
        ("rate_limited", Kind.THROTTLED, Kind.THROTTLED, None),
        ("generation_failed", Kind.REFUSED, Kind.FLAKY, Kind.BROKEN),
    ],
}
ODKKK_TASKS = {
    Kind.PROMPT_REFUSED: ("content_policy_violation",),
    Kind.REFUSED: (
        "invalid_parameters", "image_processing_error", "image_dimension_mismatch", "request_cancelled",
        "resource_not_found",
    ),
    Kind.BROKEN: (
        "generation_failed_no_content", "service_error", "generation_timeout", "resource_exhausted", "quota_exceeded",
        "service_unavailable", "unknown_error", "a code of next year",
    ),
}  # fmt: skip
ROWS = [(name, *row) for name, rows in CODES.items() for row in rows]


@pytest.mark.parametrize(("name", "code", "submit", "read", "task"), ROWS)
def test_what_each_code_means(name: str, code: object, submit: Kind, read: Kind, task: Kind | None) -> None:
    said = submitted(name, reply(refused(name, code=code)))
    assert said.kind is submit
    assert said.why
    assert said.remedy
    assert polled(name, reply(refused(name, code=code))).kind is read
    if task is not None:
        assert polled(name, reply(failed(name, code=code))).kind is task


@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, codes in ODKKK_TASKS.items() for code in codes])
def test_what_each_code_of_an_odkkk_task_means(kind: Kind, code: str) -> None:
    assert polled("odkkk", reply(failed("odkkk", code=code))).kind is kind


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("status", "submit", "read"),
    [
        (400, Kind.REFUSED, Kind.UNCLEAR),
        (401, Kind.UNAUTHORIZED, Kind.UNAUTHORIZED),
        (402, Kind.UNPAID, Kind.UNPAID),
        (403, Kind.UNAUTHORIZED, Kind.UNAUTHORIZED),
        (404, Kind.REFUSED, Kind.UNCLEAR),
        (405, Kind.REFUSED, Kind.UNCLEAR),
        (408, Kind.UNCLEAR, Kind.FLAKY),
        (409, Kind.REFUSED, Kind.UNCLEAR),
        (413, Kind.REFUSED, Kind.UNCLEAR),
        (422, Kind.REFUSED, Kind.UNCLEAR),
        (429, Kind.THROTTLED, Kind.THROTTLED),
        (500, Kind.UNCLEAR, Kind.FLAKY),
        (502, Kind.UNCLEAR, Kind.FLAKY),
        (503, Kind.UNCLEAR, Kind.FLAKY),
        (504, Kind.UNCLEAR, Kind.FLAKY),
    ],
)
def test_what_each_status_means_when_the_body_says_nothing(name: str, status: int, submit: Kind, read: Kind) -> None:
    for body in (None, {}, [], "<html>"):
        assert submitted(name, reply(body, status)).kind is submit
        assert polled(name, reply(body, status)).kind is read


@pytest.mark.parametrize("name", ["vtrix", "highwayapi"])
def test_a_403_is_no_balance_when_its_text_says_so(name: str) -> None:
    for text in ("insufficient balance", "Not enough balance, please top up", "quota exceeded"):
        assert submitted(name, reply({"code": 403, "message": text}, 403)).kind is Kind.UNPAID
    said = submitted(name, reply({"code": 403, "message": "permission denied"}, 403))
    assert (said.kind, "balance" in said.remedy) == (Kind.UNAUTHORIZED, True)


@pytest.mark.parametrize("name", ALL)
def test_moderation_may_come_as_a_400(name: str) -> None:
    body = {"base_resp": {"status_msg": "prompt is sensitive"}, "error": {"message": "prompt is sensitive"}}
    body |= {"message": "prompt is sensitive"}  # type: ignore[dict-item]
    assert submitted(name, reply(body, 400)).kind is Kind.PROMPT_REFUSED


def test_a_key_used_for_two_payloads_is_our_bug() -> None:
    said = submitted("mindvideo", reply({}, 409), of=question(idempotency_key=KEY))
    assert said.kind is Kind.REFUSED
    assert said.remedy == "Nothing was bought. This is a bug in hailuo_batch."


def test_a_plan_that_is_used_up_is_not_taken_for_throttling() -> None:
    assert submitted("minimax", reply(refused("minimax", code=2056), 429)).kind is Kind.UNPAID
    assert submitted("odkkk", reply(refused("odkkk", code="insufficient_quota"), 429)).kind is Kind.UNPAID


def test_the_newer_envelope_of_minimax_is_read_too() -> None:
    body = {"type": "error", "error": {"type": "rate_limit_error", "message": "rate limit (1002)", "http_code": "429"}}
    assert submitted("minimax", reply(body, 429)).kind is Kind.THROTTLED
    body = {"type": "error", "error": {"type": "other", "message": "no", "http_code": "402"}}
    assert submitted("minimax", reply(body, 402)).kind is Kind.UNPAID


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("header", "wait"), [("30", 30), ("0", 0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("x", None)]
)
def test_seconds_of_a_retry_after_come_along(name: str, header: str, wait: float | None) -> None:
    for status in (429, 503):
        assert polled(name, reply({}, status, retry_after=header)).wait == wait
    assert submitted(name, reply({}, 429, retry_after=header)).wait == wait
    assert submitted(name, reply({}, 503, retry_after=header)).wait is None


@pytest.mark.parametrize("name", ALL)
def test_every_bad_key_names_the_variable(name: str) -> None:
    assert f"{name.upper()}_API_KEY" in submitted(name, reply({}, 401)).remedy


def test_a_key_of_minimax_may_be_of_the_other_region() -> None:
    assert "China" in submitted("minimax", reply(refused("minimax", code=2049))).remedy


@pytest.mark.parametrize("means", Meaning)
def test_each_meaning_is_worth_something_at_each_moment(means: Meaning) -> None:
    worth = WORTH[means]
    assert worth.read not in ENDED, "money: a read that is refused would end its task"
    assert worth.task in ENDED, "a task that ended would be followed for ever"
    assert worth.read is Kind.UNCLEAR or worth.read in {Kind.THROTTLED, Kind.FLAKY, Kind.UNPAID, Kind.UNAUTHORIZED}
    assert worth.submit is not Kind.FLAKY, "money: what may be repeated without a thought is no submit"
    assert all(remedy_for(means, moment) for moment in Moment)


def test_only_throttling_lets_a_submit_be_sent_again() -> None:
    assert {means for means, worth in WORTH.items() if ALLOWS[worth.submit].resend} == {Meaning.THROTTLED}


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
    assert shown("a\n\tb  c") == "a b c"
    assert len(shown("word " * 1000)) <= 200
    assert shown("\ud800 x") == "x"


@given(st.text())
def test_what_is_shown_can_be_printed(text: str) -> None:
    assert shown(text).isprintable()
    shown(text).encode()


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
        ("99999999", LONGEST),
        ("Thu, 20 Nov 2030 12:00:30 GMT", LONGEST),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date(header: str | None, wait: float | None) -> None:
    assert wait_from(header, now=1795176000.0) == wait  # 2026-11-20 12:00:00 UTC


@given(st.integers(0, 4_000_000_000))
def test_a_date_is_counted_as_the_library_counts_it(then: int) -> None:
    from email.utils import formatdate

    assert wait_from(formatdate(then, usegmt=True), now=then - 7) == 7
    assert wait_seconds(formatdate(then, usegmt=True)) is None
