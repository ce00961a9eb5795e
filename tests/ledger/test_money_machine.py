"""A shop that sells clips, by core and ledger alone: plans, intents, answers, crashes and people in any order.

The shop knows what it charged; the ledger only what it was told. Whatever happens, nothing is bought twice unless
somebody decided so, what was charged stays under the cap, and in the end everything is there and the plan is empty.
"""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine, Iterable
from contextlib import AsyncExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hailuo_batch.core.attempt.attempt import LIVE_STAGES, Move, Stage
from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, Failure, FailureKind
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.manifest.document import NO_FRAMES
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.plan.plan import Action, Plan, PlanInputs, Step, StepReason
from hailuo_batch.core.plan.planner import make_plan
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.core.request.fingerprint import preimage
from hailuo_batch.core.spending.budget import Cap, cap_usage, check_cap
from hailuo_batch.core.switches import DEFAULT_SWITCHES
from hailuo_batch.ledger.sqlite import SqliteLedger, open_ledger
from hailuo_batch.load.model_tables import read_model
from hailuo_batch.ports import Facts, Intent
from hailuo_batch.testing.clock import FakeClock
from hailuo_batch.testing.ledger_samples import STORED_CLIP, usd

PRICE, MOST = usd("0.28"), Decimal("1.50")
CAP = Cap(description="the cap", limit=usd("1.50"))
ENDLESS = Cap(description="no cap", limit=usd("1000"))
PICK = st.integers(0, 50)
# What a submit may be answered: taken, lost on the way back, lost on the way there, or no, in any of these words.
TAKEN, LOST, UNHEARD = "taken", "lost", "unheard"
NOES = (
    FailureKind.THROTTLED,
    FailureKind.NOT_SENT,
    FailureKind.UNPAID,
    FailureKind.UNAUTHORIZED,
    FailureKind.REFUSED,
    FailureKind.PROMPT_REFUSED,
)
ANSWERS = st.sampled_from((TAKEN, TAKEN, LOST, UNHEARD, *NOES))
COSTS = st.sampled_from((None, usd("0.28"), usd("0.20"), usd("0.00")))
Value = TypeVar("Value")


def drafted(name: str) -> Shot:
    return Shot(
        id=name, index=0, prompt=f"this is {name}", frames=NO_FRAMES, duration=6, resolution="768p", takes=1, tags=(),
        switches=DEFAULT_SWITCHES, notes="",
    )  # fmt: skip


def failed(kind: FailureKind) -> Facts:
    return Facts(failure=Failure(kind=kind, why=f"it was {kind}"))


