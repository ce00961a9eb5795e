"""A quote: the price that a gateway names when it accepts a submit, beside our estimate.

Money: of the two, the higher one counts until the actual cost is known. Amounts of two currencies are not compared:
then the estimate counts in its currency, and the quote in its own.
"""

from decimal import Decimal

from hailuo_batch.core.money import Money

_MUCH_HIGHER = Decimal("1.2")  # times the estimate: less than that is rounding, or a fee


def counted_estimate(estimate: Money | None, quote: Money | None) -> Money | None:
    """What an attempt counts as while its actual cost is not known.

    >>> usd = lambda amount: Money(amount=Decimal(amount), currency="USD")
    >>> str(counted_estimate(usd("0.28"), usd("0.30"))), str(counted_estimate(None, usd("0.30")))
    ('0.30 USD', '0.30 USD')
    """
    if estimate is None or quote is None:
        return quote if estimate is None else estimate
    is_higher = quote.is_same_currency(estimate) and quote.amount > estimate.amount
    return quote if is_higher else estimate


def is_much_higher(quote: Money, estimate: Money | None) -> bool:
    """Whether a quote is so much more than the estimate that people should know."""
    return estimate is not None and quote.is_same_currency(estimate) and quote.amount > estimate.amount * _MUCH_HIGHER
