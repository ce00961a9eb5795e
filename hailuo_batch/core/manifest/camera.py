"""MiniMax's fifteen camera commands: found in a prompt, spelled one way, in the order they act.

Commands stand in square brackets. Those inside one bracket act together (the vendor advises three at most),
brackets that follow one another act in turn: https://platform.minimax.io/docs/api-reference/video-generation-t2v,
read 2026-11-20. English or Chinese words and either case are taken; text in brackets that names no command is left
alone, since people write `[mood]` and mean it; it is remarked all the same, for the model reads it as words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from hailuo_batch.core.problem import did_you_mean

MOST_TOGETHER = 3
SHOWN = 5  # brackets by name in one remark
LONGEST = 60  # letters of a bracket that are shown
UNKNOWN, CROWDED = "camera-unknown", "camera-crowded"


class Camera(StrEnum):
    """A camera command in the vendor's own spelling."""

    TRUCK_LEFT = "Truck left"  # the camera slides to the left
    TRUCK_RIGHT = "Truck right"
    PAN_LEFT = "Pan left"  # the camera turns to the left where it stands
    PAN_RIGHT = "Pan right"
    PUSH_IN = "Push in"  # the camera comes nearer
    PULL_OUT = "Pull out"
    PEDESTAL_UP = "Pedestal up"  # the camera rises
    PEDESTAL_DOWN = "Pedestal down"
    TILT_UP = "Tilt up"  # the camera looks up where it stands
    TILT_DOWN = "Tilt down"
    ZOOM_IN = "Zoom in"  # the lens narrows
    ZOOM_OUT = "Zoom out"
    SHAKE = "Shake"
    TRACKING_SHOT = "Tracking shot"  # the camera follows its subject
    STATIC_SHOT = "Static shot"


CHINESE = {
    "左移": Camera.TRUCK_LEFT,
    "右移": Camera.TRUCK_RIGHT,
    "左摇": Camera.PAN_LEFT,
    "右摇": Camera.PAN_RIGHT,
    "推进": Camera.PUSH_IN,
    "拉远": Camera.PULL_OUT,
    "上升": Camera.PEDESTAL_UP,
    "下降": Camera.PEDESTAL_DOWN,
    "上摇": Camera.TILT_UP,
    "下摇": Camera.TILT_DOWN,
    "变焦推近": Camera.ZOOM_IN,
    "变焦拉远": Camera.ZOOM_OUT,
    "晃动": Camera.SHAKE,
    "跟随": Camera.TRACKING_SHOT,
    "固定": Camera.STATIC_SHOT,
}
_WORDS = {command.casefold(): command for command in Camera} | CHINESE
_BRACKET = re.compile(r"\[([^\[\]]*)\]")
_SEPARATOR = re.compile(r"[,，、]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What a person should know about one bracket of a prompt; `hint` asks for the command that may have been meant."""

    code: str
    bracket: str
    hint: str = ""


@lru_cache(maxsize=1024)  # a campaign says the same few brackets thousands of times
def _commands(inside: str) -> tuple[Camera, ...] | None:
    """The commands of one bracket, or None when a word in it is none of them."""
    words = [" ".join(word.split()).casefold() for word in _SEPARATOR.split(inside)]
    found = tuple(_WORDS[word] for word in words if word in _WORDS)
    return found if found and len(found) == len(words) else None


def spell(prompt: str) -> str:
    """The prompt with every camera command in the vendor's spelling; everything else untouched.

    >>> spell("mist [push in,左移] then [mood]")
    'mist [Push in, Truck left] then [mood]'
    """
    if "[" not in prompt:
        return prompt

    def vendor_spelling(match: re.Match[str]) -> str:
        commands = _commands(match[1])
        return f"[{', '.join(commands)}]" if commands else match[0]

    return _BRACKET.sub(vendor_spelling, prompt)


def moves(prompt: str) -> tuple[tuple[Camera, ...], ...]:
    """The camera's way through the shot: groups act in turn, the commands of a group together.

    >>> moves("dawn [Push in, Tilt up] and [Shake]")
    ((<Camera.PUSH_IN: 'Push in'>, <Camera.TILT_UP: 'Tilt up'>), (<Camera.SHAKE: 'Shake'>,))
    """
    groups = (_commands(match[1]) for match in _BRACKET.finditer(prompt))
    return tuple(group for group in groups if group)


def without_commands(prompt: str) -> str:
    """The prompt as a person reads it: camera brackets taken out, spaces closed up.

    >>> without_commands("mist [Push in], then dawn [Pan left] .")
    'mist, then dawn.'
    """
    text = _BRACKET.sub(lambda match: "" if _commands(match[1]) else match[0], prompt)
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r" +([,.;:!?])", r"\1", text).lstrip(",;: ")


def remarks(prompt: str) -> tuple[Remark, ...]:
    """Brackets that name no command, and those that ask for more at once than the vendor advises."""
    found = []
    for match in _BRACKET.finditer(prompt):
        commands = _commands(match[1])
        if commands is None:
            found.append(Remark(code=UNKNOWN, bracket=match[0], hint=_near(match[1])))
        elif len(commands) > MOST_TOGETHER:
            found.append(Remark(code=CROWDED, bracket=match[0]))
    return tuple(found)


def why_told(found: Sequence[Remark]) -> str:
    """What a person should know about brackets with the same remark, in a few words however many they are."""
    named = [_shortened(each.bracket) for each in found[:SHOWN]]
    more = [f"{len(found) - SHOWN:,} more"] if len(found) > SHOWN else []
    *firsts, last = [*named, *more]
    brackets = f"{', '.join(firsts)} and {last}" if firsts else last
    if found[0].code == CROWDED:
        asks = "asks" if len(found) == 1 else "ask"
        return f"{brackets} {asks} for more than {MOST_TOGETHER} moves at once; the vendor advises that many at most."
    if len(found) == 1:
        return f"{brackets} is no camera command and is sent as plain text. {found[0].hint}".rstrip()
    hints = [f"For {_shortened(each.bracket)}: {each.hint[:1].lower()}{each.hint[1:]}" for each in found if each.hint]
    return " ".join((f"{brackets} are no camera commands and are sent as plain text.", *hints[:SHOWN]))


def _shortened(bracket: str) -> str:
    return bracket if len(bracket) <= LONGEST else f"{bracket[: LONGEST - 2]}…]"


@lru_cache(maxsize=1024)  # the search for what is near is slow
def _near(inside: str) -> str:
    words = (" ".join(word.split()) for word in _SEPARATOR.split(inside))
    hints = (did_you_mean(word, _WORDS) for word in words if word.casefold() not in _WORDS)
    hint = next((hint for hint in hints if hint), "")
    return next((hint.replace(low, str(command)) for low, command in _WORDS.items() if f'"{low}"' in hint), hint)