class Shop(RuleBasedStateMachine):
    """One project whose only provider is this shop."""

    def __init__(self) -> None:
        super().__init__()
        self.folder, self.clock, self.loop = Path(tempfile.mkdtemp()), FakeClock(), asyncio.Runner()
        self.shots = [drafted(name) for name in "abcd"]
        self.route, self.cap = Route(provider="minimax", estimate=PRICE), CAP
        self.charged: dict[int, Decimal] = {}  # by attempt: what the shop takes for it
        self.bought: Counter[str] = Counter()  # by fingerprint
        self.gone: Counter[str] = Counter()  # by fingerprint: bought, and it ended or was given up
        self.present: set[str] = set()
        self._open()

    @initialize(idempotent=st.booleans())
    def choose_a_provider(self, idempotent: bool) -> None:
        self.route = replace(self.route, idempotent=idempotent)

    def teardown(self) -> None:
        try:
            self._finish()
        finally:
            self.do(self.stack.aclose())
            self.loop.close()
            shutil.rmtree(self.folder)

    @rule(pick=PICK, answer=ANSWERS)
    def submit(self, pick: int, answer: str | FailureKind) -> None:
        if step := self._one(pick, {Action.SUBMIT}):
            self._submitted(step, answer)

    @rule(pick=PICK, accepted=st.booleans())
    def die_between_intent_and_answer(self, pick: int, accepted: bool) -> None:
        step = self._one(pick, {Action.SUBMIT})
        if step and (attempt := self._intended(step)):
            if accepted:
                self._charge(attempt, step)
            self.die()

    @rule()
    def die(self) -> None:
        """Nothing that was in memory is there any more."""
        self.do(self.stack.aclose())
        self._open()

    @rule(pick=PICK, cost=COSTS)
    def a_task_is_done(self, pick: int, cost: Any) -> None:
        if step := self._one(pick, {Action.RESUME}):
            attempt = self._attempt(step)
            if cost is not None:
                self.charged[attempt] = cost.amount
            self.do(self.ledger.move(attempt, Move.PRODUCE, Facts(cost=cost)))

    @rule(pick=PICK, kind=st.sampled_from((FailureKind.BROKEN, FailureKind.CLIP_REFUSED)))
    def a_task_fails(self, pick: int, kind: FailureKind) -> None:
        if step := self._one(pick, {Action.RESUME}):
            self.gone[step.fingerprint] += 1
            self.do(self.ledger.move(self._attempt(step), Move.FAIL, failed(kind)))

    @rule(pick=PICK)
    def a_clip_comes_home(self, pick: int) -> None:
        if step := self._one(pick, {Action.FETCH}):
            if step.why is StepReason.CLIP_GONE:
                self.do(self.ledger.move(self._attempt(step), Move.MISS))
            digest = f"sha256:{step.fingerprint[-64:]}"
            self.do(self.ledger.move(self._attempt(step), Move.KEEP, Facts(clip=replace(STORED_CLIP, digest=digest))))
            self.present.add(digest)

    @rule(pick=PICK)
    def a_clip_is_lost_from_the_store(self, pick: int) -> None:
        if self.present:
            self.present.discard(sorted(self.present)[pick % len(self.present)])

    @rule(pick=PICK)
    def a_person_has_a_clip_removed(self, pick: int) -> None:
        stored = [each for each in self.attempts() if each.stage is Stage.STORED]
        if stored:
            each = stored[pick % len(stored)]
            self.do(self.ledger.move(each.id, Move.DISCARD, failed(FailureKind.DISCARDED)))
            self.gone[each.fingerprint] += 1
            self.present.discard(str(each.digest))

    @rule(pick=PICK, give_up=st.booleans())
    def a_person_settles_a_doubt(self, pick: int, give_up: bool) -> None:
        open_ones = [each for each in self.attempts() if each.stage in {Stage.INTENDED, Stage.IN_DOUBT}]
        if open_ones:
            self._settled(open_ones[pick % len(open_ones)], give_up=give_up)

    @rule(pick=PICK)
    def a_person_gives_up_what_runs(self, pick: int) -> None:
        if step := self._one(pick, {Action.RESUME}):
            self.do(self.ledger.move(self._attempt(step), Move.WRITE_OFF, failed(FailureKind.WRITTEN_OFF)))
            self.gone[step.fingerprint] += 1

    @rule(pick=PICK)
    def retake(self, pick: int) -> None:
        place = pick % len(self.shots)
        if self.shots[place].takes < 3:
            self.shots[place] = replace(self.shots[place], takes=self.shots[place].takes + 1)

    @rule(pick=PICK)
    def write_another_prompt(self, pick: int) -> None:
        place = pick % len(self.shots)
        self.shots[place] = replace(self.shots[place], prompt=f"{self.shots[place].prompt}, again")

    @rule(pick=PICK)
    def another_process_believes_in_an_older_plan(self, pick: int) -> None:
        """It would ask for what has a live attempt: the ledger lets nobody begin another."""
        live = [each for each in self.attempts() if each.stage in LIVE_STAGES]
        if live:
            each = live[pick % len(live)]
            try:
                same = self.do(self.ledger.record_intent(self._intent(each.fingerprint, each.preimage)))
            except AssertionError:
                assert each.stage is not Stage.INTENDED
            else:
                assert (same, each.stage) == (each.id, Stage.INTENDED)

    @invariant()
    def no_request_has_two_live_attempts(self) -> None:
        live = Counter(each.fingerprint for each in self.attempts() if each.stage in LIVE_STAGES)
        assert set(live.values()) <= {1}

    @invariant()
    def nothing_is_bought_twice_unless_the_first_is_gone(self) -> None:
        for fingerprint, times in self.bought.items():
            assert times <= 1 + self.gone[fingerprint]

    @invariant()
    def what_was_charged_stays_under_the_cap_and_all_of_it_is_counted(self) -> None:
        spent = sum(self.charged.values(), Decimal(0))
        assert spent <= cap_usage(CAP, self.do(self.ledger.counted_attempts()))
        if self.cap is CAP:
            assert cap_usage(CAP, self.do(self.ledger.counted_attempts())) <= MOST

    def do(self, work: Coroutine[Any, Any, Value]) -> Value:
        return self.loop.run(work)

    def attempts(self) -> list[AttemptRecord]:
        return self.do(self.ledger.attempts())

    def plan(self) -> Plan:
        grounds = PlanInputs(
            model=read_model("hailuo-02"),
            images={},
            routes={each.needs: self.route for each in self.shots},
            standings=self.do(self.ledger.standings()),
            last_renders={},
            locked_clips={},
            stored_digests=self.present,
            force_refused=True,  # somebody always wants it after all
        )
        return make_plan(self.shots, grounds, campaign="aurora")

    def _open(self) -> None:
        self.stack = AsyncExitStack()
        opened = self.stack.enter_async_context(open_ledger(self.folder / "ledger.db", clock=self.clock))
        self.ledger: SqliteLedger = self.do(opened)

    def _one(self, pick: int, actions: Iterable[Action]) -> Step | None:
        steps = [step for step in self.plan().steps if step.action in actions]
        return steps[pick % len(steps)] if steps else None

    def _attempt(self, step: Step) -> int:
        assert step.standing is not None
        return step.standing.attempt

    def _intent(self, fingerprint: str, asked: str) -> Intent:
        return Intent(
            fingerprint=fingerprint, preimage=asked, provider="minimax", campaign="aurora", shot="a", take=1,
            estimate=PRICE,
        )  # fmt: skip

    def _intended(self, step: Step) -> int | None:
        """The attempt that is about to be sent; None when the cap has no room for it."""
        if step.why is not StepReason.INTERRUPTED:  # that one is counted
            used = cap_usage(self.cap, self.do(self.ledger.counted_attempts()))
            if check_cap(self.cap, used, PRICE, "minimax"):
                return None
        assert step.request is not None
        return self.do(self.ledger.record_intent(self._intent(step.fingerprint, preimage(step.request).decode())))

    def _charge(self, attempt: int, step: Step) -> None:
        """The shop takes an order once: with the same key, or it was never asked twice."""
        if attempt not in self.charged:
            self.charged[attempt] = PRICE.amount
            self.bought[step.fingerprint] += 1

    def _submitted(self, step: Step, answer: str | FailureKind) -> None:
        attempt = self._intended(step)
        if attempt is None:
            return
        if answer in {TAKEN, LOST}:
            self._charge(attempt, step)
        if answer == TAKEN:
            self.do(self.ledger.move(attempt, Move.ACCEPT, Facts(task=f"t{attempt}")))
        elif not isinstance(answer, FailureKind):
            self.do(self.ledger.move(attempt, Move.LOSE_SIGHT, failed(FailureKind.UNKNOWN_OUTCOME)))
        elif step.why is not StepReason.INTERRUPTED:
            self.do(self.ledger.move(attempt, Move.REFUSE, failed(answer)))
            if FAILURE_POLICIES[answer].resend:  # the same attempt once more, and this time it is taken
                self.do(self.ledger.move(attempt, Move.RESEND))
                self._charge(attempt, step)
                self.do(self.ledger.move(attempt, Move.ACCEPT, Facts(task=f"t{attempt}")))
        elif not FAILURE_POLICIES[answer].resend:
            self.do(self.ledger.move(attempt, Move.LOSE_SIGHT, failed(FailureKind.UNKNOWN_OUTCOME)))

    def _settled(self, each: AttemptRecord, *, give_up: bool) -> None:
        """People look into their account, and say what is true."""
        if each.stage is Stage.INTENDED:
            self.do(self.ledger.move(each.id, Move.LOSE_SIGHT, failed(FailureKind.UNKNOWN_OUTCOME)))
        if give_up:
            self.do(self.ledger.move(each.id, Move.WRITE_OFF, failed(FailureKind.WRITTEN_OFF)))
            self.gone[each.fingerprint] += each.id in self.charged
        elif each.id in self.charged:
            self.do(self.ledger.move(each.id, Move.FIND, Facts(task=f"t{each.id}")))
        else:
            self.do(self.ledger.move(each.id, Move.SETTLE, failed(FailureKind.NEVER_SENT)))

    def _finish(self) -> None:
        """Somebody lifts the cap and settles every doubt, and the shop behaves."""
        self.cap = ENDLESS
        for each in self.attempts():
            if each.stage in {Stage.INTENDED, Stage.IN_DOUBT}:
                self._settled(each, give_up=False)
        while step := self._one(0, {Action.SUBMIT}):
            self._submitted(step, TAKEN)
        while self._one(0, {Action.RESUME}):
            self.a_task_is_done(0, None)
        while self._one(0, {Action.FETCH}):
            self.a_clip_comes_home(0)
        assert self.plan().pending_steps == ()
        self.no_request_has_two_live_attempts()
        self.nothing_is_bought_twice_unless_the_first_is_gone()
        assert sum(self.charged.values(), Decimal(0)) <= cap_usage(ENDLESS, self.do(self.ledger.counted_attempts()))


Shop.TestCase.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
TestAShop = Shop.TestCase
