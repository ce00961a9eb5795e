"""Whole runs over the mock: caps, the breaker, and what is asked for again; the mock's own charges are the judge."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rehearsal import SPEED, Studio, film

from hailuo_batch.app.run import RunResult, run
from hailuo_batch.app.running.options import Rehearsal, RunOptions, Scope
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.pacing.circuit_breaker import FAILURE_THRESHOLD
from hailuo_batch.core.pacing.slow_start import FIRST_TAKES
from hailuo_batch.core.plan.outcome import Outcome
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit, InputError
from hailuo_batch.mock.hooks import HookEvent
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.testing.clips import CLIP
from hailuo_batch.views.run_summary import draw_run_summary

PRICE = Decimal("0.28")  # of a clip of 6 s in 768p at MiniMax
Open = Callable[..., Any]


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """A project at a mock with these faults."""

    @asynccontextmanager
    async def opened(*faults: dict[str, Any], settings: str = "", **script: Any) -> AsyncIterator[Studio]:
        async with Mock(parse_script({"faults": list(faults), **script}), speed=SPEED, clip=CLIP) as mock:
            found = Studio(folder=tmp_path, mock=mock, monkeypatch=monkeypatch)
            (tmp_path / "hailuo.yaml").write_text(f"version: 1\nlimits: {{minimax: {{per_minute: 600}}}}\n{settings}")
            yield found

    return opened


def kites(number: int) -> list[str]:
    return [f"kite number {each}" for each in range(1, number + 1)]


def left_out(outcome: Outcome) -> list[str]:
    return sorted(step.uses[0].shot.id for step, failure in outcome.failed if failure.kind is FailureKind.OVER_CAP)


def charged(found: Studio) -> Decimal:
    """What the mock would have been paid, at MiniMax's price."""
    return len(found.mock.charges) * PRICE


@pytest.mark.parametrize("jobs", [1, 10])
async def test_a_cap_buys_what_it_can_and_names_the_others(studio: Open, jobs: int):
    async with studio() as found:
        found.write(film("minimax", *kites(10)))
        ran = await found.run(max_cost="1.00", jobs=jobs)
        assert (ran.outcome.stored, len(found.mock.charges), ran.exit) == (3, 3, Exit.REFUSED)
        assert left_out(ran.outcome) == sorted(f"s{number}" for number in range(4, 11))
        assert len(found.calls("submit")) == 3
        words = draw_run_summary(ran.outcome, ran.after.report, lock=None, folder="renders/")
        assert "7 takes left out:" in words
        for number in range(4, 11):
            label = f"s{number}#1".ljust(len("s10#1"))
            assert f"{label}  it would cost 0.28 USD, and --max-cost of 1.00 USD has 0.16 USD left" in words


