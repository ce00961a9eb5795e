"""Who works on a shared ledger: one command on one machine. It lives while its session holds the lock of its number."""

import os
import socket
import time
from dataclasses import asdict, field
from pathlib import Path
from typing import Any

import hailuo_batch
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderCard:
    """What a holder says of itself, for people on other machines; `since` is seconds since the epoch."""

    host: str
    person: str
    command: str
    place: str
    process: int = field(default_factory=os.getpid)
    program: str = hailuo_batch.__version__
    since: float = field(default_factory=time.time)

    @classmethod
    def of_this_process(cls, command: str, *, person: str = "someone", place: str = "") -> "HolderCard":
        """The card of this process; `place` is the project's folder."""
        return cls(host=socket.gethostname(), person=person, command=command, place=place or str(Path.cwd()))

    def as_tree(self) -> dict[str, Any]:
        """The card as JSON."""
        return asdict(self)
