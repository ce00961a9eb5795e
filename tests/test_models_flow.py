"""Other models than the usual one, as a user meets them: their rows are all that the code knows of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

import hailuo_batch
from hailuo_batch.core.plan.provenance import request_members
from hailuo_batch.core.problem import Problem

Film = Callable[..., Path]


@pytest.fixture
def film(tmp_path: Path) -> Film:
    def write(model: str, *shots: str, providers: str = "minimax") -> Path:
        (tmp_path / "hailuo.yaml").write_text("version: 1\n")
        file = tmp_path / "film.yaml"
        listed = "".join(f"  - {{{shot}}}\n" for shot in shots)
        file.write_text(f"version: 1\ncampaign: film\nmodel: {model}\nproviders: [{providers}]\nshots:\n{listed}")
        return file

    return write


FRAME = "frames: {first: {url: 'https://x.example/a.png', sha256: " + "ab" * 32 + "}}"


async def problems(file: Path) -> list[Problem]:
    return list((await hailuo_batch.validate(file)).problems)


async def test_each_model_has_its_own_price(film: Film) -> None:
    for model, prices in {
        "hailuo-02": ["0.28 USD", "0.56 USD"],
        "hailuo-2.3": ["0.28 USD", "0.56 USD"],
        "hailuo-2.3-fast": ["0.19 USD", "0.32 USD"],
    }.items():
        file = film(model, f"id: a, prompt: p, {FRAME}", f"id: b, prompt: p, duration: 10, {FRAME}")
        assert [str(step.estimate) for step in (await hailuo_batch.plan(file)).pending_steps] == prices


async def test_a_switch_that_a_model_lacks_is_no_part_of_what_is_asked(film: Film) -> None:
    plan = await hailuo_batch.plan(film("hailuo-2.3-fast", f"id: a, prompt: p, {FRAME}"))
    (request,) = (step.request for step in plan.pending_steps)
    assert request is not None
    assert "fast_pretreatment" not in request_members(request)
    assert request_members(request)["prompt_optimizer"] is True


async def test_a_switch_that_a_model_lacks_is_a_warning_where_it_is_asked_for(film: Film) -> None:
    (problem,) = await problems(film("hailuo-2.3-fast", f"id: a, prompt: p, fast_pretreatment: true, {FRAME}"))
    assert problem.rule.id == "switch"
    assert problem.why.endswith("hailuo-2.3-fast has no such switch, so it is not sent.")
    assert problem.remedy == "Delete it, or choose another model."


async def test_what_a_model_does_not_make_is_a_problem_that_names_what_would_work(film: Film) -> None:
    (text,) = await problems(film("hailuo-2.3-fast", "id: a, prompt: p"))
    assert (text.rule.id, text.place is not None) == ("model-mode", True)
    assert text.why == 'shot "a" asks for text to video; hailuo-2.3-fast makes clips from a first frame only.'
    assert text.remedy == "Add frames.first, or write model: hailuo-02 or hailuo-2.3."
    first = FRAME.removeprefix("frames: {first: ").removesuffix("}")
    both = f"frames: {{first: {first}, last: {first}}}"
    (frames,) = await problems(film("hailuo-2.3", f"id: a, prompt: p, {both}"))
    assert frames.why.endswith("hailuo-2.3 makes clips from text or a first frame only.")
    assert frames.remedy == "Take out frames.last, or write model: hailuo-02."


async def test_a_model_that_no_named_provider_sells_is_said_once(film: Film) -> None:
    (problem,) = await problems(film("hailuo-2.3", "id: a, prompt: p", "id: b, prompt: q", providers="vtrix, odkkk"))
    assert (problem.rule.id, problem.path) == ("model-not-sold", ("model",))
    assert problem.why == "vtrix and odkkk do not sell hailuo-2.3."
    assert problem.remedy == "Add to providers one that does: minimax."


async def test_an_unknown_model_is_a_problem_with_the_likeliest_name(film: Film) -> None:
    (problem,) = await problems(film("hailuo-2.3-fsat", "id: a, prompt: p"))
    assert (problem.rule.id, problem.remedy) == ("choice", 'Did you mean "hailuo-2.3-fast"?')
