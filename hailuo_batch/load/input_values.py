"""The frames of a manifest's shots, as they were found. How they are found stands in `inputs.py`.

Apart, since most shots have no frame, and a manifest of such shots need not load what reads pictures.
"""

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from hailuo_batch.core.manifest.document import Frame
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.request.request import ImageRef
from hailuo_batch.load.file_stamp import CachedImage
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Every frame by content (`images`), where its bytes are (`files`, by digest), and what is to be remembered.

    `addresses` are where a gateway can get a picture itself, by digest. `is_stable`: none of the pictures can change
    without a file of the project changing.
    """

    images: Mapping[Frame, ImageRef]
    files: Mapping[str, Path]
    cache_entries: Mapping[str, CachedImage]
    problems: tuple[Problem, ...]
    addresses: Mapping[str, str] = field(default_factory=dict)
    is_stable: bool = True


NO_INPUTS = Inputs(images={}, files={}, cache_entries={}, problems=())
