"""What the mock charges: MiniMax's list is its published one, and contracts that bill otherwise invent theirs from it.

A price here is never shown to anyone as a gateway's price: those stand, dated, in the gateways' tables.
"""

from decimal import Decimal

from hailuo_batch.core.money import Money

_USD = {
    ("512p", 6): Decimal("0.10"),
    ("512p", 10): Decimal("0.15"),
    ("768p", 6): Decimal("0.28"),
    ("768p", 10): Decimal("0.56"),
    ("1080p", 6): Decimal("0.49"),
    ("1080p", 10): Decimal("0.98"),  # sold by nobody but, as its page reads, MindVideo
}


def rendered_seconds(seconds: float) -> int:
    """The model renders 6 or 10 seconds; who sells 5 delivers 6."""
    return 10 if seconds >= 10 else 6


def list_price(resolution: str, seconds: int) -> Money:
    """What one clip costs by MiniMax's list."""
    return Money(amount=_USD[resolution, rendered_seconds(seconds)], currency="USD")
