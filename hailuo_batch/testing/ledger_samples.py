"""What the suites of a ledger record: a purchase and the moves that lead an attempt to each stage."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from hailuo_batch.core.attempt.attempt import Clip, Move
from hailuo_batch.core.money import Money
from hailuo_batch.ports import Facts, Intent, LedgerWriter, RenderName

DIGEST = "sha256:" + "d" * 64
STORED_CLIP = Clip(digest=DIGEST, size=1234, width=1366, height=768, seconds=6.04, frames=145, codec="h264")


def usd(amount: str) -> Money:
    """US dollars."""
    return Money(amount=Decimal(amount), currency="USD")


# The moves that lead from `intended` to each stage.
MOVES_TO: Mapping[str, Sequence[tuple[Move, Facts]]] = {
    "intended": [],
    "submitted": [(Move.ACCEPT, Facts(task="t-1"))],
    "produced": [(Move.ACCEPT, Facts(task="t-1")), (Move.PRODUCE, Facts())],
    "stored": [
        (Move.ACCEPT, Facts(task="t-1")),
        (Move.PRODUCE, Facts(cost=usd("0.27"))),
        (Move.KEEP, Facts(clip=STORED_CLIP)),
    ],
    "in_doubt": [(Move.LOSE_SIGHT, Facts())],
    "failed": [(Move.REFUSE, Facts())],
    "cancelled": [(Move.LOSE_SIGHT, Facts()), (Move.SETTLE, Facts())],
}


def make_intent(number: int = 1, *, provider: str = "minimax", amount: str | None = "0.28") -> Intent:
    """An intent whose fingerprint is this number's own."""
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


def make_render_name(
    shot: str, *, version: int = 1, take: int = 1, fingerprint: str = "v1-a", sketch: bool = False
) -> RenderName:
    """A readable name of the campaign `aurora`."""
    file = f"aurora_{shot}_v{version:03d}_{'sketch' if sketch else f't{take:02d}'}.mp4"
    return RenderName(
        file=file, campaign="aurora", shot=shot, version=version, take=take, fingerprint=fingerprint, sketch=sketch
    )


async def record_attempt(
    ledger: LedgerWriter, number: int, moves: Sequence[tuple[Move, Facts]], *, provider: str = "minimax"
) -> int:
    """Intends the request of this number and moves its attempt; the attempt."""
    attempt = await ledger.record_intent(make_intent(number, provider=provider))
    for move, facts in moves:
        await ledger.move(attempt, move, facts)
    return attempt
