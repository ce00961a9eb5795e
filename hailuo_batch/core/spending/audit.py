"""One purchase for each request, proved from attempts, events, task ids, clips and money. Nothing here reads a file.

Sketches go through the same checks, but for those of tasks and money, which they do not have.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

from hailuo_batch.core.attempt.attempt import LIVE, Stage
from hailuo_batch.core.attempt.failure import Kind
from hailuo_batch.core.attempt.records import AttemptRecord, EventRecord
from hailuo_batch.core.attempt.replay import Told, replay, untold
from hailuo_batch.core.money import Money, totals
from hailuo_batch.core.request.request import ANIMATIC
from hailuo_batch.core.spending.audit_findings import Fault, Finding, Remark, Remarked
from hailuo_batch.core.spending.charge import Claim
from hailuo_batch.core.spending.costs import CLAIMS, By, Costs, Counted, Row, add_up, counted, is_brought_back

T = TypeVar("T")
_TAKEN = frozenset({Stage.SUBMITTED, Stage.PRODUCED, Stage.STORED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """All that an audit looks at, by digest where it is about clips; attempts and events by their numbers.

    `recorded` are the sizes that the ledger has, `there` those of the files in the store, and `changed` says what is
    wrong with the bytes of those whose bytes were read.
    """

    attempts: Sequence[AttemptRecord]
    events: Sequence[EventRecord]
    recorded: Mapping[str, int]
    there: Mapping[str, int]
    changed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was found, and the proof in figures.

    `requests` were sent to providers or were to be; `purchases` were accepted by one, `doubts` may have been; `clips`
    and `sketches` are in the store; `unfinished` attempts are open.
    """

    findings: tuple[Finding, ...]
    remarks: tuple[Remarked, ...]
    unfinished: tuple[Counted, ...]
    requests: int
    purchases: int
    doubts: int
    clips: int
    sketches: int
    costs: Costs

    @property
    def twice(self) -> int:
        """How many requests were bought more than once although nothing allowed it."""
        faults = {Fault.BOUGHT_TWICE, Fault.LIVE_TWICE}
        return len({each.attempts[0].fingerprint for each in self.findings if each.fault in faults})

    @property
    def again(self) -> int:
        """How many purchases there were after an earlier one had come to nothing or was given up."""
        return sum(each.remark in {Remark.AFTER_FAILURE, Remark.AFTER_DECISION} for each in self.remarks)


def make_audit(books: Books) -> Audit:
    """What the books prove, and what speaks against it."""
    told, nobodys = _told(books)
    paid = counted(books.attempts)
    costs = add_up(paid, by=By.PROVIDER)
    bought = list(_bought(paid, told))
    findings = (
        *_live(books.attempts, told),
        *(each for each in bought if isinstance(each, Finding)),
        *_tasks(paid, told),
        *_clips(books),
        *_records(books.attempts, told),
        *(Finding(fault=Fault.NOBODYS, why=f"attempt {number}") for number in nobodys),
        *_sums(paid, costs),
    )
    stored = [each for each in books.attempts if each.stage is Stage.STORED and each.digest in books.there]
    return Audit(
        findings=findings,
        remarks=(*(each for each in bought if isinstance(each, Remarked)), *_remarks(paid)),
        unfinished=tuple(each for each in paid if each.attempt.stage in LIVE - {Stage.STORED}),
        requests=len({each.attempt.fingerprint for each in paid}),
        purchases=sum(each.charge.claim not in {Claim.NOTHING, Claim.DOUBT} for each in paid),
        doubts=sum(each.charge.claim is Claim.DOUBT for each in paid),
        clips=sum(each.provider != ANIMATIC for each in stored),
        sketches=sum(each.provider == ANIMATIC for each in stored),
        costs=costs,
    )


def _told(books: Books) -> tuple[dict[int, Told], list[int]]:
    """What the events of each attempt come to, and the numbers of attempts that only have events."""
    events: dict[int, list[EventRecord]] = {each.id: [] for each in books.attempts}
    nobodys: dict[int, None] = {}
    for event in books.events:
        if event.attempt in events:
            events[event.attempt].append(event)
        else:
            nobodys[event.attempt] = None
    return {each.id: replay(each, events[each.id]) for each in books.attempts}, list(nobodys)


def _live(attempts: Iterable[AttemptRecord], told: Mapping[int, Told]) -> Iterator[Finding]:
    """Two attempts of one request that are open now, or were at any time."""
    for group in _asked_again(attempts, lambda each: each):
        live = [each for each in group if each.stage in LIVE]
        if len(live) > 1:
            yield Finding(fault=Fault.LIVE_TWICE, attempts=tuple(live))
        for earlier, later in pairwise(group):
            if earlier.stage not in LIVE and told[later.id].first < told[earlier.id].last:
                why = f"event {told[later.id].first} comes before the end of attempt {earlier.id}"
                yield Finding(fault=Fault.ASKED_AT_ONCE, attempts=(earlier, later), why=why)


