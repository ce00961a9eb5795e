"""One gateway's contract, as the server needs it: which call is which, and how each answer looks. Pure.

Whether a call is right stands in the gateway's OpenAPI document (`load/openapi.py`); a contract adds what the document
cannot say. What a gateway calls its statuses, errors and links is the one thing its module knows.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from hailuo_batch.core.money import Money
from hailuo_batch.mock.fault import Fault, FaultKind
from hailuo_batch.mock.messages import Answer, CallKind, IncomingCall, Refusal, RefusalReason
from hailuo_batch.mock.prices import list_price
from hailuo_batch.mock.task import Order, Phase, TaskFailure, TaskView
from hailuo_batch.values import dataclass

DAY = 24 * 3600.0
HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBalance:
    """What is left on an account (None: no end) and what was spent."""

    left: Decimal | None
    spent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLink:
    """How the host of the clips answers a link that has died."""

    status: int
    body: str
    type: str


SIGNATURE_EXPIRED = DeadLink(
    status=403,
    type="application/xml",
    body="<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
)
FILE_GONE = DeadLink(status=404, type="text/html", body="<html><head><title>404 Not Found</title></head></html>")


class GatewayContract(ABC):
    """A gateway. A subclass gives the tables and draws the answers."""

    name: ClassVar[str]
    calls: ClassVar[Mapping[str, CallKind]]  # by the operationId of the document
    failures: ClassVar[Mapping[str, TaskFailure]]  # how tasks fail, by code; the first is the usual one
    moderation_codes: ClassVar[tuple[str, str]]  # codes of an input and of an output refused in the task
    refuses_early: ClassVar[bool] = False  # moderation of the input answers the submit already
    fresh_links: ClassVar[bool] = False  # each poll gives a new link; else a link is valid from the task's end on
    link_seconds: ClassVar[float] = DAY
    dead_link: ClassVar[DeadLink] = FILE_GONE
    honours_idempotency_keys: ClassVar[bool] = False  # idempotency
    callback_phases: ClassVar[frozenset[Phase]] = frozenset()  # what it reports: the end, and for some the begin
    checks_frames: ClassVar[bool] = False  # it publishes what a picture has to be
    challenges_callbacks: ClassVar[bool] = False  # the address must answer a challenge first
    callback_retry_seconds: ClassVar[tuple[float, ...]] = ()  # seconds before each further try

    @abstractmethod
    def parse_order(self, body: Mapping[str, Any]) -> Order:
        """The request of a valid submit."""

    @abstractmethod
    def new_id(self, mark: int) -> str:
        """A task's id in the gateway's form; equal marks give equal ids."""

    @abstractmethod
    def submit_answer(self, view: TaskView) -> Answer:
        """The answer to an accepted submit."""

    @abstractmethod
    def poll_answer(self, view: TaskView) -> Answer:
        """The answer to a poll."""

    @abstractmethod
    def refusal_answer(self, call: CallKind, refusal: Refusal) -> Answer:
        """No, in the gateway's shape."""

    def price(self, resolution: str, seconds: int, model: str = "") -> Money:  # noqa: ARG002 - most have one list
        """What one clip costs here; `model` is the gateway's own name of it."""
        return list_price(resolution, seconds)

    def complaint(self, order: Order) -> str:  # noqa: ARG002 - most have nothing to add
        """What is wrong with an order that its document cannot say."""
        return ""

    def target_task_id(self, received: IncomingCall) -> str:
        """The id of the task a call is about."""
        return received.parts.get("task_id", "")

    def failure(self, fault: Fault) -> TaskFailure:
        """How a task ends under this fault."""
        if fault.kind is FaultKind.CANCELLED:
            return TaskFailure(code=fault.code or "request_cancelled", words=fault.text or "Cancelled", cancelled=True)
        code = fault.code
        if not code and fault.kind is FaultKind.INPUT_REFUSED:
            code = self.moderation_codes[0]
        if not code and fault.kind is FaultKind.OUTPUT_REFUSED:
            code = self.moderation_codes[1]
        known = self.failures.get(code) if code else next(iter(self.failures.values()))
        return TaskFailure(code=known.code if known else code, words=fault.text or (known.words if known else "Failed"))

    def file_answer(self, view: TaskView) -> Answer:
        """A second call's answer, for the link."""
        raise NotImplementedError(self.name)

    def balance_answer(self, account: AccountBalance) -> Answer:
        """What is left."""
        raise NotImplementedError(self.name)

    def list_answer(self, views: Sequence[TaskView], query: Mapping[str, str]) -> Answer:
        """The tasks of the account."""
        raise NotImplementedError(self.name)

    def batch_answer(self, views: Sequence[TaskView]) -> Answer:
        """Several tasks in one answer."""
        raise NotImplementedError(self.name)

    def events_answer(self, view: TaskView) -> Answer:
        """A task's events."""
        raise NotImplementedError(self.name)

    def callback_body(self, view: TaskView) -> Mapping[str, Any]:
        """The body of a callback."""
        raise NotImplementedError(self.name)


def missing_refusal(what: str) -> Refusal:
    """There is no such task or file."""
    return Refusal(reason=RefusalReason.MISSING, words=f"{what} not found")


def failure_table(rows: Mapping[str, str]) -> dict[str, TaskFailure]:
    """A table of failures, from codes and words."""
    return {code: TaskFailure(code=code, words=words) for code, words in rows.items()}


def encode_letters(mark: int, alphabet: str, length: int) -> str:
    """A number in the letters of an alphabet, always as many."""
    found = []
    for _ in range(length):
        mark, place = divmod(mark, len(alphabet))
        found.append(alphabet[place])
    return "".join(found)


LOWERCASE_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
CROCKFORD_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
