"""What `doctor` found, as text: a line for each check, those that need attention with what to do."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hailuo_batch.views.format import count, safe_text
from hailuo_batch.views.style import PLAIN, TextStyle
from hailuo_batch.views.table import Cell, Column, Fit, draw_table

_COLUMNS = (Column(), Column(fit=Fit.MIDDLE), Column(fit=Fit.TEXT, least=24))


class CheckRow(NamedTuple):
    """A check: good, note or bad; good ones of one group share a line."""

    result: str
    name: str
    detail: str
    remedy: str = ""
    group: str = ""


def draw_checks(checks: Sequence[CheckRow], style: TextStyle = PLAIN) -> str:
    """The checks, each with its remedy below it, and how many of each kind there are."""
    paints = {"good": style.good, "note": style.warning, "bad": style.bad}
    rows: list[tuple[Cell, ...]] = []
    shown = [*_fold(checks)]
    for check in shown:
        rows.append(
            (Cell(check.result, paints[check.result]), Cell(safe_text(check.name)), Cell(safe_text(check.detail)))
        )
        rows += [(Cell(""), Cell(""), Cell(safe_text(line))) for line in check.remedy.splitlines()]
    counts = Counter(check.result for check in shown)  # as many as there are lines
    notes = [count(counts["note"], "note")] if counts["note"] else []
    sums = ", ".join((f"{counts['good']} good", *notes, *([f"{counts['bad']} bad"] if counts["bad"] else [])))
    return "\n".join((*draw_table(rows, _COLUMNS, width=style.width, indent=0), "", f"{sums}."))


def _fold(checks: Sequence[CheckRow]) -> Iterator[CheckRow]:
    """The checks, the good ones of a group as one where the first of them is."""
    good = [check for check in checks if check.group and check.result == "good"]
    groups = {check.group: check for check in reversed(good)}
    for check in checks:
        if check not in good:
            yield check
        elif check is groups[check.group]:
            found = [f"{each.name} {each.detail}" for each in good if each.group == check.group]
            yield CheckRow("good", check.group, ", ".join(found))
