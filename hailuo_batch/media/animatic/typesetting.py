"""Lays out text: splits it by font, breaks it into lines, fits it to a box, and draws it.

A prompt may have any script, emoji and invalid text. All of it is drawn somehow, and nothing raises. Independent of
the meaning and of where the box is on a card.
"""

import unicodedata
from collections.abc import Sequence
from functools import cached_property
from itertools import groupby

from PIL import Image, ImageDraw, ImageFont, features

from hailuo_batch.media.animatic.font_coverage import Face
from hailuo_batch.media.animatic.fonts import FontFallback
from hailuo_batch.media.animatic.graphemes import clusters, has_kana, is_emoji, is_rtl, may_break
from hailuo_batch.media.animatic.line_breaking import UNIT, Piece, break_lines, narrowest_limit
from hailuo_batch.values import dataclass

_MISSING_GLYPH_WIDTH = 0.72  # the width of the box for a character no font has, in ems
_MAX_UNBROKEN_WIDTH = 14.0  # ems after which a word without a space is broken anyway
_MAX_BALANCED_LINES = 7  # up to this many lines are made equally long; more are set as running text
_STRIKES = (109, 160, 136, 128, 96, 64, 48, 32)  # sizes of bitmap emoji: Google's, then Apple's


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRun:
    """Characters one font draws in one go. Without a face, a box is drawn instead."""

    text: str
    face: Face | None
    emoji: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBlock:
    """Lines broken to fit: the size to draw at, from one baseline to the next, and the widest line, in pixels."""

    lines: tuple[str, ...]
    size: float
    leading: float
    width: float


