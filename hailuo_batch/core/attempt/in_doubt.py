"""Open attempts: which are in doubt, what settles one, and which listed task may belong to which attempt.

An attempt is in doubt when its outcome is unknown: the provider may have accepted it. This module settles none. A task
is matched by time and model only, since lists of tasks have no prompts.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum

from hailuo_batch.core.attempt.attempt import Move, Stage
from hailuo_batch.core.attempt.records import AttemptRecord, RunRecord
from hailuo_batch.core.models import is_local
from hailuo_batch.core.money import Money
from hailuo_batch.core.request.fingerprint import parse_preimage
from hailuo_batch.values import dataclass

CLOCK_BEHIND_SECONDS = 120.0  # seconds that a gateway's clock may be behind ours
CLOCK_AHEAD_SECONDS = 600.0  # seconds: its clock may be ahead, and it may be slow to write a task down

NO_ANSWER = "the run ended before the answer came"


class DoubtState(StrEnum):
    """What an open attempt waits for."""

    IN_DOUBT = "doubt"  # a person, who checks whether it was accepted
    WILL_RESEND = "resent"  # the next run, which sends it again under the same key
    RUNNING = "running"  # its clip: it was accepted


class Verdict(StrEnum):
    """What a person says of an open attempt."""

    FOUND = "found"  # it was accepted: this is its task
    NEVER_SENT = "never_sent"  # it was not accepted: it costs nothing
    WRITTEN_OFF = "written_off"  # given up; its money counts as spent


# What a verdict may be said of; an id that a person gave may be corrected too, see `may_settle`.
STATES_BY_VERDICT = {
    Verdict.FOUND: frozenset({DoubtState.IN_DOUBT, DoubtState.WILL_RESEND}),
    Verdict.NEVER_SENT: frozenset({DoubtState.IN_DOUBT, DoubtState.WILL_RESEND}),
    Verdict.WRITTEN_OFF: frozenset(DoubtState),
}
_MOVE_BY_VERDICT = {Verdict.FOUND: Move.FIND, Verdict.NEVER_SENT: Move.SETTLE, Verdict.WRITTEN_OFF: Move.WRITE_OFF}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAttempt:
    """An attempt that is neither stored nor ended; `last_heard_at` is when it was last heard of, as far as is known."""

    attempt: int
    campaign: str
    shot: str
    take: int
    provider: str
    stage: Stage
    state: DoubtState
    preimage: str
    intended_at: float
    last_heard_at: float
    estimate: Money | None
    why: str
    quote: Money | None = None  # the price that the gateway named at the submit
    task: str | None = None
    has_manual_task: bool = False  # whether its task's id came from a person, and not from the gateway
    manifest: str = ""  # as its run named it, below the project's root
    tags: tuple[str, ...] = ()  # of the shots that it was bought for

    @property
    def label(self) -> str:
        """The take it is for, as people write it."""
        return f"{self.shot}#{self.take}"


def open_attempts(
    attempts: Iterable[AttemptRecord],
    runs: Sequence[RunRecord],
    *,
    resendable: AbstractSet[int] = frozenset(),
    manual_tasks: AbstractSet[int] = frozenset(),
    is_run_active: bool = False,
) -> tuple[OpenAttempt, ...]:
    """The attempts that are open, the oldest first; none of the free model.

    `resendable` are the attempts that the next run sends again under their key, `manual_tasks` those whose task's id a
    person gave. `is_run_active`: a run holds the ledger at this moment, and what it has intended is on its way.
    """
    known = {run.id: run for run in runs}
    at_work = runs[-1].id if is_run_active and runs and runs[-1].ended_at is None else None
    found = []
    for each in attempts:
        state = _doubt_state(each, resendable, at_work)
        if state is None or is_local(each.provider):
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
                last_heard_at=_last_heard_at(each, run),
                estimate=each.estimate,
                quote=each.quote,
                why=_doubt_reason(each),
                task=each.task,
                has_manual_task=each.id in manual_tasks,
                manifest=run.manifest if run is not None else "",
                tags=each.tags,
            )
        )
    return tuple(found)


def may_settle(attempt: OpenAttempt, verdict: Verdict) -> bool:
    """Whether a person may say this of an open attempt. Money: an id that the gateway gave is never replaced."""
    return attempt.state in STATES_BY_VERDICT[verdict] or (attempt.has_manual_task and attempt.stage is Stage.SUBMITTED)


def verdict_moves(stage: Stage, verdict: Verdict) -> tuple[Move, ...]:
    """The moves by which a verdict is written down.

    >>> [str(move) for move in verdict_moves(Stage.INTENDED, Verdict.NEVER_SENT)]
    ['lose_sight', 'settle']
    """
    first = (Move.LOSE_SIGHT,) if stage is Stage.INTENDED else ()
    return (*first, _MOVE_BY_VERDICT[verdict])


def attempt_labels(attempts: Sequence[OpenAttempt]) -> dict[int, str]:
    """What a person types for each attempt: `open#2`, or `open#2@7` when a campaign has several for that take."""
    times = Counter((each.campaign, each.label) for each in attempts)
    return {
        each.attempt: each.label if times[each.campaign, each.label] == 1 else f"{each.label}@{each.attempt}"
        for each in attempts
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTask:
    """A task that a gateway lists; `created` is seconds since the epoch, where the gateway reports it."""

    provider: str
    task: str
    status: str
    model: str | None = None
    created: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskMatch:
    """A doubt and the listed tasks that may be its.

    `is_unique`: it fits one task and that task fits no other doubt. `has_no_task`: the list is whole and has none for
    it.
    """

    attempt: OpenAttempt
    candidates: tuple[ListedTask, ...]
    is_unique: bool = False
    has_no_task: bool = False


def match_tasks(
    attempts: Sequence[OpenAttempt],
    listed: Iterable[ListedTask],
    *,
    known_tasks: AbstractSet[tuple[str, str]],
    models: Mapping[str, Mapping[str, str]],
    complete_lists: AbstractSet[str],
) -> tuple[TaskMatch, ...]:
    """Which listed task may be whose, by time and model.

    `known_tasks` are provider and id of the tasks that the ledger has, `models` the gateways' own names of our models,
    `complete_lists` the providers whose list was read to its end.
    """
    free = [each for each in listed if (each.provider, each.task) not in known_tasks]
    fitting = {doubt.attempt: tuple(each for each in free if _may_be_task(doubt, each, models)) for doubt in attempts}
    wanted = Counter((each.provider, each.task) for found in fitting.values() for each in found)
    matches = []
    for doubt in attempts:
        found = fitting[doubt.attempt]
        # Money: a task without a time may belong to any attempt, so it is no match and no proof that there is nothing.
        sole = len(found) == 1 and found[0].created is not None and wanted[found[0].provider, found[0].task] == 1
        nothing = not found and doubt.provider in complete_lists
        matches.append(TaskMatch(attempt=doubt, candidates=found, is_unique=sole, has_no_task=nothing))
    return tuple(matches)


def _may_be_task(attempt: OpenAttempt, listed: ListedTask, models: Mapping[str, Mapping[str, str]]) -> bool:
    model = models.get(attempt.provider, {}).get(parse_preimage(attempt.preimage).model, "")
    if listed.provider != attempt.provider or (listed.model and model and listed.model.casefold() != model.casefold()):
        return False
    return (
        listed.created is None
        or attempt.intended_at - CLOCK_BEHIND_SECONDS <= listed.created <= attempt.last_heard_at + CLOCK_AHEAD_SECONDS
    )


def _doubt_state(attempt: AttemptRecord, resendable: AbstractSet[int], active_run: int | None) -> DoubtState | None:
    if attempt.stage is Stage.IN_DOUBT:
        return DoubtState.IN_DOUBT
    if attempt.stage in {Stage.SUBMITTED, Stage.PRODUCED}:
        return DoubtState.RUNNING
    if attempt.stage is not Stage.INTENDED or (active_run is not None and attempt.run == active_run):
        return None
    return DoubtState.WILL_RESEND if attempt.id in resendable else DoubtState.IN_DOUBT


def _last_heard_at(attempt: AttemptRecord, run: RunRecord | None) -> float:
    ended = run.ended_at if run is not None and attempt.stage is Stage.INTENDED else None
    return max(attempt.changed_at, ended or 0.0)


def _doubt_reason(attempt: AttemptRecord) -> str:
    if attempt.stage is Stage.INTENDED:
        return NO_ANSWER
    return attempt.failure.why if attempt.stage is Stage.IN_DOUBT and attempt.failure is not None else ""
