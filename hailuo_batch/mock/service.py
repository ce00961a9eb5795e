"""Serves one request from its first byte to the record: finds the call, lets a fault meet it, lets the clerk serve it.

What an answer says is decided elsewhere; here it is only carried to its place.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from email.utils import formatdate
from functools import partial
from time import time
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from hailuo_batch.mock.byte_ranges import apply_range, validators
from hailuo_batch.mock.clips import ClipRenderer
from hailuo_batch.mock.clock import Clock
from hailuo_batch.mock.contract import GatewayContract
from hailuo_batch.mock.corrupt import DEFAULT_ANSWER, corrupt_answer, corrupt_clip, dead_link_answer, error_page
from hailuo_batch.mock.fault import Fault
from hailuo_batch.mock.handlers import CallHandler, CallResult, canonical_json
from hailuo_batch.mock.hooks import HookEvent, HookEventKind, HookListener
from hailuo_batch.mock.image_facts import aspect_ratio, check_frame, decode_image_facts, is_data_uri
from hailuo_batch.mock.journal import Journal, RequestEntry, redact_headers, redact_path, shorten_body
from hailuo_batch.mock.messages import Answer, CallKind, IncomingCall, Refusal, RefusalReason, json_answer
from hailuo_batch.mock.responder import UNANSWERED, Responder
from hailuo_batch.mock.router import CallRoute, Router
from hailuo_batch.mock.rule import FaultChooser
from hailuo_batch.mock.signed_links import CLIPS_PATH
from hailuo_batch.mock.state import LANDSCAPE, MockState, payload_digest
from hailuo_batch.mock.task import Order, Task
from hailuo_batch.mock.webhooks import CallbackSender
from hailuo_batch.values import dataclass

OTHER_HOST_PATH = "/elsewhere"
_DATE_PREFIX = "date:"  # a Retry-After so many seconds from now, as a date


@dataclass(slots=True, kw_only=True)
class RequestContext:
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
class ServiceParts:
    """Whom the service works with."""

    contracts: dict[str, GatewayContract]
    clock: Clock
    journal: Journal
    state: MockState
    handler: CallHandler
    chooser: FaultChooser
    router: Router
    clips: ClipRenderer
    callbacks: CallbackSender
    responder: Responder


class Service:
    """Answers requests. `other_host_url` is the address of another host, for redirects."""

    def __init__(self, parts: ServiceParts, listeners: Sequence[HookListener]) -> None:
        self._parts = parts
        self._listeners = listeners
        self._number = 0
        self._event_count = 0
        self.other_host_url = ""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The response to one request."""
        self._number += 1
        path, _, query = request.raw_path.partition("?")
        visit = RequestContext(number=self._number, at=self._parts.clock.now(), request=request, path=path, query=query)
        if path.startswith(OTHER_HOST_PATH):
            visit.path = path.removeprefix(OTHER_HOST_PATH)
            if not visit.path.startswith(CLIPS_PATH):
                visit.call = "elsewhere"
                return await self._send(visit, error_page(404))
        if visit.path.startswith(CLIPS_PATH):
            return await self._serve_clip(visit)
        return await self._serve_call(visit)

    async def _serve_call(self, context: RequestContext) -> web.StreamResponse:
        """A call at a gateway."""
        context.gateway, _, rest = context.path[1:].partition("/")
        found = self._parts.router.find(context.gateway, context.request.method, f"/{rest}")
        data = await context.request.read() if context.request.can_read_body else b""
        if isinstance(found, tuple):
            return await self._send(context, _unknown_route_answer(found))
        context.call = found.kind
        received, prompt = self._parse_call(context, found, data)
        self._notify(HookEventKind.RECEIVED, context)
        subject = received.parts.get("payload") or context.task
        context.fault = self._parts.chooser.pick(context.gateway, found.kind, subject, prompt)
        answer = DEFAULT_ANSWER
        if context.fault is None or context.fault.charges_submit:
            served = await self._answer_call(context, found, received)
            answer = served.answer
            if served.is_refused:
                context.fault = None  # it had nothing to spoil
        if context.fault:
            dated = _resolve_date(context.fault)
            answer = corrupt_answer(answer, dated, found, f"{self.other_host_url}{context.request.raw_path}")
        return await self._send(context, answer)

    def _parse_call(self, context: RequestContext, route: CallRoute, data: bytes) -> tuple[IncomingCall, str]:
        """The call taken apart, and the prompt it is about."""
        body, digest = _parse_body(data, context.gateway)
        context.body = body
        parts = (
            {**route.parts, **dict(parse_qsl(context.query, keep_blank_values=True))} if context.query else route.parts
        )
        headers: Any = context.request.headers  # names in any case
        if route.kind is CallKind.SUBMIT:
            parts = {**parts, "payload": digest}
            return IncomingCall(kind=route.kind, parts=parts, headers=headers, body=body), _find_prompt(body)
        received = IncomingCall(kind=route.kind, parts=parts, headers=headers, body=body)
        context.task = route.contract.target_task_id(received)
        task = self._parts.state.find_task(context.gateway, context.task)
        return received, task.prompt if task else ""

    async def _answer_call(self, context: RequestContext, route: CallRoute, received: IncomingCall) -> CallResult:
        """What the clerk says; a submit that is booked starts its drawing and its callbacks."""
        clerk, contract = self._parts.handler, route.contract
        refusal = clerk.check_call(route, received)
        if refusal:
            return clerk.refuse(contract, route.kind, refusal)
        if route.kind is not CallKind.SUBMIT:
            return clerk.serve(contract, received, context.fault)
        body: Any = received.body
        order = contract.parse_order(body)
        words, shape = await self._check_frames(contract, order)
        words = words or contract.complaint(order) or await self._challenge_callback(contract, order, received)
        if words:
            return clerk.refuse(contract, route.kind, Refusal(reason=RefusalReason.BAD_PARAMETER, words=words))
        served = clerk.serve(contract, received, context.fault, shape)
        if served.task and served.is_charged:
            self._start_task(context, contract, served.task, order.callback_url)
        return served

    async def _check_frames(self, contract: GatewayContract, order: Order) -> tuple[str, tuple[int, int]]:
        """What is wrong with the pictures that were sent along, and the shape of the first."""
        shape = LANDSCAPE
        for leads, frame in ((False, order.last), (True, order.first)):
            facts = await asyncio.to_thread(decode_image_facts, frame) if is_data_uri(frame) else None
            if facts is None:
                continue
            words = check_frame(facts)
            if words and contract.checks_frames:
                return words, LANDSCAPE
            shape = aspect_ratio(facts) if leads and not words else LANDSCAPE
        return "", shape

    async def _challenge_callback(self, contract: GatewayContract, order: Order, received: IncomingCall) -> str:
        """Words when a callback's address did not pass the challenge."""
        if not (order.callback_url and contract.challenges_callbacks):
            return ""
        word = received.parts["payload"][:10]
        passed = await self._parts.callbacks.challenge(contract, order.callback_url, word)
        return "" if passed else "invalid params, callback_url did not answer the challenge"

    def _start_task(self, context: RequestContext, contract: GatewayContract, task: Task, url: str) -> None:
        context.task, context.charged = task.id, True
        self._notify(HookEventKind.CHARGED, context)
        self._parts.clips.start(task)
        if url and contract.callback_phases:
            self._parts.callbacks.start(contract, task, url)

    async def _serve_clip(self, context: RequestContext) -> web.StreamResponse:
        """A download."""
        gateway, _, name = context.path.removeprefix(CLIPS_PATH).partition("/")
        context.gateway, context.call, context.task = gateway, CallKind.DOWNLOAD, name.removesuffix(".mp4")
        task = self._parts.state.find_task(gateway, context.task)
        if task is None or context.request.method not in {"GET", "HEAD"}:
            return await self._send(context, error_page(404))
        self._notify(HookEventKind.RECEIVED, context)
        contract = self._parts.contracts[gateway]
        if not context.request.raw_path.startswith(OTHER_HOST_PATH):
            context.fault = self._parts.chooser.pick(gateway, CallKind.DOWNLOAD, task.id, task.prompt)
        if not self._parts.state.links.is_alive(gateway, task.id, context.query, self._parts.clock.now()):
            context.fault = None
            return await self._send(context, dead_link_answer(contract))
        body = await self._parts.clips.read(task)
        answer = Answer(body=body, type="video/mp4", headers=validators(task.id, task.end_time))
        if context.request.method == "GET":
            answer = apply_range(answer, context.request.headers)
        if context.fault:
            elsewhere = f"{self.other_host_url}{context.request.raw_path}"
            answer = corrupt_clip(answer, _resolve_date(context.fault), contract, elsewhere)
        return await self._send(context, answer)

    async def _send(self, context: RequestContext, answer: Answer) -> web.StreamResponse:
        """Keeps the request, then lets the answer go."""
        self._log_request(context, answer)
        if not self._listeners:
            return await self._parts.responder.send(context.request, answer, context.fault)
        half = partial(self._notify, HookEventKind.HALF_SENT, context)
        response = await self._parts.responder.send(context.request, answer, context.fault, half)
        await response.prepare(context.request)
        await response.write_eof()
        self._notify(HookEventKind.ANSWERED, context)
        return response

    def _log_request(self, context: RequestContext, answer: Answer) -> None:
        fault, headers = context.fault, context.request.headers
        self._parts.journal.add_request(
            RequestEntry(
                number=context.number,
                at=context.at,
                method=context.request.method,
                path=redact_path(context.request.raw_path),
                host=headers.get("Host", ""),
                gateway=context.gateway,
                call=context.call,
                task=context.task,
                status=None if fault and fault.kind in UNANSWERED else answer.status,
                fault=fault.kind if fault else "",
                charged=context.charged,
                key="Authorization" in headers,
                headers=redact_headers(headers),
                body=shorten_body(context.body),
            )
        )

    def _notify(self, kind: HookEventKind, context: RequestContext) -> None:
        if self._listeners:
            self._event_count += 1
            moment = HookEvent(
                kind=kind,
                number=self._event_count,
                request=context.number,
                gateway=context.gateway,
                call=context.call,
                task=context.task,
            )
            for listener in tuple(self._listeners):
                listener(moment)


