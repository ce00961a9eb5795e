"""The strip at the lower edge of a sketch: what a producer reads off a frame that was torn out of its context.

It stands still while the picture moves above it. Where the frame is narrow, the least needed field goes first. Nothing
here knows the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from PIL import Image, ImageDraw

from hailuo_batch.core.manifest.camera import Camera, moves
from hailuo_batch.media.animatic.camera_icons import icon
from hailuo_batch.media.animatic.graphemes import cleaned
from hailuo_batch.media.animatic.typesetting import Type

if TYPE_CHECKING:
    from hailuo_batch.media.animatic.values import Sketch

_PAPER, _INK, _QUIET, _TAG = "#0b0b0c", "#f4f2ec", "#9a988f", "#f2b632"
_STATUS = "SKETCH"


class _Sized(Protocol):
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


def height(size: _Sized) -> int:
    """Rows the strip takes of a frame; even, as the planes of colour need it."""
    return 2 * round(min(size.width, size.height) * 0.0245)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """A word of the strip, and how soon it goes when room is short: 0 never."""

    text: str
    bold: bool = False
    quiet: bool = False
    yields: int = 0


def strip(sketch: "Sketch", size: _Sized) -> Image.Image:
    """The strip as a picture of the frame's width."""
    return _Strip(sketch, size.width, height(size)).image


class _Strip:
    def __init__(self, sketch: "Sketch", width: int, rows: int) -> None:
        self.image = Image.new("RGB", (width, rows), _PAPER)
        self._plain, self._bold = Type(500), Type(700)
        self._text = rows * 0.46
        self._base = rows * 0.665
        self._gap = rows * 0.62
        right = self._tag(width)
        left = self._gap
        groups = moves(sketch.prompt)
        facts = (f"{sketch.seconds} s", sketch.resolution, *([sketch.mark] if sketch.mark else []))
        fields = self._chosen(sketch, facts, right - left, groups)
        for field in fields[0]:
            left = self._word(left, field) + self._gap
        for field in reversed(fields[1]):
            right -= self._width(field)
            self._word(right, field)
            right -= self._gap
        self._camera(left, right, groups)

    def _chosen(
        self, sketch: "Sketch", facts: Sequence[str], room: float, groups: Sequence[Sequence[Camera]]
    ) -> tuple[list[_Field], list[_Field]]:
        """The fields of the left and right that fit beside the camera's icons."""
        shot = _Field(text=cleaned(sketch.shot), bold=True)
        before = [_Field(text=cleaned(sketch.campaign), quiet=True, yields=2), shot]
        before.append(_Field(text=f"take {sketch.take}", yields=1))
        after = [_Field(text=fact, quiet=True, yields=5 - place) for place, fact in enumerate(facts)]
        room -= min(room * 0.4, self._icons(groups))
        while self._wide(before + after) > room and any(field.yields for field in before + after):
            least = max(before + after, key=lambda field: field.yields)
            before = [field for field in before if field is not least]
            after = [field for field in after if field is not least]
        if self._wide(before + after) > room:
            before = [_Field(text=self._bold.elided(shot.text, room - self._gap, self._text), bold=True)]
        return before, after

    def _tag(self, width: int) -> float:
        """The filled word at the right end; the x where it begins."""
        rows = self.image.height
        size = self._text * 0.86
        wide = self._bold.width(_STATUS, size) + rows * 0.7
        ImageDraw.Draw(self.image).rectangle((width - wide, 0, width, rows), fill=_TAG)
        self._bold.draw(self.image, (width - wide + rows * 0.35, rows * 0.65), _STATUS, size, _PAPER)
        return width - wide - self._gap

    def _type(self, field: _Field) -> Type:
        return self._bold if field.bold else self._plain

    def _width(self, field: _Field) -> float:
        return self._type(field).width(field.text, self._text)

    def _wide(self, fields: Sequence[_Field]) -> float:
        return sum(self._width(field) + self._gap for field in fields)

    def _word(self, x: float, field: _Field) -> float:
        ink = _QUIET if field.quiet else _INK
        return self._type(field).draw(self.image, (x, self._base), field.text, self._text, ink)

    def _icons(self, groups: Sequence[Sequence[Camera]]) -> float:
        return sum(len(group) * self.image.height * 0.8 for group in groups)

    def _camera(self, left: float, right: float, groups: Sequence[Sequence[Camera]]) -> None:
        """The way as icons with their words; icons alone where the words do not fit; as many as fit."""
        words = [" + ".join(group) for group in groups]
        spelt = sum(self._plain.width(text, self._text) + self._gap for text in words) + self._icons(groups)
        side = round(self.image.height * 0.62)
        x = left
        for group, text in zip(groups, words, strict=True):
            for command in group:
                if x + side > right:
                    return
                mask = icon(command, side)
                self.image.paste(_TAG, (round(x), (self.image.height - side) // 2), mask)
                x += side * 1.25
            if spelt <= right - left:
                x = self._plain.draw(self.image, (x, self._base), text, self._text, _INK) + self._gap
            else:
                x += side * 0.5
