"""Proves one purchase per request from attempts, events, task ids, clips and money. Does no I/O.

Sketches pass the same checks, except for those of tasks and money, which they do not have.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from itertools import pairwise
from typing import TypeVar

from hailuo_batch.core.attempt.attempt import LIVE_STAGES, Stage
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.attempt.records import AttemptRecord, EventRecord
from hailuo_batch.core.attempt.replay import ReplayedFacts, find_mismatches, replay
from hailuo_batch.core.models import is_local
from hailuo_batch.core.money import Money, sum_by_currency
from hailuo_batch.core.spending.audit_findings import AuditFault, AuditFinding, AuditNote, AuditRemark
from hailuo_batch.core.spending.charge import ChargeState
from hailuo_batch.core.spending.costs import (
    COLUMN_BY_STATE,
    ChargedAttempt,
    CostRow,
    Costs,
    GroupBy,
    charge_attempts,
    is_recovered,
    sum_costs,
)
from hailuo_batch.values import dataclass

T = TypeVar("T")
_ACCEPTED_STAGES = frozenset({Stage.SUBMITTED, Stage.PRODUCED, Stage.STORED})


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditInputs:
    """All that an audit checks, by digest where it is about clips; attempts and events by their numbers.

    `recorded_sizes` are the sizes that the ledger has, `file_sizes` those of the files in the store, and `corruptions`
    says what is wrong with the bytes of those whose bytes were read. `lost_ledger` and `unknown_clips` say in words
    which clips are here that this ledger did not buy.
    """

    attempts: Sequence[AttemptRecord]
    events: Sequence[EventRecord]
    recorded_sizes: Mapping[str, int]
    file_sizes: Mapping[str, int]
    corruptions: Mapping[str, str] = field(default_factory=dict)
    lost_ledger: str = ""
    unknown_clips: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was found, and the proof in figures.

    `requests` were sent to providers or were to be; `purchases` were accepted by one, `in_doubt` may have been; `clips`
    and `sketches` are in the store; `unfinished` attempts are open.
    """

    findings: tuple[AuditFinding, ...]
    remarks: tuple[AuditNote, ...]
    unfinished: tuple[ChargedAttempt, ...]
    requests: int
    purchases: int
    in_doubt: int
    clips: int
    sketches: int
    costs: Costs

    @property
    def double_purchases(self) -> int:
        """How many requests were bought more than once although nothing allowed it."""
        faults = {AuditFault.BOUGHT_TWICE, AuditFault.LIVE_TWICE}
        return len({each.attempts[0].fingerprint for each in self.findings if each.fault in faults})

    @property
    def repurchases(self) -> int:
        """How many purchases there were after an earlier one had come to nothing or was given up."""
        return sum(each.remark in {AuditRemark.AFTER_FAILURE, AuditRemark.AFTER_DECISION} for each in self.remarks)


def make_audit(inputs: AuditInputs) -> Audit:
    """What the books prove, and what speaks against it."""
    replayed, nobodys = _replay_attempts(inputs)
    paid = charge_attempts(inputs.attempts)
    costs = sum_costs(paid, group_by=GroupBy.PROVIDER)
    bought = list(_find_repurchases(paid, replayed))
    findings = (
        *_find_live_twice(inputs.attempts, replayed),
        *(each for each in bought if isinstance(each, AuditFinding)),
        *_check_tasks(paid, replayed),
        *_check_clips(inputs),
        *_check_records(inputs.attempts, replayed),
        *(AuditFinding(fault=AuditFault.NOBODYS, why=f"attempt {number}") for number in nobodys),
        *_check_strangers(inputs),
        *_check_sums(paid, costs),
    )
    stored = [each for each in inputs.attempts if each.stage is Stage.STORED and each.digest in inputs.file_sizes]
    return Audit(
        findings=findings,
        remarks=(*(each for each in bought if isinstance(each, AuditNote)), *_find_notes(paid, replayed)),
        unfinished=tuple(each for each in paid if each.attempt.stage in LIVE_STAGES - {Stage.STORED}),
        requests=len({each.attempt.fingerprint for each in paid}),
        purchases=sum(each.charge.state not in {ChargeState.NOTHING, ChargeState.IN_DOUBT} for each in paid),
        in_doubt=sum(each.charge.state is ChargeState.IN_DOUBT for each in paid),
        clips=sum(not is_local(each.provider) for each in stored),
        sketches=sum(is_local(each.provider) for each in stored),
        costs=costs,
    )


