"""Several manifests that are bought for real, at a mock on loopback: locks, one agreement, caps, and a killed run."""

import asyncio
import json
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from rehearsal import KEY, SPEED
from trusting import trust_project

from hailuo_batch.app.costs import audit
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.run_several import SeveralResult, run_several
from hailuo_batch.app.running.options import RunOptions, Scope
from hailuo_batch.core.plan.event import Listener
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit, PendingError
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.runner.limiter import Tempo
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.testing.clips import CLIP

FILMS = {"a": ("a kite", "a box"), "b": ("a kite", "an umbrella")}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two manifests that share one request, a key, and time that flies."""
    monkeypatch.setenv("MINIMAX_API_KEY", KEY)
    monkeypatch.setattr(
        "hailuo_batch.app.running.context.make_scaled_clock", lambda _: Tempo(elapsed=monotonic, speed=SPEED)
    )
    for name, prompts in FILMS.items():
        shots = "".join(f"  - {{id: s{n}, prompt: {prompt}}}\n" for n, prompt in enumerate(prompts))
        head = f"version: 1\ncampaign: {name}\nproviders: [minimax]\nbudget: {{max: 0.30, currency: USD}}\nshots:\n"
        (tmp_path / f"{name}.yaml").write_text(head + shots)
    return tmp_path


def raise_budgets(folder: Path) -> None:
    for name in FILMS:
        file = folder / f"{name}.yaml"
        file.write_text(file.read_text().replace("max: 0.30", "max: 9"))


@asynccontextmanager
async def mocked(folder: Path, *faults: dict[str, Any]) -> AsyncIterator[Mock]:
    async with Mock(parse_script({"faults": list(faults)}), speed=SPEED, clip=CLIP) as mock:
        (folder / "hailuo.yaml").write_text(f"version: 1\nregions: {{minimax: '{mock.url('minimax')}'}}\n")
        trust_project(folder)
        yield mock


async def run_both(folder: Path, asked: list[int] | None = None, **how: Any) -> SeveralResult:
    def approve(plans: Sequence[PlannedRun]) -> None:
        if asked is not None:
            asked.append(sum(planned.report.clips_to_buy for planned in plans))

    @contextmanager
    def watch(_: PlannedRun) -> Iterator[Listener]:
        yield lambda _: None

    files = [folder / f"{name}.yaml" for name in FILMS]
    return await run_several(files, RunOptions(**how), approve=approve, watch=watch, stop=Stop())


async def test_one_agreement_buys_each_request_once_and_each_manifest_gets_its_lock(project: Path):
    raise_budgets(project)
    asked: list[int] = []
    async with mocked(project) as mock:
        ran = await run_both(project, asked)
        assert (ran.exit, asked, len(mock.charges)) == (Exit.DONE, [3], 3)
        assert (await run_both(project, asked)).exit is Exit.DONE
        assert (await run_both(project, scope=Scope.LOCKED)).exit is Exit.DONE
        assert (asked, len(mock.charges)) == ([3], 3)
    for name in FILMS:
        assert (project / f"{name}.lock.yaml").read_text().count("artifact") >= 2
        assert not (project / f"{name}.tasks.yaml").exists()  # every clip is in the lock
    assert (await audit(project)).double_purchases == 0


async def test_a_run_that_may_spend_nothing_is_refused_by_the_first_lock_that_does_not_cover(project: Path):
    with pytest.raises(PendingError, match="does not cover"):
        await run_both(project, scope=Scope.LOCKED)


async def test_the_budget_of_each_campaign_holds_and_the_shared_clip_counts_in_the_first(project: Path):
    """0.30 USD is enough for one clip of 0.28 in each campaign: the shared one in the first, another in the second."""
    asked: list[int] = []
    async with mocked(project) as mock:
        ran = await run_both(project, asked)
        assert (ran.exit, asked, len(mock.charges)) == (Exit.REFUSED, [2], 2)
    stored = [[row.shot for row in each.after.report.rows if row.file] for each in ran.results]
    assert stored == [["s0"], ["s0", "s1"]]


@pytest.mark.parametrize("most", ["0.60", "0.60 USD"])
async def test_the_most_of_the_command_counts_what_it_bought_for_the_manifests_before(project: Path, most: str):
    raise_budgets(project)
    async with mocked(project) as mock:
        assert (await run_both(project, max_cost=most)).exit is Exit.REFUSED
        assert len(mock.charges) == 2
        assert (await run_both(project, max_cost=most)).exit is Exit.DONE
        assert len(mock.charges) == 3


async def test_a_gateway_that_was_closed_for_one_manifest_stays_closed_for_the_next(project: Path):
    raise_budgets(project)
    async with mocked(project, {"fault": "no_balance", "call": "submit", "first": 99}) as mock:
        ran = await run_both(project, jobs=1)
        assert ran.exit is Exit.BALANCE
        assert len([entry for entry in mock.log if entry.call == "submit"]) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
async def test_a_killed_run_goes_on_by_the_same_command(project: Path):
    """The mock of a rehearsal keeps what it charged in a file, so that it outlives the process."""
    raise_budgets(project)
    (project / "hailuo.yaml").write_text("version: 1\n")
    command = [sys.executable, "-m", "hailuo_batch.cli.main", "run", "--rehearsal", "a.yaml", "b.yaml"]
    charges = project / ".hailuo" / "rehearsal" / ".hailuo" / "mock.jsonl"
    killed = await asyncio.create_subprocess_exec(*command, cwd=project)
    while not (charges.exists() and charges.read_text().strip()):
        await asyncio.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    await killed.wait()
    again = await asyncio.create_subprocess_exec(*command, cwd=project)
    code = await again.wait()
    bought = Counter(json.loads(line)["task"]["prompt"] for line in charges.read_text().splitlines() if line)
    assert max(bought.values()) == 1
    assert code in {Exit.DONE, Exit.NEEDS_PERSON}, "a submit that was cut off by the kill is in doubt"
    assert code != Exit.DONE or len(bought) == 3
    assert (await audit(project, world=World.REHEARSAL)).double_purchases == 0
