"""What a refusal means: an answer of a gateway → a `Failure`, or nothing when the answer is none.

The order matters. A server's own fault comes before any code in its body, since on a paid call it proves nothing; then
the gateway's own codes, then what its text says, then what HTTP says.
"""

from collections.abc import Iterable, Iterator

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.gateways.coerce import normalize_code, parse_text
from hailuo_batch.gateways.dialect import Reply
from hailuo_batch.gateways.error_classes import (
    CONSEQUENCES,
    HTTP_STATUS_MEANINGS,
    ErrorContext,
    ErrorMeaning,
    ErrorRule,
    choose_remedy,
    detect_moderation,
    detect_no_balance,
    detect_throttling,
)
from hailuo_batch.gateways.json_paths import find_values
from hailuo_batch.gateways.redact import redact
from hailuo_batch.gateways.retry_after import parse_wait_seconds
from hailuo_batch.gateways.table import GatewayTable
from hailuo_batch.values import dataclass

# Where gateways and what stands before them name these; no page of theirs lists all. The last is the call's id.
_DETAILS = {
    "parameter": ("error.param", "param", "error.parameter"),
    "suggestion": ("error.suggestion", "suggestion"),
}
_REQUEST_IDS = ("request_id", "error.request_id", "requestId", "trace_id", "base_resp.trace_id")
_REQUEST_ID_HEADERS = ("x-request-id", "trace-id", "x-trace-id")
_MAX_DETAIL = 100  # characters
_NO_BRACKETS = str.maketrans("[]", "()")

_RESEND_KINDS = frozenset({FailureKind.THROTTLED, FailureKind.FLAKY})


def find_all_texts(body: object, places: Iterable[str]) -> Iterator[str]:
    """Every text that an answer has at these places."""
    found = (parse_text(value) for place in places for value in find_values(body, place))
    return (text for text in found if text)


