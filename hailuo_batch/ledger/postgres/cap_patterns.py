"""A cap's tag pattern as PostgreSQL reads it: what `fnmatchcase` means, as a regular expression."""

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from hailuo_batch.core.spending.budget import Cap


def make_tag_form(pattern: str) -> str:
    """The regular expression that matches the same tags.

    >>> make_tag_form("client:*"), make_tag_form("[!a]?")
    ('^(?:client:.*)$', '^(?:[^a].)$')
    """
    return f"^(?:{''.join(_translate(pattern))})$"


def make_cap_rows(caps: Iterable[Cap]) -> tuple[list[Cap], list[dict[str, Any]]]:
    """The caps that machines share, and each as the ledger takes it. What limits one run alone stays with that run."""
    shared = [cap for cap in caps if not cap.is_per_run and not cap.is_ceiling]
    return shared, [_make_row(cap) for cap in shared]


def _make_row(cap: Cap) -> dict[str, Any]:
    covers = {"campaign": cap.campaign, "tag": cap.tag, "since": cap.since, "currency": cap.limit.currency}
    key = json.dumps({**covers, "currency": cap.limit.currency.casefold()}, sort_keys=True)
    form = None if cap.tag is None else make_tag_form(cap.tag)
    return {**covers, "key": key, "tag_form": form, "most": _plain(cap.limit.amount)}


def _plain(amount: Decimal) -> str:
    return f"{amount:f}"


def _translate(pattern: str) -> Iterable[str]:
    at = 0
    while at < len(pattern):
        sign, at = pattern[at], at + 1
        if sign == "*":
            yield ".*"
        elif sign == "?":
            yield "."
        elif sign == "[" and (end := _find_end(pattern, at)) is not None:
            yield _translate_set(pattern[at:end])
            at = end + 1
        else:
            yield re.escape(sign) if not sign.isalnum() and sign.isascii() else sign


def _find_end(pattern: str, at: int) -> int | None:
    """Where a set of characters ends; a bracket at its beginning is one of them."""
    start = at + 1 if pattern[at : at + 1] == "!" else at
    end = pattern.find("]", start + 1)
    return None if end < 0 else end


def _translate_set(inside: str) -> str:
    negated, signs = ("^", inside[1:]) if inside.startswith("!") else ("", inside)
    parts, at = [], 0
    while at < len(signs):
        if signs[at + 1 : at + 2] == "-" and at + 2 < len(signs):
            low, high = signs[at], signs[at + 2]
            parts += [f"{_escape_member(low)}-{_escape_member(high)}"] if low <= high else []
            at += 3
        else:
            parts.append(_escape_member(signs[at]))
            at += 1
    if not parts:
        return "." if negated else "(?!.*)."  # a set of nothing: any, or none
    return f"[{negated}{''.join(parts)}]"


def _escape_member(sign: str) -> str:
    return f"\\{sign}" if sign in "\\]^-[" else sign
