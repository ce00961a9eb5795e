"""MiniMax's fifteen camera commands: found in a prompt, spelled one way, in the order they act.

Commands stand in square brackets. Those inside one bracket act together (the vendor advises three at most),
brackets that follow one another act in turn: https://platform.minimax.io/docs/api-reference/video-generation-t2v,
read 2026-11-20. English or Chinese words and either case are taken; text in brackets that names no command is left
alone, since people write `[mood]` and mean it; it is remarked all the same, for the model reads it as words.
"""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache

from hailuo_batch.core import rules
from hailuo_batch.core.problem import Rule, did_you_mean
from hailuo_batch.values import dataclass

MAX_MOVES_TOGETHER = 3
MAX_BRACKETS_SHOWN = 5  # brackets by name in one remark
MAX_BRACKET_LENGTH = 60  # letters of a bracket that are shown


class CameraCommand(StrEnum):
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


CHINESE_COMMANDS = {
    "左移": CameraCommand.TRUCK_LEFT,
    "右移": CameraCommand.TRUCK_RIGHT,
    "左摇": CameraCommand.PAN_LEFT,
    "右摇": CameraCommand.PAN_RIGHT,
    "推进": CameraCommand.PUSH_IN,
    "拉远": CameraCommand.PULL_OUT,
    "上升": CameraCommand.PEDESTAL_UP,
    "下降": CameraCommand.PEDESTAL_DOWN,
    "上摇": CameraCommand.TILT_UP,
    "下摇": CameraCommand.TILT_DOWN,
    "变焦推近": CameraCommand.ZOOM_IN,
    "变焦拉远": CameraCommand.ZOOM_OUT,
    "晃动": CameraCommand.SHAKE,
    "跟随": CameraCommand.TRACKING_SHOT,
    "固定": CameraCommand.STATIC_SHOT,
}
_OPPOSITES = tuple(
    {CameraCommand(one), CameraCommand(other)}
    for one, other in (
        ("Truck left", "Truck right"),
        ("Pan left", "Pan right"),
        ("Push in", "Pull out"),
        ("Pedestal up", "Pedestal down"),
        ("Tilt up", "Tilt down"),
        ("Zoom in", "Zoom out"),
    )
)
_COMMANDS_BY_WORD = {command.casefold(): command for command in CameraCommand} | CHINESE_COMMANDS
_BRACKET = re.compile(r"\[([^\[\]]*)\]")
_SEPARATOR = re.compile(r"[,，、]")


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraRemark:
    """What a person should know about one bracket of a prompt; `hint` adds the command that may have been meant."""

    rule: Rule
    bracket: str
    hint: str = ""


@lru_cache(maxsize=1024)  # a campaign says the same few brackets thousands of times
def _parse_bracket(inside: str) -> tuple[CameraCommand, ...] | None:
    """The commands of one bracket, or None when a word in it is none of them."""
    words = [" ".join(word.split()).casefold() for word in _SEPARATOR.split(inside)]
    found = tuple(_COMMANDS_BY_WORD[word] for word in words if word in _COMMANDS_BY_WORD)
    return found if found and len(found) == len(words) else None


def normalize_commands(prompt: str) -> str:
    """The prompt with every camera command in the vendor's spelling; everything else untouched.

    >>> normalize_commands("mist [push in,左移] then [mood]")
    'mist [Push in, Truck left] then [mood]'
    """
    if "[" not in prompt:
        return prompt

    def official_spelling(match: re.Match[str]) -> str:
        commands = _parse_bracket(match[1])
        return f"[{', '.join(commands)}]" if commands else match[0]

    return _BRACKET.sub(official_spelling, prompt)


def camera_moves(prompt: str) -> tuple[tuple[CameraCommand, ...], ...]:
    """The camera's way through the shot: groups act in turn, the commands of a group together.

    >>> camera_moves("dawn [Push in, Tilt up] and [Shake]")
    ((<CameraCommand.PUSH_IN: 'Push in'>, <CameraCommand.TILT_UP: 'Tilt up'>), (<CameraCommand.SHAKE: 'Shake'>,))
    """
    groups = (_parse_bracket(match[1]) for match in _BRACKET.finditer(prompt))
    return tuple(group for group in groups if group)


def split_moves(prompt: str) -> Iterator[tuple[str, tuple[CameraCommand, ...]]]:
    """The prompt in pieces: words as they are written, and the commands of the bracket behind them.

    >>> list(split_moves("mist [push in, 左移], then [mood]"))
    [('mist ', (<CameraCommand.PUSH_IN: 'Push in'>, <CameraCommand.TRUCK_LEFT: 'Truck left'>)), (', then [mood]', ())]
    """
    start = 0
    for match in _BRACKET.finditer(prompt):
        if commands := _parse_bracket(match[1]):
            yield prompt[start : match.start()], commands
            start = match.end()
    if start < len(prompt):
        yield prompt[start:], ()


