"""What images reveal, and the same images without it."""

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from hailuo_batch.core.providers.image_traits import ImageTrait
from hailuo_batch.media.images import read_image_facts
from hailuo_batch.media.metadata import remove_metadata
from hailuo_batch.media.reencode import reencode_image

PLACE, OWNER = (ImageTrait.PLACE,), (ImageTrait.OWNER,)
GPS_IFD, EXIF_IFD = 0x8825, 0x8769
XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><r {}/></x:xmpmeta>'
FORMATS = ("JPEG", "PNG", "WEBP")


def exif_with(place: dict[int, Any] | None = None, *, owner: dict[int, str] | None = None, camera: str = "") -> bytes:
    exif = Image.Exif()
    exif.update(owner or {})
    if place:
        exif.get_ifd(GPS_IFD).update(place)
    if camera:
        exif.get_ifd(EXIF_IFD)[0xA430] = camera
    return exif.tobytes()


def encode(form: str, **how: Any) -> bytes:
    target = BytesIO()
    Image.effect_mandelbrot((320, 302), (-2, -1.5, 1, 1.5), 60).convert("RGB").save(target, form, **how)
    return target.getvalue()


def pixels(data: bytes) -> bytes:
    with Image.open(BytesIO(data)) as image:
        return image.convert("RGB").tobytes()


WHERE = {1: "N", 2: (52.0, 31.0, 0.0), 3: "E", 4: (13.0, 24.0, 0.0)}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("exif", "traits"),
    [
        (exif_with(WHERE), PLACE),
        (exif_with({29: "2026:01:01"}), ()),  # a date of the satellites is no place
        (exif_with(owner={0x013B: "Ann Example"}), OWNER),
        (exif_with(owner={0x8298: "(c) Ann"}), OWNER),
        (exif_with(owner={0x013B: " "}), ()),
        (exif_with(camera="Ann Example"), OWNER),
        (exif_with(WHERE, owner={0x013B: "Ann"}), PLACE + OWNER),
    ],
)
def test_exif_reveals_a_place_or_an_owner_until_it_is_removed(
    tmp_path: Path, form: str, exif: bytes, traits: tuple[ImageTrait, ...]
) -> None:
    data = encode(form, exif=exif)
    facts = read_image_facts(tmp_path / "a", data)
    assert facts.traits == traits
    bare = remove_metadata(facts.kind, data)
    assert (read_image_facts(tmp_path / "a", bare).traits, pixels(bare)) == ((), pixels(data))
    assert b"Ann" not in bare


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("words", "traits"), [('exif:GPSLatitude="52,31N"', PLACE), ('dc:creator="Ann"', OWNER), ('xmp:Rating="5"', ())]
)
def test_so_does_xmp(tmp_path: Path, form: str, words: str, traits: tuple[ImageTrait, ...]) -> None:
    xmp, info = XMP.format(words), PngInfo()
    info.add_itxt("XML:com.adobe.xmp", xmp)
    data = encode(form, **({"pnginfo": info} if form == "PNG" else {"xmp": xmp.encode()}))
    facts = read_image_facts(tmp_path / "a", data)
    assert facts.traits == traits
    bare = remove_metadata(facts.kind, data)
    assert b"xmpmeta" not in bare
    assert pixels(bare) == pixels(data)


def test_so_do_iptc_and_the_texts_of_a_png(tmp_path: Path) -> None:
    name = b"\x1c\x02\x50" + struct.pack(">H", 3) + b"Ann"
    body = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(name)) + name
    jpeg = encode("JPEG")
    jpeg = jpeg[:2] + b"\xff\xed" + struct.pack(">H", 2 + len(body)) + body + jpeg[2:]
    info = PngInfo()
    info.add_text("Author", "Ann")
    for kind, data in (("jpeg", jpeg), ("png", encode("PNG", pnginfo=info))):
        assert read_image_facts(tmp_path / "a", data).traits == OWNER
        assert b"Ann" not in remove_metadata(kind, data)


@pytest.mark.parametrize("form", FORMATS)
def test_colours_stay_and_what_follows_the_image_goes(tmp_path: Path, form: str) -> None:
    how: dict[str, Any] = {"progressive": True} if form == "JPEG" else {}
    data = (
        encode(form, icc_profile=b"profile" * 20, exif=exif_with(WHERE), **how) + b"a second image, with a GPS position"
    )
    bare = remove_metadata(form.lower(), data)
    with Image.open(BytesIO(bare)) as image:
        assert image.info["icc_profile"] == b"profile" * 20
    assert b"second" not in bare
    assert reencode_image(tmp_path / "a", data, None, strip_metadata=True) == (form.lower(), bare)


def test_an_image_whose_parts_are_not_clear_is_encoded_again(tmp_path: Path) -> None:
    data = encode("JPEG", exif=exif_with(WHERE))
    data = data.removesuffix(b"\xff\xd9") + b"\0" * 4000  # readers do without the mark of its end
    kind, bare = reencode_image(tmp_path / "a", data, None, strip_metadata=True)
    facts = read_image_facts(tmp_path / "a", bare)
    assert (kind, facts.width, facts.traits) == ("jpeg", 320, ())


def test_what_is_turned_before_it_is_sent_reveals_nothing(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x013B] = 6, "Ann"
    assert read_image_facts(tmp_path / "a", encode("JPEG", exif=exif)).traits == ()
