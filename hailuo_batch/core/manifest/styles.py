"""Styles and their variants: the words around a prompt, with names filled in."""

from collections.abc import Iterator, Mapping

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import Style
from hailuo_batch.core.manifest.interpolate import InterpolationError, fill_placeholders, quote_text
from hailuo_batch.core.problem import DocumentPath, Problem

NO_STYLE = "none"


def fill_styles(
    styles: Mapping[str, Style], values: Mapping[str, str], problems: dict[Problem, None]
) -> dict[str, Style]:
    """Every style by the name that a shot writes: `film`, `film.night`, and `none`."""
    filled = {NO_STYLE: Style()}
    for name, written, path in _list_styles(styles):
        words = {}
        for end in ("prefix", "suffix"):
            words[end] = ""
            try:
                words[end] = fill_placeholders(getattr(written, end), values)
            except InterpolationError as wrong:
                problems[wrong.to_problem((*path, end))] = None
        around = filled[name.partition(".")[0]] if "." in name else Style()
        filled[name] = Style(prefix=around.prefix + words["prefix"], suffix=words["suffix"] + around.suffix)
    return filled


def _list_styles(styles: Mapping[str, Style]) -> Iterator[tuple[str, Style, DocumentPath]]:
    """Each style, and behind it its variants, with the place of both."""
    for name, style in styles.items():
        yield name, style, ("styles", name)
        for variant, words in style.variants.items():
            yield f"{name}.{variant}", words, ("styles", name, "variants", variant)


def find_style(name: str, styles: Mapping[str, Style]) -> Style:
    """The style of a name; `InterpolationError` when there is none."""
    if name in styles:
        return styles[name]
    base, dot, variant = name.partition(".")
    what = f"{quote_text(base)} under styles has no variant {quote_text(variant)}"
    why = f"{what}." if dot and base in styles else f"{quote_text(name)} is not under styles."
    raise InterpolationError(rules.STYLE_UNKNOWN, why, "Add it under styles, or delete it.", word=name, known=styles)
