"""What the steps of a run are carried out with. Nothing here knows what a step does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hailuo_batch.core.attempt.attempt import Artifact
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.ports import Driver, Ledger, Order, Probe, Renders, Store
from hailuo_batch.runner.limiter import Gate
from hailuo_batch.runner.reservations import Purse


def _unheard(_: Step) -> None:
    """Tells nobody."""


def _unheld(_: str, __: str, ___: float) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """All that a step is carried out with.

    `gates` has the provider's door for each that is asked over the net; what is drawn here passes none. `order` tells a
    driver what a step needs on this machine, `artifact` the facts of a clip in the store, by digest.
    """

    campaign: str
    sketch: bool
    run: int | None
    ledger: Ledger
    store: Store
    renders: Renders
    drivers: Mapping[str, Driver]
    gates: Mapping[str, Gate]
    purse: Purse
    probe: Probe
    order: Callable[[Step], Order]
    artifact: Callable[[str], Artifact | None]
    started: Callable[[Step], None] = _unheard  # told when a step's turn has come
    held: Callable[[str, str, float], None] = _unheld  # told when a provider asks to wait: who, why, seconds
