"""What goes in and out of a gateway's contract, as values: a call that arrived, its answer, and why it is refused.

Nothing here knows a gateway, a socket or a clock.
"""

import json
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from hailuo_batch.values import dataclass


class CallKind(StrEnum):
    """What a call is for; scripts name these."""

    SUBMIT = "submit"  # the one that costs money
    POLL = "poll"  # how far is it
    FILE = "file"  # MiniMax's second call, for the link
    DOWNLOAD = "download"  # the clip itself
    BALANCE = "balance"
    LIST = "list"  # odkkk's tasks
    BATCH = "batch"  # several of odkkk's tasks in one call
    EVENTS = "events"  # MindVideo's events of a task


class RefusalReason(StrEnum):
    """Why a gateway refuses a call."""

    BAD_PARAMETER = "bad_parameter"
    BAD_KEY = "bad_key"
    NO_BALANCE = "no_balance"
    NOT_ALLOWED = "not_allowed"  # the account may not use this model
    MODERATION = "moderation"  # the prompt or a picture, seen before anything was made
    CONFLICT = "conflict"  # an idempotency key with another payload
    MISSING = "missing"  # no such task or file
    THROTTLED = "throttled"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A reason with what a script or a check adds: its own words, a code of the gateway, an HTTP status."""

    reason: RefusalReason
    words: str = ""
    code: str = ""
    status: int | None = None
    retry_after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingCall:
    """A call as it arrived, with its path taken apart."""

    kind: CallKind
    parts: Mapping[str, str] = field(default_factory=dict)  # names in the path and the query
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back, if nothing spoils it on the way."""

    status: int = 200
    body: bytes = b""
    type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """The value as an answer."""
    return Answer(status=status, body=_encode_json(value).encode("utf-8", "replace"), headers=headers or {})


_encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
