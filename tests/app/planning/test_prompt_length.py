import asyncio
from pathlib import Path

from hailuo_batch.app.planning.validate import validate

# Vtrix has no safe word for a pan to the left: it is written out in plain words.
PROMPT = "[Pan left] " * 175


def problems(folder: Path, providers: str) -> list[tuple[str, str]]:
    file = folder / "film.yaml"
    frame = "{first: {url: 'https://frames.example/a.png', sha256: '" + "ab" * 32 + "'}}"
    shot = f"{{id: a, prompt: '{PROMPT.strip()}', frames: {frame}}}"
    file.write_text(f"version: 1\ncampaign: film\nproviders: [{providers}]\nshots: [{shot}]\n", encoding="utf-8")
    found = asyncio.run(validate(file)).problems
    return [(str(each.severity), each.why) for each in found if each.rule.id == "prompt-length"]


def test_a_prompt_that_grows_too_long_in_a_gateways_own_words_is_a_problem_before_anything_is_sent(tmp_path: Path):
    (problem,) = problems(tmp_path, "vtrix, minimax")
    assert len(PROMPT.strip()) <= 2000
    assert problem[0] == "error"
    assert "characters for vtrix, camera commands included" in problem[1]


def test_where_only_a_later_provider_would_refuse_it_that_is_a_warning(tmp_path: Path):
    assert [severity for severity, _ in problems(tmp_path, "minimax, vtrix")] == ["warning"]


def test_a_gateway_that_keeps_the_commands_as_they_are_has_no_trouble_with_it(tmp_path: Path):
    assert problems(tmp_path, "minimax") == []
