"""Moments a test can act on: told as they happen, from inside the server's loop, which waits for each listener."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class MomentKind(StrEnum):
    """What has just happened."""

    RECEIVED = "received"  # a call has come in whole; nothing is decided
    CHARGED = "charged"  # a submit is booked; its answer is not sent
    ANSWERED = "answered"  # the whole answer was handed to the network
    HALF_SENT = "half_sent"  # half of a clip was


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One moment; `number` counts requests."""

    kind: MomentKind
    number: int
    gateway: str
    call: str
    task: str = ""


Listener = Callable[[Moment], None]
