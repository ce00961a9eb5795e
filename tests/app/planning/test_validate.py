from pathlib import Path

import pytest
from app_samples import FILM, Project
from PIL import Image
from trusting import trust_project

from hailuo_batch.app.planning.validate import validate
from hailuo_batch.core.problem import Severity
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError


async def test_a_good_manifest_has_no_problems_and_its_shots_in_order(project: Project):
    found = await validate(project.file, world=World.SKETCH)
    assert found.problems == ()
    assert [shot.id for shot in found.shots] == ["open", "turn", "pack"]
    assert found.campaign == "aurora"
    assert found.project.root == project.folder


async def test_a_problem_says_file_line_and_column(project: Project):
    project.change("the cap turns", '"${cap} turns"')
    [problem] = (await validate(project.file, world=World.SKETCH)).errors
    assert problem.place is not None
    assert (problem.place.file, problem.place.line) == ("film.yaml", 7)
    assert problem.rule.id == "name-unknown"


async def test_with_an_error_there_are_no_shots(project: Project):
    project.change("the cap turns", '"${cap} turns"')
    assert (await validate(project.file, world=World.SKETCH)).shots == ()


async def test_a_sketch_needs_no_provider_that_sells_the_length(project: Project):
    assert {problem.rule.id for problem in (await validate(project.file)).errors} == {"shot-length"}
    assert (await validate(project.file, world=World.SKETCH)).errors == ()


async def test_a_sketch_has_one_take_a_shot(project: Project):
    project.change("{id: pack,", "{id: pack, takes: 3,")
    assert [shot.takes for shot in (await validate(project.file, world=World.SKETCH)).shots] == [1, 1, 1]
    assert [problem.rule.id for problem in (await validate(project.file, world=World.SKETCH)).problems] == []


async def test_problems_in_the_settings_come_along(project: Project):
    (project.folder / "hailuo.yaml").write_text("version: 1\nproviders: [minimx]\n")
    problems = (await validate(project.file, world=World.SKETCH)).problems
    assert [problem.place.file for problem in problems if problem.place] == ["hailuo.yaml"]


async def test_a_warning_stops_nothing(project: Project):
    project.change("the cap turns", '"the cap turns [Push on]"')
    found = await validate(project.file, world=World.SKETCH)
    assert [problem.severity for problem in found.problems] == [Severity.WARNING]
    assert found.errors == ()
    assert len(found.shots) == 3


@pytest.mark.parametrize("name", ["", ".", "flim.yaml"])
async def test_what_is_no_file_is_an_error(project: Project, name: str):
    with pytest.raises(InputError):
        await validate(project.folder / name)


async def test_a_picture_outside_the_project_is_a_problem(project: Project, tmp_path: Path):
    (tmp_path / "out.png").touch()
    project.write(FILM.replace("{first: {shot: open}}", "{first: ../out.png}"))
    [problem] = (await validate(project.file, world=World.SKETCH)).errors
    assert problem.rule.id == "frame-file"
    assert "out of the project" in problem.why


async def test_validating_writes_nothing(project: Project):
    await validate(project.file, world=World.SKETCH)
    assert sorted(path.name for path in project.folder.iterdir()) == ["film.yaml", "hailuo.yaml"]


async def test_pictures_are_held_against_gateways_and_not_against_a_sketch(project: Project):
    Image.new("RGB", (100, 60)).save(project.folder / "small.png")
    shots = "[{id: a, prompt: p, frames: {first: small.png}}]"
    project.file.write_text(f"version: 1\ncampaign: aurora\nshots: {shots}\n")
    assert [problem.summary for problem in (await validate(project.file)).problems] == ["picture too small"]
    assert (await validate(project.file, world=World.SKETCH)).problems == ()


async def test_a_gateway_whose_table_is_wrong_is_not_also_unknown(project: Project):
    (project.folder / "hailuo.yaml").write_text("version: 1\ngateways: {studio: {like: minimx}}\n")
    project.file.write_text("version: 1\ncampaign: aurora\nproviders: [studio]\nshots: [{id: a, prompt: p}]\n")
    assert [problem.path for problem in (await validate(project.file)).errors] == [("gateways", "studio", "like")]


async def test_a_gateway_of_the_project_sells_what_its_table_says(project: Project):
    table = "{title: S, key: S_KEY, base_url: https://s.test, like: mindvideo}"
    (project.folder / "hailuo.yaml").write_text(
        f"version: 1\ngateways: {{studio: {table}}}\nregions: {{minimax: china}}\n"
    )
    shot = "{id: a, prompt: p, duration: 5, watermark: true}"
    project.file.write_text(f"version: 1\ncampaign: aurora\nproviders: [studio]\nshots: [{shot}]\n")
    trust_project(project.folder)
    found = await validate(project.file)
    assert (found.problems, [each.base_url for each in found.providers]) == ((), ["https://s.test"])
    project.change("[studio]", "[minimax]")
    [problem] = (await validate(project.file)).errors
    assert "studio" in problem.remedy
    project.change("duration: 5", "duration: 6")
    assert [each.currency for each in (await validate(project.file)).providers] == ["CNY"]
