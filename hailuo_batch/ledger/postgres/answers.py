"""What a shared ledger answers to a write, as a value or as the error that its caller meets."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.money import Money
from hailuo_batch.core.spending.budget import Cap, check_cap
from hailuo_batch.errors import CapReachedError, HeldElsewhereError
from hailuo_batch.ledger.attempt_rows import parse_money

_NEXT_RUN = "Nothing was submitted. Run the command again when that has ended: what is made there comes then."


def make_error(answer: dict[str, Any], verb: str, caps: Iterable[Cap]) -> Exception:
    """Why a write was not made; `caps` are the caller's own."""
    kind, attempt = answer["error"], answer.get("attempt")
    if kind == "held":
        return HeldElsewhereError("another machine has it", why=_held_words(answer), remedy=_NEXT_RUN)
    if kind == "early":
        until = datetime.fromtimestamp(answer["until"], UTC)
        return HeldElsewhereError(
            "its holder may still get an answer",
            why=f"{_held_words(answer)}; its line was cut while it was submitted",
            remedy=f"Wait until {until:%H:%M} UTC, then settle it.",
        )
    if kind == "over_cap":
        return _cap_error(answer, caps)
    if kind == "none":
        return AssertionError(f"there is no attempt that could {verb}")
    return AssertionError(f"attempt {attempt} is {answer['stage']} at {answer['provider']}; it cannot {verb}")


def _held_words(answer: dict[str, Any]) -> str:
    who = answer["holder"] or "a holder that is not known any more"
    since = "" if answer["since"] is None else f", since {datetime.fromtimestamp(answer['since'], UTC):%H:%M} UTC"
    return (
        f"attempt {answer['attempt']} is {str(answer['stage']).replace('_', ' ')} at {answer['provider']}: {who}{since}"
    )


def _cap_error(answer: dict[str, Any], caps: Iterable[Cap]) -> Exception:
    cap = next(each for each in caps if _is_same(each, answer))
    price = parse_money(answer["price"], answer["unit"])
    refused = _refuse(cap, answer["used"], price)
    return CapReachedError("a cap has no room for it", why=refused.why, remedy=refused.remedy)


def _refuse(cap: Cap, used: str, price: Money | None) -> Failure:
    from decimal import Decimal

    found = check_cap(cap, Decimal(used), price, "its provider")
    if found is None:
        raise AssertionError(f"the ledger refused {price} under {cap.description}, which has room")
    return found


def _is_same(cap: Cap, answer: dict[str, Any]) -> bool:
    covers = (cap.campaign, cap.tag, cap.since, cap.limit.currency.casefold())
    return covers == (answer["campaign"], answer["tag"], answer["since"], answer["currency"].casefold())
