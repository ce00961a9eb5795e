"""Writes docs/models.md from the models' rows, and their names into the manifest's JSON Schema; tests hold both.

python tools/write_models.py > docs/models.md
python tools/write_models.py --schema
"""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from hailuo_batch.core.models import DEFAULT_MODEL, Model
from hailuo_batch.core.request.frame_size import SHORT_SIDES
from hailuo_batch.core.switches import SWITCH_NAMES
from hailuo_batch.load.model_tables import model_names, read_model
from hailuo_batch.load.provider_tables import provider_names, read_provider

SCHEMA = Path(__file__).resolve().parent.parent / "schemas" / "manifest.schema.json"
HEAD = f"""\
# Models

A manifest selects a model by `model: NAME`; the default is `{DEFAULT_MODEL}`. `hailuo_batch/models` has one file per
model, with what it can render. Each gateway's table has what the gateway sells of it, and for how much: see
[gateways.md](gateways.md). This page is written from these files by `tools/write_models.py`.

`short` and `long` are lengths that every gateway offers. The model is part of the request: another model renders
another clip, and earlier clips stay.
"""


def page() -> str:
    """The page's text."""
    models = [read_model(name) for name in model_names()]
    return "".join((HEAD, *_overview(models), *(part for model in models for part in _about(model))))


def _overview(models: Sequence[Model]) -> Iterator[str]:
    yield "\n| | " + " | ".join(f"`{model.name}`" for model in models) + " |\n|" + "---|" * (len(models) + 1) + "\n"
    rows = {
        "sold by": [_sellers(model) for model in models],
        "short, long": [" and ".join(_seconds(seconds) for seconds in model.lengths.values()) for model in models],
        "longest prompt": [f"{model.max_prompt_length or 'any'}" for model in models],
        "camera commands": [_yes(model.has_camera_commands) for model in models],
        **{f"`{name}`": [_switch(model, name) for model in models] for name in SWITCH_NAMES},
        "retired": [_yes(model.is_retired) for model in models],
    }
    yield from (f"| {name} | {' | '.join(cells)} |\n" for name, cells in rows.items())


def _about(model: Model) -> Iterator[str]:
    yield f"\n## {model.title}\n\n"
    if model.offers is None:
        yield "Makes any mode, size and length.\n"
    else:
        sizes = sorted({size for row in model.offers.values() for size in row}, key=SHORT_SIDES.__getitem__)
        yield "| seconds | " + " | ".join(sizes) + " |\n|" + "---|" * (len(sizes) + 1) + "\n"
        for mode, row in model.offers.items():
            yield f"| {mode} | " + " | ".join(_seconds(row.get(size, ())) for size in sizes) + " |\n"
    yield f"\nRead {model.read}: {f'<{model.source}>' if '://' in model.source else f'`{model.source}`'}\n"


def _sellers(model: Model) -> str:
    if model.is_local:
        return "drawn on this machine, free"
    return ", ".join(name for name in provider_names() if read_provider(name, model.name).offers)


def _seconds(seconds: Sequence[int]) -> str:
    return f"{' or '.join(map(str, seconds))} s" if seconds else "–"


def _switch(model: Model, name: str) -> str:
    value = dict(model.switches).get(name)
    return "–" if value is None else f"unasked: {'on' if value else 'off'}"


def _yes(value: object) -> str:
    return "yes" if value else "–"


def with_names(schema: str) -> str:
    """The manifest's schema with the names of all models where `model` is described."""
    names = json.dumps(list(model_names()))
    return re.sub(r'("model": \{[^}]*?"enum": )\[[^]]*\]', lambda found: found[1] + names, schema)


if __name__ == "__main__":
    if "--schema" in sys.argv[1:]:
        SCHEMA.write_text(with_names(SCHEMA.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(page(), end="")