class Typesetter:
    """Type of one weight: measures, breaks and draws. `tight`, in ems, is taken from between letters of large sizes;
    `sample` is the whole text, which shows the language where single characters do not."""

    def __init__(self, weight: int, *, tight: float = 0.0, sample: str = "") -> None:
        self._tight = tight
        self._faces = FontFallback(weight, japanese=has_kana(sample))
        self._fonts: dict[tuple[str, int, float], ImageFont.FreeTypeFont] = {}
        self._widths: dict[str, float] = {}
        self._choices: dict[str, tuple[str, Face | None, bool]] = {}

    @cached_property
    def _can_shape(self) -> bool:
        return bool(features.check("raqm"))  # without it, Arabic letters are not joined, but readable

    def width(self, text: str, size: float) -> float:
        """How wide the text is at this size."""
        if text not in self._widths:
            self._widths[text] = sum(self._run_width(run, UNIT) for run in self.runs(text))
        return self._widths[text] * size / UNIT

    def runs(self, text: str) -> list[TextRun]:
        """The text in pieces of one font each, in reading order."""
        chosen: list[tuple[str, Face | None, bool]] = []
        for cluster in clusters(text):
            before = chosen[-1] if chosen else None
            if before and cluster == " " and before[1] and not before[2] and before[1].covers(" "):
                chosen.append((cluster, before[1], False))  # a space must not cut an Arabic sentence in two
            else:
                chosen.append(self._choose_face(cluster))
        return [
            TextRun(text="".join(cluster for cluster, _, _ in group), face=face, emoji=emoji)
            for (face, emoji), group in groupby(chosen, key=lambda each: (each[1], each[2]))
        ]

    def _choose_face(self, cluster: str) -> tuple[str, Face | None, bool]:
        """What is drawn for a cluster, by which face, and whether in colour."""
        if cluster not in self._choices:
            emoji = is_emoji(cluster)
            face = self._faces.find_face(cluster, emoji=emoji)
            self._choices[cluster] = (cluster, face, emoji)
            if face is None and emoji:  # its name in words is clearer than a box
                name = f"({unicodedata.name(cluster[0], 'emoji').lower()})"
                self._choices[cluster] = (name, self._faces.find_face("a", emoji=False), False)
        return self._choices[cluster]

    def _run_width(self, run: TextRun, size: float) -> float:
        if run.face is None:
            return _MISSING_GLYPH_WIDTH * size * len(clusters(run.text))
        font = self._font(run.face, size, emoji=run.emoji)
        tighter = self._tight * size * len(clusters(run.text)) if run.face.is_bundled else 0.0
        return float(font.getlength(run.text)) * _font_scale(font, size, emoji=run.emoji) - tighter

    def _font(self, face: Face, size: float, *, emoji: bool) -> ImageFont.FreeTypeFont:
        key = (str(face.path), face.index, size if not emoji else 0)
        if key not in self._fonts:
            self._fonts[key] = self._load_bitmap_font(face) if emoji else self._load_font(face, size)
        return self._fonts[key]

    def _load_font(self, face: Face, size: float) -> ImageFont.FreeTypeFont:
        layout = ImageFont.Layout.RAQM if self._can_shape else ImageFont.Layout.BASIC
        return ImageFont.truetype(face.path, size, face.index, layout_engine=layout)

    def _load_bitmap_font(self, face: Face) -> ImageFont.FreeTypeFont:
        """A bitmap font at its one size; an outline font at the first size."""
        for size in _STRIKES[:-1]:
            try:
                return self._load_font(face, size)
            except OSError:  # "invalid pixel size": try the next one
                continue
        return self._load_font(face, _STRIKES[-1])

    def draw(self, image: Image.Image, at: tuple[float, float], text: str, size: float, ink: str) -> float:
        """The text on its baseline, from `at` to the right; the x where it ends."""
        x, baseline = at
        runs = self.runs(text)
        for run in reversed(runs) if is_rtl(text) else runs:
            self._draw_run(image, (x, baseline), run, size, ink)
            x += self._run_width(run, size)
        return x

    def _draw_run(self, image: Image.Image, at: tuple[float, float], run: TextRun, size: float, ink: str) -> None:
        x, baseline = at
        pen = ImageDraw.Draw(image)
        if run.face is None:
            for place in range(len(clusters(run.text))):
                left = x + place * _MISSING_GLYPH_WIDTH * size
                box = (
                    left + 0.08 * size,
                    baseline - 0.68 * size,
                    left + (_MISSING_GLYPH_WIDTH - 0.08) * size,
                    baseline,
                )
                pen.rectangle(box, outline=ink, width=max(1, round(size / 16)))
        elif run.emoji:
            self._draw_emoji(image, at, run.text, self._font(run.face, size, emoji=True), size)
        else:
            font = self._font(run.face, size, emoji=False)
            for text, offset in self._place_letters(run, font, size):
                pen.text((x + offset, baseline), text, fill=ink, font=font, anchor="ls")

    def _place_letters(self, run: TextRun, font: ImageFont.FreeTypeFont, size: float) -> list[tuple[str, float]]:
        """The run, or with tight setting its letters, each with where it begins. Kerning is kept."""
        if not self._tight or run.face is None or not run.face.is_bundled:
            return [(run.text, 0.0)]
        letters = clusters(run.text)
        return [
            (
                letter,
                float(font.getlength("".join(letters[: at + 1])) - font.getlength(letter)) - at * self._tight * size,
            )
            for at, letter in enumerate(letters)
        ]

    def _draw_emoji(
        self, image: Image.Image, at: tuple[float, float], text: str, font: ImageFont.FreeTypeFont, size: float
    ) -> None:
        left, top, right, bottom = (int(edge) for edge in font.getbbox(text, anchor="ls"))
        if right <= left or bottom <= top:
            return
        stamp = Image.new("RGBA", (right - left, bottom - top))
        ImageDraw.Draw(stamp).text((-left, -top), text, font=font, embedded_color=True, anchor="ls", fill="#808080")
        scale = _font_scale(font, size, emoji=True)
        small = stamp.resize((max(1, round(stamp.width * scale)), max(1, round(stamp.height * scale))))
        image.paste(small, (round(at[0] + left * scale), round(at[1] + top * scale)), small)

    def elide(self, text: str, width: float, size: float) -> str:
        """The text, or as much of its beginning as fits with an ellipsis; nothing where not even that fits."""
        if self.width(text, size) <= width:
            return text
        kept = clusters(text)
        while kept and self.width("".join(kept) + "…", size) > width:
            kept.pop()
        return "".join(kept).rstrip() + "…" if kept else ""

    def fit(self, text: str, box: tuple[float, float], sizes: tuple[float, float], leading: float) -> TextBlock:
        """The text as large as the box and the largest size allow; at the smallest it may end in an ellipsis."""
        width, height = box
        pieces = self._pieces(text)
        low, high = sizes
        while high - low > 0.25:
            middle = (low + high) / 2
            if self._fits(pieces, width * UNIT / middle, int(height / (middle * leading))):
                low = middle
            else:
                high = middle
        size = low
        limit = width * UNIT / size
        lines = break_lines(pieces, limit)
        if len(lines) <= _MAX_BALANCED_LINES:
            lines = break_lines(pieces, narrowest_limit(pieces, limit, len(lines)))
        most = max(1, int(height / (size * leading)))
        if len(lines) > most:
            lines = [*lines[: most - 1], lines[most - 1].rstrip()[:-1] + "…"]
        widest = max((self.width(line, size) for line in lines), default=0.0)
        return TextBlock(lines=tuple(lines), size=size, leading=size * leading, width=widest)

    def _fits(self, pieces: Sequence[Piece], limit: float, most: int) -> bool:
        return all(piece.width <= limit for piece in pieces) and len(break_lines(pieces, limit)) <= most

    def _pieces(self, text: str) -> list[Piece]:
        pieces = []
        for word in text.split(" "):
            for place, part in enumerate(self._split_word(word)):
                pieces.append(Piece(text=part, width=self.width(part, UNIT), space_before=place == 0))
        return pieces

    def _split_word(self, word: str) -> list[str]:
        """The word, split where a line may break: between Chinese characters, and anywhere in a very long word."""
        parts: list[str] = []
        for cluster in clusters(word):
            joined = parts and not may_break(parts[-1], cluster)
            if joined and self.width(parts[-1], 1) < _MAX_UNBROKEN_WIDTH:
                parts[-1] += cluster
            else:
                parts.append(cluster)
        return parts


def _font_scale(font: ImageFont.FreeTypeFont, size: float, *, emoji: bool) -> float:
    return 0.92 * size / font.size if emoji else 1.0
