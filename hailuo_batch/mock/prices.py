"""What the mock charges: MiniMax's list is its published one, all others are invented from it.

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
_CREDITS_PER_USD = 68  # for a dollar, at odkkk's sibling
_MINDVIDEO_FACTOR = Decimal("0.225") / Decimal("0.28")  # MindVideo's one sample beside MiniMax's price of the same clip


def rendered_seconds(seconds: int) -> int:
    """The model renders 6 or 10 seconds; who sells 5 delivers 6."""
    return 10 if seconds >= 10 else 6


def clip_price(gateway: str, resolution: str, seconds: int) -> Money:
    """What one clip costs at the mock's gateway."""
    usd = _USD[resolution, rendered_seconds(seconds)]
    if gateway == "odkkk":
        return Money(amount=Decimal(round(usd * _CREDITS_PER_USD)), currency="credits")
    if gateway == "mindvideo":
        return Money(amount=round(usd * _MINDVIDEO_FACTOR, 3), currency="units")  # its pages state no currency
    return Money(amount=usd, currency="USD")
