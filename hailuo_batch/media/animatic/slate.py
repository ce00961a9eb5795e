"""The strip at the lower edge of a sketch: it identifies a frame that is seen without its context.

It does not move with the picture above it. In a narrow frame, the least important field is left out first. Independent
of the picture.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from PIL import Image, ImageDraw

from hailuo_batch.core.manifest.camera import CameraCommand, camera_moves
from hailuo_batch.media.animatic.camera_icons import icon_mask
from hailuo_batch.media.animatic.graphemes import clean_text
from hailuo_batch.media.animatic.typesetting import Typesetter
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from hailuo_batch.core.sketch import Sketch

_PAPER, _INK, _QUIET, _TAG = "#0b0b0c", "#f4f2ec", "#9a988f", "#f2b632"


class _HasSize(Protocol):
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


def slate_height(size: _HasSize) -> int:
    """The height of the strip in rows; even, as the colour planes need it."""
    return 2 * round(min(size.width, size.height) * 0.0245)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """A word of the strip, and how soon it is left out in a narrow frame; 0 is never."""

    text: str
    bold: bool = False
    quiet: bool = False
    drop_order: int = 0


def draw_slate(sketch: "Sketch", size: _HasSize) -> Image.Image:
    """The strip as a picture of the frame's width."""
    return _Slate(sketch, size.width, slate_height(size)).image


class _Slate:
    def __init__(self, sketch: "Sketch", width: int, rows: int) -> None:
        self.image = Image.new("RGB", (width, rows), _PAPER)
        self._plain, self._bold = Typesetter(500), Typesetter(700)
        self._text = rows * 0.46
        self._base = rows * 0.665
        self._gap = rows * 0.62
        right = self._draw_tag(width, "REHEARSAL" if sketch.rehearsal else "SKETCH")
        left = self._gap
        groups = camera_moves(sketch.prompt)
        facts = (f"{sketch.seconds:g} s", sketch.resolution, *([sketch.mark] if sketch.mark else []))
        fields = self._fit_fields(sketch, facts, right - left, groups)
        for field in fields[0]:
            left = self._draw_word(left, field) + self._gap
        for field in reversed(fields[1]):
            right -= self._field_width(field)
            self._draw_word(right, field)
            right -= self._gap
        self._draw_camera(left, right, groups)

    def _fit_fields(
        self, sketch: "Sketch", facts: Sequence[str], room: float, groups: Sequence[Sequence[CameraCommand]]
    ) -> tuple[list[_Field], list[_Field]]:
        """The fields of the left and right that fit beside the camera's icons."""
        shot = _Field(text=clean_text(sketch.shot), bold=True)
        before = [_Field(text=clean_text(sketch.campaign), quiet=True, drop_order=2), shot]
        before.append(_Field(text=f"take {sketch.take}", drop_order=1))
        after = [_Field(text=fact, quiet=True, drop_order=5 - place) for place, fact in enumerate(facts)]
        room -= min(room * 0.4, self._icons_width(groups))
        while self._total_width(before + after) > room and any(field.drop_order for field in before + after):
            least = max(before + after, key=lambda field: field.drop_order)
            before = [field for field in before if field is not least]
            after = [field for field in after if field is not least]
        if self._total_width(before + after) > room:
            before = [_Field(text=self._bold.elide(shot.text, room - self._gap, self._text), bold=True)]
        return before, after

    def _draw_tag(self, width: int, status: str) -> float:
        """The filled word at the right end; the x where it begins."""
        rows = self.image.height
        size = self._text * 0.86
        wide = self._bold.width(status, size) + rows * 0.7
        ImageDraw.Draw(self.image).rectangle((width - wide, 0, width, rows), fill=_TAG)
        self._bold.draw(self.image, (width - wide + rows * 0.35, rows * 0.65), status, size, _PAPER)
        return width - wide - self._gap

    def _typesetter(self, field: _Field) -> Typesetter:
        return self._bold if field.bold else self._plain

    def _field_width(self, field: _Field) -> float:
        return self._typesetter(field).width(field.text, self._text)

    def _total_width(self, fields: Sequence[_Field]) -> float:
        return sum(self._field_width(field) + self._gap for field in fields)

    def _draw_word(self, x: float, field: _Field) -> float:
        ink = _QUIET if field.quiet else _INK
        return self._typesetter(field).draw(self.image, (x, self._base), field.text, self._text, ink)

    def _icons_width(self, groups: Sequence[Sequence[CameraCommand]]) -> float:
        return sum(len(group) * self.image.height * 0.8 for group in groups)

    def _draw_camera(self, left: float, right: float, groups: Sequence[Sequence[CameraCommand]]) -> None:
        """The camera moves as icons with words, or as icons alone where the words do not fit; as many as fit."""
        words = [" + ".join(group) for group in groups]
        spelt = sum(self._plain.width(text, self._text) + self._gap for text in words) + self._icons_width(groups)
        side = round(self.image.height * 0.62)
        x = left
        for group, text in zip(groups, words, strict=True):
            for command in group:
                if x + side > right:
                    return
                mask = icon_mask(command, side)
                self.image.paste(_TAG, (round(x), (self.image.height - side) // 2), mask)
                x += side * 1.25
            if spelt <= right - left:
                x = self._plain.draw(self.image, (x, self._base), text, self._text, _INK) + self._gap
            else:
                x += side * 0.5
