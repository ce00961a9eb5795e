import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ImageFont

from hailuo_batch.media.animatic import fonts
from hailuo_batch.media.animatic.font_coverage import read_face
from hailuo_batch.media.animatic.fonts import FontFallback

SHIPPED = sorted((Path(fonts.__file__).parent / "typefaces").glob("*.woff"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_coverage_agrees_with_what_the_font_draws(path: Path) -> None:
    face = read_face(path)
    assert face
    # Without shaping, which would put a missing letter together from its parts.
    font = ImageFont.truetype(path, 40, layout_engine=ImageFont.Layout.BASIC)
    missing = bytes(font.getmask("\U0010fffd"))
    for letter in "aéßŐжΩ‘ếҖ":
        drawn = bytes(font.getmask(letter)) != missing
        assert face.covers(letter) is drawn, letter


def test_the_fonts_come_with_their_licence_and_stay_small() -> None:
    folder = SHIPPED[0].parent
    assert "SIL OPEN FONT LICENSE" in (folder / "LICENSE-Inter.txt").read_text().upper()
    assert sum(path.stat().st_size for path in folder.iterdir()) < 400_000


@pytest.mark.parametrize("text", ["Copper", "café", "Łódź", "Привет", "Ελλάδα", "Việt"])
def test_the_shipped_fonts_suffice_for_latin_greek_and_cyrillic(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(fonts, "_UNIX_FOLDERS", ())
    monkeypatch.setattr(fonts, "_FOLDERS", {})
    for weight in (500, 700):
        assert all(FontFallback(weight).find_face(letter, emoji=False) for letter in text)


def test_a_file_that_is_no_font_is_no_face(tmp_path: Path) -> None:
    for content in (b"", b"wOFF", b"\0\1\0\0\0\1", b"ttcf" + b"\xff" * 40, b"<html>"):
        (tmp_path / "font.ttf").write_bytes(content)
        assert read_face(tmp_path / "font.ttf") is None
    assert read_face(tmp_path / "missing.ttf") is None


def sfnt(cmap: bytes) -> bytes:
    return struct.pack(">IHHHH4sIII", 0x00010000, 1, 0, 0, 0, b"cmap", 0, 28, len(cmap)) + cmap


def test_a_table_of_32_bit_ranges_is_read(tmp_path: Path) -> None:
    groups = struct.pack(">IIIIII", 0x41, 0x5A, 1, 0x1F680, 0x1F6FF, 50)
    table = struct.pack(">HHHHI", 0, 1, 3, 10, 12) + struct.pack(">HHIII", 12, 0, 40, 0, 2) + groups
    (tmp_path / "font.ttf").write_bytes(sfnt(table))
    face = read_face(tmp_path / "font.ttf")
    assert face
    assert face.covers("A")
    assert face.covers("🚀")
    assert not face.covers("a")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_no_table_makes_it_raise(tmp_path: Path, table: bytes) -> None:
    (tmp_path / "font.ttf").write_bytes(sfnt(table))
    face = read_face(tmp_path / "font.ttf")
    assert face is None or isinstance(face.covers("a"), bool)