def _replay_attempts(inputs: AuditInputs) -> tuple[dict[int, ReplayedFacts], list[int]]:
    """What the events of each attempt come to, and the numbers of attempts that only have events."""
    events: dict[int, list[EventRecord]] = {each.id: [] for each in inputs.attempts}
    nobodys: dict[int, None] = {}
    for event in inputs.events:
        if event.attempt in events:
            events[event.attempt].append(event)
        else:
            nobodys[event.attempt] = None
    return {each.id: replay(each, events[each.id]) for each in inputs.attempts}, list(nobodys)


def _find_live_twice(attempts: Iterable[AttemptRecord], replays: Mapping[int, ReplayedFacts]) -> Iterator[AuditFinding]:
    """Two attempts of one request that are open now, or were at any time."""
    for group in _group_repeats(attempts, lambda each: each):
        live = [each for each in group if each.stage in LIVE_STAGES]
        if len(live) > 1:
            yield AuditFinding(fault=AuditFault.LIVE_TWICE, attempts=tuple(live))
        for earlier, later in pairwise(group):
            if earlier.stage not in LIVE_STAGES and replays[later.id].first_event < replays[earlier.id].last_event:
                why = f"event {replays[later.id].first_event} comes before the end of attempt {earlier.id}"
                yield AuditFinding(fault=AuditFault.ASKED_AT_ONCE, attempts=(earlier, later), why=why)


def _find_repurchases(
    charged_attempts: Iterable[ChargedAttempt], replays: Mapping[int, ReplayedFacts]
) -> Iterator[AuditFinding | AuditNote]:
    """Each purchase of a request after an earlier one, and whether that had ended in a way that allows it."""
    charged = (each for each in charged_attempts if each.charge.state is not ChargeState.NOTHING)
    for group in _group_repeats(charged, lambda each: each.attempt):
        for before, after in pairwise(group):
            earlier, later = before.attempt, after.attempt
            reason = replays[earlier.id].reason
            if earlier.stage in LIVE_STAGES and later.stage in LIVE_STAGES:
                continue  # said of all that are live
            if earlier.stage is Stage.FAILED:
                why = "" if earlier.failure is None else earlier.failure.why
                yield AuditNote(remark=AuditRemark.AFTER_FAILURE, attempts=(earlier, later), why=why)
            elif earlier.stage is Stage.CANCELLED and reason:
                yield AuditNote(remark=AuditRemark.AFTER_DECISION, attempts=(earlier, later), why=reason)
            else:
                why = "the ledger has no reason for it" if earlier.stage is Stage.CANCELLED else ""
                yield AuditFinding(fault=AuditFault.BOUGHT_TWICE, attempts=(earlier, later), why=why)


def _check_tasks(
    charged_attempts: Iterable[ChargedAttempt], replays: Mapping[int, ReplayedFacts]
) -> Iterator[AuditFinding]:
    """Task ids that are shared, lacking, or where none can be; and costs likewise."""
    known: dict[tuple[str, str], AttemptRecord] = {}
    for each in charged_attempts:
        attempt = each.attempt
        accepted = replays[attempt.id].accepted or attempt.stage in _ACCEPTED_STAGES
        never = not accepted or (attempt.failure is not None and attempt.failure.kind is FailureKind.NEVER_SENT)
        if attempt.task:
            first = known.setdefault((attempt.provider, attempt.task), attempt)
            if first is not attempt:
                yield AuditFinding(fault=AuditFault.ONE_TASK, attempts=(first, attempt))
            if never:
                yield AuditFinding(fault=AuditFault.TASK_UNSENT, attempts=(attempt,))
        # A clip that was brought back needs no task; until it is kept, it has not been brought.
        elif accepted and (attempt.task is None or attempt.stage is Stage.SUBMITTED):
            yield AuditFinding(fault=AuditFault.NO_TASK, attempts=(attempt,))
        if never and attempt.cost is not None:
            yield AuditFinding(fault=AuditFault.COST_UNSENT, attempts=(attempt,))


def _check_strangers(inputs: AuditInputs) -> Iterator[AuditFinding]:
    """What is here and was bought by nothing that this ledger has."""
    if inputs.lost_ledger:
        yield AuditFinding(fault=AuditFault.LEDGER_GONE, why=inputs.lost_ledger)
    if inputs.unknown_clips:
        yield AuditFinding(fault=AuditFault.UNKNOWN_CLIPS, why=inputs.unknown_clips)


