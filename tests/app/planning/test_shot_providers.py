"""Providers that defaults, sequences, shots and cells name: who renders what, and what is said of them."""

from pathlib import Path

from app_samples import Project

from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.validate import validate
from hailuo_batch.core.world import World

SHOTS = """version: 1
campaign: aurora
providers: [minimax]
sequences: [{id: sq, defaults: {providers: [mindvideo, nowhere]}}]
shots:
  - {id: usual, prompt: a}
  - {id: own, prompt: b, duration: 5, providers: [mindvideo, gccai]}
  - {id: part, prompt: c, duration: 5, sequence: sq}
  - id: cell-${n}
    prompt: ${n}
    matrix: {n: [one, two]}
    overrides: [{where: {n: two}, providers: [highwayapi, gccai]}]
"""
GOOD = SHOTS.replace(", nowhere", "")


def write(project: Project, text: str) -> Path:
    project.file.write_text(text, encoding="utf-8")
    return project.file


async def test_each_shot_goes_to_its_own_providers_in_their_order(project: Project):
    planned = await plan(write(project, GOOD))
    routes = {
        step.uses[0].shot.id: [each.provider for each in (step.route, *step.route.fallbacks)]
        for step in planned.plan.steps
    }
    assert routes == {
        "usual": ["minimax"],
        "own": ["mindvideo", "gccai"],
        "part": ["mindvideo"],
        "cell-one": ["minimax"],
        "cell-two": ["highwayapi"],
    }
    destinations = {each.route.gateway for each in planned.report.destinations}
    assert destinations == {"minimax", "mindvideo", "gccai", "highwayapi"}
    assert {each.name for each in planned.validation.providers} == destinations


async def test_providers_change_no_fingerprint(project: Project):
    marks = [step.fingerprint for step in (await plan(write(project, GOOD))).plan.steps]
    other = GOOD.replace("providers: [mindvideo, gccai]", "providers: [gccai, mindvideo]")
    assert [step.fingerprint for step in (await plan(write(project, other))).plan.steps] == marks


async def test_a_name_that_nobody_knows_is_told_where_it_is_written(project: Project):
    text = SHOTS.replace("[highwayapi, gccai]", "[highwayap]").replace(
        "version: 1", "version: 1\ndefaults: {providers: [minimx]}"
    )
    problems = (await validate(write(project, text))).errors
    assert [(each.rule.id, each.path, each.place.line if each.place else 0) for each in problems] == [
        ("provider", ("defaults", "providers", 0), 2),
        ("provider", ("sequences", 0, "defaults", "providers", 1), 5),
        ("provider", ("shots", 3, "overrides", 0, "providers", 0), 13),
    ]
    assert problems[2].remedy == 'Did you mean "highwayapi"?'
    assert (await validate(write(project, SHOTS), world=World.SKETCH)).errors == ()


async def test_a_shot_is_held_against_its_own_providers(project: Project):
    text = GOOD.replace("[mindvideo, gccai]", "[minimax]").replace("prompt: a}", "prompt: a, providers: [gccai]}")
    problems = (await validate(write(project, text))).problems
    assert [(each.rule.id, each.path, each.why) for each in problems] == [
        (
            "shot-length",
            ("shots", 0),
            'shot "usual" asks for 6 s, as shots do that say nothing, but gccai renders only 5 s or 10 s.',
        ),
        ("shot-length", ("shots", 1, "duration"), 'shot "own" asks for 5 s, but minimax renders only 6 s or 10 s.'),
    ]