def _unknown_route_answer(allowed: tuple[str, ...]) -> Answer:
    if not allowed:
        return json_answer({"message": "there is nothing at this address"}, 404)
    return json_answer({"message": "method not allowed"}, 405, headers={"Allow": ", ".join(allowed)})


def _parse_body(data: bytes, gateway: str) -> tuple[object, str]:
    """The JSON of a body, and the name of its payload; None when it is no JSON, or nested too deep to be a call."""
    if not data:
        return None, ""
    try:
        body: object = json.loads(data)
        return body, payload_digest(gateway, canonical_json(body))
    except (ValueError, RecursionError):
        return None, payload_digest(gateway, data)


def _find_prompt(body: Any) -> str:
    """The prompt of a submit at any gateway, right or wrong."""
    while isinstance(body, dict):
        if isinstance(body.get("prompt"), str):
            return str(body["prompt"])
        body = body.get("params", body.get("input"))
        body = body[0] if isinstance(body, list) and body else body
    return ""


def _resolve_date(fault: Fault) -> Fault:
    """`date:30` as the date in thirty of the world's seconds."""
    after = fault.retry_after
    if after is None or not after.startswith(_DATE_PREFIX):
        return fault
    return replace(fault, retry_after=formatdate(time() + float(after.removeprefix(_DATE_PREFIX)), usegmt=True))
