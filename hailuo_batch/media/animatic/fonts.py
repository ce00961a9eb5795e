"""Which font can draw which character: the fonts in the package, then known fonts of the system.

Inter is shipped, so Latin, Greek and Cyrillic look the same everywhere. Chinese, Japanese, Korean, Arabic, emoji and
the rest come from the system's fonts where it has them. Pillow draws a box for a missing character
without an error, so the coverage of a font is read from its file. Does not lay out text.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from hailuo_batch.media.animatic.font_coverage import Face, read_face

_BUNDLED = ("latin", "latin-ext", "cyrillic", "cyrillic-ext", "greek", "vietnamese")
_FOLDERS = {
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": ("%WINDIR%/Fonts", "%LOCALAPPDATA%/Microsoft/Windows/Fonts"),
}
_UNIX_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")

# Names of files, best first: bold, then regular. A number after "#" is the font inside a collection.
_EMOJI = ("NotoColorEmoji.ttf", "Apple Color Emoji.ttc", "seguiemj.ttf", "NotoEmoji-Regular.ttf")
_HAN = (
    *("NotoSansCJK-{w}.ttc#2", "NotoSansCJKsc-{w}.otf", "NotoSansSC-{w}.otf", "SourceHanSansSC-{w}.otf"),
    *("PingFang.ttc", "Hiragino Sans GB.ttc#1", "STHeiti Medium.ttc", "msyhbd.ttc", "msyh.ttc", "simhei.ttf"),
    *("wqy-zenhei.ttc", "wqy-microhei.ttc", "DroidSansFallbackFull.ttf", "Arial Unicode.ttf"),
)
_KANA = (
    *("NotoSansCJK-{w}.ttc#0", "NotoSansCJKjp-{w}.otf", "NotoSansJP-{w}.otf", "ヒラギノ角ゴシック W6.ttc"),
    *("YuGothB.ttc", "meiryob.ttc", "msgothic.ttc", "ipag.ttf", "TakaoPGothic.ttf", "fonts-japanese-gothic.ttf"),
)
_HANGUL = (
    *("NotoSansCJK-{w}.ttc#1", "NotoSansKR-{w}.otf", "AppleSDGothicNeo.ttc", "malgunbd.ttf", "NanumGothicBold.ttf"),
)
_OTHERS = (
    *("DejaVuSans-Bold.ttf", "DejaVuSans.ttf", "segoeuib.ttf", "segoeui.ttf", "seguisym.ttf", "Arial Unicode.ttf"),
    *("Arial Bold.ttf", "Arial.ttf", "LiberationSans-Bold.ttf", "FreeSans.ttf", "Apple Symbols.ttf"),
    *("NotoSansArabic-{w}.ttf", "NotoSansHebrew-{w}.ttf", "NotoSansDevanagari-{w}.ttf", "NotoSansThai-{w}.ttf"),
    *("NotoSansBengali-{w}.ttf", "NotoSansTamil-{w}.ttf", "NotoSansSymbols-{w}.ttf", "NotoSansSymbols2-Regular.ttf"),
    *("NotoSansMath-Regular.ttf", "GeezaPro.ttc", "Kohinoor.ttc", "Thonburi.ttc", "Nirmala.ttc", "NirmalaB.ttf"),
)


class FontFallback:
    """The fonts of one weight, opened one after another until one has the character.

    Chinese and Japanese share character codes, but not shapes. With `japanese`, shared ones are drawn as in Japan.
    """

    def __init__(self, weight: int, *, japanese: bool = False) -> None:
        self.weight = weight
        self._japanese = japanese

    def find_face(self, cluster: str, *, emoji: bool) -> Face | None:
        """The best face that draws every character of the cluster, else its first; None when no font has it."""
        letters = [letter for letter in cluster if not _is_invisible(letter)]
        if emoji and (face := next((f for f in self._system_faces(_EMOJI) if f.covers(cluster[0])), None)):
            return face
        first_only = None
        for face in self._candidates(letters[0] if letters else " "):
            if all(face.covers(letter) for letter in letters):
                return face
            if first_only is None and letters and face.covers(letters[0]):
                first_only = face
        return first_only

    def _candidates(self, letter: str) -> Iterator[Face]:
        folder = Path(__file__).parent / "typefaces"
        for script in _BUNDLED:
            if face := _read_face_cached(folder / f"inter-{script}-{self.weight}-normal.woff"):
                yield face
        yield from self._system_faces(_fallback_order(ord(letter), japanese=self._japanese))

    def _system_faces(self, names: tuple[str, ...]) -> Iterator[Face]:
        installed = _find_font_files(_FOLDERS.get(sys.platform, _UNIX_FOLDERS))
        for name in names:
            file, _, index = name.partition("#")
            spellings = {file.format(w=w): None for w in ("Bold" if self.weight >= 600 else "Medium", "Regular")}
            for spelling in spellings:
                path = installed.get(spelling.casefold())
                if path and (face := _read_face_cached(path, int(index or 0))):
                    yield face
                    break


# Kept for the life of a worker, which draws many sketches: the installed fonts do not change meanwhile.
@lru_cache(maxsize=4)
def _find_font_files(folders: tuple[str, ...]) -> Mapping[str, Path]:
    """Font files by name without case; of two with one name, the first in order of path."""
    found: dict[str, Path] = {}
    for folder in folders:
        # Without a home folder the path stays as it is written, and nothing is there.
        for parent, _, names in os.walk(os.path.expandvars(os.path.expanduser(folder))):  # noqa: PTH111
            for name in names:
                path = Path(parent) / name
                found[name.casefold()] = min(path, found.get(name.casefold(), path))
    return found


_read_face_cached = lru_cache(maxsize=64)(read_face)


def _is_invisible(letter: str) -> bool:
    """Joiners and variation selectors control shaping; a font need not draw them."""
    return letter in "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff" or "\ufe00" <= letter <= "\ufe0f"


def _fallback_order(code: int, *, japanese: bool) -> tuple[str, ...]:
    """The fonts to try for a character, by its script."""
    if 0x1100 <= code <= 0x11FF or 0x3130 <= code <= 0x318F or 0xAC00 <= code <= 0xD7FF:
        return _HANGUL + _HAN + _OTHERS
    if code >= 0x2E80 and not 0xFB1D <= code <= 0xFEFC and code < 0x1F000:
        return _KANA + _HAN + _OTHERS if japanese else _HAN + _OTHERS
    return _OTHERS + _HAN + _EMOJI


def missing_scripts() -> tuple[str, ...]:
    """The scripts without a font on this machine: prompts in them are drawn with placeholders."""
    faces = FontFallback(400)
    samples = (("CJK", "字", False), ("emoji", "🎬", True))
    return tuple(script for script, letter, emoji in samples if faces.find_face(letter, emoji=emoji) is None)


def needs_system_fonts(text: str) -> bool:
    """Whether a text has a character that the fonts in the package lack: then it looks as this machine's fonts do."""
    folder = Path(__file__).parent / "typefaces"
    faces = [face for script in _BUNDLED if (face := _read_face_cached(folder / f"inter-{script}-500-normal.woff"))]
    return any(not any(face.covers(letter) for face in faces) for letter in set(text) if letter.isprintable())


def list_system_fonts() -> tuple[str, ...]:
    """The known fonts of this machine, by name and size: what texts in other scripts look like depends on them."""
    known = {name.partition("#")[0] for name in (*_EMOJI, *_HAN, *_KANA, *_HANGUL, *_OTHERS)}
    files = {name.format(w=w).casefold() for name in known for w in ("Bold", "Medium", "Regular")}
    installed = _find_font_files(_FOLDERS.get(sys.platform, _UNIX_FOLDERS))
    return tuple(sorted(f"{name} {installed[name].stat().st_size}" for name in files & installed.keys()))
