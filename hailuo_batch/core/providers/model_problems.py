"""Problems of a manifest with its model: nobody who is named sells it, or it makes no such clips at all."""

from collections.abc import Sequence

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.shot import Mode, Shot
from hailuo_batch.core.models import Model
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.providers.phrases import MODE_WORDS, join_names, join_or


def model_problem(model: Model, providers: Sequence[str], able: Sequence[str]) -> Problem:
    """None of the preferred providers sells the model; `able` are those that do."""
    do = "does" if len(providers) == 1 else "do"
    why = f"{join_names(providers, 'and')} {do} not sell {model.name}."
    remedy = f"Add to providers one that does: {join_names(able, 'or')}." if able else "Choose another model."
    return Problem(rule=rules.MODEL_NOT_SOLD, why=why, remedy=remedy, path=("model",))


def mode_problem(shot: Shot, model: Model, models: Sequence[Model]) -> Problem:
    """The model makes no clips in this way, whoever sells it; those of `models` that do are named."""
    modes = model.offers or {}
    why = (
        f'shot "{shot.id}" asks for {MODE_WORDS[shot.mode]}; {model.name} makes clips from '
        f"{join_or(_SOURCE_WORDS[mode] for mode in modes)} only."
    )
    others = [each.name for each in models if _is_alternative(each, shot)]
    ways = ["add frames.first"] * (shot.mode is Mode.TEXT and Mode.FIRST in modes)
    ways += ["take out frames.last"] * (shot.mode is Mode.FIRST_LAST and Mode.FIRST in modes)
    ways += [f"write model: {join_or(others)}"] * bool(others)
    remedy = ", or ".join(ways or ["choose another model"])
    return Problem(
        rule=rules.MODEL_MODE, why=why, remedy=f"{remedy[:1].upper()}{remedy[1:]}.",
        path=("shots", shot.index),
    )  # fmt: skip


_SOURCE_WORDS = {
    Mode.TEXT: "text",
    Mode.FIRST: "a first frame",
    Mode.FIRST_LAST: "a first and last frame",
}


def _is_alternative(model: Model, shot: Shot) -> bool:
    wanted = not model.is_local and not model.is_retired
    return wanted and model.makes(shot.mode, shot.resolution, shot.duration)
