"""Warnings that only `validate` has: what a project forbids, what it ignores, and what grows old."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from app_samples import Project
from PIL import Image

from hailuo_batch.app.planning.validate import validate, validate_offline
from hailuo_batch.core.rules import IGNORABLE_RULES, RULES
from hailuo_batch.core.world import World
from hailuo_batch.load.provider_tables import read_provider
from hailuo_batch.load.schemas import read_schema

HEAD = "version: 1\ncampaign: c\n"
DAY = 86_400


def set_lint(project: Project, text: str) -> None:
    (project.folder / "hailuo.yaml").write_text(f"version: 1\nlint: {text}\n", encoding="utf-8")


async def ids(project: Project, text: str, world: World = World.REAL) -> list[str]:
    """The rules that a manifest breaks."""
    return [each.rule.id for each in (await validate(project.write(text), world=world)).problems]


async def test_a_forbidden_word_is_found_in_the_prompt_as_it_is_sent(project: Project) -> None:
    set_lint(project, "{forbidden: [Gun, pearl]}")
    text = (
        HEAD + "vars: {thing: a gun}\nstyles: {s: {suffix: ', pearl light'}}\nshots:\n- {id: a, prompt: '${thing}'}\n"
    )
    text += "- {id: b, prompt: mist, style: s}\n- {id: pearl, prompt: rain, notes: gun}\n"
    found = (await validate(project.write(text))).problems
    assert [(each.shot, each.why.split('"')[3], each.place and each.place.line) for each in found] == [
        ("a", "Gun", 6), ("b", "pearl", 7),
    ]  # fmt: skip


TWICE = HEAD + "shots:\n- {id: a, prompt: mist [Pan left, Pan right]}\n- {id: b, prompt: mist [Pan left, Pan right]}\n"


@pytest.mark.parametrize("world", World)
async def test_a_rule_is_switched_off_by_its_id(project: Project, world: World) -> None:
    text = TWICE.replace("prompt: mist [Pan left, Pan right]", 'prompt: "mist [Pan left, Pan right]"')
    assert set(await ids(project, text, world)) == {"camera-contradiction", "prompt-twice"}
    set_lint(project, "{ignore: [prompt-twice, camera-contradiction]}")
    assert await ids(project, text, world) == []


async def test_a_text_that_is_cut_is_ignored_by_its_id_too(project: Project) -> None:
    text = HEAD + "shots:\n- id: a\n  prompt: a sign reading #1 in gold\n"
    assert await ids(project, text) == ["yaml-comment"]
    set_lint(project, "{ignore: [yaml-comment]}")
    assert await ids(project, text) == []
    assert await ids(project, text + "  promt: x\n") == ["key-unknown"]  # an unusable manifest has none of it either


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("prompt-twise", 'Did you mean "prompt-twice"?'),
        ("zebra", "Choose one of yaml-comment, "),
        ("shot-length", "This rule is no warning of a manifest, so it always counts."),
        ("untrusted", "This rule is no warning of a manifest, so it always counts."),
    ],
)
async def test_only_ids_of_warnings_can_be_ignored(project: Project, written: str, remedy: str) -> None:
    set_lint(project, f"{{ignore: [prompt-twice, {written}]}}")
    (problem,) = (await validate(project.write(HEAD + "shots: [{id: a, prompt: mist}]\n"))).problems
    assert (problem.rule.id, problem.place and problem.place.file) == ("choice", "hailuo.yaml")
    assert problem.remedy.startswith(remedy)


def test_what_is_about_money_or_trust_cannot_be_ignored() -> None:
    ignorable = {rule.id for rule in IGNORABLE_RULES}
    assert not ignorable & {"untrusted", "ledger-gone", "task-without-shot", "review-shot", "shot-length"}
    assert ignorable < {rule.id for rule in RULES}


def test_the_schema_of_settings_completes_the_ids_that_can_be_ignored() -> None:
    lint = read_schema("settings")["properties"]["lint"]["properties"]
    assert lint["ignore"]["items"]["enum"] == [rule.id for rule in IGNORABLE_RULES]


async def test_shots_that_should_meet_are_compared_by_their_bytes(project: Project) -> None:
    for name, shade in (("street_v1", "white"), ("street_v2", "grey"), ("street_v3", "grey")):
        Image.new("RGB", (640, 360), shade).save(project.folder / f"{name}.png")
    text = HEAD + (
        "shots:\n- {id: a, prompt: mist, frames: {first: street_v1.png, last: street_v2.png}}\n"
        "- {id: b, prompt: rain, frames: {first: street_v1.png}}\n"
    )
    assert await ids(project, text) == ["frame-differs"]
    assert await ids(project, text.replace("{first: street_v1.png}", "{first: street_v3.png}")) == []


@pytest.mark.parametrize(
    ("days", "world", "old"),
    [(0, World.REAL, []), (180, World.REAL, []), (182, World.REAL, ["price"]), (800, World.REAL, ["makes", "price"]),
     (800, World.SKETCH, []), (800, World.REHEARSAL, [])],
)  # fmt: skip
async def test_a_price_or_a_model_grows_old(
    project: Project, monkeypatch: pytest.MonkeyPatch, days: int, world: World, old: list[str]
) -> None:
    rows = [row for row in read_provider("minimax", "hailuo-02").prices if (row.resolution, row.seconds) == ("768p", 6)]
    read = datetime.fromisoformat(max(row.read for row in rows)).replace(tzinfo=UTC).timestamp()
    monkeypatch.setattr("hailuo_batch.app.planning.lint.read_time", lambda: read + days * DAY)
    file = project.write(HEAD + "model: hailuo-02\nproviders: [minimax]\nshots: [{id: a, prompt: mist}]\n")
    found = (await validate(file, world=world)).problems
    assert [word for each in found for word in ("price", "makes") if word in each.why] == old
    assert [each.place and each.place.line for each in found] == [3, 4][-len(old) :] * bool(old)
    assert {each.rule.id for each in found} <= {"table-old"}


def test_a_plan_has_none_of_these(project: Project) -> None:
    set_lint(project, "{forbidden: [mist]}")
    text = HEAD + "shots:\n- {id: a, prompt: mist}\n- {id: b, prompt: mist}\n"
    assert validate_offline(Path(project.write(text)), world=World.REAL).problems == ()
