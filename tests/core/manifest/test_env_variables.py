"""Variables from the environment: only those that are declared, never a key, and as they are."""

import pytest
from core_samples import written

from hailuo_batch.core.manifest.expand import expand

SEASON = """
    vars: {season: {env: SEASON, default: "a ${kind}"}, kind: spring}
    shots: [{id: a, prompt: "${season} ${kind}"}]
"""
BARE = SEASON.replace(', default: "a ${kind}"', "")


@pytest.mark.parametrize(
    ("environment", "prompt"),
    [
        ({"SEASON": "autumn", "kind": "other"}, "autumn spring"),
        ({"SEASON": "${kind} $5 $$"}, "${kind} $5 $$ spring"),
        ({"SEASON": ""}, "a spring spring"),
        ({}, "a spring spring"),
        ({"SEASON": "春、　朝"}, "春、　朝 spring"),
    ],
)
def test_a_value_of_the_environment_is_taken_as_it_is_else_the_default(
    environment: dict[str, str], prompt: str
) -> None:
    manifest = written(SEASON)
    (shot,), problems = expand(manifest, environment)
    assert (shot.prompt, problems, manifest.env_names) == (prompt, (), ("SEASON",))


@pytest.mark.parametrize("environment", [{}, {"SEASON": ""}])
def test_what_is_not_set_and_has_no_default_is_a_problem(environment: dict[str, str]) -> None:
    _, (problem,) = expand(written(BARE), environment)
    assert (problem.rule.id, problem.path) == ("variable-unset", ("vars", "season", "env"))
    assert problem.remedy == "Set SEASON, or write a default."


@pytest.mark.parametrize("value", ["a\udc80b", "a\x07b", "a\x1b[31m"])
def test_what_is_no_text_is_refused(value: str) -> None:
    _, (problem,) = expand(written(BARE), {"SEASON": value})
    assert problem.rule.id == "variable-unset"


@pytest.mark.parametrize("name", ["MINIMAX_API_KEY", "GITHUB_TOKEN", "db_password", "STRIPE_KEY", "AWS_CREDENTIALS"])
def test_names_of_keys_and_secrets_are_refused(name: str) -> None:
    _, (problem,) = expand(written(SEASON.replace("SEASON", name)), {name: "hunter2"})
    assert (problem.rule.id, problem.path) == ("variable-secret", ("vars", "season", "env"))
    assert "hunter2" not in problem.why + problem.remedy


def test_a_value_that_holds_a_key_that_is_set_is_refused_and_not_shown() -> None:
    keys = {"MINIMAX_API_KEY": "abcdefghij"}
    _, (problem,) = expand(written(SEASON), {"SEASON": "x abcdefghij"}, keys)
    assert problem.rule.id == "variable-secret"
    assert "abcdefghij" not in problem.why + problem.remedy
    assert "MINIMAX_API_KEY" in problem.why
