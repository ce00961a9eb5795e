"""Which take of a shot is used in the edit, for every view that shows one take of each shot."""

from collections.abc import Iterable

from hailuo_batch.core.plan.judgement import Verdict
from hailuo_batch.core.plan.report import TakeRow


def find_used_takes(rows: Iterable[TakeRow]) -> dict[str, TakeRow]:
    """By shot, the selected take, else the first with a clip that nobody rejected; where there is none, the first."""
    used: dict[str, TakeRow] = {}
    for row in rows:
        if row.shot not in used or _rank(row) < _rank(used[row.shot]):
            used[row.shot] = row
    return used


def _rank(row: TakeRow) -> tuple[bool, bool, bool, int]:
    return (not row.is_selected, row.clip is None, row.verdict is Verdict.REJECTED, row.take)
