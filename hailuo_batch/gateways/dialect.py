"""How a gateway talks, without talking: conversations that yield calls, are sent replies, and return a value.

A dialect is pure: it builds calls and reads replies. Who carries a call over the wire, how often it may be repeated and
what a lost answer means stands in `drivers/http.py`. Nothing here knows a key, a host or a clock.
"""

from collections.abc import Generator, Mapping
from dataclasses import field
from typing import Protocol, TypeVar

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.money import Money
from hailuo_batch.core.request.request import Request
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP request, below the gateway's base address.

    `paid` marks the one that may cost money; `idempotent` says of such a one that it carries a key by which the gateway
    accepts it once however often it is sent, so that a submit without an answer may be resent.
    """

    method: str
    path: str  # percent-encoded already; what stands in `query` is not
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)  # without the key, which the driver adds
    paid: bool = False
    idempotent: bool = False

    def __post_init__(self) -> None:
        # Money: HTTP libraries send other methods a second time by themselves when a connection breaks.
        if self.paid and self.method != "POST":
            raise AssertionError(f"a paid call is a POST, not a {self.method}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Its answer: the status, header names in lower case, and the body as JSON (None when it is none) and as text."""

    status: int
    body: object
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRequest:
    """A request in the gateway's terms: seconds as it sells them, frames as addresses or data URIs."""

    request: Request
    seconds: int
    first: str | None = None
    last: str | None = None
    callback_url: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitAccepted:
    """The gateway took it: the task's id, what it says it will cost, and its id of the call."""

    task: str
    estimate: Money | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRunning:
    """Not done yet: the gateway's own word, and how far it is (0 to 1), if it reports that."""

    status: str
    progress: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipReady:
    """The clip is made: where it can be fetched for `link_seconds` (None: not known), and what it cost."""

    link: str
    link_seconds: float | None = None
    cost: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTask:
    """A task that the gateway lists: for settling a doubt. `created` is seconds since the epoch, if it reports that."""

    task: str
    status: str
    model: str | None = None
    created: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What is left on the account; `remaining` None is unlimited or not reported."""

    remaining: Money | None
    unlimited: bool = False


Value_co = TypeVar("Value_co", covariant=True)
Conversation = Generator[Call, Reply, Value_co]


class Dialect(Protocol):
    """One gateway's way of talking. A conversation returns a `Failure` for everything the gateway refuses.

    It never raises for what a reply holds. A question that the gateway has no words for comes back as a `Failure`
    before any call, so that nothing was sent.
    """

    def format_prompt(self, prompt: str) -> str:
        """A prompt as the gateway is sent it, with the gateway's own words for camera commands."""
        ...

    def submit(self, gateway_request: GatewayRequest) -> Conversation[SubmitAccepted | Failure]:
        """The one call that may cost money."""
        ...

    def poll(self, task: str) -> Conversation[TaskRunning | ClipReady | Failure]:
        """Reads a task; some gateways need a second call for the link. A fresh link is had by polling again.

        Only the kinds refused, prompt_refused, clip_refused and broken say that the task ended without a clip. Every
        other failure is of the call alone, and the task may be running or made.
        """
        ...

    def tasks(self) -> Conversation[tuple[FoundTask, ...] | Failure] | None:
        """The gateway's list of tasks, or None when it has none."""
        ...

    def balance(self) -> Conversation[Balance | Failure] | None:
        """What is left on the account, or None when it does not report it."""
        ...

    def events(self, task: str) -> Conversation[tuple[Mapping[str, object], ...] | Failure] | None:
        """A task's events for people to read, or None when there are none."""
        ...

    def parse_callback(self, body: object) -> str:
        """The task that a callback's body speaks of, or an empty text; a reason to poll it, and nothing more."""
        ...
