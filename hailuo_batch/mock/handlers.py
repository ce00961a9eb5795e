"""Serves one call at a gateway: checks it as its contract says, books it, and words the answer. It never waits.

Faults that only spoil an answer on its way are not known here.
"""

import json
from collections.abc import Mapping
from typing import Any

from hailuo_batch.mock.contract import GatewayContract, missing_refusal
from hailuo_batch.mock.fault import Fault, FaultKind
from hailuo_batch.mock.messages import Answer, CallKind, IncomingCall, Refusal, RefusalReason
from hailuo_batch.mock.router import CallRoute
from hailuo_batch.mock.state import LANDSCAPE, MockState
from hailuo_batch.mock.task import Task
from hailuo_batch.values import dataclass

_BEARER = "bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """The answer, and which task it is about. `is_charged`: a charge was made for it; `refuse`: the gateway said no,
    and not because of a fault.
    """

    answer: Answer
    task: Task | None = None
    is_charged: bool = False
    is_refused: bool = False


class CallHandler:
    """Works at one desk; `keys` are the ones that are taken, none for any."""

    def __init__(self, state: MockState, keys: tuple[str, ...]) -> None:
        self._state = state
        self._keys = frozenset(keys)

    def check_call(self, route: CallRoute, received: IncomingCall) -> Refusal | None:
        """Why the call is not as the contract wants it."""
        if not self._has_valid_key(received.headers.get("authorization", "")):
            return Refusal(reason=RefusalReason.BAD_KEY, status=None if received.headers.get("authorization") else 401)
        words = _check_parameters(route, received) or _check_body(route, received)
        if words:
            return Refusal(reason=RefusalReason.BAD_PARAMETER, words=words)
        return None

    def serve(
        self, contract: GatewayContract, received: IncomingCall, fault: Fault | None, shape: tuple[int, int] = LANDSCAPE
    ) -> CallResult:
        """The answer to a call that nobody complained about."""
        match received.kind:
            case CallKind.SUBMIT:
                return self._submit(contract, received, fault, shape)
            case CallKind.BALANCE:
                return CallResult(answer=contract.balance_answer(self._state.account(contract.name)))
            case CallKind.LIST:
                views = [self._state.view(contract, task) for task in self._state.tasks(contract.name)]
                return CallResult(answer=contract.list_answer(views, received.parts))
            case CallKind.BATCH:
                return self._query_batch(contract, received)
            case _:
                return self._query_task(contract, received, fault)

    def refuse(self, contract: GatewayContract, call: CallKind, refusal: Refusal) -> CallResult:
        """No, in the gateway's shape."""
        return CallResult(answer=contract.refusal_answer(call, refusal), is_refused=True)

    def _submit(
        self, contract: GatewayContract, received: IncomingCall, fault: Fault | None, shape: tuple[int, int]
    ) -> CallResult:
        body: Any = received.body
        order, payload = contract.parse_order(body), received.parts["payload"]
        owner, key = received.headers.get("authorization", ""), received.headers.get("idempotency-key", "")
        earlier = self._state.find_key(contract.name, owner, key) if key and contract.honours_idempotency_keys else None
        if earlier:
            return self._repeat_submit(contract, payload, earlier)
        if fault and fault.kind is FaultKind.INPUT_REFUSED and contract.refuses_early:
            refusal = Refusal(reason=RefusalReason.MODERATION, words=fault.text, code=fault.code, status=fault.status)
            return CallResult(answer=contract.refusal_answer(CallKind.SUBMIT, refusal))
        if not self._state.can_pay(contract, order):
            return self.refuse(contract, CallKind.SUBMIT, Refusal(reason=RefusalReason.NO_BALANCE))
        tied = (owner, key) if key and contract.honours_idempotency_keys else None
        task = self._state.accept(contract, order, payload, fault, shape, tied)
        view = self._state.view(contract, task, _status_override(fault))
        return CallResult(answer=contract.submit_answer(view), task=task, is_charged=True)

    def _repeat_submit(self, contract: GatewayContract, payload: str, earlier: tuple[str, str]) -> CallResult:
        first_payload, task_id = earlier
        task = self._state.find_task(contract.name, task_id)
        if payload != first_payload or task is None:
            return self.refuse(contract, CallKind.SUBMIT, Refusal(reason=RefusalReason.CONFLICT))
        return CallResult(answer=contract.submit_answer(self._state.view(contract, task)), task=task)

    def _query_batch(self, contract: GatewayContract, received: IncomingCall) -> CallResult:
        body: Any = received.body
        tasks = [self._state.find_task(contract.name, task) for task in body["task_ids"]]
        return CallResult(answer=contract.batch_answer([self._state.view(contract, task) for task in tasks if task]))

    def _query_task(self, contract: GatewayContract, received: IncomingCall, fault: Fault | None) -> CallResult:
        task = self._state.find_task(contract.name, contract.target_task_id(received))
        if task is None:
            return self.refuse(contract, received.kind, missing_refusal("task"))
        if fault and fault.kind is FaultKind.OTHER_TASK:
            view = self._state.other_task_view(contract, task)
        else:
            view = self._state.view(contract, task, _status_override(fault))
        match received.kind:
            case CallKind.FILE if view.link:
                return CallResult(answer=contract.file_answer(view), task=task)
            case CallKind.FILE:
                return self.refuse(contract, received.kind, missing_refusal("file"))
            case CallKind.EVENTS:
                return CallResult(answer=contract.events_answer(view), task=task)
            case _:
                return CallResult(answer=contract.poll_answer(view), task=task)

    def _has_valid_key(self, header: str) -> bool:
        key = header[len(_BEARER) :].strip() if header[: len(_BEARER)].lower() == _BEARER else ""
        return bool(key) and (not self._keys or key in self._keys)


def canonical_json(body: object) -> bytes:
    """A payload's bytes without its accidents: order of names, spaces. A ValueError for half of a surrogate pair."""
    return _encode_sorted(body).encode()


_encode_sorted = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def _status_override(fault: Fault | None) -> str:
    return (fault.text or "warming_up") if fault and fault.kind is FaultKind.UNKNOWN_STATUS else ""


def _check_parameters(route: CallRoute, received: IncomingCall) -> str:
    places: Mapping[str, Mapping[str, str]] = {"header": received.headers}
    for parameter in route.operation.parameters:
        given = places.get(parameter.location, received.parts)
        name = parameter.name.lower() if parameter.location == "header" else parameter.name
        words = parameter.find_error(given.get(name))
        if words:
            return words
    return ""


def _check_body(route: CallRoute, received: IncomingCall) -> str:
    if route.operation.body is None:
        return ""
    if not received.headers.get("content-type", "").lower().startswith("application/json"):
        return "the body is not sent as application/json"
    if received.body is None:
        return "the body is not JSON"
    return route.operation.body.find_error(received.body)
