"""Styles and variants around a prompt."""

from core_samples import written

from hailuo_batch.core.manifest.expand import expand

LOOKS = """
    vars: {lamp: the moon}
    styles:
      film: {prefix: "Slow: ", suffix: ", grain", variants: {night: {prefix: "At night: ", suffix: ", lit by ${lamp}"}}}
    shots:
      [{id: a, prompt: a cup, style: film.night}, {id: b, prompt: a cup}]
"""


def test_the_text_of_a_variant_is_between_the_prompt_and_the_style() -> None:
    shots, problems = expand(written(LOOKS))
    assert [shot.prompt for shot in shots] == ["Slow: At night: a cup, lit by the moon, grain", "a cup"]
    assert problems == ()


def test_an_unknown_variant_is_told_with_the_nearest() -> None:
    for style, why, remedy in (
        ("film.nihgt", '"film" under styles has no variant "nihgt".', 'Did you mean "film.night"?'),
        ("flim.night", '"flim.night" is not under styles.', 'Did you mean "film.night"?'),
    ):
        (problem,) = expand(written(LOOKS.replace("style: film.night", f"style: {style}")))[1]
        assert (problem.path, problem.why, problem.remedy) == (("shots", 0, "style"), why, remedy)


def test_a_mistake_in_a_variant_is_told_there() -> None:
    text = """
        styles: {film: {variants: {night: {suffix: "${no}"}}}}
        shots: [{id: a}]
    """
    (problem,) = expand(written(text))[1]
    assert problem.path == ("styles", "film", "variants", "night", "suffix")
