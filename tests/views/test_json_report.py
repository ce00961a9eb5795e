"""The report for programs: by `schemas/report.schema.json`, with stable names, and safe on a terminal."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from jsonschema import Draft7Validator
from view_samples import FORBIDDEN, HOSTILE, PROMPT, clip, failure, report, row, step, stored, usd

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.manifest.document import Cut, Rights, Sequence
from hailuo_batch.core.manifest.image_rights import ImageRights
from hailuo_batch.core.plan.outcome import Outcome
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.plan_lengths import PlanLengths
from hailuo_batch.core.plan.report import Report
from hailuo_batch.views.json_report import json_text, outcome_dict, report_dict

Golden = Callable[[str, str], None]

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "report.schema.json").read_text(encoding="utf-8"))
FULL = report(
    stored("open", tags=("hero", "client:acme"), notes="for the opening", cost=usd("0.30"), task="t-7"),
    stored(
        "twin",
        shared_with=("open",),
        shared_count=1,
        clip=clip(seconds=5.876543219),
        remarks=("requested 6 s, got 5.88 s",),
        cut=Cut(start=Decimal("0.5"), end=Decimal(4)),
        meta=(("narration", "It floats."), ("x-cue", {"bars": [1, "010"]})),
        rights=(ImageRights(frame="first", image="a.png", rights=Rights(owner="Acme Photo", expires="2027-12-31")),),
    ),
    row("turn", duration="long", version=2, why="the request changed", changes=(PROMPT,), stage=Stage.CANCELLED),
    row("end", action=Action.WAIT, why="it starts from turn, not rendered yet", fingerprint="", estimate=None),
    row("nobody", action=Action.HOLD, why="outcome unknown: it may have been accepted", provider=""),
    clips=2,
    seconds=11.8765432,
    bytes=2_469_134,
    shots_outside=1,
    spent=(usd("0.30"),),
    estimated=(usd("0.28"),),
    unknown_cost=1,
    to_spend=(usd("0.56"),),
    unpriced=1,
    lengths=PlanLengths(bought=27.8765, to_buy=10.0, edit=9.5),
    meta=(("editor", "anna"),),
    sequences=(Sequence(index=0, id="sq010", title="The harbour", meta=(("mood", None),)),),
)


def test_the_members_of_a_report(golden: Golden) -> None:
    golden(json_text(report_dict(FULL), indent=2), "report.json")


@pytest.mark.parametrize(
    "drawn", [FULL, report(), report(stored("open"), sketch=True)], ids=["full", "empty", "sketch"]
)
def test_a_report_is_by_its_schema(drawn: Report) -> None:
    Draft7Validator.check_schema(SCHEMA)
    Draft7Validator(SCHEMA).validate(report_dict(drawn))


def test_the_schema_knows_every_member_that_is_written() -> None:
    """A member that the schema does not name would pass unseen where it allows more; here it allows none."""
    members = report_dict(FULL)
    unnamed = failure("the disk is full", kind=FailureKind.UNNAMED)
    ran = outcome_dict(Outcome(stored=1, failed=((step("open"), failure()), (step("turn"), unnamed))), FULL)
    members["run"] = ran
    Draft7Validator(SCHEMA).validate(members)
    assert set(SCHEMA["properties"]["run"]["properties"]) == set(ran)
    told = [[each["fingerprint"] for each in ran[name]] for name in ("failed", "stored_and_not_named")]  # type: ignore[attr-defined]
    assert told == [["v1-open"], ["v1-turn"]], "a clip that is in the store has not failed"
    assert set(SCHEMA["properties"]["summary"]["properties"]) == set(members["summary"])  # type: ignore[call-overload]
    assert set(SCHEMA["properties"]) == set(members)
    take = SCHEMA["definitions"]["take"]["properties"]
    assert all(set(each) == set(take) for each in members["takes"])  # type: ignore[attr-defined]


@pytest.mark.parametrize("ascii_only", [False, True])
def test_nothing_is_lost_and_nothing_moves_the_cursor(ascii_only: bool) -> None:
    text = json_text(report_dict(report(row("open", prompt=HOSTILE))), ascii_only=ascii_only)
    assert not [each for each in FORBIDDEN if each in text]
    assert json.loads(text)["takes"][0]["prompt"] == HOSTILE
    assert text.isascii() or not ascii_only


def test_letters_of_all_languages_stay_readable() -> None:
    assert json_text({"prompt": "瓶子 É 🎬"}) == '{"prompt": "瓶子 É 🎬"}'
