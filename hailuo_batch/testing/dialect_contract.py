"""The contract that every dialect keeps, held against the gateway's own OpenAPI document. For authors of dialects too.

    contract = Contract(read_contract("schemas/openapi/minimax.openapi.yaml"))
    assert wrong_calls(dialect, provider, contract) == ()
    assert wrong_answers(dialect, contract, question, task) == ()

Calls are held against the document by openapi-core, which has to be installed. Answers are the document's examples:
each is played to the dialect; what it makes of it must fit the HTTP status and, for tasks, the example's name
(`succeeded…`, `failed…`, `cancelled…`; `queued…`, `running…`, `preparing…`, `unknown…`).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, Failure, FailureKind
from hailuo_batch.core.manifest.shot import Mode
from hailuo_batch.core.models import DEFAULT_MODEL
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.core.request.request import ImageRef, Request
from hailuo_batch.gateways.dialect import (
    Call,
    ClipReady,
    Conversation,
    Dialect,
    GatewayRequest,
    Reply,
    SubmitAccepted,
    TaskRunning,
)
from hailuo_batch.load.document import read_document
from hailuo_batch.values import dataclass

TASK_ENDING_KINDS = frozenset(kind for kind in FailureKind if FAILURE_POLICIES[kind].ends_task)
IMAGE = ImageRef(digest="sha256:" + "0" * 64)
IMAGE_URLS = ("https://example.com/first.png", "https://example.com/last.png")
DATA_URIS = ("data:image/png;base64,iVBORw0KGgo=", "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQ==")
_MAX_CALLS = 3  # calls of one conversation that examples are tried for
_KINDS_BY_STATUS = {  # what an HTTP status may be: of the call that may cost money, and of one that reads
    400: ({FailureKind.REFUSED, FailureKind.PROMPT_REFUSED}, {FailureKind.UNKNOWN_OUTCOME}),
    401: ({FailureKind.UNAUTHORIZED}, {FailureKind.UNAUTHORIZED}),
    402: ({FailureKind.UNPAID}, {FailureKind.UNPAID}),
    403: ({FailureKind.UNPAID, FailureKind.UNAUTHORIZED}, {FailureKind.UNPAID, FailureKind.UNAUTHORIZED}),
    404: ({FailureKind.REFUSED}, {FailureKind.UNKNOWN_OUTCOME}),
    409: ({FailureKind.REFUSED}, {FailureKind.UNKNOWN_OUTCOME}),
    422: ({FailureKind.REFUSED, FailureKind.PROMPT_REFUSED}, {FailureKind.UNKNOWN_OUTCOME}),
    429: ({FailureKind.THROTTLED}, {FailureKind.THROTTLED}),
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One answer of the document: under which status and name it stands there."""

    name: str  # such as "200 succeeded"
    reply: Reply


def read_openapi(file: Path | str) -> Mapping[str, Any]:
    """An OpenAPI document as data."""
    document = read_document(Path(file).read_bytes(), name=Path(file).name)
    assert isinstance(document.tree, dict), document.problems
    return document.tree


