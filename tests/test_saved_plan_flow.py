"""A saved plan is carried out exactly, or not at all: real gateways played by a mock on loopback, a real ledger."""

import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from studio import Studio, make_project, open_mock
from trusting import trust_project

from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.review import accept
from hailuo_batch.app.run import plan_run, run
from hailuo_batch.app.running.options import RunOptions, Scope
from hailuo_batch.app.saved_plans import read_plan_for_run, save_plan
from hailuo_batch.core.plan.saved_plan import plan_hash, sum_steps, totals_tree
from hailuo_batch.core.request.remote_image import RemoteImage
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit, HailuoError, InputError, RefusedError
from hailuo_batch.load.model_tables import read_model
from hailuo_batch.load.provider_tables import read_provider_table
from hailuo_batch.mock.hooks import HookEvent
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.testing.clips import CLIP
from hailuo_batch.views.saved_plan import draw_plan_file

FILM = """\
version: 1
campaign: film
providers: [minimax, highwayapi]
budget: {max: 5, currency: USD}
defaults: {duration: 6, resolution: 768p}
shots:
  - {id: kite, prompt: a kite rises, tags: [hero]}
  - {id: boat, prompt: two boats race, frames: {first: boat.png}}
  - {id: lamp, prompt: four lamps, frames: {first: {shot: kite, frame: last}}}
"""


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose key is set, and for which time flies."""
    folder = make_project(tmp_path, monkeypatch)
    draw(folder / "boat.png", "navy")
    return folder


def draw(file: Path, colour: str) -> None:
    Image.new("RGB", (640, 360), colour).save(file)


@asynccontextmanager
async def open_studio(
    folder: Path, *faults: dict[str, Any], text: str = FILM, more: str = "", clip: bytes | None = CLIP
) -> AsyncIterator[Studio]:
    (folder / "film.yaml").write_text(text, encoding="utf-8")
    async with open_mock(folder, ("minimax", "highwayapi"), *faults, more=more, clip=clip) as mock:
        yield Studio(folder=folder, mock=mock)


async def test_what_is_submitted_is_byte_for_byte_what_the_plan_says(surroundings: Path) -> None:
    async with open_studio(surroundings, clip=None) as studio:
        saved = await studio.save()
        assert [(step["takes"][0]["shot"], step["action"], step["buys"]) for step in saved.steps] == [
            ("kite", "submit", True),
            ("boat", "submit", True),
            ("lamp", "wait", True),
        ]
        for step in saved.steps[:2]:  # the request in the file is the one that the fingerprint hashes
            whole = {"hailuo_batch.request": 1, **step["request"]}
            assert f"v1-{sha256(canonical(whole)).hexdigest()}" == step["fingerprint"]
        ran = await studio.run_plan()
        assert (ran.outcome.failed, ran.exit, ran.outcome.stored) == ((), Exit.DONE, 3)
        bodies = {entry.body["prompt"]: entry.body for entry in studio.submits()}
        assert [canonical(bodies[step["request"]["prompt"]]) for step in saved.steps] == [
            canonical(await make_body(studio, step)) for step in saved.steps
        ]
        again = await studio.run_plan()  # a replayed plan is nothing to do
        assert (again.exit, again.outcome.stored, len(studio.submits())) == (Exit.DONE, 0, 3)


def canonical(tree: object) -> bytes:
    return json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


async def make_body(studio: Studio, step: Any) -> object:
    """The body that the plan's request is, as the gateway's dialect writes it; a frame is what the mock got."""
    request, body = step["request"], {"model": "MiniMax-Hailuo-02"}
    body |= {name: request[name] for name in ("prompt", "duration", "prompt_optimizer", "fast_pretreatment")}
    body |= {"resolution": request["resolution"].upper(), "aigc_watermark": request["watermark"]}
    (sent,) = (entry.body for entry in studio.submits() if entry.body["prompt"] == request["prompt"])
    if "first" in request:
        body["first_frame_image"] = sent["first_frame_image"]
    return {name: value for name, value in body.items() if name in sent}


Change = Callable[[Studio, pytest.MonkeyPatch], Any]


def raise_price(*_: object) -> None:
    file = Path(os.environ["HAILUO_STATE"]) / "prices.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    row = "provider: minimax, resolution: 768p, duration: 6, amount: 0.3, currency: USD, since: 2026-01-01"
    file.write_text(f"version: 1\nprices: [{{{row}}}]\n")


def change_model(_: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "hailuo_batch.app.planning.validate.read_model", lambda name: replace(read_model(name), max_prompt_length=1999)
    )


def change_provider(_: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "hailuo_batch.load.table_digests.read_provider_table",
        lambda *words: {**read_provider_table(*words), "wire": {"submit": {"path": "/v2"}}},
    )


def move_gateway(studio: Studio, _: object) -> None:
    studio.change("regions: {minimax: 'http://127.0.0.1", "regions: {minimax: 'http://localhost", "hailuo.yaml")
    trust_project(studio.folder)


DRIFTS: dict[str, tuple[Change, str]] = {
    "prompt": (
        lambda studio, _: studio.change("a kite rises", "a kite falls"),
        'kite#1: prompt: "a kite rises" → "a kite falls"',
    ),
    "prompt of a shot that waits": (
        lambda studio, _: studio.change("four lamps", "five lamps"),
        'lamp#1: prompt: "four lamps" → "five lamps"',
    ),
    "length": (lambda studio, _: studio.change("duration: 6", "duration: 10"), "kite#1: duration: 6 → 10"),
    "switch": (
        lambda studio, _: studio.change("tags: [hero]", "prompt_optimizer: false"),
        "kite#1: prompt_optimizer: True → False",
    ),
    "chain": (
        lambda studio, _: studio.change("{shot: kite, frame: last}", "{shot: boat, frame: last}"),
        "lamp#1: first frame: last frame of kite → last frame of boat",
    ),
    "image in a file": (
        lambda studio, _: draw(studio.folder / "boat.png", "red"),
        "boat#1: first frame: boat.png (",
    ),
    "shot removed": (
        lambda studio, _: studio.change("  - {id: boat", "  - {id: ship"),
        "boat#1: shot: in the manifest → not in the manifest",
    ),
    "price row": (raise_price, "kite#1: price at minimax: 0.28 USD → 0.30 USD"),
    "model row": (change_model, "kite#1 and 2 more: model hailuo-02: "),
    "address of a gateway": (move_gateway, "kite#1 and 2 more: provider minimax: "),
    "provider row": (change_provider, "kite#1 and 2 more: provider minimax: "),
    "providers": (
        lambda studio, _: studio.change("[minimax, highwayapi]", "[minimax]"),
        "kite#1: providers: minimax, highwayapi → minimax",
    ),
    "version of fingerprints": (
        lambda _, monkeypatch: monkeypatch.setattr("hailuo_batch.app.planning.saved_plan.VERSION", 2),
        "kite#1 and 2 more: version of fingerprints: 1 → 2",
    ),
    "tool": (
        lambda _, monkeypatch: monkeypatch.setattr("hailuo_batch.app.planning.saved_plan.__version__", "9.0"),
        "kite#1 and 2 more: version of hailuo-batch: ",
    ),
    "cap": (
        lambda studio, _: studio.change("max: 5", "max: 50"),
        "kite#1 and 2 more: caps: the manifest's budget of 5.00 USD → the manifest's budget of 50.00 USD",
    ),
    "campaign": (lambda studio, _: studio.change("campaign: film", "campaign: other"), "campaign: film → other"),
}


@pytest.mark.parametrize("name", DRIFTS)
async def test_what_has_moved_is_named_and_nothing_is_submitted(
    surroundings: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    change, words = DRIFTS[name]
    async with open_studio(surroundings) as studio:
        await studio.save()
        change(studio, monkeypatch)
        with pytest.raises(RefusedError) as refused:
            await studio.run_plan()
        assert refused.value.exit is Exit.REFUSED
        assert words in f"{refused.value.summary}\n{refused.value.why}"
        assert "hailuo-batch plan -o" in refused.value.remedy
        assert studio.submits() == []


PLAIN = FILM.replace("{first: {shot: kite, frame: last}}", "{first: boat.png}")  # nothing waits for a clip


@pytest.mark.parametrize(("text", "clip"), [(PLAIN, CLIP), (FILM, None)], ids=["plain", "chained"])
async def test_what_another_run_finished_is_done_and_the_rest_is_bought(
    surroundings: Path, text: str, clip: bytes | None
) -> None:
    async with open_studio(surroundings, text=text, clip=clip) as studio:
        await studio.save()
        assert (await run(studio.film, RunOptions(only=("kite",)))).outcome.stored == 1
        ran = await studio.run_plan()
        assert (ran.exit, ran.outcome.stored, len(studio.submits())) == (Exit.DONE, 2, 3)


async def test_an_approver_sees_the_old_and_the_new_value_the_chain_and_the_images(surroundings: Path) -> None:
    async with open_studio(surroundings, clip=None) as studio:
        await run(studio.film)
        studio.change("a kite rises", "a kite falls")
        studio.change("{first: boat.png}", "{first: boat.png}, duration: 10")
        shown = draw_plan_file(await studio.save())
        for words in (
            'prompt changed: "a kite rises" → "a kite falls"',
            "duration 6 s → 10 s",
            "chain: kite changed",
            "first frame: boat.png (",
            "first frame: the last of kite",
        ):
            assert words in shown
        found = await plan(studio.film)
        assert [str(each) for each in found.report.estimated] == ["0.84 USD"]  # all three; none fits the plan now
        assert (await studio.run_plan()).exit is Exit.DONE


async def test_an_earlier_clip_that_somebody_accepted_since_is_a_difference(surroundings: Path) -> None:
    async with open_studio(surroundings, text=PLAIN) as studio:
        await run(studio.film, RunOptions(only=("kite",)))
        studio.change("a kite rises", "a kite falls")
        await studio.save()
        await accept(studio.film, ["kite"], why="good enough")
        with pytest.raises(RefusedError, match="no longer fits") as refused:
            await studio.run_plan()
        assert "kite#1: review: submit (the request changed) → reuse (an earlier clip was accepted" in refused.value.why
        assert len(studio.submits()) == 1


async def test_a_task_that_runs_is_followed(surroundings: Path) -> None:
    async with open_studio(surroundings, text=PLAIN) as studio:
        await studio.save()
        stop = Stop()

        def end(moment: HookEvent) -> None:
            if (moment.kind, moment.call) == ("answered", "submit"):
                stop.request("interrupted")

        studio.mock.listeners.append(end)
        manifest, options = read_plan_for_run(studio.file, RunOptions(jobs=1), studio.film)
        await run(manifest, options, stop=stop)
        studio.mock.listeners.clear()
        assert len(studio.submits()) == 1
        ran = await studio.run_plan()
        assert (ran.exit, ran.outcome.stored, len(studio.submits())) == (Exit.DONE, 3, 3)


MOVES: dict[str, tuple[dict[str, Any], str]] = {
    "a task that failed": (
        {"fault": "task_failed", "gateway": "minimax", "code": "1026", "prompt": "kite"},
        "kite#1: ledger: submit (never rendered) → ",
    ),
    "a refusal": (
        {"fault": "input_refused", "gateway": "minimax", "prompt": "kite"},
        "kite#1: ledger: submit (never rendered) → hold (it was refused",
    ),
}


@pytest.mark.parametrize("name", MOVES)
async def test_what_another_run_came_to_grief_with_is_not_bought_again_by_the_plan(
    surroundings: Path, name: str
) -> None:
    fault, words = MOVES[name]
    async with open_studio(surroundings, fault, text=PLAIN.replace(", highwayapi", "")) as studio:
        await studio.save()
        assert (await run(studio.film, RunOptions(only=("kite",)))).outcome.stored == 0
        before = len(studio.submits())
        with pytest.raises(RefusedError) as refused:
            await studio.run_plan()
        assert words in refused.value.why
        assert len(studio.submits()) == before


@pytest.mark.parametrize("only", [(), ("state:failed",)])
async def test_a_plan_of_the_failed_takes_of_the_last_run_buys_exactly_those(
    surroundings: Path, only: tuple[str, ...]
) -> None:
    """What was refused for good is in it with --failed only; once tried again, the plan is no longer of now."""
    faults = (
        {"fault": "task_failed", "gateway": "minimax", "code": "1033", "prompt": "kite"},
        {"fault": "input_refused", "gateway": "minimax", "prompt": "boats", "first": 2},
    )
    text = PLAIN.replace(", highwayapi", "")
    async with open_studio(surroundings, *faults, text=text) as studio:
        assert (await run(studio.film)).outcome.stored == 1
        before = len(studio.submits())
        options = RunOptions(only=only) if only else RunOptions(scope=Scope.FAILED)
        planned = await (plan(studio.film, only=only) if only else plan_run(studio.film, options))
        saved = await save_plan(planned, studio.file, scope=options.scope)
        buys = [step["takes"][0]["shot"] for step in saved.steps if step["buys"]]
        assert buys == (["kite"] if only else ["kite", "boat"])
        studio.film.write_text(studio.film.read_text() + "  - {id: rose, prompt: a rose opens}\n")
        await studio.run_plan()
        prompts = [entry.body["prompt"] for entry in studio.submits()[before:]]
        assert sorted(prompts, reverse=True) == ["two boats race", "a kite rises"][-len(buys) :]
        after = len(studio.submits())
        with pytest.raises(RefusedError, match="no longer fits") as refused:
            await studio.run_plan()
        assert ("boat#1: ledger: " in refused.value.why) is not bool(only)
        assert ("--failed" in refused.value.remedy) is not bool(only)
        assert len(studio.submits()) == after


async def test_a_take_in_doubt_is_held_and_the_others_go_on(surroundings: Path) -> None:
    lost = {"fault": "reset", "accepted": True, "prompt": "kite"}
    async with open_studio(surroundings, lost, text=PLAIN) as studio:
        await studio.save()
        assert (await run(studio.film, RunOptions(only=("kite",)))).exit is Exit.NEEDS_PERSON
        ran = await studio.run_plan()
        assert (ran.exit, ran.outcome.stored, len(studio.submits())) == (Exit.NEEDS_PERSON, 2, 3)


async def test_a_plan_belongs_to_a_ledger_that_has_bought_something(surroundings: Path) -> None:
    async with open_studio(surroundings, text=PLAIN) as studio:
        await run(studio.film, RunOptions(world=World.SKETCH, only=("kite",)))
        assert (await studio.save()).tree["ledger"] == ""  # where only sketches were drawn, no purchase can be unknown
        await run(studio.film, RunOptions(only=("kite",)))
        assert (await studio.save()).tree["ledger"]
        assert (await studio.run_plan()).outcome.stored == 2


async def test_a_shot_that_was_added_since_is_named_and_not_bought(surroundings: Path) -> None:
    async with open_studio(surroundings, text=PLAIN) as studio:
        await studio.save()
        studio.film.write_text(studio.film.read_text() + "  - {id: rose, prompt: a rose opens}\n")
        ran = await studio.run_plan()
        assert (ran.exit, ran.outcome.stored, len(studio.submits())) == (Exit.DONE, 3, 3)
        (problem,) = ran.before.extra_problems
        assert (problem.rule.id, problem.why) == ("outside-plan", "rose#1 are not in the plan, and are not bought.")


async def test_what_a_cap_left_out_stays_left_out_and_a_cap_may_only_be_lowered(surroundings: Path) -> None:
    async with open_studio(surroundings, text=PLAIN) as studio:
        saved = await studio.save(max_cost="0.60")
        assert [step["buys"] for step in saved.steps] == [True, True, False]
        assert [str(each) for each in saved.totals.cost] == ["0.56 USD"]
        for wrong in ("0.61", "0.10 EUR"):
            with pytest.raises(RefusedError, match="more than the plan"):
                await studio.run_plan(max_cost=wrong)
        assert studio.submits() == []
        await studio.run_plan(max_cost="0.30")
        assert len(studio.submits()) == 1
        ran = await studio.run_plan()
        assert (ran.exit, len(studio.submits())) == (Exit.DONE, 2)


URL = "https://cdn.example/kite.png?X-Amz-Signature=5ecret"


class Host:
    """A host of one image."""

    colour = "teal"

    @asynccontextmanager
    async def open(self, folder: Path, *, trusted: Path) -> AsyncIterator["Host"]:
        assert trusted
        self.folder = folder
        yield self

    async def refresh(self, known: dict[str, Any]) -> dict[str, RemoteImage]:
        draw(self.folder.parent / "new.png", self.colour)
        data = (self.folder.parent / "new.png").read_bytes()
        self.folder.mkdir(exist_ok=True)
        (self.folder / sha256(data).hexdigest()).write_bytes(data)
        digest = f"sha256:{sha256(data).hexdigest()}"
        return {
            address: RemoteImage(digest=digest, kind="png", size=(640, 360), length=len(data), home=address)
            for address in known
        }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ("colour", "kite#1: first frame: https://cdn.example/kite.png?… ("),
        ("signature", "kite#1: first frame: https://cdn.example/kite.png?… ("),
    ],
)
async def test_an_image_behind_an_address_is_bound_by_its_bytes_and_its_address(
    surroundings: Path, monkeypatch: pytest.MonkeyPatch, changes: str, words: str
) -> None:
    host = Host()
    monkeypatch.setattr("hailuo_batch.drivers.remote_frames.open_remote_images", host.open)
    text = PLAIN.replace("tags: [hero]", f"frames: {{first: '{URL}'}}")
    async with open_studio(surroundings, text=text) as studio:
        await studio.save()
        assert "5ecret" not in studio.file.read_text()
        if changes == "colour":
            host.colour = "red"
        else:
            studio.change("5ecret", "an0ther")
        with pytest.raises(RefusedError) as refused:
            await studio.run_plan()
        assert words in refused.value.why
        assert "an0ther" not in refused.value.why
        assert studio.submits() == []


def forge(tree: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A file that somebody edited, and hashed anew."""
    tree = {**tree, **changes}
    tree = tree if "totals" in changes else {**tree, "totals": totals_tree(sum_steps(tree["steps"]))}
    return {**tree, "hash": plan_hash(tree)}


