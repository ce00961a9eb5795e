"""Serves one request from its first byte to the record: finds the call, lets a fault meet it, lets the clerk serve it.

What an answer says is decided elsewhere; here it is only carried to its place.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from email.utils import formatdate
from functools import partial
from time import time
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from hailuo_batch.mock.byte_ranges import ranged, validators
from hailuo_batch.mock.clips import Clips
from hailuo_batch.mock.clock import Clock
from hailuo_batch.mock.contract import Contract
from hailuo_batch.mock.corrupt import NOTHING, dead, page, spoilt, spoilt_clip
from hailuo_batch.mock.fault import Fault
from hailuo_batch.mock.handlers import Clerk, Served, canonical
from hailuo_batch.mock.hooks import Listener, Moment, MomentKind
from hailuo_batch.mock.image_facts import facts_of, frame_complaint, is_inline, shape_of
from hailuo_batch.mock.journal import Entry, Record, shown_body, shown_headers, shown_path
from hailuo_batch.mock.messages import Answer, CallKind, Reason, Received, Refusal, in_json
from hailuo_batch.mock.responder import UNANSWERED, Wire
from hailuo_batch.mock.router import Door, Found
from hailuo_batch.mock.rule import Chooser
from hailuo_batch.mock.signed_links import CLIPS
from hailuo_batch.mock.state import LANDSCAPE, Desk, payload_digest
from hailuo_batch.mock.task import Order, Task
from hailuo_batch.mock.webhooks import Callbacks

ELSEWHERE = "/elsewhere"
_DATED = "date:"  # a Retry-After so many seconds from now, as a date


@dataclass(slots=True, kw_only=True)
class Visit:
    """One request while it is served; what is found out about it is written here, and in the end kept."""

    number: int
    at: float
    request: web.BaseRequest
    path: str
    query: str
    gateway: str = ""
    call: str = ""
    task: str = ""
    fault: Fault | None = None
    charged: bool = False
    body: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Whom the service works with."""

    contracts: dict[str, Contract]
    clock: Clock
    record: Record
    desk: Desk
    clerk: Clerk
    chooser: Chooser
    door: Door
    clips: Clips
    callbacks: Callbacks
    wire: Wire


