"""The caps of a plan, and the steps that they would leave out."""

from collections.abc import Iterable
from datetime import UTC, datetime

from hailuo_batch.app.planning.validate import Validation
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import Plan, Step
from hailuo_batch.core.spending.budget import Cap, CountedAttempt, make_caps, parse_amount
from hailuo_batch.errors import InputError
from hailuo_batch.runner.reservations import Reservations


def run_caps(validation: Validation, max_cost: str | None, now: float) -> tuple[Cap, ...]:
    """The caps of a run that begins `now`; what is drawn on this machine has none.

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
        now=now,
        month_start=month_start(now),
    )


def month_start(now: float) -> float:
    """The first moment of the month, UTC, in which `now` lies.

    >>> datetime.fromtimestamp(month_start(1_800_000_000.0), UTC).isoformat()
    '2027-01-01T00:00:00+00:00'
    """
    return datetime.fromtimestamp(now, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()


def find_steps_over_cap(
    steps: Iterable[Step], caps: tuple[Cap, ...], paid: Iterable[CountedAttempt], *, plan: Plan, now: float
) -> tuple[tuple[Step, Failure], ...]:
    """The submits for which the caps leave no room, if all go out in this order and cost what they should."""
    reservations = Reservations(caps, paid, campaign=plan.campaign, now=now, planned=plan.steps if caps else ())
    refused = []
    for step in steps:
        if step.submits and not step.route.free:
            failure = reservations.reserve(step, step.estimate, step.route.provider)
            if failure is not None:
                refused.append((step, failure))
    return tuple(refused)
