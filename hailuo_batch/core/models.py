"""What each model can do, independent of who sells it: a row of `models/*.yaml` as a value.

`load/model_tables.py` reads the files. What a gateway sells of a model, and for how much, is in the gateway's own
table. Code asks a model or a provider what it can do, and never compares names.
"""

from collections.abc import Mapping
from dataclasses import field

from hailuo_batch.core.manifest.document import LONG_DURATION, SHORT_DURATION, Duration
from hailuo_batch.core.manifest.shot import Mode
from hailuo_batch.core.switches import SwitchValues
from hailuo_batch.values import dataclass

DEFAULT_MODEL = "hailuo-02"  # of a manifest that names none
SKETCH_MODEL = "animatic"  # what a sketch is drawn with, whatever the manifest names
# The models that are drawn on this machine. Each is its own provider under the same name: so the ledger has it.
LOCAL_MODELS = frozenset({"animatic"})

Offers = Mapping[Mode, Mapping[str, tuple[int, ...]]]  # by mode and size, the seconds
PORTABLE_LENGTHS = {SHORT_DURATION: (5, 6), LONG_DURATION: (10,)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model. `offers` None: any mode, size and length. `switches` are those that it has, with its own defaults.

    `lengths` are the seconds that pass for `short` and `long`; a number of seconds is exact.
    """

    name: str
    title: str
    offers: Offers | None = field(default_factory=dict)
    lengths: Mapping[str, tuple[int, ...]] = field(default_factory=PORTABLE_LENGTHS.copy)
    switches: SwitchValues = ()
    max_prompt_length: int | None = None  # characters
    has_camera_commands: bool = False  # it understands MiniMax's fifteen, in square brackets
    is_free: bool = False  # needs neither key nor money
    is_local: bool = False  # drawn on this machine
    is_retired: bool = False  # still known, so that old manifests read, and no longer sold
    source: str = ""
    read: str = ""

    def list_seconds(self, duration: Duration) -> tuple[int, ...]:
        """The seconds that a duration may mean; the last is the usual one. None where they are not whole."""
        return self.lengths.get(duration, ()) if isinstance(duration, str) else (duration,)

    def makes(self, mode: Mode, resolution: str, duration: Duration) -> bool:
        """Whether the model itself makes this; a gateway's 5 s passes for the 6 s that it may really be."""
        if self.offers is None:
            return True
        words = (row for row in self.lengths.values() if duration in row)
        wanted = next(words, None) or self.list_seconds(duration)
        return not set(wanted).isdisjoint(self.offers.get(mode, {}).get(resolution, ()))


NO_MODEL = Model(name="", title="")  # of a manifest that cannot be read, and where the model does not matter


def is_local(name: str) -> bool:
    """Whether a provider or a model of this name draws on this machine: it costs nothing, and has no account."""
    return name in LOCAL_MODELS
