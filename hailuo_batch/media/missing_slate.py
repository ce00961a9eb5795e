"""The slate that stands for a clip that is not there: which shot, what it is to show, and how long."""

from typing import TYPE_CHECKING

from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from PIL import Image

_PAPER, _INK, _QUIET, _TAG = "#16171a", "#f4f2ec", "#9a988f", "#f2b632"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlateText:
    """What a slate says."""

    shot: str
    why: str
    prompt: str
    facts: str  # campaign, sequence, length


def draw_missing_slate(text: SlateText, size: tuple[int, int]) -> "Image.Image":
    """The slate at the size of a frame."""
    from PIL import Image, ImageDraw

    from hailuo_batch.media.animatic.graphemes import clean_text
    from hailuo_batch.media.animatic.typesetting import Typesetter

    width, height = size
    image = Image.new("RGB", size, _PAPER)
    unit = min(width, height) / 100
    margin, room = 9 * unit, width - 18 * unit
    plain, bold = Typesetter(500, sample=text.prompt), Typesetter(700, sample=text.prompt)
    ImageDraw.Draw(image).rectangle((margin, margin, margin + 14 * unit, margin + 1.2 * unit), fill=_TAG)
    plain.draw(
        image, (margin, margin + 8 * unit), plain.elide(clean_text(text.facts), room, 4 * unit), 4 * unit, _QUIET
    )
    shot = bold.fit(clean_text(text.shot), (room, 24 * unit), (5 * unit, 16 * unit), 1.1)
    y = margin + 30 * unit
    for line in shot.lines:
        bold.draw(image, (margin, y), line, shot.size, _INK)
        y += shot.leading
    plain.draw(image, (margin, y), plain.elide(clean_text(text.why), room, 4.6 * unit), 4.6 * unit, _TAG)
    y += 10 * unit
    prompt = plain.fit(clean_text(text.prompt), (room, height - margin - y), (3.6 * unit, 5 * unit), 1.35)
    for line in prompt.lines:
        plain.draw(image, (margin, y), line, prompt.size, _INK)
        y += prompt.leading
    return image
