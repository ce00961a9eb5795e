"""Camera commands as a gateway spells them.

A prompt arrives with MiniMax's own words in its brackets (`core/manifest/camera.py`). A gateway may call a command
otherwise. Where its word for it names another of MiniMax's moves, whoever passes the prompt on may read either, so the
bracket is written out in plain language, which means one thing to everybody.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hailuo_batch.core.manifest.camera import Camera, moves

_BRACKET = re.compile(r"\[[^\[\]]*\]")
_PLAIN = {
    Camera.TRUCK_LEFT: "slides to the left",
    Camera.TRUCK_RIGHT: "slides to the right",
    Camera.PAN_LEFT: "turns to the left on the spot",
    Camera.PAN_RIGHT: "turns to the right on the spot",
    Camera.PUSH_IN: "moves closer",
    Camera.PULL_OUT: "moves back",
    Camera.PEDESTAL_UP: "rises",
    Camera.PEDESTAL_DOWN: "sinks",
    Camera.TILT_UP: "tilts up",
    Camera.TILT_DOWN: "tilts down",
    Camera.ZOOM_IN: "zooms in",
    Camera.ZOOM_OUT: "zooms out",
    Camera.SHAKE: "shakes",
    Camera.TRACKING_SHOT: "follows the subject",
    Camera.STATIC_SHOT: "stays still",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """A gateway's words for commands, where they are not MiniMax's, and the commands it has no safe word for."""

    words: Mapping[Camera, str] = field(default_factory=dict)
    plain: frozenset[Camera] = frozenset()

    def spell(self, prompt: str) -> str:
        """The prompt as the gateway is sent it; text in brackets that names no command is left alone.

        >>> vtrix = Spelling(words={Camera.PULL_OUT: "pull back"}, plain=frozenset({Camera.PAN_LEFT}))
        >>> vtrix.spell("mist [Pull out], then [Pan left, Shake] [mood]")
        'mist [pull back], then (the camera turns to the left on the spot and shakes, at the same time) [mood]'
        """
        return _BRACKET.sub(self._bracket, prompt) if "[" in prompt and (self.words or self.plain) else prompt

    def _bracket(self, match: re.Match[str]) -> str:
        commands = next(iter(moves(match[0])), ())
        if not commands:
            return match[0]
        if self.plain.isdisjoint(commands):
            return f"[{', '.join(self.words.get(command, command) for command in commands)}]"
        *before, last = (_PLAIN[command] for command in dict.fromkeys(commands))
        together = f"{', '.join(before)} and {last}, at the same time" if before else last
        return f"(the camera {together})"
