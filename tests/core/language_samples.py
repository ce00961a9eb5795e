"""Generated manifests that use the whole language, and have no fault."""

from typing import Any

import yaml
from hypothesis import strategies as st

Tree = dict[str, Any]
WORDS = ("red", "blue", "010", "no", "1.50")
texts = st.sampled_from(["a cup", "[Push in] mist", "100% # real", "${kind} light", "$$5: é 春", "- dash", "1.50"])
styles = st.sampled_from(["none", "film", "film.night"])
tags = st.lists(st.sampled_from(["hero", "client:${kind}", "x y"]), unique=True, max_size=2)
levels = st.fixed_dictionaries(
    {},
    optional={
        "duration": st.sampled_from([6, 10, "short"]),
        "resolution": st.sampled_from(["768p", "1080p"]),
        "takes": st.integers(1, 3),
        "style": styles,
        "tags": tags,
        "notes": texts,
        "providers": st.just(["minimax"]),
        "watermark": st.booleans(),
        "prompt_optimizer": st.booleans(),
    },
)
memberships = st.sampled_from([{}, {"sequence": "sq"}])
words = st.lists(st.sampled_from(WORDS), unique=True, min_size=2, max_size=4)


@st.composite
def matrix_shots(draw: st.DrawFn) -> Tree:
    """A shot with a matrix of two names, a cell that is left out, one that is added, and an override."""
    first, second = draw(words), draw(words)
    phrases = {word: draw(texts) for word in second}
    return {
        **draw(levels),
        "id": "cell-${n1}-${n2.key}",
        "prompt": f"{draw(texts)} ${{n1}} ${{n2}}",
        "matrix": {"n1": first, "n2": draw(st.sampled_from([second, phrases]))},
        "exclude": [{"n1": first[0], "n2": second[0]}],
        "include": [{"n1": {"new": draw(texts)}, "n2": second[0]}],
        "overrides": [{"where": {"n1": first[1]}, **draw(levels), "prompt": draw(texts)}],
    }


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """A manifest that uses everything, and has no fault."""
    plain = [
        {"id": f"plain-{place}", "prompt": draw(texts), **draw(levels), **draw(memberships)}
        for place in range(draw(st.integers(1, 3)))
    ]
    return {
        "version": 1,
        "campaign": "teaser",
        "vars": {"kind": "soft", "season": {"env": "SEASON", "default": draw(texts)}},
        "styles": {"film": {"prefix": "Slow: ", "suffix": ", grain", "variants": {"night": {"suffix": ", ${season}"}}}},
        "defaults": draw(levels),
        "sequences": [{"id": "sq", "tags": draw(tags), "style": draw(styles), "defaults": draw(levels)}, {"id": "sq2"}],
        "shots": [*plain, {**draw(matrix_shots()), "sequence": "sq2"}, {"id": "last", "sequence": "sq"}],
    }


def dump(tree: Tree) -> str:
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=10**6)