FORGERIES: dict[str, tuple[Callable[[dict[str, Any]], object], type[HailuoError], str]] = {
    "edited": (lambda tree: {**tree, "max_cost": None, "campaign": "films"}, RefusedError, "was edited"),
    "a harmless prompt shown": (
        lambda tree: forge(
            tree, steps=[{**step, "request": {**step["request"], "prompt": "x"}} for step in tree["steps"]]
        ),
        RefusedError,
        'kite#1: prompt: "x" → "a kite rises"',
    ),
    "a low price shown": (
        lambda tree: forge(
            tree,
            steps=[
                {**step, "routes": [{"provider": "minimax", "price": {"amount": "0.01", "currency": "USD"}}]}
                for step in tree["steps"]
            ],
        ),
        RefusedError,
        "kite#1: providers: minimax → minimax, highwayapi",
    ),
    "no price shown": (
        lambda tree: forge(
            tree,
            steps=[
                {**step, "routes": [{"provider": way["provider"]} for way in step["routes"]]} for step in tree["steps"]
            ],
        ),
        RefusedError,
        "kite#1: price at minimax: unknown → 0.28 USD",
    ),
    "a low sum shown": (
        lambda tree: forge(tree, totals={**tree["totals"], "cost": []}),
        RefusedError,
        "Its totals are not the sum of its steps",
    ),
    "a purchase that is not shown": (
        lambda tree: forge(tree, steps=[{**step, "buys": False} for step in tree["steps"]]),
        RefusedError,
        "which would be bought",
    ),
    "another ledger": (lambda tree: forge(tree, ledger="ab" * 16), RefusedError, "was saved with another ledger"),
    "another world": (lambda tree: forge(tree, world="sketch"), RefusedError, "world: sketch → real"),
    "another manifest": (
        lambda tree: forge(tree, manifest="../a.yaml"),
        RefusedError,
        "manifest: ../a.yaml → film.yaml",
    ),
    "a key of its own": (lambda tree: forge(tree, more=1), RefusedError, "is not as hailuo-batch writes it"),
    "of a later version": (lambda tree: forge(tree, version=3), InputError, "cannot be read"),
    "no plan": (lambda _: [1], InputError, "no saved plan"),
    "no JSON": (lambda _: "{", InputError, "no saved plan"),
    "half of a character": (
        lambda tree: json.dumps(tree).replace('"campaign": "', '"campaign": "\\ud800', 1),
        RefusedError,
        "was edited",
    ),
    "a name twice": (
        lambda tree: json.dumps(tree).replace('"campaign":', '"campaign": "harmless", "campaign":', 1),
        RefusedError,
        'has "campaign" twice',
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_file_of_somebody_else_buys_nothing(surroundings: Path, name: str) -> None:
    change, kind, words = FORGERIES[name]
    async with open_studio(surroundings) as studio:
        await studio.save()
        forged = change(json.loads(studio.file.read_text()))
        studio.file.write_text(forged if isinstance(forged, str) else json.dumps(forged))
        with pytest.raises(kind) as refused:
            await studio.run_plan()
        assert words in f"{refused.value.summary}\n{refused.value.why}"
        assert studio.submits() == []


async def test_a_plan_is_written_over_a_plan_and_over_nothing_else(surroundings: Path) -> None:
    async with open_studio(surroundings) as studio:
        first = await studio.save()
        second = await studio.save(only=["kite"])
        assert (len(first.steps), len(second.steps)) == (3, 1)
        assert first.hash != second.hash
        studio.file.write_text('{"mine": true}')
        with pytest.raises(RefusedError, match="is not a saved plan"):
            await studio.save()
        assert studio.file.read_text() == '{"mine": true}'


async def test_a_sketch_is_saved_and_carried_out_too(surroundings: Path) -> None:
    text = "version: 1\ncampaign: film\nshots: [{id: a, prompt: a kite, duration: 6}]\n"
    (surroundings / "film.yaml").write_text(text)
    file = surroundings / "a.plan.json"
    await save_plan(await plan(surroundings / "film.yaml", world=World.SKETCH), file)
    manifest, options = read_plan_for_run(file, RunOptions(world=World.SKETCH, jobs=1))
    assert manifest == Path("film.yaml")
    assert [(await run(manifest, options)).outcome.stored for _ in range(2)] == [1, 0]
    with pytest.raises(RefusedError, match="not a plan of this world"):
        await run(*read_plan_for_run(file, RunOptions()))
