"""The one table of switches: what of a model can be turned on or off for a shot.

Manifest, shot, request, fingerprint, dialects and docs loop over it; no other file spells the names. A new switch is a
row here, a definition in the manifest's JSON Schema, and its field in the tables of the gateways that have it.
"""

from collections.abc import Mapping
from typing import Any

from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One switch: its name in a manifest, its default value, and what it does."""

    name: str
    default: bool
    meaning: str


SWITCHES = (
    Switch(name="prompt_optimizer", default=True, meaning="Let the model rewrite the prompt before it renders."),
    Switch(
        name="fast_pretreatment",
        default=False,
        meaning="Make the optimizer faster and less thorough; only takes effect with prompt_optimizer.",
    ),
    Switch(name="watermark", default=False, meaning="Add the provider's watermark, where it offers one."),
)

# Names and values in the order of the table. A tuple, so that shots without settings of their own share one.
SwitchValues = tuple[tuple[str, bool], ...]

SWITCH_NAMES = tuple(switch.name for switch in SWITCHES)
DEFAULT_SWITCHES: SwitchValues = tuple((switch.name, switch.default) for switch in SWITCHES)


def pick_switches(values: Mapping[str, Any]) -> SwitchValues:
    """The switches among some values, in the order of the table; one that is not there, or None, is left out.

    >>> pick_switches({"watermark": True, "takes": 3, "prompt_optimizer": None})
    (('watermark', True),)
    """
    return tuple((name, values[name]) for name in SWITCH_NAMES if values.get(name) is not None)


def override_switches(base: SwitchValues, own: SwitchValues) -> SwitchValues:
    """The values of `base`, but for those that `own` says."""
    if not own:
        return base
    said = dict(own)
    return tuple((name, said.get(name, value)) for name, value in base)
