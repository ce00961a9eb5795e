"""Serves one call at a gateway: checks it as its contract says, books it, and words the answer. It never waits.

Faults that only spoil an answer on its way are not known here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hailuo_batch.mock.contract import Contract, missing
from hailuo_batch.mock.fault import Fault, FaultKind
from hailuo_batch.mock.messages import Answer, CallKind, Reason, Received, Refusal
from hailuo_batch.mock.router import Found
from hailuo_batch.mock.state import LANDSCAPE, Desk
from hailuo_batch.mock.task import Task

_BEARER = "bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The answer, and which task it is about. `booked`: a charge was made for it; `refused`: the gateway said no, and
    not because of a fault.
    """

    answer: Answer
    task: Task | None = None
    booked: bool = False
    refused: bool = False


class Clerk:
    """Works at one desk; `keys` are the ones that are taken, none for any."""

    def __init__(self, desk: Desk, keys: tuple[str, ...]) -> None:
        self._desk = desk
        self._keys = frozenset(keys)

    def complaint(self, found: Found, received: Received) -> Refusal | None:
        """Why the call is not as the contract wants it."""
        if not self._key_is_good(received.headers.get("authorization", "")):
            return Refusal(reason=Reason.BAD_KEY, status=None if received.headers.get("authorization") else 401)
        words = _parameter_complaint(found, received) or _body_complaint(found, received)
        if words:
            return Refusal(reason=Reason.BAD_PARAMETER, words=words)
        return None

    def serve(
        self, contract: Contract, received: Received, fault: Fault | None, shape: tuple[int, int] = LANDSCAPE
    ) -> Served:
        """The answer to a call that nobody complained about."""
        match received.kind:
            case CallKind.SUBMIT:
                return self._submit(contract, received, fault, shape)
            case CallKind.BALANCE:
                return Served(answer=contract.balance(self._desk.account(contract.name)))
            case CallKind.LIST:
                views = [self._desk.view(contract, task) for task in self._desk.tasks(contract.name)]
                return Served(answer=contract.listed(views, received.parts))
            case CallKind.BATCH:
                return self._batch(contract, received)
            case _:
                return self._look(contract, received, fault)

    def refused(self, contract: Contract, call: CallKind, refusal: Refusal) -> Served:
        """No, in the gateway's shape."""
        return Served(answer=contract.refuse(call, refusal), refused=True)

    def _submit(self, contract: Contract, received: Received, fault: Fault | None, shape: tuple[int, int]) -> Served:
        body: Any = received.body
        order, payload = contract.order(body), received.parts["payload"]
        owner, key = received.headers.get("authorization", ""), received.headers.get("idempotency-key", "")
        earlier = self._desk.recall(contract.name, owner, key) if key and contract.honours_keys else None
        if earlier:
            return self._again(contract, payload, earlier)
        if fault and fault.kind is FaultKind.INPUT_REFUSED and contract.refuses_early:
            refusal = Refusal(reason=Reason.MODERATION, words=fault.text, code=fault.code, status=fault.status)
            return Served(answer=contract.refuse(CallKind.SUBMIT, refusal))
        if not self._desk.can_pay(contract.name, order):
            return self.refused(contract, CallKind.SUBMIT, Refusal(reason=Reason.NO_BALANCE))
        task = self._desk.accept(contract, order, payload, fault, shape)
        if key and contract.honours_keys:
            self._desk.remember(contract.name, owner, key, payload, task.id)
        view = self._desk.view(contract, task, _word(fault))
        return Served(answer=contract.submitted(view), task=task, booked=True)

    def _again(self, contract: Contract, payload: str, earlier: tuple[str, str]) -> Served:
        first_payload, task_id = earlier
        task = self._desk.find(contract.name, task_id)
        if payload != first_payload or task is None:
            return self.refused(contract, CallKind.SUBMIT, Refusal(reason=Reason.CONFLICT))
        return Served(answer=contract.submitted(self._desk.view(contract, task)), task=task)

    def _batch(self, contract: Contract, received: Received) -> Served:
        body: Any = received.body
        tasks = [self._desk.find(contract.name, task) for task in body["task_ids"]]
        return Served(answer=contract.batch([self._desk.view(contract, task) for task in tasks if task]))

    def _look(self, contract: Contract, received: Received, fault: Fault | None) -> Served:
        task = self._desk.find(contract.name, contract.sought(received))
        if task is None:
            return self.refused(contract, received.kind, missing("task"))
        if fault and fault.kind is FaultKind.OTHER_TASK:
            view = self._desk.stranger(contract, task)
        else:
            view = self._desk.view(contract, task, _word(fault))
        match received.kind:
            case CallKind.FILE if view.link:
                return Served(answer=contract.file(view), task=task)
            case CallKind.FILE:
                return self.refused(contract, received.kind, missing("file"))
            case CallKind.EVENTS:
                return Served(answer=contract.events(view), task=task)
            case _:
                return Served(answer=contract.seen(view), task=task)

    def _key_is_good(self, header: str) -> bool:
        key = header[len(_BEARER) :].strip() if header[: len(_BEARER)].lower() == _BEARER else ""
        return bool(key) and (not self._keys or key in self._keys)


def canonical(body: object) -> bytes:
    """A payload's bytes without its accidents: order of names, spaces. A ValueError for half of a surrogate pair."""
    return _in_order(body).encode()


_in_order = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def _word(fault: Fault | None) -> str:
    return (fault.text or "warming_up") if fault and fault.kind is FaultKind.UNKNOWN_STATUS else ""


def _parameter_complaint(found: Found, received: Received) -> str:
    places: Mapping[str, Mapping[str, str]] = {"header": received.headers}
    for parameter in found.operation.parameters:
        given = places.get(parameter.place, received.parts)
        name = parameter.name.lower() if parameter.place == "header" else parameter.name
        words = parameter.complaint(given.get(name))
        if words:
            return words
    return ""


def _body_complaint(found: Found, received: Received) -> str:
    if found.operation.body is None:
        return ""
    if not received.headers.get("content-type", "").lower().startswith("application/json"):
        return "the body is not sent as application/json"
    if received.body is None:
        return "the body is not JSON"
    return found.operation.body.complaint(received.body)