def find_request_id(reply: Reply) -> str:
    """The gateway's id of a call, for its support; "" where it gives none."""
    named = next(find_all_texts(reply.body, _REQUEST_IDS), "")
    text = named or next((reply.headers[name] for name in _REQUEST_ID_HEADERS if reply.headers.get(name)), "")
    return redact(text)[:_MAX_DETAIL].translate(_NO_BRACKETS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorClassifier:
    """Reads the failures of one gateway."""

    table: GatewayTable

    def classify_reply(self, reply: Reply, context: ErrorContext) -> Failure | None:
        """Why a call came to nothing; None when its status and its form are those of an answer."""
        if 200 <= reply.status < 300:
            return self.classify_success_code(reply, context) or self._check_readable(reply, context)
        means = self._rule_for_status(reply)
        return self._apply_rule(means, context, reply)

    def classify_success_code(self, reply: Reply, context: ErrorContext) -> Failure | None:
        """Why a 200 is a no, at gateways that say so by a code in the body."""
        place = self.table.errors.success_code
        codes = [normalize_code(value) for value in find_values(reply.body, place)] if place else []
        if not codes or codes[0] in {"0", ""}:
            return None
        return self._apply_rule(
            self._rule_for_code(reply.body) or ErrorRule(means=ErrorMeaning.PARAMETER), context, reply
        )

    def classify_incomplete(self, reply: Reply, context: ErrorContext, missing: ErrorMeaning) -> Failure:
        """Why an answer lacks what it should have: what it says itself, else that it is `missing`."""
        known = self._rule_for_code(reply.body)
        # Money: a text beside a missing task may be "success" as well; only an error proves that nothing was accepted.
        if known is None and self._is_error_body(reply.body):
            refused = ErrorMeaning.PARAMETER if context is ErrorContext.SUBMIT else missing
            known = self._rule_for_text(reply.body, anywhere=True) or ErrorRule(means=refused)
        return self._apply_rule(known or ErrorRule(means=missing), context, reply)

    def classify_task(self, reply: Reply, *, cancelled: bool = False) -> Failure:
        """Why a task ended without a clip."""
        codes = self.table.errors.task_codes
        means = next((codes[code] for code in self._codes(reply.body) if code in codes), None)
        text = detect_moderation(self.message(reply.body))
        general = ErrorMeaning.CANCELLED if cancelled else text or ErrorMeaning.FAILED
        return self._apply_rule(means or ErrorRule(means=general), ErrorContext.TASK, reply)

    def make_failure(self, means: ErrorMeaning, context: ErrorContext, reply: Reply) -> Failure:
        """A failure that no code of the gateway stands behind."""
        return self._apply_rule(ErrorRule(means=means), context, reply)

    def message(self, body: object) -> str:
        """The gateway's own words about what went wrong, fit to be shown."""
        found = (parse_text(value) for place in self.table.errors.message for value in find_values(body, place))
        return redact(next((text for text in found if text), ""))

    def _details(self, reply: Reply) -> str:
        """What a gateway's support wants to know: the code, which parameter, what it suggests, the call's id."""
        found = [(name, next(find_all_texts(reply.body, places), "")) for name, places in _DETAILS.items()]
        plain = {"200", str(reply.status)}  # which the words before say already
        codes = [code for code in self._codes(reply.body) if code not in plain]
        said = [("code", codes[0] if codes and codes[0] not in self.message(reply.body) else ""), *found]
        said.append(("request id", find_request_id(reply)))
        words = [f"{name} {redact(text)[:_MAX_DETAIL].translate(_NO_BRACKETS)}" for name, text in said if text]
        return f" [{', '.join(words)}]" if words else ""

    def _check_readable(self, reply: Reply, context: ErrorContext) -> Failure | None:
        readable = isinstance(reply.body, dict | list)
        return None if readable else self._apply_rule(ErrorRule(means=ErrorMeaning.UNREADABLE), context, reply)

    def _rule_for_status(self, reply: Reply) -> ErrorRule:
        status = reply.status
        # Money: a fault of the server or a time-out proves nothing about a paid call, whatever its body says.
        if status >= 500 or HTTP_STATUS_MEANINGS.get(status) is ErrorMeaning.INTERNAL:
            return ErrorRule(means=ErrorMeaning.INTERNAL)
        if status < 400:
            return ErrorRule(means=ErrorMeaning.REDIRECT)
        found = self._rule_for_code(reply.body) or self._rule_for_text(reply.body, anywhere=False, status=status)
        return (
            found
            or self.table.errors.statuses.get(status)
            or ErrorRule(means=HTTP_STATUS_MEANINGS.get(status, ErrorMeaning.PARAMETER))
        )

    def _codes(self, body: object) -> list[str]:
        found = (normalize_code(value) for place in self.table.errors.code for value in find_values(body, place))
        return [code for code in found if code and code != "0"]

    def _is_error_body(self, body: object) -> bool:
        """Whether a body is an error by its form: it has one, or a code that is neither 0 nor a 2xx."""
        codes = (code for code in self._codes(body) if not (len(code) == 3 and code.startswith("2")))
        return any(value for value in find_values(body, "error")) or any(codes)

    def _rule_for_code(self, body: object) -> ErrorRule | None:
        """By the gateway's own codes; else by a status of HTTP that stands in the body."""
        errors, codes = self.table.errors, self._codes(body)
        known = next((errors.codes[code] for code in codes if code in errors.codes), None)
        if known is not None:
            return known
        status = next((int(code) for code in codes if len(code) == 3 and code.isdigit() and code >= "400"), 0)
        if status >= 500:
            return ErrorRule(means=ErrorMeaning.INTERNAL)
        # A bare 400 or 403 says less than the text beside it.
        text = self._rule_for_text(body, anywhere=False, status=status)
        return (
            text
            or errors.statuses.get(status)
            or (ErrorRule(means=HTTP_STATUS_MEANINGS[status]) if status in HTTP_STATUS_MEANINGS else None)
        )

    def _rule_for_text(self, body: object, *, anywhere: bool, status: int = 0) -> ErrorRule | None:
        """By what the text says, for gateways that have one status for several things."""
        text = self.message(body)
        hints = []
        if anywhere or status in {400, 403, 422, 451}:
            hints.append(detect_moderation(text))
        if anywhere or status == 403:
            hints.append(detect_no_balance(text))
        if anywhere:
            hints.append(detect_throttling(text))
        means = next((hint for hint in hints if hint), None)
        return ErrorRule(means=means) if means else None

    def _apply_rule(self, rule: ErrorRule, context: ErrorContext, reply: Reply) -> Failure:
        worth = CONSEQUENCES[rule.means]
        kind = worth.kind(context)
        message = self.message(reply.body)
        http = "" if 200 <= reply.status < 300 else f" (HTTP {reply.status})"
        quote = f': "{message}"' if message else ""
        own = rule.remedy or self.table.remedies.get(rule.means, "")
        remedy = own or choose_remedy(rule.means, context)
        return Failure(
            kind=kind,
            why=f"{self.table.title} {rule.why or worth.why}{http}{quote}{self._details(reply)}",
            remedy=remedy.replace("{key}", self.table.key),
            wait_seconds=parse_wait_seconds(reply.headers.get("retry-after")) if kind in _RESEND_KINDS else None,
        )
