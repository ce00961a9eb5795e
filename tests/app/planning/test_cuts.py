"""Cuts, columns and rights from the manifest to plan and report; what is bought follows no edit."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from app_samples import Project
from bought_samples import buy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.validate import validate_offline
from hailuo_batch.core import rules
from hailuo_batch.core.request.fingerprint import fingerprint, preimage
from hailuo_batch.core.request.request import make_request
from hailuo_batch.core.world import World
from hailuo_batch.load.model_tables import read_model
from hailuo_batch.views.json_report import report_dict
from hailuo_batch.views.plan import draw_plan

SMALL = "defaults: {resolution: 512p}\n"
HEAD = "version: 1\ncampaign: film\nproviders: [minimax]\n"


def film(folder: Path, *shots: str, head: str = HEAD) -> Path:
    file = folder / "film.yaml"
    file.write_text(head + "shots:\n" + "".join(f"- {shot}\n" for shot in shots))
    return file


async def pending(file: Path) -> list[tuple[str, ...]]:
    return [step.take_names[0][:1] for step in (await plan(file)).pending_steps]


async def test_a_cut_that_changes_within_what_is_bought_renders_nothing_again(tmp_path: Path) -> None:
    file = film(tmp_path, "{id: a, prompt: p, cut: 3.5}", "{id: b, prompt: q, cut: 8}")
    await buy(file)
    film(tmp_path, "{id: a, prompt: p, cut: {in: 1, out: 4.5}}", "{id: b, prompt: q, cut: 10}")
    assert await pending(file) == []
    report = (await plan(file, full_report=True)).report
    assert (report.lengths.to_buy, report.lengths.edit) == (0.0, 13.5)
    assert report.lengths.bought == report.seconds


@pytest.mark.parametrize("defaults", ["", "defaults: {duration: 6}\n"])
async def test_a_cut_beside_or_above_the_same_length_renders_nothing_again(tmp_path: Path, defaults: str) -> None:
    own = "" if defaults else "duration: 6, "
    file = film(tmp_path, f"{{id: a, {own}prompt: p}}", head=HEAD + defaults)
    await buy(file)
    film(tmp_path, f"{{id: a, {own}prompt: p, cut: 3.5}}", head=HEAD + defaults)
    assert await pending(file) == []


async def test_a_clip_that_a_shorter_cut_would_replace_can_be_kept(tmp_path: Path) -> None:
    file = film(tmp_path, "{id: a, prompt: p, cut: 8}")
    await buy(file)
    film(tmp_path, "{id: a, prompt: p, cut: 3}")
    words = " ".join(draw_plan((await plan(file)).report).split())
    assert "duration long → short; its clip holds the cut, and `duration: long` keeps it" in words
    film(tmp_path, "{id: a, prompt: p, cut: 3, duration: long}")
    assert await pending(file) == []


async def test_a_provider_that_is_added_changes_no_request(tmp_path: Path) -> None:
    shots = ("{id: a, prompt: p, cut: 3.5}", "{id: b, prompt: q, cut: 8}")
    marks = set()
    for providers in ("gccai", "gccai, minimax", "minimax, gccai", "minimax"):
        file = film(tmp_path, *shots, head=HEAD.replace("minimax", providers))
        marks.add(tuple(step.fingerprint for step in (await plan(file)).plan.steps))
    assert len(marks) == 1


async def test_a_sketch_is_drawn_as_long_as_its_cut_and_again_when_that_changes(project: Project) -> None:
    film(
        project.folder,
        "{id: a, prompt: p, cut: 0.5, resolution: 512p}",
        "{id: b, prompt: q, duration: 0.25, resolution: 512p}",
    )
    assert await project.submits() == 2
    rows = {row.shot: row for row in (await project.plan(full_report=True)).report.rows}
    assert [rows[shot].duration for shot in "ab"] == ["500ms", "250ms"]
    project.change("cut: 0.5", "cut: {in: 0.25, out: 0.75}")
    assert await project.submits() == 0
    project.change("out: 0.75", "out: 1.25")
    assert await project.submits() == 1


async def test_overrides_have_cuts_and_columns_of_their_own(tmp_path: Path) -> None:
    file = film(
        tmp_path,
        "{id: 'a-${n}', prompt: '${n}', cut: 3, x-cue: [1], meta: {act: one, who: anna}, matrix: {n: [x, y]},"
        " overrides: [{where: {n: y}, cut: 8, meta: {act: two}}]}",
    )
    x, y = validate_offline(file, world=World.REAL).shots
    assert (x.duration, y.duration) == ("short", "long")
    assert dict(x.meta) == {"act": "one", "who": "anna", "x-cue": [1]}
    assert dict(y.meta) == {"act": "two", "who": "anna", "x-cue": [1]}


PLACED = {
    "{id: a, prompt: p, cut: 10.5}": (rules.CUT_LENGTH, 5, 27),
    "{id: a, prompt: p, duration: 6, cut: {out: 6.5}}": (rules.CUT_LENGTH, 5, 40),
    "{id: a, prompt: p, duration: 6.4}": (rules.CUT_LENGTH, 5, 32),
    "{id: a, prompt: p, x-token: abcdef123456}": (rules.SECRET, 5, 22),
    "{id: a, prompt: p, frames: {first: {file: a.png, rights: {expires: '2026-02-30'}}}}": (rules.FORM, 5, 70),
    "{id: a, prompt: p, frames: {first: {file: a.png, rights: {owner: A, expires: '2020-01-31'}}}}": (
        rules.RIGHTS_EXPIRED, 5, 80,
    ),
    "{id: 'a-${n}', prompt: p, matrix: {n: [x]}, overrides: [{where: {n: x}, cut: {in: 2, out: 1}}]}": (
        rules.CUT_LENGTH, 5, 80,
    ),
    "{id: 'a-${n}', prompt: p, matrix: {n: [x]}, overrides: [{where: {n: x}, frames: {first: {file: a.png,"
    " rights: {expires: '2026-02-30'}}}}]}": (rules.FORM, 5, 123),
}  # fmt: skip


@pytest.mark.parametrize(("shot", "found"), PLACED.items())
def test_what_is_wrong_is_reported_where_it_is_written(tmp_path: Path, shot: str, found: tuple[object, ...]) -> None:
    from PIL import Image

    Image.new("RGB", (640, 360), "#335577").save(tmp_path / "a.png")
    problems = validate_offline(film(tmp_path, shot), world=World.REAL).problems
    assert [(each.rule, each.place and each.place.line, each.place and each.place.column) for each in problems] == [
        found
    ]
    assert "abcdef123456" not in str(problems)


async def test_columns_and_rights_reach_the_report_and_change_no_request(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (640, 360), "#335577").save(tmp_path / "a.png")
    rights = "{owner: Acme, licence: CC BY 4.0, expires: '2999-12-31'}"
    head = HEAD + "x-film: {format: '9:16'}\nsequences: [{id: sq, x-act: 010}]\n"
    shot = f"{{id: a, prompt: p, sequence: sq, x-cue: 1.50, frames: {{first: {{file: a.png, rights: {rights}}}}}}}"
    file = film(tmp_path, shot, head=head)
    await buy(file)
    told = report_dict((await plan(file, full_report=True)).report)
    assert told["meta"] == {"x-film": {"format": "9:16"}}
    assert told["sequences"] == [{"id": "sq", "title": "", "notes": "", "meta": {"x-act": "010"}}]
    takes: Any = told["takes"]
    [take] = takes
    assert (take["sequence"], take["meta"]) == ("sq", {"x-cue": "1.50"})
    owned = {"owner": "Acme", "licence": "CC BY 4.0", "expires": "2999-12-31"}
    assert take["rights"] == [{"frame": "first", "image": "a.png", **owned}]
    file.write_text(file.read_text().replace("1.50", "seven").replace("Acme", "Else").replace("x-film", "x-more"))
    assert await pending(file) == []


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text("abc ${}é", max_size=9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", min_size=1), inner, max_size=2),
    max_leaves=4,
)
columns = st.dictionaries(st.text("abcé", min_size=1, max_size=5), plain, max_size=3)


@given(columns, columns)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
def test_no_column_changes_a_request(tmp_path: Path, mine: Mapping[str, Any], others: Mapping[str, Any]) -> None:
    bare = {"id": "a", "prompt": "p", "takes": 2}
    own = {f"x-{name}": value for name, value in others.items()}
    top = {**{f"x-{name}": value for name, value in mine.items()}, "meta": others}
    shots = [
        validate_offline(write_json(tmp_path, {**bare, "meta": mine, **own}, top), world=World.REAL).shots,
        validate_offline(write_json(tmp_path, bare, {}), world=World.REAL).shots,
    ]
    (with_columns,), (without,) = shots
    assert dict(with_columns.meta) == {**mine, **own}
    assert with_columns == replace(without, meta=with_columns.meta)
    asked = [make_request(shot, 2, model=read_model("hailuo-02"), first=None, last=None) for (shot,) in shots]
    assert fingerprint(asked[0]) == fingerprint(asked[1])
    assert preimage(asked[0]) == preimage(asked[1])


def write_json(folder: Path, shot: Mapping[str, Any], top: Mapping[str, Any]) -> Path:
    file = folder / "film.yaml"
    file.write_text(json.dumps({"version": 1, "campaign": "film", **top, "shots": [shot]}, ensure_ascii=False))
    return file
