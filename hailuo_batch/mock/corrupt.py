"""What a fault makes of an answer before it is sent. Pure: an answer in, an answer out.

What it makes of the connection stands in `responder.py`.
"""

from collections.abc import Callable
from dataclasses import replace

from hailuo_batch.mock.contract import Contract
from hailuo_batch.mock.fault import REFUSED, Fault, FaultKind
from hailuo_batch.mock.messages import Answer, Refusal
from hailuo_batch.mock.router import Found

_TITLES = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Time-out"}
_SIGN_IN = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in to continue</h1></body></html>"
_SLOW_DOWN = b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code></Error>'
NOTHING = Answer(body=b'{"status":"ok"}')  # where a fault stands before any answer was made


def spoilt(answer: Answer, fault: Fault, found: Found, elsewhere: str) -> Answer:
    """An answer of a gateway under a fault; `elsewhere` is where a redirect leads unless the fault says."""
    if fault.kind in REFUSED:
        return _refusal(fault, found)
    if fault.kind is FaultKind.SLOW and not fault.books:
        return page(504)  # the proxy waited for a gateway that never took it
    return _changed(answer, fault, elsewhere, status=307)


def spoilt_clip(answer: Answer, fault: Fault, contract: Contract, elsewhere: str) -> Answer:
    """A clip under a fault. Its host is no gateway: it answers in its own way."""
    if fault.kind is FaultKind.EXPIRED_LINK:
        return dead(contract, fault.status)
    if fault.kind is FaultKind.THROTTLED:
        return _later(Answer(status=fault.status or 429, body=_SLOW_DOWN, type="application/xml"), fault)
    if fault.kind is FaultKind.SERVER_ERROR:
        return _later(page(fault.status or 500), fault)
    return _changed(answer, fault, elsewhere, status=302)


def dead(contract: Contract, status: int | None = None) -> Answer:
    """What a link that has died answers."""
    link = contract.dead_link
    return Answer(status=status or link.status, body=link.body.encode(), type=link.type)


def page(status: int) -> Answer:
    """What a proxy says when it is alone."""
    title = f"{status} {_TITLES.get(status, 'Error')}"
    text = f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>"
    return Answer(status=status, body=text.encode(), type="text/html")


def _refusal(fault: Fault, found: Found) -> Answer:
    status = fault.status
    if fault.kind is FaultKind.SERVER_ERROR:
        status = status or (None if fault.code else 500)
        # A status that the gateway's document does not list comes from the proxy before it, not from the gateway.
        if status is not None and status not in found.operation.statuses:
            return _later(page(status), fault)
    refusal = Refusal(
        reason=REFUSED[fault.kind],
        words=fault.text,
        code=fault.code,
        status=status,
        retry_after=fault.retry_after,
    )
    return _later(found.contract.refuse(found.kind, refusal), fault)


def _later(answer: Answer, fault: Fault) -> Answer:
    if fault.retry_after is None:
        return answer
    return replace(answer, headers={**answer.headers, "Retry-After": fault.retry_after})


def _changed(answer: Answer, fault: Fault, elsewhere: str, *, status: int) -> Answer:
    change = _CHANGES.get(fault.kind)
    if change:
        return change(answer)
    if fault.kind is FaultKind.REDIRECT:
        return Answer(status=fault.status or status, type="text/html", headers={"Location": fault.to or elsewhere})
    return answer


def _signed_out(answer: Answer) -> Answer:  # noqa: ARG001 - nothing of it is left
    return Answer(body=_SIGN_IN, type="text/html")


def _malformed(answer: Answer) -> Answer:
    return replace(answer, body=answer.body.replace(b'"', b"'").replace(b"{", b"{,", 1))


def _truncated(answer: Answer) -> Answer:
    return replace(answer, body=answer.body[: len(answer.body) // 2])


_CHANGES: dict[FaultKind, Callable[[Answer], Answer]] = {
    FaultKind.WRONG_TYPE: _signed_out,
    FaultKind.MALFORMED_JSON: _malformed,
    FaultKind.TRUNCATED_JSON: _truncated,
}