class OpenApiContract:
    """A gateway's OpenAPI document: which calls it allows, and which answers it shows."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        from openapi_core import OpenAPI

        self._document = document
        self._openapi = OpenAPI.from_dict(document)

    def call_fault(self, call: Call) -> str:
        """Why the document does not allow a call; empty when it does."""
        from openapi_core.exceptions import OpenAPIError
        from openapi_core.testing import MockRequest

        server = self._document["servers"][0]["url"]
        host = "/".join(server.split("/")[:3])
        body = None if call.body is None else json.dumps(call.body).encode()
        request = MockRequest(
            host,
            call.method.lower(),
            server[len(host) :] + call.path,
            args=dict(call.query),
            headers={"Authorization": "Bearer key", **call.headers},
            data=body,
        )
        try:
            self._openapi.validate_request(request)
        except OpenAPIError as error:
            return f"{type(error).__name__}: {error} {error.__cause__ or ''}".strip()
        return ""

    def examples(self, call: Call) -> Iterator[Example]:
        """Every answer that the document shows for a call."""
        for status, response in self._find_operation(call)["responses"].items():
            whole = self._resolve_refs(response)
            content = whole.get("content", {}).get("application/json", {})
            headers = {
                name.lower(): str(self._resolve_refs(row).get("example", ""))
                for name, row in whole.get("headers", {}).items()
            }
            for name, row in content.get("examples", {}).items():
                body = self._resolve_refs(row)["value"]
                reply = Reply(status=int(status), body=body, text=json.dumps(body), headers=headers)
                yield Example(name=f"{status} {name}", reply=reply)

    def _find_operation(self, call: Call) -> Mapping[str, Any]:
        """The operation with the most words in common, so that `/tasks/batch` is no task called batch; else nothing."""
        paths = sorted(self._document["paths"], key=lambda path: path.count("{"))
        found = next((path for path in paths if _matches_path(path, call.path)), "")
        operation: Mapping[str, Any] = (
            self._document["paths"].get(found, {}).get(call.method.lower(), {"responses": {}})
        )
        return operation

    def _resolve_refs(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in row:
            spot: Any = self._document
            for part in row["$ref"].removeprefix("#/").split("/"):
                spot = spot[part]
            row = spot
        return row


def _matches_path(template: str, path: str) -> bool:
    parts, given = template.split("/"), path.split("/")
    return len(parts) == len(given) and all(
        part.startswith("{") or part == one for part, one in zip(parts, given, strict=True)
    )


def sample_gateway_requests(provider: Provider) -> Iterator[tuple[str, GatewayRequest]]:
    """Every question that a provider sells, with a name: mode × size × length × switches, and what more may be said."""
    for mode, sizes in provider.offers.items():
        for size, lengths in sizes.items():
            for seconds in lengths:
                for name, question in _sample_variants(provider, mode):
                    request = replace(question.request, resolution=size, duration=seconds)
                    yield f"{mode}, {size}, {seconds} s{name}", replace(question, request=request, seconds=seconds)


def _sample_variants(provider: Provider, mode: Mode) -> Iterator[tuple[str, GatewayRequest]]:
    base = GatewayRequest(request=sample_request(mode, model=provider.model.name), seconds=6)
    kinds = [IMAGE_URLS] * provider.accepts_urls + [DATA_URIS] * provider.accepts_data
    for first, last in kinds if mode is not Mode.TEXT else [("", "")]:
        framed = replace(base, first=first or None, last=last if mode is Mode.FIRST_LAST else None)
        had = [name for name, _ in provider.model.switches if provider.switches is None or name in provider.switches]
        for values in product((True, False), repeat=len(had)):
            switches = tuple(zip(had, values, strict=True))
            request = replace(base.request, switches=switches)
            words = "".join(f", {name} {value}" for name, value in switches)
            yield words + f", {first[:5]}" * bool(first), replace(framed, request=request)
        if mode not in provider.prompt_modes:
            yield ", no prompt", replace(framed, request=replace(base.request, prompt=""))
        yield ", with a key", replace(framed, idempotency_key="0f8b2a52-5a0e-4c65-9f4e-2a4b3f6f7c11")
        if provider.callbacks:
            yield ", with a callback", replace(framed, callback_url="https://hooks.example.com/hailuo")


def sample_request(
    mode: Mode,
    prompt: str = "a kite over a salt flat [Pedestal up], then [Pan left, Shake]",
    *,
    model: str = DEFAULT_MODEL,
) -> Request:
    """A request of a mode, with every switch left alone."""
    return Request(
        model=model,
        prompt=prompt,
        duration=6,
        resolution="768p",
        first=None if mode is Mode.TEXT else IMAGE,
        last=IMAGE if mode is Mode.FIRST_LAST else None,
        switches=(),
        take=1,
    )


def play_conversation(conversation: Conversation[T], replies: Sequence[Reply]) -> tuple[list[Call], T | None]:
    """The calls of a conversation that gets these replies, and its value; None when it asks for more."""
    calls: list[Call] = []
    try:
        calls.append(next(conversation))
        for reply in replies:
            calls += [conversation.send(reply)]  # its end is no error here, as it would be inside a generator
    except StopIteration as stop:
        value: T = stop.value
        return calls, value
    return calls, None


def play_examples(start: Callable[[], Conversation[T]], contract: OpenApiContract) -> Iterator[tuple[str, T]]:
    """What a conversation makes of every example of the document, and of every example of the calls that follow."""
    yield from _play_examples(start, contract, (), "")


def _play_examples(
    start: Callable[[], Conversation[T]], contract: OpenApiContract, past: tuple[Reply, ...], name: str
) -> Iterator[tuple[str, T]]:
    calls, value = play_conversation(start(), past)
    if value is not None:
        yield name, value
    elif len(past) < _MAX_CALLS:
        for example in contract.examples(calls[-1]):
            whole = f"{name}, {example.name}" if name else example.name
            yield from _play_examples(start, contract, (*past, example.reply), whole)


def wrong_calls(dialect: Dialect, provider: Provider, contract: OpenApiContract) -> tuple[str, ...]:
    """Every call that the document does not allow, for every question that is sold, and for a task's reading."""
    wrong = []
    for name, question in sample_gateway_requests(provider):
        calls, value = play_conversation(dialect.submit(question), ())
        if isinstance(value, Failure):
            wrong.append(f"submit of {name}: not sent: {value.why}")
        wrong += [f"submit of {name}: {refusal}" for call in calls if (refusal := contract.call_fault(call))]
        wrong += [f"submit of {name}: the call is not marked as paid" for call in calls if not call.paid]
    for start in (dialect.tasks, dialect.balance):
        conversation = start()
        calls = play_conversation(conversation, ())[0] if conversation else []
        wrong += [f"{start.__name__}: {refusal}" for call in calls if (refusal := contract.call_fault(call))]
        wrong += [f"{start.__name__}: a call is marked as paid" for call in calls if call.paid]
    return tuple(wrong)


