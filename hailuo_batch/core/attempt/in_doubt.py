"""Attempts that are open: which of them are in doubt, what settles one, and which listed task may be whose.

A doubt is an attempt of which nobody can say whether the provider accepted it. Nothing here settles one by itself: a
match is only ever by time and model, since lists of tasks know no prompts.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from hailuo_batch.core.attempt.attempt import Move, Stage
from hailuo_batch.core.attempt.records import AttemptRecord, RunRecord
from hailuo_batch.core.money import Money
from hailuo_batch.core.request.request import ANIMATIC

EARLIER = 120.0  # seconds that a gateway's clock may be behind ours
LATER = 600.0  # seconds: its clock may be ahead, and it may be slow to write a task down

UNANSWERED = "the run ended before the answer came"


class State(StrEnum):
    """What an open attempt waits for."""

    DOUBT = "doubt"  # a person, who looks whether it was accepted
    RESENT = "resent"  # the next run, which sends it again under the same key
    RUNNING = "running"  # its clip: it was accepted


class Verdict(StrEnum):
    """What a person says of an open attempt."""

    FOUND = "found"  # it was accepted: this is its task
    NEVER_SENT = "never_sent"  # it was not accepted: it costs nothing
    WRITTEN_OFF = "written_off"  # given up; its money counts as spent


# What a verdict may be said of; an id that a person gave may be corrected too, see `allows`.
ALLOWED = {
    Verdict.FOUND: frozenset({State.DOUBT, State.RESENT}),
    Verdict.NEVER_SENT: frozenset({State.DOUBT, State.RESENT}),
    Verdict.WRITTEN_OFF: frozenset(State),
}
_MOVES = {Verdict.FOUND: Move.FIND, Verdict.NEVER_SENT: Move.SETTLE, Verdict.WRITTEN_OFF: Move.WRITE_OFF}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAttempt:
    """An attempt that is neither stored nor ended; `until` is when it was last heard of, as far as is known."""

    attempt: int
    campaign: str
    shot: str
    take: int
    provider: str
    stage: Stage
    state: State
    preimage: str
    intended_at: float
    until: float
    estimate: Money | None
    why: str
    task: str | None = None
    by_hand: bool = False  # whether its task's id came from a person, and not from the gateway
    manifest: str = ""  # as its run named it, below the project's root

    @property
    def label(self) -> str:
        """The take it is for, as people write it."""
        return f"{self.shot}#{self.take}"


def open_attempts(
    attempts: Iterable[AttemptRecord],
    runs: Sequence[RunRecord],
    *,
    resending: AbstractSet[int] = frozenset(),
    by_hand: AbstractSet[int] = frozenset(),
    working: bool = False,
) -> tuple[OpenAttempt, ...]:
    """The attempts that are open, the oldest first; none of the free model.

    `resending` are the attempts that the next run sends again under their key, `by_hand` those whose task's id a person
    gave. `working`: a run holds the ledger at this moment, and what it has intended is on its way.
    """
    known = {run.id: run for run in runs}
    at_work = runs[-1].id if working and runs and runs[-1].ended_at is None else None
    found = []
    for each in attempts:
        state = _state(each, resending, at_work)
        if state is None or each.provider == ANIMATIC:
            continue
        run = known.get(each.run) if each.run is not None else None
        found.append(
            OpenAttempt(
                attempt=each.id,
                campaign=each.campaign,
                shot=each.shot,
                take=each.take,
                provider=each.provider,
                stage=each.stage,
                state=state,
                preimage=each.preimage,
                intended_at=each.intended_at,
                until=_until(each, run),
                estimate=each.estimate,
                why=_why(each),
                task=each.task,
                by_hand=each.id in by_hand,
                manifest=run.manifest if run is not None else "",
            )
        )
    return tuple(found)


def allows(each: OpenAttempt, verdict: Verdict) -> bool:
    """Whether a person may say this of an open attempt. Money: an id that the gateway gave is never replaced."""
    return each.state in ALLOWED[verdict] or (each.by_hand and each.stage is Stage.SUBMITTED)


def settling(stage: Stage, verdict: Verdict) -> tuple[Move, ...]:
    """The moves by which a verdict is written down.

    >>> [str(move) for move in settling(Stage.INTENDED, Verdict.NEVER_SENT)]
    ['lose_sight', 'settle']
    """
    first = (Move.LOSE_SIGHT,) if stage is Stage.INTENDED else ()
    return (*first, _MOVES[verdict])


def typed_names(opened: Sequence[OpenAttempt]) -> dict[int, str]:
    """What a person types for each attempt: `open#2`, or `open#2@7` when a campaign has several for that take."""
    times = Counter((each.campaign, each.label) for each in opened)
    return {
        each.attempt: each.label if times[each.campaign, each.label] == 1 else f"{each.label}@{each.attempt}"
        for each in opened
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A task that a gateway lists; `created` is seconds since the epoch, where it tells."""

    provider: str
    task: str
    status: str
    model: str | None = None
    created: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A doubt and the listed tasks that may be its.

    `sole`: it fits one task and that task fits no other doubt. `nothing`: the list is whole and has none for it.
    """

    doubt: OpenAttempt
    candidates: tuple[Sighting, ...]
    sole: bool = False
    nothing: bool = False


def match(
    doubts: Sequence[OpenAttempt],
    sightings: Iterable[Sighting],
    *,
    known: AbstractSet[tuple[str, str]],
    models: Mapping[str, str],
    whole: AbstractSet[str],
) -> tuple[Match, ...]:
    """Which listed task may be whose, by time and model.

    `known` are provider and id of the tasks that the ledger has, `models` the gateways' own names of the model, `whole`
    the providers whose list was read to its end.
    """
    free = [each for each in sightings if (each.provider, each.task) not in known]
    fitting = {doubt.attempt: tuple(each for each in free if _fits(doubt, each, models)) for doubt in doubts}
    wanted = Counter((each.provider, each.task) for found in fitting.values() for each in found)
    matches = []
    for doubt in doubts:
        found = fitting[doubt.attempt]
        # Money: a task without a time may be anybody's, so it is no match and no proof that there is nothing.
        sole = len(found) == 1 and found[0].created is not None and wanted[found[0].provider, found[0].task] == 1
        nothing = not found and doubt.provider in whole
        matches.append(Match(doubt=doubt, candidates=found, sole=sole, nothing=nothing))
    return tuple(matches)


def _fits(doubt: OpenAttempt, seen: Sighting, models: Mapping[str, str]) -> bool:
    model = models.get(doubt.provider, "")
    if seen.provider != doubt.provider or (seen.model and model and seen.model.casefold() != model.casefold()):
        return False
    return seen.created is None or doubt.intended_at - EARLIER <= seen.created <= doubt.until + LATER


def _state(each: AttemptRecord, resending: AbstractSet[int], at_work: int | None) -> State | None:
    if each.stage is Stage.IN_DOUBT:
        return State.DOUBT
    if each.stage in {Stage.SUBMITTED, Stage.PRODUCED}:
        return State.RUNNING
    if each.stage is not Stage.INTENDED or (at_work is not None and each.run == at_work):
        return None
    return State.RESENT if each.id in resending else State.DOUBT


def _until(each: AttemptRecord, run: RunRecord | None) -> float:
    ended = run.ended_at if run is not None and each.stage is Stage.INTENDED else None
    return max(each.changed_at, ended or 0.0)


def _why(each: AttemptRecord) -> str:
    if each.stage is Stage.INTENDED:
        return UNANSWERED
    return each.failure.why if each.stage is Stage.IN_DOUBT and each.failure is not None else ""