def _bought(paid: Iterable[Counted], told: Mapping[int, Told]) -> Iterator[Finding | Remarked]:
    """Each purchase of a request after an earlier one, and whether that had ended in a way that allows it."""
    charged = (each for each in paid if each.charge.claim is not Claim.NOTHING)
    for group in _asked_again(charged, lambda each: each.attempt):
        for before, after in pairwise(group):
            earlier, later = before.attempt, after.attempt
            reason = told[earlier.id].reason
            if earlier.stage in LIVE and later.stage in LIVE:
                continue  # said of all that are live
            if earlier.stage is Stage.FAILED:
                why = "" if earlier.failure is None else earlier.failure.why
                yield Remarked(remark=Remark.AFTER_FAILURE, attempts=(earlier, later), why=why)
            elif earlier.stage is Stage.CANCELLED and reason:
                yield Remarked(remark=Remark.AFTER_DECISION, attempts=(earlier, later), why=reason)
            else:
                why = "nobody's reason is in the ledger" if earlier.stage is Stage.CANCELLED else ""
                yield Finding(fault=Fault.BOUGHT_TWICE, attempts=(earlier, later), why=why)


def _tasks(paid: Iterable[Counted], told: Mapping[int, Told]) -> Iterator[Finding]:
    """Task ids that are shared, lacking, or where none can be; and costs likewise."""
    known: dict[tuple[str, str], AttemptRecord] = {}
    for each in paid:
        attempt = each.attempt
        accepted = told[attempt.id].accepted or attempt.stage in _TAKEN
        never = not accepted or (attempt.failure is not None and attempt.failure.kind is Kind.NEVER_SENT)
        if attempt.task:
            first = known.setdefault((attempt.provider, attempt.task), attempt)
            if first is not attempt:
                yield Finding(fault=Fault.ONE_TASK, attempts=(first, attempt))
            if never:
                yield Finding(fault=Fault.TASK_UNSENT, attempts=(attempt,))
        # A clip that was brought back needs no task; until it is kept, it has not been brought.
        elif accepted and (attempt.task is None or attempt.stage is Stage.SUBMITTED):
            yield Finding(fault=Fault.NO_TASK, attempts=(attempt,))
        if never and attempt.cost is not None:
            yield Finding(fault=Fault.COST_UNSENT, attempts=(attempt,))


def _clips(books: Books) -> Iterator[Finding]:
    """What counts as stored and is not there as it was recorded."""
    for attempt in books.attempts:
        if attempt.stage is Stage.STORED and (found := _clip(attempt, books)) is not None:
            yield found


def _clip(attempt: AttemptRecord, books: Books) -> Finding | None:
    digest = attempt.digest
    if digest is None or digest not in books.recorded:
        return Finding(fault=Fault.UNRECORDED, attempts=(attempt,))
    size, recorded = books.there.get(digest), books.recorded[digest]
    if size is None:
        return Finding(fault=Fault.MISSING, attempts=(attempt,), why=digest)
    if size != recorded:
        why = f"{digest} has {size:,} bytes and had {recorded:,}"
        return Finding(fault=Fault.RESIZED, attempts=(attempt,), why=why)
    if digest in books.changed:
        why = f"{digest}: {books.changed[digest]}"
        return Finding(fault=Fault.CHANGED, attempts=(attempt,), why=why)
    return None


def _records(attempts: Iterable[AttemptRecord], told: Mapping[int, Told]) -> Iterator[Finding]:
    """Records that are not what their events come to; attempts and their first events have the same order."""
    latest = 0
    for attempt in attempts:
        events = told[attempt.id]
        if events.odd:
            yield Finding(fault=Fault.REPLAY, attempts=(attempt,), why=events.odd)
        elif events.first < latest:
            why = f"event {events.first} begins it, and an earlier attempt began with event {latest}"
            yield Finding(fault=Fault.REPLAY, attempts=(attempt,), why=why)
        elif names := untold(attempt, events):
            yield Finding(fault=Fault.UNTOLD, attempts=(attempt,), why=names)
        latest = max(latest, events.first)


def _sums(paid: Sequence[Counted], costs: Costs) -> Iterator[Finding]:
    """Whether what `costs` shows is what the attempts come to, in its rows and in its totals."""
    money = totals(
        each.charge.money for each in paid if each.charge.claim is not Claim.NOTHING and each.charge.money is not None
    )
    for name, rows in (("rows", costs.rows), ("totals", costs.totals)):
        if totals(_shown(rows)) != money or sum(row.attempts for row in rows) != len(paid):
            yield Finding(fault=Fault.SUMS, why=name)


def _shown(rows: Iterable[Row]) -> Iterator[Money]:
    for row in rows:
        for column in CLAIMS.values():
            if column in row.sums:
                yield Money(amount=row.sums[column], currency=row.currency)


def _remarks(paid: Iterable[Counted]) -> Iterator[Remarked]:
    """Clips that two requests share although each was paid for, and clips that were brought back."""
    clips: dict[str, dict[str, AttemptRecord]] = {}
    for each in paid:
        attempt = each.attempt
        if is_brought_back(attempt):
            yield Remarked(remark=Remark.BROUGHT_BACK, attempts=(attempt,))
        elif attempt.stage is Stage.STORED and attempt.digest is not None:
            clips.setdefault(attempt.digest, {}).setdefault(attempt.fingerprint, attempt)
    for digest, sold in clips.items():
        if len(sold) > 1:
            yield Remarked(remark=Remark.SAME_CLIP, attempts=tuple(sold.values()), why=digest)


def _asked_again(of: Iterable[T], attempt_of: Callable[[T], AttemptRecord]) -> Iterator[list[T]]:
    """Those of each request, in their order, where there are several."""
    groups: dict[str, list[T]] = {}
    for each in of:
        groups.setdefault(attempt_of(each).fingerprint, []).append(each)
    return (group for group in groups.values() if len(group) > 1)