class Service:
    """Answers requests. `stranger` is the address of another host, for redirects."""

    def __init__(self, parts: Parts, listeners: Sequence[Listener]) -> None:
        self._parts = parts
        self._listeners = listeners
        self._number = 0
        self._moments = 0
        self.stranger = ""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The response to one request."""
        self._number += 1
        path, _, query = request.raw_path.partition("?")
        visit = Visit(number=self._number, at=self._parts.clock.now(), request=request, path=path, query=query)
        if path.startswith(ELSEWHERE):
            visit.path = path.removeprefix(ELSEWHERE)
            if not visit.path.startswith(CLIPS):
                visit.call = "elsewhere"
                return await self._send(visit, page(404))
        if visit.path.startswith(CLIPS):
            return await self._clip(visit)
        return await self._call(visit)

    async def _call(self, visit: Visit) -> web.StreamResponse:
        """A call at a gateway."""
        visit.gateway, _, rest = visit.path[1:].partition("/")
        found = self._parts.door.find(visit.gateway, visit.request.method, f"/{rest}")
        data = await visit.request.read() if visit.request.can_read_body else b""
        if isinstance(found, tuple):
            return await self._send(visit, _not_here(found))
        visit.call = found.kind
        received, prompt = self._received(visit, found, data)
        self._tell(MomentKind.RECEIVED, visit)
        subject = received.parts.get("payload") or visit.task
        visit.fault = self._parts.chooser.pick(visit.gateway, found.kind, subject, prompt)
        answer = NOTHING
        if visit.fault is None or visit.fault.books:
            served = await self._served(visit, found, received)
            answer = served.answer
            if served.refused:
                visit.fault = None  # it had nothing to spoil
        if visit.fault:
            dated = _dated(visit.fault)
            answer = spoilt(answer, dated, found, f"{self.stranger}{visit.request.raw_path}")
        return await self._send(visit, answer)

    def _received(self, visit: Visit, found: Found, data: bytes) -> tuple[Received, str]:
        """The call taken apart, and the prompt it is about."""
        body, digest = _parsed(data, visit.gateway)
        visit.body = body
        parts = {**found.parts, **dict(parse_qsl(visit.query, keep_blank_values=True))} if visit.query else found.parts
        headers: Any = visit.request.headers  # names in any case
        if found.kind is CallKind.SUBMIT:
            parts = {**parts, "payload": digest}
            return Received(kind=found.kind, parts=parts, headers=headers, body=body), _prompt(body)
        received = Received(kind=found.kind, parts=parts, headers=headers, body=body)
        visit.task = found.contract.sought(received)
        task = self._parts.desk.find(visit.gateway, visit.task)
        return received, task.prompt if task else ""

    async def _served(self, visit: Visit, found: Found, received: Received) -> Served:
        """What the clerk says; a submit that is booked starts its drawing and its callbacks."""
        clerk, contract = self._parts.clerk, found.contract
        refusal = clerk.complaint(found, received)
        if refusal:
            return clerk.refused(contract, found.kind, refusal)
        if found.kind is not CallKind.SUBMIT:
            return clerk.serve(contract, received, visit.fault)
        body: Any = received.body
        order = contract.order(body)
        words, shape = await self._looked_at(contract, order)
        words = words or contract.complaint(order) or await self._challenged(contract, order, received)
        if words:
            return clerk.refused(contract, found.kind, Refusal(reason=Reason.BAD_PARAMETER, words=words))
        served = clerk.serve(contract, received, visit.fault, shape)
        if served.task and served.booked:
            self._booked(visit, contract, served.task, order.callback_url)
        return served

    async def _looked_at(self, contract: Contract, order: Order) -> tuple[str, tuple[int, int]]:
        """What is wrong with the pictures that were sent along, and the shape of the first."""
        shape = LANDSCAPE
        for leads, frame in ((False, order.last), (True, order.first)):
            facts = await asyncio.to_thread(facts_of, frame) if is_inline(frame) else None
            if facts is None:
                continue
            words = frame_complaint(facts)
            if words and contract.limits_frames:
                return words, LANDSCAPE
            shape = shape_of(facts) if leads and not words else LANDSCAPE
        return "", shape

    async def _challenged(self, contract: Contract, order: Order, received: Received) -> str:
        """Words when a callback's address did not pass the challenge."""
        if not (order.callback_url and contract.challenges):
            return ""
        word = received.parts["payload"][:10]
        passed = await self._parts.callbacks.challenge(contract, order.callback_url, word)
        return "" if passed else "invalid params, callback_url did not answer the challenge"

    def _booked(self, visit: Visit, contract: Contract, task: Task, url: str) -> None:
        visit.task, visit.charged = task.id, True
        self._tell(MomentKind.CHARGED, visit)
        self._parts.clips.begin(task)
        if url and contract.callbacks:
            self._parts.callbacks.begin(contract, task, url)

    async def _clip(self, visit: Visit) -> web.StreamResponse:
        """A download."""
        gateway, _, name = visit.path.removeprefix(CLIPS).partition("/")
        visit.gateway, visit.call, visit.task = gateway, CallKind.DOWNLOAD, name.removesuffix(".mp4")
        task = self._parts.desk.find(gateway, visit.task)
        if task is None or visit.request.method not in {"GET", "HEAD"}:
            return await self._send(visit, page(404))
        self._tell(MomentKind.RECEIVED, visit)
        contract = self._parts.contracts[gateway]
        if not visit.request.raw_path.startswith(ELSEWHERE):
            visit.fault = self._parts.chooser.pick(gateway, CallKind.DOWNLOAD, task.id, task.prompt)
        if not self._parts.desk.links.alive(gateway, task.id, visit.query, self._parts.clock.now()):
            visit.fault = None
            return await self._send(visit, dead(contract))
        body = await self._parts.clips.of(task)
        answer = Answer(body=body, type="video/mp4", headers=validators(task.id, task.ended))
        if visit.request.method == "GET":
            answer = ranged(answer, visit.request.headers)
        if visit.fault:
            elsewhere = f"{self.stranger}{visit.request.raw_path}"
            answer = spoilt_clip(answer, _dated(visit.fault), contract, elsewhere)
        return await self._send(visit, answer)

    async def _send(self, visit: Visit, answer: Answer) -> web.StreamResponse:
        """Keeps the request, then lets the answer go."""
        self._keep(visit, answer)
        if not self._listeners:
            return await self._parts.wire.send(visit.request, answer, visit.fault)
        half = partial(self._tell, MomentKind.HALF_SENT, visit)
        response = await self._parts.wire.send(visit.request, answer, visit.fault, half)
        await response.prepare(visit.request)
        await response.write_eof()
        self._tell(MomentKind.ANSWERED, visit)
        return response

    def _keep(self, visit: Visit, answer: Answer) -> None:
        fault, headers = visit.fault, visit.request.headers
        self._parts.record.request(
            Entry(
                number=visit.number,
                at=visit.at,
                method=visit.request.method,
                path=shown_path(visit.request.raw_path),
                host=headers.get("Host", ""),
                gateway=visit.gateway,
                call=visit.call,
                task=visit.task,
                status=None if fault and fault.kind in UNANSWERED else answer.status,
                fault=fault.kind if fault else "",
                charged=visit.charged,
                key="Authorization" in headers,
                headers=shown_headers(headers),
                body=shown_body(visit.body),
            )
        )

    def _tell(self, kind: MomentKind, visit: Visit) -> None:
        if self._listeners:
            self._moments += 1
            moment = Moment(
                kind=kind,
                number=self._moments,
                request=visit.number,
                gateway=visit.gateway,
                call=visit.call,
                task=visit.task,
            )
            for listener in tuple(self._listeners):
                listener(moment)


def _not_here(allowed: tuple[str, ...]) -> Answer:
    if not allowed:
        return in_json({"message": "there is nothing at this address"}, 404)
    return in_json({"message": "method not allowed"}, 405, headers={"Allow": ", ".join(allowed)})


def _parsed(data: bytes, gateway: str) -> tuple[object, str]:
    """The JSON of a body, and the name of its payload; None when it is no JSON, or nested too deep to be a call."""
    if not data:
        return None, ""
    try:
        body: object = json.loads(data)
        return body, payload_digest(gateway, canonical(body))
    except (ValueError, RecursionError):
        return None, payload_digest(gateway, data)


def _prompt(body: Any) -> str:
    """The prompt of a submit at any gateway, right or wrong."""
    while isinstance(body, dict):
        if isinstance(body.get("prompt"), str):
            return str(body["prompt"])
        body = body.get("params", body.get("input"))
        body = body[0] if isinstance(body, list) and body else body
    return ""


def _dated(fault: Fault) -> Fault:
    """`date:30` as the date in thirty of the world's seconds."""
    after = fault.retry_after
    if after is None or not after.startswith(_DATED):
        return fault
    return replace(fault, retry_after=formatdate(time() + float(after.removeprefix(_DATED)), usegmt=True))