def strip_commands(prompt: str) -> str:
    """The prompt as a person reads it: camera brackets taken out, spaces closed up.

    >>> strip_commands("mist [Push in], then dawn [Pan left] .")
    'mist, then dawn.'
    """
    text = _BRACKET.sub(lambda match: "" if _parse_bracket(match[1]) else match[0], prompt)
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r" +([,.;:!?])", r"\1", text).lstrip(",;: ")


def find_brackets(prompt: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Every bracket that names no command, with its words in small letters.

    >>> find_brackets("mist [Tilt left] then [Push in]")
    (('[Tilt left]', ('tilt left',)),)
    """
    return tuple(
        (match[0], tuple(" ".join(word.split()).casefold() for word in _SEPARATOR.split(match[1])))
        for match in _BRACKET.finditer(prompt)
        if _parse_bracket(match[1]) is None
    )


@lru_cache(maxsize=1024)
def _is_contradiction(commands: tuple[CameraCommand, ...]) -> bool:
    """Whether moves that act together exclude each other; `[Push in, Zoom out]`, `[Truck left, Pan right]` do not."""
    named = set(commands)
    return any(pair <= named for pair in _OPPOSITES) or (CameraCommand.STATIC_SHOT in named and len(named) > 1)


def camera_remarks(prompt: str) -> tuple[CameraRemark, ...]:
    """Brackets that name no command, those with more moves at once than the vendor advises, or that undo each other."""
    found = []
    for match in _BRACKET.finditer(prompt):
        commands = _parse_bracket(match[1])
        if commands is None:
            found.append(CameraRemark(rule=rules.CAMERA_UNKNOWN, bracket=match[0], hint=_suggest_command(match[1])))
            continue
        if len(commands) > MAX_MOVES_TOGETHER:
            found.append(CameraRemark(rule=rules.CAMERA_CROWDED, bracket=match[0]))
        if _is_contradiction(commands):
            found.append(CameraRemark(rule=rules.CAMERA_CONTRADICTION, bracket=match[0]))
    return tuple(found)


def describe_remarks(remarks: Sequence[CameraRemark]) -> str:
    """What a person should know about brackets with the same remark, in a few words however many they are."""
    named = [_shorten(each.bracket) for each in remarks[:MAX_BRACKETS_SHOWN]]
    more = [f"{len(remarks) - MAX_BRACKETS_SHOWN:,} more"] if len(remarks) > MAX_BRACKETS_SHOWN else []
    *firsts, last = [*named, *more]
    brackets = f"{', '.join(firsts)} and {last}" if firsts else last
    verb = "asks" if len(remarks) == 1 else "ask"
    if remarks[0].rule == rules.CAMERA_CONTRADICTION:
        return (
            f"{brackets} {verb} for moves that exclude each other. Write one of them, or two brackets: [Pan left] "
            "[Pan right] act in turn."
        )
    if remarks[0].rule == rules.CAMERA_CROWDED:
        return (
            f"{brackets} {verb} for more than {MAX_MOVES_TOGETHER} moves at once; the vendor advises that many at most."
        )
    if len(remarks) == 1:
        return f"{brackets} is no camera command and is sent as plain text. {remarks[0].hint}".rstrip()
    hints = [f"For {_shorten(each.bracket)}: {each.hint[:1].lower()}{each.hint[1:]}" for each in remarks if each.hint]
    return " ".join((f"{brackets} are no camera commands and are sent as plain text.", *hints[:MAX_BRACKETS_SHOWN]))


def _shorten(bracket: str) -> str:
    return bracket if len(bracket) <= MAX_BRACKET_LENGTH else f"{bracket[: MAX_BRACKET_LENGTH - 2]}…]"


@lru_cache(maxsize=1024)  # the search for what is near is slow
def _suggest_command(inside: str) -> str:
    words = (" ".join(word.split()) for word in _SEPARATOR.split(inside))
    hints = (did_you_mean(word, _COMMANDS_BY_WORD) for word in words if word.casefold() not in _COMMANDS_BY_WORD)
    hint = next((hint for hint in hints if hint), "")
    return next(
        (hint.replace(low, str(command)) for low, command in _COMMANDS_BY_WORD.items() if f'"{low}"' in hint), hint
    )
