"""Moments a test can act on: reported as they happen, from inside the server's loop, which waits for each listener."""

from collections.abc import Callable
from enum import StrEnum

from hailuo_batch.values import dataclass


class HookEventKind(StrEnum):
    """What has just happened."""

    RECEIVED = "received"  # a call has come in whole; nothing is decided
    CHARGED = "charged"  # a submit is booked; its answer is not sent
    HALF_SENT = "half_sent"  # half of the bytes of an answer were handed to the network
    ANSWERED = "answered"  # all of them were, or the connection is gone as a fault wants it


@dataclass(frozen=True, slots=True, kw_only=True)
class HookEvent:
    """One moment. `number` counts all that were reported, from 1 on; `request` counts requests."""

    kind: HookEventKind
    number: int
    request: int
    gateway: str
    call: str
    task: str = ""


HookListener = Callable[[HookEvent], None]