def wrong_answers(
    dialect: Dialect, contract: OpenApiContract, gateway_request: GatewayRequest, task: str
) -> tuple[str, ...]:
    """Every example of the document of which the dialect makes what it should not."""
    submits = list(play_examples(lambda: dialect.submit(gateway_request), contract))
    polls = list(play_examples(lambda: dialect.poll(task), contract))
    wrong = [f"submit, {name}: {fault}" for name, value in submits for fault in _submit_faults(name, value)]
    wrong += [f"poll, {name}: {fault}" for name, value in polls for fault in _poll_faults(name, value)]
    wrong += ["submit: the document shows no answer to this call"] * (not submits)
    wrong += ["poll: the document shows no answer to this call"] * (not polls)
    return tuple(wrong)


def _submit_faults(name: str, value: SubmitAccepted | Failure) -> Iterator[str]:
    status = int(name[:3])
    if isinstance(value, SubmitAccepted):
        if status >= 300 or not value.task:
            yield f"taken for a yes: {value}"
        return
    yield from _wording_faults(value)
    if status >= 300:
        yield from _kind_faults(value, _KINDS_BY_STATUS.get(status, ({FailureKind.UNKNOWN_OUTCOME}, set()))[0])


def _poll_faults(name: str, value: TaskRunning | ClipReady | Failure) -> Iterator[str]:
    """What is wrong with a value; of a conversation of several calls the last example decides."""
    status, _, word = name.rpartition(", ")[2].partition(" ")
    if isinstance(value, Failure):
        yield from _wording_faults(value)
    if int(status) >= 300:
        yield from _kind_faults(value, _KINDS_BY_STATUS.get(int(status), (set(), {FailureKind.FLAKY}))[1])
    elif word.startswith("succeeded") and not isinstance(value, ClipReady):
        yield f"should be made: {value}"
    elif word.startswith(("failed", "cancelled")):
        yield from _kind_faults(value, TASK_ENDING_KINDS)
    elif word.startswith(("queued", "running", "preparing", "unknown")) and not isinstance(value, TaskRunning):
        yield f"should be running: {value}"


def _kind_faults(value: object, kinds: set[FailureKind] | frozenset[FailureKind]) -> Iterator[str]:
    if not isinstance(value, Failure):
        yield f"should be a failure: {value}"
    elif value.kind not in kinds:
        yield f"is {value.kind} and should be {' or '.join(sorted(kinds))}"
    elif value.kind is FailureKind.THROTTLED and value.wait_seconds is None:
        yield "has a Retry-After that was not read"


def _wording_faults(failure: Failure) -> Iterator[str]:
    if not failure.why or not failure.remedy:
        yield f"does not say why and what to do: {failure}"
    if "://" in failure.why + failure.remedy:
        yield f"shows a link: {failure}"
