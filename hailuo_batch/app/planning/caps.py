"""The caps of a plan, and the steps that they would leave out."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hailuo_batch.app.planning.validate import Validation
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import Plan, Step, TakeName
from hailuo_batch.core.plan.plan_cost import list_purchases
from hailuo_batch.core.plan.report import CapLeft
from hailuo_batch.core.spending.budget import Cap, CountedAttempt, cap_usage, make_caps, money_left, parse_amount
from hailuo_batch.core.spending.charge import Charge, ChargeState
from hailuo_batch.errors import InputError
from hailuo_batch.runner.reservations import Reservations

if TYPE_CHECKING:
    from hailuo_batch.core.plan.together import EarlierPurchases


def run_caps(
    validation: Validation, max_cost: str | None, now: float, *, begun_at: float | None = None
) -> tuple[Cap, ...]:
    """The caps of a run that begins `now`; what is drawn on this machine has none.

    A command over several manifests has `begun_at`: what it bought since counts under `max_cost`, whoever it is for.
    Without a currency `max_cost` is in that of the manifest's budget, else in US dollars. Raises `InputError` for one
    that is no amount.
    """
    given = validation.manifest.budget if validation.manifest else None
    budget = None if given is None else Money(amount=given.amount, currency=given.currency)
    limit = None
    if max_cost is not None:
        limit = parse_amount(max_cost, currency=budget.currency if budget else "USD")
        if limit is None:
            remedy = 'Write it like --max-cost 12.50, or --max-cost "12.50 EUR".'
            raise InputError(f'"{max_cost}" is not an amount of money', remedy=remedy)
    if validation.model.is_local:
        return ()
    return make_caps(
        budget=budget,
        campaign=validation.campaign,
        settings=validation.project.caps,
        limit=limit,
        now=now if begun_at is None else begun_at,
        month_start=month_start(now),
    )


def month_start(now: float) -> float:
    """The first moment of the month, UTC, in which `now` lies.

    >>> datetime.fromtimestamp(month_start(1_800_000_000.0), UTC).isoformat()
    '2027-01-01T00:00:00+00:00'
    """
    return datetime.fromtimestamp(now, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()


def find_steps_over_cap(
    steps: Iterable[Step],
    caps: tuple[Cap, ...],
    paid: Iterable[CountedAttempt],
    *,
    plan: Plan,
    now: float,
    promised: AbstractSet[TakeName] = frozenset(),
) -> tuple[tuple[Step, Failure], ...]:
    """The submits for which the caps leave no room, if all go out in this order and cost what they should.

    The clips of `promised` takes are bought for another manifest, where they are counted.
    """
    if not caps:
        return ()
    reservations = Reservations(caps, paid, campaign=plan.campaign, now=now, planned=plan.steps)
    refused, left = [], set[str]()
    for step in list_purchases(tuple(steps)):
        if step.route.free or (promised and step.take_names[0] in promised):
            continue
        givers = [giver for giver in step.waits_for if giver in left]
        failure = _left_out_failure(givers[0]) if givers else None
        failure = failure or reservations.reserve(step, step.estimate, step.route.provider)
        if failure is not None:
            refused.append((step, failure))
            left.update(use.shot.id for use in step.uses if use.gives_frames)
    return tuple(refused)


def list_limits(caps: Iterable[Cap], counted: Sequence[CountedAttempt]) -> tuple[Money, ...]:
    """What the caps that count every take still allow."""
    return tuple(money_left(cap, cap_usage(cap, counted)) for cap in caps if cap.tag is None)


def count_earlier(earlier: "EarlierPurchases", now: float) -> tuple[CountedAttempt, ...]:
    """What the manifests before one buy in the same command, as caps will count it."""
    return tuple(
        CountedAttempt(
            attempt=-1 - number,  # no attempt of a ledger has this number
            campaign=campaign,
            tags=step.tags,
            at=now,
            charge=Charge(state=ChargeState.RUNNING, money=step.estimate),
            estimate=step.estimate,
        )
        for number, (campaign, step) in enumerate(earlier.steps)
        if not step.route.free
    )


def _left_out_failure(giver: str) -> Failure:
    """Why a shot whose source is left out is not bought either."""
    why = f"it starts from a frame of {giver}, which is left out"
    return Failure(kind=FailureKind.OVER_CAP, why=why, remedy="Raise the cap, or select with --only what to buy first.")


def find_caps_left(caps: Iterable[Cap], attempts: Sequence[CountedAttempt]) -> tuple[CapLeft, ...]:
    """What each cap still allows, before a run."""
    return tuple(CapLeft(description=cap.description, left=money_left(cap, cap_usage(cap, attempts))) for cap in caps)
