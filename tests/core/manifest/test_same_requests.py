"""Shots that ask for one clip: when that is worth a word, and how many words."""

from typing import Any

import pytest
from core_samples import PICTURE, shot

from hailuo_batch.core.manifest.document import FileFrame, Frame, Frames
from hailuo_batch.core.manifest.same_requests import find_same_requests

OTHER = Frames(first=FileFrame(path="other.png"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {}, True),
        ({}, {"prompt": "mist"}, False),
        ({}, {"duration": 10}, False),
        ({}, {"resolution": "1080p"}, False),
        ({}, {"prompt_optimizer": False}, False),
        ({}, {"frames": PICTURE}, False),
        ({"frames": OTHER}, {"frames": PICTURE}, False),
        ({}, {"takes": 3}, True),  # more takes of the same
        ({}, {"tags": ("hero",)}, True),  # two entries, one prompt: most likely copied
        ({"index": 1, "tags": ("se",)}, {"tags": ("jp",)}, False),  # a matrix of deliveries
        ({"index": 1, "notes": "se"}, {"notes": "jp"}, False),
        ({"index": 1}, {}, True),  # a name that the prompt forgot
    ],
)
def test_only_what_is_bought_makes_two_requests(one: dict[str, Any], other: dict[str, Any], *, same: bool) -> None:
    found = tuple(find_same_requests([shot("a", **one), shot("b", index=1, **other)], {}))
    assert [(each.path, each.shot) for each in found] == [(("shots", 1, "prompt"), "b")] * same
    if found:
        assert found[0].why == '2 shots ask for one and the same clip: "a", "b". It is bought once.'


def test_images_count_by_their_bytes() -> None:
    shots = [shot("a", frames=PICTURE), shot("b", index=1, frames=OTHER)]
    digests: dict[Frame, object] = {FileFrame(path="open.png"): "1", FileFrame(path="other.png"): "1"}
    assert len(tuple(find_same_requests(shots, digests))) == 1


def test_many_are_reported_by_the_first_and_their_number() -> None:
    twins = [shot(f"s{n:03}", index=n, prompt=f"mist {n // 7}") for n in range(700)]
    first, _, last = find_same_requests(twins, {})
    assert first.why == (
        '7 shots ask for one and the same clip: "s000", "s001", "s002", "s003", "s004" and 2 more. It is bought once.'
    )
    assert last.why.endswith("It is bought once. 97 more clips are shared so.")
