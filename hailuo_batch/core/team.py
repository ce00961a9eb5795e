"""Who shares a ledger, as values: what runs where, which caps there are, what each machine owes to the shared store.

A machine is one folder of one person on one host. Times are seconds since the epoch, by the server's clock.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hailuo_batch.core.money import Money
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamRun:
    """A command that works on the shared ledger now; `tasks` are the takes that it has under way."""

    host: str
    person: str
    place: str
    process: int
    program: str
    command: str
    since: float
    campaign: str
    tasks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind:
    """What a command that ended or was killed left: tasks that the next run follows, and takes in doubt."""

    host: str
    person: str
    place: str
    since: float
    running: int
    doubts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamCap:
    """A cap with what counts against it. Each run holds its own checkout's amount: `limits` are those of the live ones.

    `allowed` is the amount that the last reservation was checked against; None: a gateway asked for more since.
    """

    campaign: str
    tag: str
    since: float
    used: Money
    allowed: Money | None
    limits: tuple[tuple[str, Money], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamMachine:
    """A machine that ever wrote to the ledger; `owes`: clips that only it has. None: it never said."""

    host: str
    person: str
    place: str
    program: str
    since: float
    owes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """All of it, as of one moment."""

    now: float
    runs: tuple[TeamRun, ...]
    left_behind: tuple[LeftBehind, ...]
    caps: tuple[TeamCap, ...]
    machines: tuple[TeamMachine, ...]

    @property
    def programs(self) -> tuple[str, ...]:
        """The versions of the program that machines have."""
        return tuple(sorted({each.program for each in self.machines}))


def make_team(tree: Mapping[str, Any]) -> Team:
    """The team from the ledger's answer."""
    return Team(
        now=float(tree["now"]),
        runs=tuple(TeamRun(**{**row, "campaign": row["campaign"] or ""}) for row in tree["runs"]),
        left_behind=tuple(LeftBehind(**row) for row in tree["left_behind"]),
        caps=tuple(map(_make_cap, tree["caps"])),
        machines=tuple(TeamMachine(**row) for row in tree["machines"]),
    )


def _make_cap(row: Mapping[str, Any]) -> TeamCap:
    unit = row["currency"]
    return TeamCap(
        campaign=row["campaign"] or "",
        tag=row["tag"] or "",
        since=row["since"],
        used=Money(amount=Decimal(row["used"]), currency=unit),
        allowed=None if row["allowed"] is None else Money(amount=Decimal(row["allowed"]), currency=unit),
        limits=tuple(
            (f"{each['person']} on {each['host']}", Money(amount=Decimal(each["most"]), currency=unit))
            for each in row["holders"]
        ),
    )
