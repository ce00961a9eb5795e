"""The evidence of a campaign, from a project whose takes were bought: by its schema, and true."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from app_samples import Project
from bought_samples import PAID, buy
from jsonschema import Draft7Validator
from test_origin_marks import DISCLOSURE

from hailuo_batch.app.disclosing import require_disclosed_report
from hailuo_batch.app.evidence import evidence, write_evidence
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.approval import Approval, Person
from hailuo_batch.core.plan.evidence import Evidence, make_disclosure, oversight
from hailuo_batch.core.plan.judgement import Judgement, Omission, Selection, Verdict
from hailuo_batch.core.plan.review import EMPTY_REVIEW, Review, ShotReview
from hailuo_batch.core.world import World
from hailuo_batch.errors import RefusedError
from hailuo_batch.load.approvals_file import add_approval
from hailuo_batch.load.schemas import read_schema
from hailuo_batch.media.xmp import add_xmp
from hailuo_batch.testing.clips import make_clip
from hailuo_batch.views.evidence import draw_evidence, evidence_dict

AT = "2026-11-26T08:00:00Z"


def members(found: Evidence) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(json.dumps(evidence_dict(found)))
    Draft7Validator(read_schema("evidence")).validate(tree)
    return tree


@pytest.fixture
async def bought(project: Project) -> Project:
    project.write(PAID)
    await buy(project.file, cost=PRICE)
    return project


PRICE = Money(amount=Decimal("0.27"), currency="USD")


async def test_every_clip_says_who_made_it_for_how_much_and_when(bought: Project) -> None:
    tree = members(await evidence(bought.file))
    clips = tree["clips"]
    assert [(each["shot"], each["take"], each["task"]) for each in clips] == [
        ("open", 1, "t-1"),
        ("open", 2, "t-2"),
        ("pack", 1, "t-3"),
    ]
    first = clips[0]
    assert first["request"]["prompt"] == first["prompt"] == "a bottle in mist"
    assert (first["cost"], first["made_by_ai"], first["origin_marks"]) == (
        {"amount": "0.27", "currency": "USD"},
        True,
        {},
    )
    assert [each["move"] for each in first["events"]] == ["intend", "accept", "produce", "keep"]
    assert first["submitted_at"] <= first["stored_at"]


async def test_what_people_decided_is_there(bought: Project) -> None:
    found = await evidence(bought.file)
    row = found.clips[0]
    assert row.clip is not None
    judged = Judgement(take=1, clip=row.clip.digest, verdict=Verdict.APPROVED, by="Ann", at=AT, why="the light")
    chosen = Selection(take=1, clip=row.clip.digest, by="Ben", at=AT)
    reviews = {
        "open": ShotReview(judgements=(judged,), selection=chosen),
        "pack": ShotReview(omission=Omission(by="Ann", at=AT, why="not needed")),
    }
    reviewed = replace(found, review=Review(shots=reviews))
    tree = members(reviewed)
    first, second, *_ = tree["clips"]
    assert first["oversight"] == "approved by Ann, 2026-11-26"
    assert first["judgements"] == [{"verdict": "approved", "by": "Ann", "at": AT, "why": "the light"}]
    assert (second["oversight"], second["judgements"]) == (None, [])
    assert tree["omitted"] == [{"shot": "pack", "by": "Ann", "at": AT, "why": "not needed"}]
    said = make_disclosure(
        row, model="hailuo-02", tool="t", text="", world=World.REAL, attempt=None, review=ShotReview(selection=chosen)
    )
    assert (said.oversight, said.text) == ("selected by Ben, 2026-11-26", "This video was made by AI (hailuo-02).")
    rejected = ShotReview(judgements=(replace(judged, verdict=Verdict.REJECTED),), selection=chosen)
    assert oversight(row, rejected) == "rejected by Ann, 2026-11-26"
    assert "3 clips of aurora, 1 judged by a person." in draw_evidence(reviewed, file="x")


@pytest.mark.parametrize(
    ("model", "world", "words"),
    [
        ("hailuo-02", World.REAL, "made by AI (hailuo-02)"),
        ("hailuo-02", World.REHEARSAL, "is a rehearsal, drawn by a program"),
        ("hailuo-02", World.SKETCH, "is a sketch, drawn by a program"),
        ("animatic", World.REAL, "is a sketch, drawn by a program"),
    ],
)
async def test_only_what_a_model_made_is_said_to_be_made_by_ai(
    bought: Project, model: str, world: World, words: str
) -> None:
    found = await evidence(bought.file)
    said = make_disclosure(
        found.clips[0], model=model, tool="t", text="", world=world, attempt=None, review=ShotReview()
    )
    assert words in said.text
    assert said.made_by_ai == ("made by AI" in words)


async def test_a_clip_whose_file_says_that_ai_made_it_is_not_named_as_unmarked(bought: Project) -> None:
    found = await evidence(bought.file)
    assert [row.shot for row in found.unmarked] == ["open", "open", "pack"]
    assert replace(found, report=replace(found.report, rehearsal=True)).unmarked == ()
    planned = await plan(bought.file)
    store, row = planned.validation.workspace.open_store(), found.clips[0]
    assert row.clip is not None
    file = Path(store.location(row.clip.digest))
    file.chmod(0o644)
    file.write_bytes(add_xmp(make_clip("x"), DISCLOSURE))
    assert [(row.shot, row.take) for row in (await evidence(bought.file)).unmarked] == [("open", 2), ("pack", 1)]


async def test_approvals_of_its_plans_are_named_and_those_of_another_campaign_are_not(bought: Project) -> None:
    folder = bought.folder / "plans"
    folder.mkdir()
    cost = (PRICE,)
    for campaign in ("aurora", "another"):
        path = folder / f"{campaign}.plan.json"
        path.write_text(json.dumps({"campaign": campaign}))
        hash_ = f"sha256:{'a' * 64}"
        add_approval(path, Approval(plan=hash_, by=Person(name="Ann"), at=AT, clips=3, cost=cost, signature=""))
    plans = members(await evidence(bought.file))["approved_plans"]
    assert plans == [
        {
            "file": "plans/aurora.plan.json",
            "hash": f"sha256:{'a' * 64}",
            "by": "Ann",
            "at": AT,
            "clips": 3,
            "cost": [{"amount": "0.27", "currency": "USD"}],
            "signed": False,
        }
    ]


async def test_it_is_one_file_that_is_written_anew_and_no_other_is(bought: Project) -> None:
    _, file = await write_evidence(bought.file)
    assert file == bought.renders / "aurora.evidence.json"
    assert await write_evidence(bought.file)
    other = bought.folder / "mine.json"
    other.write_text("{}")
    with pytest.raises(RefusedError):
        await write_evidence(bought.file, target=other)
    assert other.read_text() == "{}"


async def test_a_sketch_is_not_made_by_ai(project: Project) -> None:
    await project.run()
    found = await evidence(project.file, world=World.SKETCH)
    assert {each["made_by_ai"] for each in members(found)["clips"]} == {False}
    assert found.unmarked == ()
    assert found.shot_review("open") == EMPTY_REVIEW


async def test_a_report_is_refused_on_request_while_the_file_of_a_clip_says_nothing(bought: Project) -> None:
    with pytest.raises(RefusedError, match="does not say how it was made") as refused:
        await require_disclosed_report(bought.file)
    assert "open#1, open#2, pack#1" in refused.value.why
    with pytest.raises(RefusedError, match="does not say how it was made"):
        await require_disclosed_report(bought.file, only=["pack"])
