"""The frames of a manifest's shots, as they were found. How they are found stands in `inputs.py`.

Apart, since most shots have no frame, and a manifest of such shots need not load what looks at pictures.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hailuo_batch.core.manifest.document import Frame
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.request.request import Input
from hailuo_batch.load.file_stamp import Remembered

ON_WEB = "frame-web"  # the code of everything that is wrong with what is behind an address


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Every frame by content (`pictures`), where its bytes are (`files`, by digest), and what is to be remembered.

    `addresses` are where a gateway can get a picture itself, by digest. `lasting`: none of the pictures can change
    without a file of the project changing.
    """

    pictures: Mapping[Frame, Input]
    files: Mapping[str, Path]
    remembered: Mapping[str, Remembered]
    problems: tuple[Problem, ...]
    addresses: Mapping[str, str] = field(default_factory=dict)
    lasting: bool = True


NO_INPUTS = Inputs(pictures={}, files={}, remembered={}, problems=())
