"""A rehearsal with faults, told by two who kept books of their own: the mock that charged, and our ledger."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from rehearsal import SPEED, Studio, film

from hailuo_batch.app.costs import audit, costs
from hailuo_batch.core.spending.audit_findings import AuditRemark
from hailuo_batch.core.spending.costs import CostColumn, GroupBy
from hailuo_batch.core.world import World
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.testing.clips import CLIP

FAULTS = [
    {"fault": "task_failed", "prompt": "storm", "nth": 1},
    {"fault": "server_error", "status": 503, "accepted": True, "call": "submit", "prompt": "fog", "first": 1},
    {"fault": "input_refused", "prompt": "hail"},
]


@pytest.mark.parametrize(("gateway", "tasks"), [("minimax", 4), ("odkkk", 5)])  # odkkk accepts before it refuses
async def test_our_books_say_what_was_charged(
    gateway: str, tasks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with Mock(parse_script({"faults": FAULTS}), speed=SPEED, clip=CLIP) as mock:
        found = Studio(folder=tmp_path, mock=mock, monkeypatch=monkeypatch)
        found.write(film(gateway, "sun", "storm", "fog", "hail"))
        for _ in range(3):
            await found.run()
        charged = len(mock.charges)

    booked = await audit(tmp_path, world=World.REHEARSAL, deep=True)
    assert booked.findings == ()
    assert Counter(each.remark for each in booked.remarks)[AuditRemark.AFTER_FAILURE] == booked.repurchases == 1
    assert booked.purchases + booked.in_doubt == charged == tasks  # storm twice, and fog, of which nobody was told
    assert (booked.requests, booked.in_doubt, booked.clips, booked.double_purchases) == (4, 1, 2, 0)

    rows = (await costs(tmp_path, group_by=GroupBy.SHOT, world=World.REHEARSAL)).rows
    attempts = Counter[str]()
    for row in rows:
        attempts[row.group] += row.attempts
    assert attempts == {"film/s1": 1, "film/s2": 2, "film/s3": 1, "film/s4": 1}
    if gateway == "minimax":
        nothing = Decimal(0)
        sums = {row.group: (row.amount(CostColumn.SPENT), row.amount(CostColumn.IN_DOUBT)) for row in rows}
        assert sums["film/s3"] == (nothing, sums["film/s1"][0])
        assert sums["film/s4"] == (nothing, nothing)
