"""Generated manifests of the whole language, sketched: then there is nothing to do, in any folder and over includes."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from language_samples import Tree, dump, trees

from hailuo_batch import RunOptions, plan, run
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.world import World

LONG = {"duration", "resolution", "takes"}  # clips that take long to draw


def make_short(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: make_short(each) for key, each in tree.items() if key not in LONG}
    return [make_short(each) for each in tree] if isinstance(tree, list) else tree


def sketch_plan(manifest: Path) -> PlannedRun:
    return asyncio.run(plan(manifest, world=World.SKETCH))


def marks(planned: PlannedRun) -> dict[str, str]:
    return {use.shot.id: step.fingerprint for step in planned.plan.steps for use in step.uses}


@given(trees(), st.sampled_from([None, 0.08, {"in": 0.02, "out": 0.04}]))
@settings(deadline=None, max_examples=4)
def test_what_was_sketched_is_nothing_to_do_here_elsewhere_and_over_includes(
    tmp_path_factory: pytest.TempPathFactory, tree: Tree, cut: Any
) -> None:
    tree = make_short(tree)
    tree["defaults"] |= {"duration": 0.04, "resolution": "512p"}
    if cut:
        tree["shots"][0]["cut"] = cut
        tree["shots"][-2]["overrides"][0]["cut"] = 0.04
    project = tmp_path_factory.mktemp("flow") / "here"
    project.mkdir()
    (project / "hailuo.yaml").write_text("version: 1\n", encoding="utf-8")
    manifest = project / "film.yaml"
    manifest.write_text(dump(tree), encoding="utf-8")
    ran = asyncio.run(run(manifest, RunOptions(world=World.SKETCH)))
    assert ran.outcome.failed == ()
    before = sketch_plan(manifest)
    assert (before.pending_steps, before.unnamed_steps) == ((), ())

    elsewhere = project.with_name("elsewhere é")
    shutil.move(project, elsewhere)
    moved = sketch_plan(elsewhere / "film.yaml")
    assert (moved.pending_steps, marks(moved)) == ((), marks(before))

    of_film = {"version", "campaign", "defaults", "include"}
    (elsewhere / "shared").mkdir()
    (elsewhere / "shared" / "all.yaml").write_text(dump({k: v for k, v in tree.items() if k not in of_film}), "utf-8")
    film = {k: v for k, v in tree.items() if k in of_film} | {"include": ["shared/all.yaml"]}
    (elsewhere / "film.yaml").write_text(dump(film), encoding="utf-8")
    split = sketch_plan(elsewhere / "film.yaml")
    assert {step.action for step in split.plan.steps} == {Action.REUSE}
    assert marks(split) == marks(before)
