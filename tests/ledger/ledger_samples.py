"""What the ledger's tests write down, and a clock that they turn by hand."""

from decimal import Decimal

from hailuo_batch.core.attempt.attempt import Clip, Move
from hailuo_batch.core.money import Money
from hailuo_batch.ports import Facts, Intent, RenderName

DIGEST = "sha256:" + "d" * 64
CLIP = Clip(digest=DIGEST, size=1234, width=1366, height=768, seconds=6.04, frames=145, codec="h264")


class HandClock:
    """A clock that stands still until somebody turns it."""

    def __init__(self, at: float = 1_800_000_000.0) -> None:
        self.at = at

    def now(self) -> float:
        return self.at

    def elapsed(self) -> float:
        return self.at


def usd(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="USD")


def intent(number: int = 1, *, provider: str = "minimax", amount: str | None = "0.28") -> Intent:
    return Intent(
        fingerprint=f"v1-{number:064x}",
        preimage=f'{{"take":{number}}}',
        provider=provider,
        campaign="aurora",
        shot="open",
        take=number,
        tags=("hero", "client:acme"),
        estimate=None if amount is None else usd(amount),
    )


def named(shot: str, *, version: int = 1, take: int = 1, fingerprint: str = "v1-a", sketch: bool = False) -> RenderName:
    file = f"aurora_{shot}_v{version:03d}_{'sketch' if sketch else f't{take:02d}'}.mp4"
    return RenderName(
        file=file, campaign="aurora", shot=shot, version=version, take=take, fingerprint=fingerprint, sketch=sketch
    )


# The moves that lead from `intended` to each stage.
WAYS: dict[str, list[tuple[Move, Facts]]] = {
    "intended": [],
    "submitted": [(Move.ACCEPT, Facts(task="t-1"))],
    "produced": [(Move.ACCEPT, Facts(task="t-1")), (Move.PRODUCE, Facts())],
    "stored": [
        (Move.ACCEPT, Facts(task="t-1")),
        (Move.PRODUCE, Facts(cost=usd("0.27"))),
        (Move.KEEP, Facts(clip=CLIP)),
    ],
    "in_doubt": [(Move.LOSE_SIGHT, Facts())],
    "failed": [(Move.REFUSE, Facts())],
    "cancelled": [(Move.LOSE_SIGHT, Facts()), (Move.SETTLE, Facts())],
}
