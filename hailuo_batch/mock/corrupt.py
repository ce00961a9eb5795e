"""What a fault makes of an answer before it is sent. Pure: an answer in, an answer out.

What it makes of the connection stands in `responder.py`.
"""

from collections.abc import Callable
from dataclasses import replace

from hailuo_batch.mock.contract import GatewayContract
from hailuo_batch.mock.fault import REFUSAL_REASONS, Fault, FaultKind
from hailuo_batch.mock.messages import Answer, Refusal
from hailuo_batch.mock.router import CallRoute

_TITLES = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Time-out"}
_SIGN_IN = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in to continue</h1></body></html>"
_SLOW_DOWN = b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code></Error>'
DEFAULT_ANSWER = Answer(body=b'{"status":"ok"}')  # where a fault stands before any answer was made


def corrupt_answer(answer: Answer, fault: Fault, route: CallRoute, redirect_url: str) -> Answer:
    """An answer of a gateway under a fault; `redirect_url` is where a redirect leads unless the fault says."""
    if fault.kind in REFUSAL_REASONS:
        return _refusal_answer(fault, route)
    if fault.kind is FaultKind.SLOW and not fault.charges_submit:
        return error_page(504)  # the proxy waited for a gateway that never took it
    return _apply_change(answer, fault, redirect_url, status=307)


def corrupt_clip(answer: Answer, fault: Fault, contract: GatewayContract, redirect_url: str) -> Answer:
    """A clip under a fault. Its host is no gateway: it answers in its own way."""
    if fault.kind is FaultKind.EXPIRED_LINK:
        return dead_link_answer(contract, fault.status)
    if fault.kind is FaultKind.THROTTLED:
        return _add_retry_after(Answer(status=fault.status or 429, body=_SLOW_DOWN, type="application/xml"), fault)
    if fault.kind is FaultKind.SERVER_ERROR:
        return _add_retry_after(error_page(fault.status or 500), fault)
    return _apply_change(answer, fault, redirect_url, status=302)


def dead_link_answer(contract: GatewayContract, status: int | None = None) -> Answer:
    """What a link that has died answers."""
    link = contract.dead_link
    return Answer(status=status or link.status, body=link.body.encode(), type=link.type)


def error_page(status: int) -> Answer:
    """What a proxy says when it is alone."""
    title = f"{status} {_TITLES.get(status, 'Error')}"
    text = f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>"
    return Answer(status=status, body=text.encode(), type="text/html")


def _refusal_answer(fault: Fault, route: CallRoute) -> Answer:
    status = fault.status
    if fault.kind is FaultKind.SERVER_ERROR:
        status = status or (None if fault.code else 500)
        # A status that the gateway's document does not list comes from the proxy before it, not from the gateway.
        if status is not None and status not in route.operation.statuses:
            return _add_retry_after(error_page(status), fault)
    refusal = Refusal(
        reason=REFUSAL_REASONS[fault.kind],
        words=fault.text,
        code=fault.code,
        status=status,
        retry_after=fault.retry_after,
    )
    return _add_retry_after(route.contract.refusal_answer(route.kind, refusal), fault)


def _add_retry_after(answer: Answer, fault: Fault) -> Answer:
    if fault.retry_after is None:
        return answer
    return replace(answer, headers={**answer.headers, "Retry-After": fault.retry_after})


def _apply_change(answer: Answer, fault: Fault, redirect_url: str, *, status: int) -> Answer:
    change = _CHANGES.get(fault.kind)
    if change:
        return change(answer)
    if fault.kind is FaultKind.REDIRECT:
        return Answer(status=fault.status or status, type="text/html", headers={"Location": fault.to or redirect_url})
    return answer


def _sign_in_page(answer: Answer) -> Answer:  # noqa: ARG001 - nothing of it is left
    return Answer(body=_SIGN_IN, type="text/html")


def _malform_json(answer: Answer) -> Answer:
    return replace(answer, body=answer.body.replace(b'"', b"'").replace(b"{", b"{,", 1))


def _truncate_json(answer: Answer) -> Answer:
    return replace(answer, body=answer.body[: len(answer.body) // 2])


_CHANGES: dict[FaultKind, Callable[[Answer], Answer]] = {
    FaultKind.WRONG_TYPE: _sign_in_page,
    FaultKind.MALFORMED_JSON: _malform_json,
    FaultKind.TRUNCATED_JSON: _truncate_json,
}
