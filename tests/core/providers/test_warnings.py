"""Warnings that are said once, however many shots they concern."""

from dataclasses import replace
from typing import Any

import pytest
from core_samples import ANIMATIC, HAILUO_02, PICTURE, provider, shot

from hailuo_batch.core.manifest.document import FileFrame, Frames
from hailuo_batch.core.manifest.shot import Mode, Shot
from hailuo_batch.core.models import Model
from hailuo_batch.core.problem import Problem, Severity
from hailuo_batch.core.providers.offers import Provider, local_provider
from hailuo_batch.core.providers.warnings import provider_warnings
from hailuo_batch.load.model_tables import read_model

SIZES = dict.fromkeys(("512p", "768p", "1080p"), (5, 6, 10))
ALL = dict.fromkeys((Mode.TEXT, Mode.FIRST, Mode.FIRST_LAST), SIZES)
KNOWS = provider("knows", offers=ALL)
MUTE = provider("mute", offers=ALL, switches=frozenset({"prompt_optimizer"}))
DUMB = provider("dumb", offers=ALL, switches=frozenset())
BOTH = Frames(first=FileFrame(path="a.png"), last=FileFrame(path="b.png"))


def said(*shots: Shot, by: tuple[Provider, ...]) -> list[Problem]:
    return list(provider_warnings(shots, by))


def test_a_switch_that_no_provider_has_is_an_error_with_its_place() -> None:
    (problem,) = said(shot(watermark=True, watermark_path=("shots", 0, "watermark")), by=(MUTE,))
    assert (problem.rule.id, problem.severity) == ("switch-not-offered", Severity.ERROR)
    assert problem.path == ("shots", 0, "watermark")
    assert problem.why == (
        'shot "open" asks for watermark: true; mute has no such switch, and no other of the providers can render it.'
    )
    assert problem.remedy == "Delete it, or add a provider that has it."


def test_a_switch_that_some_provider_has_is_a_warning_that_names_who_renders_it() -> None:
    (problem,) = said(shot(fast_pretreatment=True), by=(KNOWS, MUTE, DUMB))
    assert (problem.rule.id, problem.severity) == ("switch", Severity.WARNING)
    assert problem.why.endswith("fast_pretreatment: true; dumb and mute have no such switch, so knows renders it.")
    assert problem.remedy == "Delete it, or leave dumb and mute out of providers."


def test_two_switches_that_no_single_provider_has_are_errors() -> None:
    optimizing = provider("optimizing", offers=ALL, switches=frozenset({"prompt_optimizer"}))
    marking = provider("marking", offers=ALL, switches=frozenset({"watermark"}))
    problems = said(shot(prompt_optimizer=False, watermark=True), by=(optimizing, marking))
    assert [problem.rule.id for problem in problems] == ["switch-not-offered"] * 2


def test_a_switch_of_the_defaults_is_said_once_and_there() -> None:
    said_at = ("defaults", "prompt_optimizer")
    shots = [shot(f"s{n}", index=n, prompt_optimizer=False, prompt_optimizer_path=said_at) for n in range(1200)]
    (problem,) = said(*shots, by=(DUMB,))
    assert problem.path == ("defaults", "prompt_optimizer")
    assert problem.why.startswith('shot "s0" and 1,199 more ask for prompt_optimizer: false; dumb has')


@pytest.mark.parametrize(
    "switches", [{}, {"watermark": False}, {"prompt_optimizer": True}, {"fast_pretreatment": False}]
)
def test_what_a_gateway_does_unasked_needs_no_switch(switches: dict[str, Any]) -> None:
    assert said(shot(**switches), by=(DUMB,)) == []


def test_a_provider_that_could_not_render_the_shot_is_not_spoken_of() -> None:
    far = provider("far", offers={Mode.TEXT: {"1080p": (6,)}}, switches=frozenset())
    assert said(shot(watermark=True), by=(KNOWS, far)) == []


@pytest.mark.parametrize(
    ("members", "warned"),
    [
        ({"resolution": "512p"}, "text to video at 512p; knows lists that, but the model itself makes 512p only from"),
        ({"resolution": "512p", "frames": BOTH}, "a first and last frame at 512p; knows lists that"),
        ({"resolution": "512p", "frames": PICTURE}, ""),
        ({"resolution": "1080p", "duration": 10}, "10 s at 1080p; knows lists that, but the model itself makes 1080p"),
        ({"resolution": "1080p", "duration": "long"}, "long at 1080p; knows lists that"),
        ({"resolution": "1080p", "duration": "short"}, ""),
        ({"resolution": "768p", "duration": 10}, ""),
    ],
)
def test_what_the_model_itself_refuses_is_a_warning_where_a_gateway_sells_it(members, warned: str) -> None:
    problems = said(shot(**members), by=(KNOWS,))
    assert [problem.rule.id for problem in problems] == ["model-limit"] * bool(warned)
    assert all(warned in problem.why for problem in problems)


def test_it_is_said_once_for_all_shots_and_where_the_size_is_said() -> None:
    shots = [shot(f"s{n}", index=n, resolution="512p", resolution_path=("defaults", "resolution")) for n in range(946)]
    (problem,) = said(*shots, by=(KNOWS, MUTE))
    assert problem.path == ("defaults", "resolution")
    assert problem.why.startswith('shot "s0" and 945 more ask for text to video at 512p; knows and mute list that')


def test_another_model_and_what_is_drawn_here_have_other_limits() -> None:
    of = shot(resolution="512p", watermark=True)
    assert (
        said(
            of,
            by=(
                provider(
                    "other", model=Model(name="hailuo-03", title="Another", switches=HAILUO_02.switches), offers=ALL
                ),
            ),
        )
        == []
    )
    assert said(of, by=(local_provider(ANIMATIC),)) == []


def test_a_model_that_is_no_longer_sold_is_a_warning() -> None:
    old = provider("old", model=replace(HAILUO_02, is_retired=True), offers=ALL)
    (problem,) = said(shot(), by=(old,))
    assert (problem.rule.id, problem.path, problem.severity) == ("model-retired", ("model",), Severity.WARNING)


@pytest.mark.parametrize(
    ("model", "members", "warned"),
    [
        ("hailuo-2.3", {"resolution": "512p"}, "the model itself makes no 512p"),
        ("hailuo-2.3", {"resolution": "1080p", "duration": 10}, "the model itself makes 1080p only for 6 s"),
        ("hailuo-2.3-fast", {"duration": 8, "frames": PICTURE}, "the model itself makes 768p only for 6 or 10 s"),
    ],
)
def test_the_limits_are_those_of_the_models_row(model: str, members: dict[str, Any], warned: str) -> None:
    seller = provider("knows", model=read_model(model), offers={**ALL, Mode.FIRST: {**SIZES, "768p": (6, 8, 10)}})
    (problem,) = said(shot(**members), by=(seller,))
    assert problem.rule.id == "model-limit"
    assert warned in problem.why
