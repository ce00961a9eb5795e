"""What earlier attempts came to, all at once: what they count as, how long they took, how they ended.

Each function takes the rows of any ledger and is carried out on its connection's thread.
"""

import json
from collections import Counter

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.attempt.records import EndedAttempt
from hailuo_batch.core.models import LOCAL_MODELS
from hailuo_batch.core.spending.budget import CountedAttempt
from hailuo_batch.core.spending.charge import Charge, make_charge
from hailuo_batch.ledger.attempt_rows import parse_money
from hailuo_batch.ledger.rows import LedgerRows

_LOCAL = json.dumps(sorted(LOCAL_MODELS))  # the providers that cost nothing


def read_counted_attempts(ledger: LedgerRows) -> list[CountedAttempt]:
    """Every attempt at a provider that costs something, as caps see it."""
    found = []
    for number, campaign, tags, at, stage, kind, task, *money in ledger.rows("paid", _LOCAL):
        estimate, quote, cost = parse_money(*money[:2]), parse_money(*money[2:4]), parse_money(*money[4:])
        ended_by = None if kind is None else FailureKind(kind)
        charge = make_charge(Stage(stage), kind=ended_by, task=task, estimate=estimate, cost=cost, quote=quote)
        found.append(
            CountedAttempt(
                attempt=number,
                campaign=campaign,
                tags=tuple(json.loads(tags)),
                at=at,
                charge=charge,
                estimate=estimate,
                quote=quote,
            )
        )
    return found


def read_campaign_charges(ledger: LedgerRows, campaign: str) -> list[tuple[str, Charge, int]]:
    """What the attempts of a campaign count as: provider, charge, and how many are alike."""
    found = []
    # Rows that are alike are counted here: SQLite would sort all of them, which takes five times as long.
    rows = Counter(ledger.rows("campaign_paid", campaign, _LOCAL))
    for (provider, stage, kind, task, *money, count), alike in rows.items():
        charge = make_charge(
            Stage(stage),
            kind=None if kind is None else FailureKind(kind),
            task="some" if task else None,
            estimate=parse_money(*money[:2]),
            quote=parse_money(*money[2:4]),
            cost=parse_money(*money[4:]),
        )
        found.append((provider, charge, count * alike))
    return found


def read_submit_times(ledger: LedgerRows, since: float) -> dict[str, list[float]]:
    """When the last submits went out since then, by provider."""
    found: dict[str, list[float]] = {}
    for provider, at in ledger.rows("submit_times", since, _LOCAL):
        found.setdefault(provider, []).append(at)
    return found


def read_render_times(ledger: LedgerRows) -> list[tuple[str, str, float]]:
    """How long the last clips took: provider, pre-image, seconds from submit to ready; the newest last."""
    return list(ledger.rows("lengths", _LOCAL))[::-1]


def read_deliveries(ledger: LedgerRows, since: float) -> set[str]:
    """The providers of which a clip was stored since then."""
    return {provider for (provider,) in ledger.rows("deliveries", since)}


def read_ended_attempts(ledger: LedgerRows) -> list[EndedAttempt]:
    """Every attempt at a provider that is no longer open, the oldest first."""
    return [
        EndedAttempt(
            id=number,
            campaign=campaign,
            shot=shot,
            take=take,
            stage=Stage(stage),
            kind=None if kind is None else FailureKind(kind),
        )
        for number, campaign, shot, take, stage, kind in ledger.rows("ended", _LOCAL)
    ]
