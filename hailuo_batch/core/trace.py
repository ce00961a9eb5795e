"""What a trace contains: one value for each request, ledger move and wait.

Standard logging carries a value as a record's message. As text, it is the line that `-v` shows; its fields are the line
of JSON in a trace file. The code that makes a value has removed the secrets (`redaction.py`). Does no I/O.
"""

from collections.abc import Mapping
from dataclasses import asdict, field
from enum import StrEnum
from typing import ClassVar

from hailuo_batch.values import dataclass


class WaitReason(StrEnum):
    """Why something waits."""

    OWN_PACE = "own_pace"  # our limit of submits or polls: the gateway publishes it, or the settings say it
    FIRST_CLIPS = "first_clips"  # a few takes go first there, until one of them is stored
    CONCURRENCY = "concurrency"  # as many tasks run, or submits are unanswered, as may
    THROTTLED = "throttled"  # the gateway said "too fast"
    POLL = "poll"  # until the next poll of a running task
    CALLBACK = "callback"  # until the gateway calls back about a running task, and at the latest until the next poll
    RESEND = "resend"  # before the same call goes out again
    FRAME = "frame"  # another shot is rendered first, whose frame this one starts from
    SLOT = "slot"  # as many calls or downloads are under way as this machine holds


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLine:
    """One HTTP request with its reply. `status` is None when none came; `key`: it carried an Authorization header."""

    what: ClassVar = "request"
    method: str
    host: str
    path: str
    gateway: str
    call: str  # submit, read, download or image
    key: bool
    status: int | None
    ms: int
    query: Mapping[str, object] = field(default_factory=dict)
    body: object = None
    headers: Mapping[str, object] = field(default_factory=dict)  # of the reply
    reply: object = None
    failure: str = ""

    def __str__(self) -> str:
        came = self.status if self.status is not None else "no reply"
        why = f" ({self.failure})" if self.failure else ""
        who = f"{self.gateway} {self.call}".strip()
        return f"{who}: {self.method} {self.host}{self.path} → {came}{why}, {self.ms} ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveLine:
    """A move of an attempt that the ledger has made durable; `failure` says why it could not."""

    what: ClassVar = "move"
    attempt: int | None
    move: str
    stage: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    failure: str = ""

    def __str__(self) -> str:
        facts = "".join(f", {name} {_fact_text(value)}" for name, value in self.facts.items())
        return f"attempt {self.attempt}: {self.move} → {self.failure or self.stage}{facts}"


def _fact_text(value: object) -> str:
    return " ".join(str(each) for each in value.values() if each) if isinstance(value, Mapping) else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitLine:
    """A wait that begins; `seconds` is None when it ends with the work of another step."""

    what: ClassVar = "wait"
    reason: WaitReason
    seconds: float | None
    gateway: str = ""
    task: str = ""
    shot: str = ""
    why: str = ""

    def __str__(self) -> str:
        long = "" if self.seconds is None else f", {self.seconds:.1f} s"
        who = " ".join(part for part in (self.gateway, self.task and f"task {self.task}", self.shot) if part)
        return f"{who or 'this machine'} waits: {self.reason}{long}" + (f" ({self.why})" if self.why else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackLine:
    """A gateway called back about a task."""

    what: ClassVar = "callback"
    gateway: str
    task: str

    def __str__(self) -> str:
        return f"{self.gateway} called back about task {self.task}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallersLine:
    """How many calls the server for callbacks refused, by reason; reported once, at its end."""

    what: ClassVar = "callers"
    refused: Mapping[str, int]

    def __str__(self) -> str:
        return f"callbacks refused: {', '.join(f'{number} {why}' for why, number in self.refused.items())}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartLine:
    """A command begins."""

    what: ClassVar = "start"
    command: str
    version: str
    python: str
    system: str

    def __str__(self) -> str:
        return f"hailuo-batch {self.version} {self.command}, Python {self.python}, {self.system}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndLine:
    """A command ended."""

    what: ClassVar = "end"
    exit: int

    def __str__(self) -> str:
        return f"exit {self.exit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BugLine:
    """An unexpected exception."""

    what: ClassVar = "bug"
    traceback: str

    def __str__(self) -> str:
        return self.traceback.rstrip().rpartition("\n")[2]


_ALWAYS = frozenset({"status", "seconds"})  # here None says something
TraceLine = RequestLine | MoveLine | WaitLine | CallbackLine | CallersLine | StartLine | EndLine | BugLine


def trace_members(line: TraceLine, at: float) -> dict[str, object]:
    """The members of a line in a trace file, without those that say nothing; `at` is seconds since the epoch."""
    members = {name: value for name, value in asdict(line).items() if name in _ALWAYS or value not in (None, "", {})}
    return {"what": line.what, "at": round(at, 3), **members}
