"""Several manifests in one run: what is approved once, what is begun, and what a killed run leaves."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from app_samples import FILM, Project

from hailuo_batch.app.planning.manifest_files import list_manifests
from hailuo_batch.app.planning.plan import plan_again
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.run_several import SeveralResult, run_several
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.core.plan.event import Event, Listener, StepStored
from hailuo_batch.core.plan.outcome import INTERRUPTED
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit, LedgerError, RefusedError
from hailuo_batch.ledger.sqlite import read_ledger
from hailuo_batch.runner.shutdown import Stop

OTHER = FILM.replace("campaign: aurora", "campaign: borealis").replace("on a table", "on a chair")


class Watched:
    """What a run showed: the plans that it asked about, and the events of each manifest."""

    def __init__(self, *, stop_after: int = 0, refuses: bool = False) -> None:
        self.approved: list[tuple[str, int]] = []
        self.events: dict[str, list[Event]] = {}
        self.stop, self._stop_after, self._refuses = Stop(), stop_after, refuses

    def approve(self, plans: Sequence[PlannedRun]) -> None:
        if self._refuses:
            raise RefusedError("not approved", why="no")
        self.approved += [(planned.validation.name, planned.report.clips_to_buy) for planned in plans]

    @contextmanager
    def watch(self, planned: PlannedRun) -> Iterator[Listener]:
        heard = self.events.setdefault(planned.plan.campaign, [])

        def listen(event: Event) -> None:
            heard.append(event)
            stored = sum(isinstance(each, StepStored) for each in heard)
            if self._stop_after and stored == self._stop_after:
                self.stop.request(INTERRUPTED)

        yield listen

    async def run(self, project: Project, **how: object) -> SeveralResult:
        files = [project.file, project.folder / "other.yaml"]
        options = RunOptions(**{"world": World.SKETCH, "jobs": 1, **how})  # type: ignore[arg-type]
        return await run_several(files, options, approve=self.approve, watch=self.watch, stop=self.stop)


@pytest.fixture
def both(project: Project) -> Project:
    """A project with a second manifest, which shares all but one of its requests with the first."""
    project.write(OTHER, "other.yaml")
    return project


async def test_all_plans_are_approved_at_once_before_anything_is_submitted(both: Project):
    watched = Watched()
    ran = await watched.run(both)
    assert [count for _, count in watched.approved] == [3, 1]
    assert [each.outcome.stored for each in ran.results] == [3, 1]
    assert (ran.exit, both.driver.submits.total()) == (Exit.DONE, 4)
    assert sorted(watched.events) == ["aurora", "borealis"]


async def test_who_does_not_approve_buys_nothing_of_any_manifest(both: Project):
    with pytest.raises(RefusedError):
        await Watched(refuses=True).run(both)
    assert both.driver.submits.total() == 0


async def test_a_manifest_that_is_named_in_two_ways_is_one(both: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(both.folder)
    assert list_manifests([Path("film.yaml"), both.file]) == (Path("film.yaml"),)


async def test_after_a_stop_the_next_manifest_is_not_begun_and_the_next_run_goes_on(both: Project):
    ran = await Watched(stop_after=1).run(both)
    assert [each.is_begun for each in ran.results] == [True, False]
    assert ran.exit is Exit.INTERRUPTED
    again = await Watched().run(both)
    assert (again.exit, both.driver.submits.total()) == (Exit.DONE, 4)


async def test_an_error_of_one_manifest_still_reports_the_ones_before(both: Project, monkeypatch: pytest.MonkeyPatch):
    async def fail_later(planned: PlannedRun, **how: object) -> PlannedRun:
        if planned.plan.campaign == "borealis":
            raise LedgerError("the ledger is on fire", why="It burns.")
        return await plan_again(planned, **how)  # type: ignore[arg-type]

    monkeypatch.setattr("hailuo_batch.app.run_several.plan_again", fail_later)
    ran = await Watched().run(both)
    assert [each.outcome.stored for each in ran.results] == [3, 0]
    assert ran.results[1].error is not None
    assert ran.exit is not Exit.DONE


async def test_each_manifest_has_a_run_of_its_own_in_the_ledger(both: Project):
    await Watched().run(both)
    async with read_ledger(both.folder / ".hailuo" / "ledger.db") as ledger:
        assert [Path(each.manifest).name for each in await ledger.runs()] == ["film.yaml", "other.yaml"]