FAULTS: dict[str, list[dict[str, Any]]] = {
    "throttled": [{"fault": "throttled", "first": 4}],
    "throttled each": [{"fault": "throttled", "each": True, "first": 1}],
    "lost and taken": [{"fault": "reset", "accepted": True, "nth": [2, 3]}],
    "lost and not taken": [{"fault": "reset", "accepted": False, "nth": [1, 3]}],
    "refused": [{"fault": "bad_parameter", "nth": [1, 2]}],
    "failed": [{"fault": "task_failed", "nth": [1, 2]}],
    "mixed": [
        {"fault": "throttled", "rate": 0.4},
        {"fault": "reset", "accepted": True, "rate": 0.3},
        {"fault": "bad_parameter", "rate": 0.3},
        {"fault": "task_failed", "rate": 0.3},
    ],
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("jobs", [1, 10])
async def test_no_fault_makes_a_run_spend_more_than_its_cap(studio: Open, name: str, jobs: int):
    async with studio(*FAULTS[name]) as found:
        found.write(film("minimax", *kites(10)))
        await found.run(max_cost="1.00", jobs=jobs)
        assert charged(found) <= 1
        stages = found.stages()
        doubts, stored = stages.count("in_doubt"), stages.count("stored")
        broken = len(found.rows("SELECT 1 FROM attempts WHERE stage = 'failed' AND task <> ''"))
        assert doubts + stored + broken == 3, "what is in doubt counts, and what was not accepted does not"
        if name.startswith("throttled"):
            assert stored == 3


async def test_what_is_in_doubt_counts_against_the_budget_of_the_next_run_too(studio: Open):
    async with studio({"fault": "reset", "accepted": False, "nth": 1}) as found:
        found.write("budget: {max: 0.60, currency: USD}\n" + film("minimax", *kites(3)))
        first = await found.run(jobs=1)
        assert first.exit is Exit.NEEDS_PERSON, "a doubt comes before money"
        again = await found.run(jobs=1)
        assert (first.outcome.stored, again.outcome.stored) == (1, 0)
        assert left_out(again.outcome) == ["s3"]
        assert len(found.mock.charges) == 1


async def test_what_a_gateway_does_not_tell_is_in_the_report_by_the_price_list(studio: Open):
    async with studio() as found:
        found.write(film("minimax", *kites(4)))
        report = (await found.run()).after.report
        assert (report.spent, report.unknown_cost) == ((), 0)
        assert ([str(money) for money in report.estimated], report.silent_providers) == (["1.12 USD"], ("minimax",))


async def test_a_price_that_nobody_knows_is_refused_under_a_cap(studio: Open):
    async with studio() as found:
        found.write(film("odkkk", *kites(2)))
        ran = await found.run(max_cost="100")
        assert (ran.exit, left_out(ran.outcome), list(found.mock.log)) == (Exit.REFUSED, ["s1", "s2"], [])
        assert "its price at odkkk is unknown" in ran.outcome.failed[0][1].why
        assert (await found.run()).outcome.stored == 2, "without a cap it is a matter of agreeing to it"


async def test_a_price_in_another_currency_is_refused_under_a_cap(studio: Open):
    async with studio() as found:
        found.write(film("minimax", "a kite"))
        ran = await found.run(max_cost="100 EUR")
        assert (ran.exit, list(found.mock.log)) == (Exit.REFUSED, [])
        assert "is in USD, and --max-cost of 100.00 EUR cannot count that" in ran.outcome.failed[0][1].why


async def test_a_limit_without_a_currency_is_in_that_of_the_budget(studio: Open):
    async with studio() as found:
        found.write("budget: {max: 10, currency: EUR}\n" + film("minimax", "a kite"))
        ran = await found.run(max_cost="100")
        assert "--max-cost of 100.00 EUR" in ran.outcome.failed[0][1].why


async def test_an_amount_that_is_none_is_told_before_anything_is_sent(studio: Open):
    async with studio() as found:
        found.write(film("minimax", "a kite"))
        with pytest.raises(InputError, match='"a lot" is not an amount of money'):
            await found.run(max_cost="a lot")
        assert list(found.mock.log) == []


async def test_the_budget_of_a_manifest_holds_over_all_its_runs(studio: Open):
    async with studio() as found:
        found.write("budget: {max: 0.60, currency: USD}\n" + film("minimax", "kite number 1"))
        assert (await found.run()).exit is Exit.DONE
        found.write("budget: {max: 0.60, currency: USD}\n" + film("minimax", *kites(4)))
        ran = await found.run()
        assert (ran.outcome.stored, len(left_out(ran.outcome)), ran.exit) == (1, 2, Exit.REFUSED)
        again = await found.run()
        assert (again.outcome.stored, len(left_out(again.outcome)), again.exit) == (0, 2, Exit.REFUSED)
        assert len(found.mock.charges) == 2


async def test_the_limit_of_a_run_is_for_that_run_alone(studio: Open):
    async with studio() as found:
        found.write(film("minimax", *kites(3)))
        for stored in (1, 2, 3):
            assert (await found.run(max_cost="0.30")).outcome.stored == 1
            assert len(found.mock.charges) == stored


TAGGED = """\
version: 1
campaign: {campaign}
providers: [minimax]
defaults: {{duration: 6, resolution: 768p}}
shots:
  - {{id: a, prompt: a kite of {campaign}, tags: ["client:{client}"]}}
  - {{id: b, prompt: another of {campaign}, tags: ["client:{client}"]}}
"""


async def test_a_projects_cap_for_a_tag_counts_every_manifest_and_no_other_tag(studio: Open):
    settings = "caps: [{max: 0.90, currency: USD, tag: 'client:acme'}]\n"
    async with studio(settings=settings) as found:
        for campaign, client, stored in (("one", "acme", 2), ("two", "acme", 1), ("three", "other", 2)):
            found.write(TAGGED.format(campaign=campaign, client=client))
            assert (await found.run()).outcome.stored == stored
        assert len(found.mock.charges) == 5


class Calendar:
    """The clock of a whole project, which a test may set."""

    at = datetime(2026, 11, 30, 23, tzinfo=UTC).timestamp()

    def now(self) -> float:
        return type(self).at

    def elapsed(self) -> float:
        return type(self).at


async def test_a_cap_for_a_month_is_free_again_in_the_next(studio: Open, monkeypatch: pytest.MonkeyPatch):
    for room in ("run", "running.context", "running.setup"):
        monkeypatch.setattr(f"hailuo_batch.app.{room}.SystemClock", Calendar)
    monkeypatch.setattr(Calendar, "at", Calendar.at)
    async with studio(settings="caps: [{max: 0.60, currency: USD, per: month}]\n") as found:
        found.write(film("minimax", *kites(5)))
        assert (await found.run()).outcome.stored == 2
        Calendar.at += 1800.0
        assert (await found.run()).outcome.stored == 0, "it is the same month"
        Calendar.at += 1800.0
        ran = await found.run()
        assert (ran.outcome.stored, left_out(ran.outcome)) == (2, ["s5"])
        assert "the project's cap of 0.60 USD a month has 0.04 USD left" in ran.outcome.failed[0][1].why
        assert len(found.mock.charges) == 4


async def test_an_unfinished_task_of_last_month_frees_nothing_of_this_one(
    studio: Open, monkeypatch: pytest.MonkeyPatch
):
    for room in ("run", "running.context", "running.setup"):
        monkeypatch.setattr(f"hailuo_batch.app.{room}.SystemClock", Calendar)
    monkeypatch.setattr(Calendar, "at", Calendar.at)
    stuck = {"fault": "server_error", "call": "poll", "first": 12}
    async with studio(stuck, settings="caps: [{max: 0.60, currency: USD, per: month}]\n") as found:
        found.write(film("minimax", *kites(2)))
        assert {failure.kind for _, failure in (await found.run()).outcome.failed} == {FailureKind.PENDING}
        Calendar.at += 7200.0
        found.write(film("minimax", *kites(6)))
        ran = await found.run()
        assert (ran.outcome.stored, len(left_out(ran.outcome))) == (4, 2)
        assert len(found.mock.charges) == 4


@pytest.mark.parametrize(("fault", "code"), [("no_balance", Exit.BALANCE), ("bad_key", Exit.KEY)])
async def test_without_money_or_key_nothing_more_is_sent_there_and_the_others_work_on(
    studio: Open, fault: str, code: Exit
):
    async with studio({"fault": fault, "gateway": "odkkk"}) as found:
        found.write(film("odkkk", *kites(4)))
        ran = await found.run(jobs=1)
        assert (ran.exit, len(ran.outcome.failed), len(found.calls("submit"))) == (code, 4, 1)
        found.write(film("odkkk, minimax", *kites(4)))
        ran = await found.run(jobs=1)
        assert (ran.exit, ran.outcome.stored) == (Exit.DONE, 4)
        assert [entry.gateway for entry in found.calls("submit")] == ["odkkk"] * 2 + ["minimax"] * 4


async def test_the_same_error_five_times_ends_the_submits_there_and_another_provider_works_on(studio: Open):
    async with studio({"fault": "bad_parameter", "gateway": "odkkk"}) as found:
        found.write(film("odkkk", *kites(9)))
        ran = await found.run(jobs=1)
        assert len(found.calls("submit")) == FAILURE_THRESHOLD
        kinds = [failure.kind for _, failure in ran.outcome.failed]
        assert kinds == [FailureKind.REFUSED] * FAILURE_THRESHOLD + [FailureKind.CLOSED] * (9 - FAILURE_THRESHOLD)
        assert ran.outcome.failed[-1][1].why.startswith("odkkk gave the same error 5 times in a row: ")
        found.write(film("odkkk, minimax", *(f"boat {prompt}" for prompt in kites(9))))
        ran = await found.run(jobs=1)
        assert (ran.outcome.stored, len(ran.outcome.failed)) == (9 - FAILURE_THRESHOLD, FAILURE_THRESHOLD)
        assert {entry.gateway for entry in found.calls("submit")[2 * FAILURE_THRESHOLD :]} == {"minimax"}


async def test_who_asks_to_wait_for_an_hour_is_sent_nothing_more_and_another_provider_is_asked(studio: Open):
    async with studio({"fault": "throttled", "retry_after": 3600, "gateway": "odkkk"}) as found:
        found.write(film("odkkk", *kites(4)))
        ran = await found.run(jobs=1)
        assert (ran.outcome.stored, ran.exit, len(found.calls("submit"))) == (0, Exit.TAKES_FAILED, 1)
        assert re.search(r"odkkk asks to wait 3,[56]\d\d s", ran.outcome.failed[-1][1].why)
        assert found.stages() == ["failed"], "of the others nothing was even intended"
        found.write(film("odkkk, minimax", *kites(4)))
        ran = await found.run(jobs=1)
        assert (ran.outcome.stored, ran.exit) == (4, Exit.DONE)
        assert [entry.gateway for entry in found.calls("submit")] == ["odkkk"] * 2 + ["minimax"] * 4


async def test_tasks_that_run_are_brought_home_though_nothing_more_is_sent(studio: Open):
    async with studio({"fault": "no_balance", "nth": 4}) as found:
        found.write(film("minimax", *kites(6)))
        ran = await found.run(jobs=3)
        assert ran.exit is Exit.BALANCE
        assert ran.outcome.stored == len(found.mock.charges) >= 3


async def test_fail_fast_sends_nothing_after_the_first_failure(studio: Open):
    async with studio({"fault": "input_refused", "nth": 2}) as found:
        found.write(film("minimax", *kites(6)))
        ran = await found.run(jobs=1, fail_fast=True)
        assert (ran.outcome.stored, len(ran.outcome.failed), ran.exit) == (1, 1, Exit.TAKES_FAILED)
        assert len(found.calls("submit")) == 2
        assert "--fail-fast" in ran.outcome.stop_reason


async def test_fail_fast_follows_what_runs_to_its_end(studio: Open):
    async with studio({"fault": "bad_parameter", "nth": 3}) as found:
        found.write(film("minimax", *kites(9)))
        ran = await found.run(jobs=3, fail_fast=True)
        assert set(found.stages()) == {"stored", "failed"}
        assert ran.outcome.stored == len(found.mock.charges) < 8
        assert ran.outcome.left_running == 0


async def _insist(found: Studio) -> RunResult:
    terms = RunOptions(scope=Scope.FAILED, world=World.REHEARSAL, rehearsal=Rehearsal(speed=SPEED))
    return await run(found.folder / "film.yaml", terms)


async def test_failed_asks_again_for_what_failed_or_was_refused_and_for_nothing_else(studio: Open):
    faults = (
        {"fault": "bad_parameter", "prompt": "number 1", "nth": 1},
        {"fault": "task_failed", "prompt": "number 2", "first": 1},
        {"fault": "reset", "prompt": "number 3", "first": 1},
    )
    async with studio(*faults) as found:
        found.write(film("minimax", *kites(4)))
        await found.run(jobs=1)
        assert sorted(found.stages()) == ["failed", "failed", "in_doubt", "stored"]
        found.write(film("minimax", *kites(6)))
        before = len(found.calls("submit"))
        ran = await _insist(found)
        asked = [str(entry.body) for entry in found.calls("submit")[before:]]
        assert len(asked) == 2
        assert all(any(f"number {number}" in body for body in asked) for number in (1, 2))
        assert (ran.outcome.stored, ran.exit) == (2, Exit.DONE)
        ran = await _insist(found)
        assert (ran.outcome.stored, len(found.calls("submit"))) == (0, before + 2)


async def test_what_was_refused_for_good_is_asked_for_again_only_when_somebody_insists(studio: Open):
    async with studio({"fault": "bad_parameter", "nth": 1}) as found:
        found.write(film("minimax", "a kite"))
        await found.run()
        assert (await found.run()).outcome.stored == 0
        assert len(found.calls("submit")) == 1
        assert (await _insist(found)).outcome.stored == 1


async def test_a_gateway_that_answers_nothing_clear_leaves_a_few_doubts_and_not_one_a_place(studio: Open):
    async with studio({"fault": "server_error", "status": 500, "accepted": False, "call": "submit"}) as found:
        found.write(film("odkkk", *kites(60)))
        ran = await found.run()
        assert found.stages() == ["in_doubt"] * FIRST_TAKES
        assert len(ran.outcome.failed) == 60
        assert ran.exit is Exit.NEEDS_PERSON


async def test_no_number_of_jobs_exceeds_what_a_gateway_takes_at_once(studio: Open):
    async with studio() as found:
        (found.folder / "hailuo.yaml").write_text("version: 1\nlimits: {minimax: {at_once: 2, per_minute: 6000}}\n")
        found.write(film("minimax", *kites(8)))
        running, most = set[str](), 0

        def watch(moment: HookEvent) -> None:
            nonlocal most
            if (moment.kind, moment.call) == ("charged", "submit"):
                running.add(str(len(found.mock.charges)))
            if (moment.kind, moment.call) == ("received", "download"):
                running.pop()
            most = max(most, len(running))

        found.mock.listeners.append(watch)
        assert (await found.run(jobs=50)).outcome.stored == 8
        assert most == 2


async def test_a_clip_that_two_clients_share_counts_under_the_cap_of_each(studio: Open):
    async with studio() as found:
        (found.folder / "hailuo.yaml").write_text("version: 1\ncaps: [{max: 0.10, currency: USD, tag: 'client:z'}]\n")
        shots = "  - {id: a, prompt: kite, tags: ['client:x']}\n  - {id: b, prompt: kite, tags: ['client:z']}\n"
        found.write(f"version: 1\ncampaign: film\nproviders: [minimax]\nshots:\n{shots}")
        ran = await found.run()
        assert (left_out(ran.outcome), found.mock.charges) == (["a"], [])
        assert [take for take, _ in ran.before.report.over_cap] == ["a#1", "b#1"]
        assert ran.before.report.to_spend == ()


async def test_who_made_a_clip_instead_of_another_is_told_with_the_reason(studio: Open):
    async with studio({"fault": "no_balance", "gateway": "minimax"}) as found:
        found.write(film("minimax, highwayapi", *kites(3)))
        ran = await found.run(jobs=1)
        [(provider, clips, why)] = ran.outcome.other_providers
        assert (provider, clips) == ("highwayapi", 3)
        words = draw_run_summary(ran.outcome, ran.after.report, lock=None, folder="renders/")
        assert f"3 clips by highwayapi instead: {why}" in words
