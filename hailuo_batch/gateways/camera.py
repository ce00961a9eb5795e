"""Camera commands as a gateway spells them.

A prompt arrives with MiniMax's own words in its brackets (`core/manifest/camera.py`). A gateway may call a command
otherwise. Where its word for it names another of MiniMax's moves, whoever passes the prompt on may read either, so the
bracket is written out in plain language, which means one thing to everybody.
"""

import re
from collections.abc import Mapping
from dataclasses import field

from hailuo_batch.core.manifest.camera import CameraCommand, camera_moves
from hailuo_batch.values import dataclass

_BRACKET_PATTERN = re.compile(r"\[[^\[\]]*\]")
PLAIN_WORDS = {
    CameraCommand.TRUCK_LEFT: "slides to the left",
    CameraCommand.TRUCK_RIGHT: "slides to the right",
    CameraCommand.PAN_LEFT: "turns to the left on the spot",
    CameraCommand.PAN_RIGHT: "turns to the right on the spot",
    CameraCommand.PUSH_IN: "moves closer",
    CameraCommand.PULL_OUT: "moves back",
    CameraCommand.PEDESTAL_UP: "rises",
    CameraCommand.PEDESTAL_DOWN: "sinks",
    CameraCommand.TILT_UP: "tilts up",
    CameraCommand.TILT_DOWN: "tilts down",
    CameraCommand.ZOOM_IN: "zooms in",
    CameraCommand.ZOOM_OUT: "zooms out",
    CameraCommand.SHAKE: "shakes",
    CameraCommand.TRACKING_SHOT: "follows the subject",
    CameraCommand.STATIC_SHOT: "stays still",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSpelling:
    """A gateway's words for commands, where they are not MiniMax's, and the commands it has no safe word for."""

    words: Mapping[CameraCommand, str] = field(default_factory=dict)
    plain: frozenset[CameraCommand] = frozenset()

    def spell(self, prompt: str) -> str:
        """The prompt as the gateway is sent it; text in brackets that names no command is left alone.

        >>> plain = frozenset({CameraCommand.PAN_LEFT})
        >>> vtrix = CameraSpelling(words={CameraCommand.PULL_OUT: "pull back"}, plain=plain)
        >>> vtrix.spell("mist [Pull out], then [Pan left, Shake] [mood]")
        'mist [pull back], then (the camera turns to the left on the spot and shakes, at the same time) [mood]'
        """
        return (
            _BRACKET_PATTERN.sub(self._spell_bracket, prompt)
            if "[" in prompt and (self.words or self.plain)
            else prompt
        )

    def _spell_bracket(self, match: re.Match[str]) -> str:
        commands = next(iter(camera_moves(match[0])), ())
        if not commands:
            return match[0]
        if self.plain.isdisjoint(commands):
            return f"[{', '.join(self.words.get(command, command) for command in commands)}]"
        *before, last = (PLAIN_WORDS[command] for command in dict.fromkeys(commands))
        together = f"{', '.join(before)} and {last}, at the same time" if before else last
        return f"(the camera {together})"
