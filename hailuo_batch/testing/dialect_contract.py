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
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

from hailuo_batch.core.attempt.failure import ALLOWS, Failure, Kind
from hailuo_batch.core.manifest.shot import Mode
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.core.request.request import HAILUO_02, Input, Request
from hailuo_batch.gateways.dialect import Accepted, Call, Conversation, Dialect, Made, Question, Reply, Running
from hailuo_batch.load.document import read_document

ENDED = frozenset(kind for kind in Kind if ALLOWS[kind].ends_task)
SWITCHES = ("prompt_optimizer", "fast_pretreatment", "watermark")
PICTURE = Input(digest="sha256:" + "0" * 64)
HOSTED = ("https://example.com/first.png", "https://example.com/last.png")
INLINE = ("data:image/png;base64,iVBORw0KGgo=", "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQ==")
_DEEPEST = 3  # calls of one conversation that examples are tried for
_KINDS = {  # what an HTTP status may be: of the call that may cost money, and of one that reads
    400: ({Kind.REFUSED, Kind.PROMPT_REFUSED}, {Kind.UNCLEAR}),
    401: ({Kind.UNAUTHORIZED}, {Kind.UNAUTHORIZED}),
    402: ({Kind.UNPAID}, {Kind.UNPAID}),
    403: ({Kind.UNPAID, Kind.UNAUTHORIZED}, {Kind.UNPAID, Kind.UNAUTHORIZED}),
    404: ({Kind.REFUSED}, {Kind.UNCLEAR}),
    409: ({Kind.REFUSED}, {Kind.UNCLEAR}),
    422: ({Kind.REFUSED, Kind.PROMPT_REFUSED}, {Kind.UNCLEAR}),
    429: ({Kind.THROTTLED}, {Kind.THROTTLED}),
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One answer of the document: under which status and name it stands there."""

    name: str  # such as "200 succeeded"
    reply: Reply


def read_contract(file: Path | str) -> Mapping[str, Any]:
    """An OpenAPI document as data."""
    document = read_document(Path(file).read_bytes(), name=Path(file).name)
    assert isinstance(document.tree, dict), document.problems  # noqa: S101 - a suite for tests
    return document.tree


class Contract:
    """A gateway's OpenAPI document: which calls it allows, and which answers it shows."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        from openapi_core import OpenAPI

        self._document = document
        self._openapi = OpenAPI.from_dict(document)

    def refusal(self, call: Call) -> str:
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
        for status, response in self._operation(call)["responses"].items():
            whole = self._whole(response)
            content = whole.get("content", {}).get("application/json", {})
            headers = {
                name.lower(): str(self._whole(row).get("example", "")) for name, row in whole.get("headers", {}).items()
            }
            for name, row in content.get("examples", {}).items():
                body = self._whole(row)["value"]
                reply = Reply(status=int(status), body=body, text=json.dumps(body), headers=headers)
                yield Example(name=f"{status} {name}", reply=reply)

    def _operation(self, call: Call) -> Mapping[str, Any]:
        """The operation with the most words in common, so that `/tasks/batch` is no task called batch; else nothing."""
        paths = sorted(self._document["paths"], key=lambda path: path.count("{"))
        found = next((path for path in paths if _fits(path, call.path)), "")
        operation: Mapping[str, Any] = (
            self._document["paths"].get(found, {}).get(call.method.lower(), {"responses": {}})
        )
        return operation

    def _whole(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in row:
            spot: Any = self._document
            for part in row["$ref"].removeprefix("#/").split("/"):
                spot = spot[part]
            row = spot
        return row


def _fits(template: str, path: str) -> bool:
    parts, given = template.split("/"), path.split("/")
    return len(parts) == len(given) and all(
        part.startswith("{") or part == one for part, one in zip(parts, given, strict=True)
    )


def questions(provider: Provider) -> Iterator[tuple[str, Question]]:
    """Every question that a provider sells, with a name: mode × size × length × switches, and what more may be said."""
    for mode, sizes in provider.offers.items():
        for size, lengths in sizes.items():
            for seconds in lengths:
                for name, question in _variants(provider, mode):
                    request = replace(question.request, resolution=size, duration=seconds)
                    yield f"{mode}, {size}, {seconds} s{name}", replace(question, request=request, seconds=seconds)


def _variants(provider: Provider, mode: Mode) -> Iterator[tuple[str, Question]]:
    base = Question(request=a_request(mode), seconds=6)
    kinds = [HOSTED] * provider.takes_addresses + [INLINE] * provider.takes_data
    for first, last in kinds if mode is not Mode.TEXT else [("", "")]:
        framed = replace(base, first=first or None, last=last if mode is Mode.FIRST_LAST else None)
        told = [
            (True, False) if provider.switches is None or each in provider.switches else (None,) for each in SWITCHES
        ]
        for values in product(*told):
            switches = dict(zip(SWITCHES, values, strict=True))
            request = replace(base.request, **switches)  # type: ignore[arg-type] # each is a switch of the request
            words = "".join(f", {name} {value}" for name, value in switches.items() if value is not None)
            yield words + f", {first[:5]}" * bool(first), replace(framed, request=request)
        if mode not in provider.prompt_needed:
            yield ", no prompt", replace(framed, request=replace(base.request, prompt=""))
        yield ", with a key", replace(framed, idempotency_key="0f8b2a52-5a0e-4c65-9f4e-2a4b3f6f7c11")
        if provider.callbacks:
            yield ", with a callback", replace(framed, callback_url="https://hooks.example.com/hailuo")


def a_request(mode: Mode, prompt: str = "a kite over a salt flat [Pedestal up], then [Pan left, Shake]") -> Request:
    """A request of a mode, with every switch left alone."""
    return Request(
        model=HAILUO_02,
        prompt=prompt,
        duration=6,
        resolution="768p",
        first=None if mode is Mode.TEXT else PICTURE,
        last=PICTURE if mode is Mode.FIRST_LAST else None,
        prompt_optimizer=None,
        fast_pretreatment=None,
        watermark=None,
        take=1,
    )


def converse(conversation: Conversation[T], replies: Sequence[Reply]) -> tuple[list[Call], T | None]:
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


def answers(start: Callable[[], Conversation[T]], contract: Contract) -> Iterator[tuple[str, T]]:
    """What a conversation makes of every example of the document, and of every example of the calls that follow."""
    yield from _answers(start, contract, (), "")


def _answers(
    start: Callable[[], Conversation[T]], contract: Contract, past: tuple[Reply, ...], name: str
) -> Iterator[tuple[str, T]]:
    calls, value = converse(start(), past)
    if value is not None:
        yield name, value
    elif len(past) < _DEEPEST:
        for example in contract.examples(calls[-1]):
            whole = f"{name}, {example.name}" if name else example.name
            yield from _answers(start, contract, (*past, example.reply), whole)


def wrong_calls(dialect: Dialect, provider: Provider, contract: Contract) -> tuple[str, ...]:
    """Every call that the document does not allow, for every question that is sold, and for a task's reading."""
    wrong = []
    for name, question in questions(provider):
        calls, value = converse(dialect.submit(question), ())
        if isinstance(value, Failure):
            wrong.append(f"submit of {name}: not sent: {value.why}")
        wrong += [f"submit of {name}: {refusal}" for call in calls if (refusal := contract.refusal(call))]
        wrong += [f"submit of {name}: the call is not marked as paid" for call in calls if not call.paid]
    for start in (dialect.tasks, dialect.balance):
        conversation = start()
        calls = converse(conversation, ())[0] if conversation else []
        wrong += [f"{start.__name__}: {refusal}" for call in calls if (refusal := contract.refusal(call))]
        wrong += [f"{start.__name__}: a call is marked as paid" for call in calls if call.paid]
    return tuple(wrong)


def wrong_answers(dialect: Dialect, contract: Contract, question: Question, task: str) -> tuple[str, ...]:
    """Every example of the document of which the dialect makes what it should not."""
    submits = list(answers(lambda: dialect.submit(question), contract))
    polls = list(answers(lambda: dialect.poll(task), contract))
    wrong = [f"submit, {name}: {fault}" for name, value in submits for fault in _submit_faults(name, value)]
    wrong += [f"poll, {name}: {fault}" for name, value in polls for fault in _poll_faults(name, value)]
    wrong += ["submit: the document shows no answer to this call"] * (not submits)
    wrong += ["poll: the document shows no answer to this call"] * (not polls)
    return tuple(wrong)


def _submit_faults(name: str, value: Accepted | Failure) -> Iterator[str]:
    status = int(name[:3])
    if isinstance(value, Accepted):
        if status >= 300 or not value.task:
            yield f"taken for a yes: {value}"
        return
    yield from _wordless(value)
    if status >= 300:
        yield from _misjudged(value, _KINDS.get(status, ({Kind.UNCLEAR}, set()))[0])


def _poll_faults(name: str, value: Running | Made | Failure) -> Iterator[str]:
    """What is wrong with a value; of a conversation of several calls the last example decides."""
    status, _, word = name.rpartition(", ")[2].partition(" ")
    if isinstance(value, Failure):
        yield from _wordless(value)
    if int(status) >= 300:
        yield from _misjudged(value, _KINDS.get(int(status), (set(), {Kind.FLAKY}))[1])
    elif word.startswith("succeeded") and not isinstance(value, Made):
        yield f"should be made: {value}"
    elif word.startswith(("failed", "cancelled")):
        yield from _misjudged(value, ENDED)
    elif word.startswith(("queued", "running", "preparing", "unknown")) and not isinstance(value, Running):
        yield f"should be running: {value}"


def _misjudged(value: object, kinds: set[Kind] | frozenset[Kind]) -> Iterator[str]:
    if not isinstance(value, Failure):
        yield f"should be a failure: {value}"
    elif value.kind not in kinds:
        yield f"is {value.kind} and should be {' or '.join(sorted(kinds))}"
    elif value.kind is Kind.THROTTLED and value.wait is None:
        yield "has a Retry-After that was not read"


def _wordless(failure: Failure) -> Iterator[str]:
    if not failure.why or not failure.remedy:
        yield f"does not say why and what to do: {failure}"
    if "://" in failure.why + failure.remedy:
        yield f"shows a link: {failure}"
