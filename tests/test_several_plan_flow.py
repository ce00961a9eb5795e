"""One saved plan of several manifests: one price, one approval, carried out whole or not at all; bought at a mock."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from studio import Studio, make_project, open_mock

from hailuo_batch.app.costs import audit
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.planning.several import plan_several
from hailuo_batch.app.run import run
from hailuo_batch.app.run_several import SeveralResult, run_several
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.app.saved_plans import approve, read_plan_for_run, read_plan_for_runs, save_plan
from hailuo_batch.core.plan.event import Listener
from hailuo_batch.core.plan.saved_plan import SavedPlan, plan_hash
from hailuo_batch.errors import Exit, HailuoError, InputError, RefusedError
from hailuo_batch.load.saved_plan_file import read_saved_plan
from hailuo_batch.load.schemas import read_schema
from hailuo_batch.mock.hooks import HookEvent
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.views.saved_plan import draw_plan_file

HEAD = "version: 1\ncampaign: {}\nproviders: [minimax]\ndefaults: {{duration: 6, resolution: 768p}}\nshots:\n"
FILMS = {  # the kite, and what starts from it, are in both
    "film": "  - {id: kite, prompt: a kite rises}\n  - {id: turn, prompt: it turns, frames: {first: {shot: kite}}}\n",
    "more": "  - {id: sky, prompt: a kite rises}\n  - {id: swing, prompt: it turns, frames: {first: {shot: sky}}}\n"
    "  - {id: boat, prompt: two boats race}\n",
}
PROMPTS = ["a kite rises", "it turns", "two boats race"]


class Films(Studio):
    """A project with two manifests."""

    @property
    def films(self) -> list[Path]:
        return [self.folder / f"{name}.yaml" for name in FILMS]

    def replace_shot(self, old: str, new: str) -> None:
        for key in ("id", "shot"):
            self.change(f"{key}: {old}", f"{key}: {new}")

    async def save(self, **how: Any) -> SavedPlan:
        return await save_plan(await plan_several(self.films, **how), self.file)

    async def run_all(self, stop: Stop | None = None, **how: Any) -> SeveralResult:
        @contextmanager
        def watch(_: PlannedRun) -> Iterator[Listener]:
            yield lambda _: None

        files, options = read_plan_for_runs(self.file, RunOptions(**how))
        return await run_several(files, options, approve=lambda _: None, watch=watch, stop=stop or Stop())

    async def refuse(self, kind: type[HailuoError] = RefusedError) -> str:
        """Why nothing is submitted for any of the manifests."""
        before = len(self.submits())
        with pytest.raises(kind) as refused:
            await self.run_all()
        assert len(self.submits()) == before
        return f"{refused.value.summary}\n{refused.value.why}\n{refused.value.remedy}"

    def prompts(self) -> list[str]:
        return [charge.prompt for charge in self.mock.charges]


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    return make_project(tmp_path, monkeypatch)


@asynccontextmanager
async def open_films(folder: Path, *faults: dict[str, Any], more: str = "") -> AsyncIterator[Films]:
    for name, shots in FILMS.items():
        (folder / f"{name}.yaml").write_text(HEAD.format(name) + shots)
    async with open_mock(folder, ("minimax",), *faults, more=more, clip=None) as mock:
        yield Films(folder=folder, mock=mock)


async def test_one_plan_of_two_manifests_buys_what_both_need_once(surroundings: Path) -> None:
    async with open_films(surroundings) as films:
        saved = await films.save()
        Draft7Validator(read_schema("plan")).validate(json.loads(films.file.read_text()))
        assert read_saved_plan(films.file).hash == saved.hash
        assert (saved.totals.clips, [str(each) for each in saved.totals.cost]) == (3, ["0.84 USD"])
        shared = [step.get("bought_for") for part in saved.parts for step in part.steps]
        assert shared == [None, None, "kite#1 of film.yaml", "turn#1 of film.yaml", None]
        assert draw_plan_file(saved).count("same clip as ") == 2
        assert [(await films.run_all()).exit for _ in range(2)] == [Exit.DONE, Exit.DONE]
        assert sorted(films.prompts()) == PROMPTS
        assert all((surroundings / f"{name}.lock.yaml").exists() for name in FILMS)
    assert (await audit(surroundings)).double_purchases == 0


DRIFTS: dict[str, tuple[Callable[[Films], object], str]] = {
    "of the first": (
        lambda films: films.change("a kite rises", "a kite falls"),
        'film.yaml: kite#1: prompt: "a kite rises" → "a kite falls"',
    ),
    "of the second": (
        lambda films: films.change("two boats", "ten boats", "more.yaml"),
        'more.yaml: boat#1: prompt: "two boats race" → "ten boats race"',
    ),
    "a chain of the second": (
        lambda films: films.change("{shot: sky}", "{shot: boat}", "more.yaml"),
        "more.yaml: swing#1: first frame: last frame of sky → last frame of boat",
    ),
    "the shared take leaves the first": (
        lambda films: films.replace_shot("kite", "crane"),
        "film.yaml: kite#1: shot: in the manifest → not in the manifest",
    ),
    "campaign": (
        lambda films: films.change("campaign: more", "campaign: other", "more.yaml"),
        "campaign: more → other",
    ),
    "a manifest is gone": (lambda films: (films.folder / "more.yaml").unlink(), "there is no such file"),
}


@pytest.mark.parametrize("name", DRIFTS)
async def test_what_has_moved_in_one_manifest_stops_all(surroundings: Path, name: str) -> None:
    change, words = DRIFTS[name]
    async with open_films(surroundings) as films:
        await films.save()
        change(films)
        said = await films.refuse()
        assert words in said
        if name != "a manifest is gone":
            assert "hailuo-batch plan -o " in said
            assert said.endswith("film.yaml more.yaml")


async def test_what_another_run_bought_of_one_is_done_and_the_rest_goes_on(surroundings: Path) -> None:
    async with open_films(surroundings) as films:
        await films.save()
        assert (await run(films.films[1], RunOptions(only=("sky",)))).outcome.stored == 1
        assert (await films.run_all()).exit is Exit.DONE
        assert sorted(films.prompts()) == PROMPTS


async def test_an_interrupted_run_goes_on_by_the_same_command(surroundings: Path) -> None:
    async with open_films(surroundings) as films:
        await films.save()
        stop = Stop()

        def end(moment: HookEvent) -> None:
            if (moment.kind, moment.call) == ("answered", "submit"):
                stop.request("interrupted")

        films.mock.listeners.append(end)
        await films.run_all(stop=stop)
        films.mock.listeners.clear()
        assert films.prompts() == PROMPTS[:1]
        assert (await films.run_all()).exit is Exit.DONE
        assert sorted(films.prompts()) == PROMPTS


async def test_what_failed_for_both_is_bought_for_neither(surroundings: Path) -> None:
    async with open_films(surroundings, {"fault": "task_failed", "code": "1026", "prompt": "kite"}) as films:
        await films.save()
        await films.run_all()
        assert len([entry for entry in films.submits() if entry.status == 200]) == 2  # the kite once, and the boat
        assert "film.yaml: kite#1: ledger: submit (never rendered) → " in await films.refuse()


async def test_one_approval_is_for_all_and_the_cap_is_for_all(surroundings: Path) -> None:
    async with open_films(surroundings, more="require_approval: {above: 0.83 USD}\n") as films:
        await films.save()
        said = await films.refuse()
        assert "The run may cost 0.84 USD." in said
        approved = await approve(films.file, name="Ben")
        assert (approved.approval.clips, approved.faults) == (3, ())
        await films.run_all(max_cost="0.60")
        assert len(films.prompts()) == 2
        await films.run_all()
        assert sorted(films.prompts()) == PROMPTS


def forge(tree: dict[str, Any], change: Callable[[list[dict[str, Any]]], object]) -> dict[str, Any]:
    change(tree["manifests"])
    return {**tree, "hash": plan_hash(tree)}


FORGERIES: dict[str, tuple[Callable[[list[dict[str, Any]]], object], type[HailuoError], str]] = {
    "a manifest twice": (lambda parts: parts[1].update(parts[0]), HailuoError, ""),
    "one alone": (lambda parts: parts.pop(), RefusedError, "is not as hailuo-batch writes it"),
    "in another order": (lambda parts: parts.reverse(), RefusedError, "which would be bought"),
    "a purchase that is not shown": (
        lambda parts: parts[1]["steps"][2].update(buys=False, bought_for="kite#1 of film.yaml"),
        RefusedError,
        "more.yaml: boat#1: ledger: ",
    ),
    "a name of its own": (lambda parts: parts[0].update(more=1), RefusedError, '"more"'),
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_file_of_somebody_else_buys_nothing(surroundings: Path, name: str) -> None:
    change, kind, words = FORGERIES[name]
    async with open_films(surroundings) as films:
        await films.save()
        tree = forge(json.loads(films.file.read_text()), change)
        totals = SavedPlan(tree=tree).totals
        tree["totals"].update(
            clips=totals.clips,
            takes=totals.takes,
            cost=[{"amount": f"{totals.clips * 28 / 100:.2f}", "currency": "USD"}],
        )
        tree["totals"]["most"] = tree["totals"]["cost"]
        films.file.write_text(json.dumps({**tree, "hash": plan_hash(tree)}))
        assert words in await films.refuse(kind)


async def test_one_run_of_a_plan_of_several_is_refused_with_words(surroundings: Path) -> None:
    async with open_films(surroundings) as films:
        await films.save()
        with pytest.raises(InputError, match="several manifests"):
            read_plan_for_run(films.file, RunOptions())
        with pytest.raises(InputError, match="other manifests"):
            read_plan_for_runs(films.file, RunOptions(), [films.film])
