"""The title card of a shot without a first frame: its prompt as a poster.

One flat colour, one large shape, one typeface; the prompt is as large as it fits. Colour and shape follow from the
prompt, so all takes of a prompt look the same. Independent of camera motion.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from hailuo_batch.core.manifest.camera import CameraCommand, camera_moves, strip_commands
from hailuo_batch.core.signatures import hide_signatures
from hailuo_batch.media.animatic import slate
from hailuo_batch.media.animatic.camera_icons import disc_mask, icon_mask
from hailuo_batch.media.animatic.camera_motion import Window, common_area
from hailuo_batch.media.animatic.graphemes import clean_text, is_rtl
from hailuo_batch.media.animatic.palettes import Palette, draw_ornament, palette
from hailuo_batch.media.animatic.typesetting import Typesetter
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from hailuo_batch.core.sketch import Sketch
    from hailuo_batch.media.animatic.resampler import FrameSize


_PARAGRAPH_LENGTH = 240  # characters from which on a prompt is set as a paragraph
_TWO_COLUMN_LENGTH = 620  # from which on a line across the whole card would be too long to read


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in pixels of the card."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """From its left to its right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From its top to its bottom."""
        return self.bottom - self.top


def draw_title_card(
    sketch: "Sketch", frame: "FrameSize", background: "FrameSize", windows: Sequence[Window]
) -> Image.Image:
    """The card at the size of the whole picture, with its text inside what every frame shows."""
    # Without the camera's commands: another camera move keeps the colours.
    seed = sha256(clean_text(strip_commands(sketch.prompt)).encode()).digest()
    colours = palette(seed)
    image = Image.new("RGB", (background.width, background.height), colours.paper)
    draw_ornament(image, seed, colours.shape)
    _Card(image, _safe_area(frame, background, windows), colours, sketch.prompt).draw(sketch)
    return image


def _safe_area(frame: "FrameSize", background: "FrameSize", windows: Sequence[Window]) -> Box:
    """The part of the card that no move cuts and the strip below never covers, less a margin."""
    seen = 1 - slate.slate_height(frame) / frame.height
    left, top, right, _ = common_area(windows)
    bottom = min(window.top + window.span * seen for window in windows)
    margin = 0.065 * min((right - left) * background.width, (bottom - top) * background.height)
    return Box(
        left=left * background.width + margin,
        top=top * background.height + margin,
        right=right * background.width - margin,
        bottom=bottom * background.height - margin,
    )


class _Card:
    def __init__(self, image: Image.Image, box: Box, colours: Palette, sample: str) -> None:
        self._image, self._box, self._colours = image, box, colours
        self._pen = ImageDraw.Draw(image)
        self._plain, self._bold = Typesetter(500, sample=sample), Typesetter(700, sample=sample)
        self._display = Typesetter(700, tight=0.022, sample=sample)
        self._unit = min(box.width * 0.72, box.height) / 100
        self._small = 4.1 * self._unit

    def draw(self, sketch: "Sketch") -> None:
        """Header, prompt and camera moves, from top to bottom."""
        top = self._draw_header(sketch)
        bottom = self._draw_camera_moves(camera_moves(sketch.prompt))
        prompt = clean_text(strip_commands(hide_signatures(sketch.prompt)))
        self._draw_prompt(
            prompt or clean_text(sketch.shot), Box(left=self._box.left, top=top, right=self._box.right, bottom=bottom)
        )

    def _draw_header(self, sketch: "Sketch") -> float:
        """Shot at the left, campaign and length at the right, a rule above; the y where the prompt may begin."""
        box, size = self._box, self._small
        weight = max(1, round(0.5 * self._unit))
        self._pen.rectangle((box.left, box.top, box.right, box.top + weight), fill=self._colours.ink)
        base = box.top + weight + size * 1.55
        facts = f"take {sketch.take}  ·  {sketch.seconds:g} s"
        right = box.right - self._plain.width(facts, size)
        self._plain.draw(self._image, (right, base), facts, size, self._colours.ink)
        room = right - box.left - 2 * size
        shot = self._bold.elide(clean_text(sketch.shot), room, size)
        x = self._bold.draw(self._image, (box.left, base), shot, size, self._colours.ink) + size * 0.8
        campaign = self._plain.elide(clean_text(sketch.campaign), max(0.0, right - 2 * size - x), size)
        self._plain.draw(self._image, (x, base), campaign, size, self._colours.quiet)
        return base + size * 1.9

    def _draw_prompt(self, text: str, box: Box) -> None:
        """The prompt: a headline if it is short, a paragraph if not, two columns if it is very long."""
        columns = 2 if len(text) > _TWO_COLUMN_LENGTH and box.width > 1.3 * box.height else 1
        gap = 5 * self._unit
        width = (box.width - gap * (columns - 1)) / columns
        kind, leading, largest = self._choose_type(text)
        largest = min(largest * self._unit, box.height * 0.42)
        block = kind.fit(text, (width, box.height * columns), (min(6.0, largest), largest), leading)
        deep = -(-len(block.lines) // columns)
        for place, line in enumerate(block.lines):
            left = box.left + place // deep * (width + gap)
            left += width - kind.width(line, block.size) if is_rtl(text) else 0
            baseline = box.top + block.size * 0.8 + place % deep * block.leading
            kind.draw(self._image, (left, baseline), line, block.size, self._colours.ink)

    def _choose_type(self, text: str) -> tuple[Typesetter, float, float]:
        """The type for a prompt of this length, its leading in ems, and the largest size in units."""
        if len(text) > _PARAGRAPH_LENGTH:
            return self._plain, 1.34, 9.0
        return self._display, 1.08, 25.0 if len(text) < 36 else 17.0

    def _draw_camera_moves(self, groups: Sequence[Sequence[CameraCommand]]) -> float:
        """The camera's moves along the lower edge, in the order they act; the y where the prompt must end."""
        box, unit = self._box, self._unit
        if not groups:
            return box.bottom
        side = round(8.5 * unit)
        top = box.bottom - side
        x = box.left
        for place, group in enumerate(groups):
            wide = self._group_width(group, side)
            if x + wide > box.right:
                rest = len(groups) - place
                self._plain.draw(self._image, (x, top + side * 0.64), f"+{rest}", self._small, self._colours.ink)
                break
            x = self._draw_group(x, top, group, side) + 5 * unit
        return top - 6 * unit

    def _group_width(self, group: Sequence[CameraCommand], side: int) -> float:
        label = self._plain.width(" + ".join(group), self._small)
        return len(group) * side * 1.14 + 1.2 * self._unit + label

    def _draw_group(self, x: float, top: float, group: Sequence[CameraCommand], side: int) -> float:
        for command in group:
            at = (round(x), round(top))
            self._image.paste(self._colours.accent, at, disc_mask(side))
            inner = round(side * 0.56)
            inset = (side - inner) // 2
            self._image.paste(self._colours.on_accent, (at[0] + inset, at[1] + inset), icon_mask(command, inner))
            x += side * 1.14
        baseline = top + side * 0.5 + self._small * 0.36
        label = " + ".join(group)
        return self._plain.draw(self._image, (x + 1.2 * self._unit, baseline), label, self._small, self._colours.ink)
