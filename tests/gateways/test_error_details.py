"""What a gateway's support asks for is in a failure: code, parameter, suggestion and the call's id, without secrets."""

import pytest

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.pacing.circuit_breaker import FailureStreak, add_failure
from hailuo_batch.gateways.classify import ErrorClassifier
from hailuo_batch.gateways.dialect import Reply
from hailuo_batch.gateways.error_classes import ErrorContext
from hailuo_batch.load.provider_tables import load_dialect


def refusal(error: dict[str, object], headers: dict[str, str] | None = None) -> Failure:
    classifier: ErrorClassifier = load_dialect("mindvideo").classifier  # type: ignore[attr-defined]
    reply = Reply(status=400, body={"error": error}, headers=headers or {})
    failure = classifier.classify_reply(reply, ErrorContext.SUBMIT)
    assert failure is not None
    return failure


@pytest.mark.parametrize(
    ("error", "headers", "end"),
    [
        ({"message": "no"}, {}, '"no"'),
        ({"message": "no", "code": 400}, {}, '"no"'),
        ({"message": "no", "code": "invalid_input"}, {}, "[code invalid_input]"),
        (
            {"message": "no", "code": "E7", "param": "duration", "suggestion": "write [10]", "request_id": "r-1"},
            {},
            "[code e7, parameter duration, suggestion write (10), request id r-1]",
        ),
        ({"message": "no"}, {"x-request-id": "r-2"}, "[request id r-2]"),
    ],
)
def test_a_failure_names_what_the_support_asks_for(error: dict[str, object], headers: dict[str, str], end: str) -> None:
    assert refusal(error, headers).why.endswith(end)


def test_a_key_in_a_suggestion_is_not_shown() -> None:
    why = refusal({"message": "no", "suggestion": "use sk-abcdefabcdefabcdefabcdef123456"}).why
    assert "suggestion use" in why
    assert "abcdefabcdef" not in why


def test_the_id_of_each_call_makes_no_other_error_of_the_same_one() -> None:
    streak = FailureStreak()
    for number in ("ab-x", "cd-y", "ef-z"):
        streak = add_failure(streak, refusal({"message": "bad", "request_id": number}))
    assert streak.count == 3