def _check_clips(inputs: AuditInputs) -> Iterator[AuditFinding]:
    """What counts as stored and is not there as it was recorded."""
    for attempt in inputs.attempts:
        if attempt.stage is Stage.STORED and (found := _check_clip(attempt, inputs)) is not None:
            yield found


def _check_clip(attempt: AttemptRecord, inputs: AuditInputs) -> AuditFinding | None:
    digest = attempt.digest
    if digest is None or digest not in inputs.recorded_sizes:
        return AuditFinding(fault=AuditFault.UNRECORDED, attempts=(attempt,))
    size, recorded = inputs.file_sizes.get(digest), inputs.recorded_sizes[digest]
    if size is None:
        return AuditFinding(fault=AuditFault.MISSING, attempts=(attempt,), why=digest)
    if size != recorded:
        why = f"{digest} has {size:,} bytes and had {recorded:,}"
        return AuditFinding(fault=AuditFault.RESIZED, attempts=(attempt,), why=why)
    if digest in inputs.corruptions:
        why = f"{digest}: {inputs.corruptions[digest]}"
        return AuditFinding(fault=AuditFault.CHANGED, attempts=(attempt,), why=why)
    return None


def _check_records(attempts: Iterable[AttemptRecord], replays: Mapping[int, ReplayedFacts]) -> Iterator[AuditFinding]:
    """Records that are not what their events come to; attempts and their first events have the same order."""
    latest = 0
    for attempt in attempts:
        events = replays[attempt.id]
        if events.inconsistency:
            yield AuditFinding(fault=AuditFault.REPLAY, attempts=(attempt,), why=events.inconsistency)
        elif events.first_event < latest:
            why = f"event {events.first_event} begins it, and an earlier attempt began with event {latest}"
            yield AuditFinding(fault=AuditFault.REPLAY, attempts=(attempt,), why=why)
        elif names := find_mismatches(attempt, events):
            yield AuditFinding(fault=AuditFault.UNTOLD, attempts=(attempt,), why=names)
        latest = max(latest, events.first_event)


def _check_sums(charged_attempts: Sequence[ChargedAttempt], costs: Costs) -> Iterator[AuditFinding]:
    """Whether what `costs` shows is what the attempts come to, in its rows and in its totals."""
    money = sum_by_currency(
        each.charge.money
        for each in charged_attempts
        if each.charge.state is not ChargeState.NOTHING and each.charge.money is not None
    )
    for name, rows in (("rows", costs.rows), ("totals", costs.totals)):
        if sum_by_currency(_row_amounts(rows)) != money or sum(row.attempts for row in rows) != len(charged_attempts):
            yield AuditFinding(fault=AuditFault.SUMS, why=name)


def _row_amounts(rows: Iterable[CostRow]) -> Iterator[Money]:
    for row in rows:
        for column in COLUMN_BY_STATE.values():
            if column in row.sums:
                yield Money(amount=row.sums[column], currency=row.currency)


def _find_notes(
    charged_attempts: Iterable[ChargedAttempt], replays: Mapping[int, ReplayedFacts]
) -> Iterator[AuditNote]:
    """Clips that two requests share although each was paid for, clips that were brought back, and adopted tasks."""
    clips: dict[str, dict[str, AttemptRecord]] = {}
    for each in charged_attempts:
        attempt = each.attempt
        if source := replays[attempt.id].adoption_reason:
            yield AuditNote(remark=AuditRemark.ADOPTED, attempts=(attempt,), why=source)
        if is_recovered(attempt):
            yield AuditNote(remark=AuditRemark.BROUGHT_BACK, attempts=(attempt,))
        elif attempt.stage is Stage.STORED and attempt.digest is not None:
            clips.setdefault(attempt.digest, {}).setdefault(attempt.fingerprint, attempt)
    for digest, sold in clips.items():
        if len(sold) > 1:
            yield AuditNote(remark=AuditRemark.SAME_CLIP, attempts=tuple(sold.values()), why=digest)


def _group_repeats(items: Iterable[T], get_attempt: Callable[[T], AttemptRecord]) -> Iterator[list[T]]:
    """Those of each request, in their order, where there are several."""
    groups: dict[str, list[T]] = {}
    for each in items:
        groups.setdefault(get_attempt(each).fingerprint, []).append(each)
    return (group for group in groups.values() if len(group) > 1)
