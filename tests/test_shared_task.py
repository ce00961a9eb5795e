"""A gateway that answers two paid submits with one task id: found by the run, and the only clip of both is not lost."""

from pathlib import Path

import pytest
from rehearsal import SPEED, Studio, film

from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.errors import Exit
from hailuo_batch.mock.contracts.minimax import Minimax
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.testing.clips import CLIP
from hailuo_batch.views.run_summary import draw_run_summary


async def test_one_id_for_two_submits_ends_submits_there_and_names_both_attempts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Minimax, "new_id", lambda *_: "176843862716480")
    async with Mock(parse_script({}), speed=SPEED, clip=CLIP) as mock:
        found = Studio(folder=tmp_path, mock=mock, monkeypatch=monkeypatch)
        found.write(film("minimax", "one", "two", "three", "four"))
        ran = await found.run(jobs=1)
        assert (len(mock.charges), found.stages(), ran.exit) == (2, ["stored", "in_doubt"], Exit.NEEDS_PERSON)
        assert [failure.kind for _, failure in ran.outcome.failed] == [FailureKind.SHARED_TASK] + [
            FailureKind.CLOSED
        ] * 2
        words = draw_run_summary(ran.outcome, ran.after.report, lock=None, folder="renders/")
        assert (
            "s2#1  minimax gave it task 176843862716480, which is the task of attempt 1 (film/s1#1)\n      "
            "Nothing more is submitted to minimax in this run."
        ) in words
        assert "hailuo-batch resolve" in words
        again = await found.run(jobs=1)  # an id of an earlier run is known too, and the take in doubt is not sent again
        assert len(mock.charges) == 3
        held = [step for step in again.after.pending_steps if step.action is Action.HOLD]
        assert [step.take_names[0].label for step in held] == ["s2#1", "s3#1"]
