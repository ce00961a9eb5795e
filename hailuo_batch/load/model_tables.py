"""Models: `models/*.yaml` → `Model`. One file per model; a new one is there as soon as its file is.

The files are our own and a test holds them to `schemas/model.schema.json`, so that no command pays for the check.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from hailuo_batch.core.manifest.shot import Mode
from hailuo_batch.core.models import Model, Offers
from hailuo_batch.core.switches import pick_switches
from hailuo_batch.load.document import read_document
from hailuo_batch.load.schemas import PACKAGE_FOLDER

MODEL_FOLDER = PACKAGE_FOLDER / "models"


def model_names() -> tuple[str, ...]:
    """Every model that a manifest may name."""
    return tuple(sorted(path.stem for path in MODEL_FOLDER.glob("*.yaml")))


@cache
def read_model(name: str) -> Model:
    """What a model can do; of a name without a file nothing is known."""
    file = MODEL_FOLDER / f"{name}.yaml"
    if name not in model_names():
        return Model(name=name, title=name)
    document = read_document(file.read_bytes(), name=file.name)
    assert isinstance(document.tree, dict), document.problems  # noqa: S101 - our own file
    return parse_model(document.tree)


def parse_model(tree: Mapping[str, Any]) -> Model:
    """The value of a file that fits its schema."""
    return Model(
        name=tree["name"],
        title=tree["title"],
        offers=parse_offers(tree["makes"]) if "makes" in tree else None,
        lengths={word: tuple(seconds) for word, seconds in tree["lengths"].items()},
        switches=pick_switches(tree["switches"]),
        max_prompt_length=tree.get("longest_prompt"),
        has_camera_commands=tree.get("camera_commands", False),
        is_free=tree.get("free", False),
        is_local=tree.get("local", False),
        is_retired=tree.get("retired", False),
        source=tree["source"],
        read=tree["read"],
    )


def parse_offers(tree: Mapping[str, Mapping[str, Sequence[int]]]) -> Offers:
    """Mode, size and seconds, as models and gateways list them."""
    return {Mode(mode): {size: tuple(seconds) for size, seconds in sizes.items()} for mode, sizes in tree.items()}


class LazyModels(Sequence[Model]):
    """Every model, read when a problem wants to name others."""

    def __len__(self) -> int:
        return len(model_names())

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return read_model(model_names()[index])
