"""What a clip's file says of its origin, read from real MP4s, and what an export adds to one."""

import json
import struct
from pathlib import Path

import av
import pytest

from hailuo_batch.core.origin import AI_SOURCE_TYPE, Disclosure, OriginMarks
from hailuo_batch.media.mp4_boxes import UnsoundError
from hailuo_batch.media.origin_marks import C2PA_UUID, XMP_UUID, read_origin_marks
from hailuo_batch.media.probe import VideoFacts, probe
from hailuo_batch.media.xmp import add_xmp

LABEL = {"Label": "1", "ContentProducer": "Ácme, 海螺", "ProduceID": "x-1"}
TC260 = f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"><TC260:AIGC>{json.dumps(LABEL)}</TC260:AIGC>
</rdf:Description></rdf:RDF></x:xmpmeta>""".encode()
DISCLOSURE = Disclosure(
    made_by_ai=True,
    tool="hailuo-batch 0.1.0",
    model="hailuo-02",
    made="2026-11-26T08:00:00Z",
    oversight="Ann <ann@acme.test>",
    text="Made with AI & love\x00.",
    title="open#2",
)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "clip.mp4")


def make_clip(file: Path, *, metadata: dict[str, str] | None = None) -> Path:
    with av.open(str(file), "w", options={"movflags": "use_metadata_tags"}) as film:
        film.metadata.update(metadata or {})
        stream = film.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(5):
            film.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        film.mux(stream.encode())
    return file


def add_box(file: Path, uuid: bytes, contents: bytes) -> Path:
    with file.open("ab") as film:
        film.write(struct.pack(">I4s", 24 + len(contents), b"uuid") + uuid + contents)
    return file


def test_a_plain_clip_has_no_marks(clip: Path) -> None:
    assert not read_origin_marks(clip)


def test_each_mark_is_read_where_its_standard_puts_it(clip: Path, tmp_path: Path) -> None:
    labelled = make_clip(tmp_path / "labelled.mp4", metadata={"AIGC": json.dumps(LABEL, ensure_ascii=False)})
    assert read_origin_marks(labelled) == OriginMarks(aigc=LABEL)
    assert read_origin_marks(add_box(clip, XMP_UUID, TC260)) == OriginMarks(aigc=LABEL)
    assert read_origin_marks(add_box(clip, C2PA_UUID, b"\0" * 40)) == OriginMarks(aigc=LABEL, content_credentials=40)


@pytest.mark.parametrize("cut", [0, 7, 30, 1000, -1])
def test_a_damaged_file_has_no_marks_and_raises_nothing(cut: int, tmp_path: Path) -> None:
    whole = add_box(make_clip(tmp_path / "whole.mp4"), XMP_UUID, TC260).read_bytes()
    part = tmp_path / "part.mp4"
    part.write_bytes(whole[:cut])
    assert not read_origin_marks(part)


def test_an_export_says_that_ai_made_it_and_changes_no_picture(clip: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(add_xmp(clip.read_bytes(), DISCLOSURE))
    assert read_origin_marks(copy) == OriginMarks(source_type=AI_SOURCE_TYPE)
    assert copy.read_bytes().startswith(clip.read_bytes())
    found = probe(copy)
    assert isinstance(found, VideoFacts)
    assert (found.frames, found.trailing) == (5, 0)
    for words in (b"hailuo-02", b"2026-11-26T08:00:00Z", b"Ann &lt;ann@acme.test&gt;", b"AI &amp; love .", b"open#2"):
        assert words in copy.read_bytes()


def test_what_the_file_says_already_stays_beside_it(clip: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(add_xmp(add_box(clip, XMP_UUID, TC260).read_bytes(), DISCLOSURE))
    assert read_origin_marks(copy) == OriginMarks(source_type=AI_SOURCE_TYPE, aigc=LABEL)
    again = add_xmp(copy.read_bytes(), DISCLOSURE)
    assert (
        again.count(b"trainedAlgorithmicMedia") == copy.read_bytes().count(b"trainedAlgorithmicMedia") + 1
    )  # one is free
    bomb = b'<!DOCTYPE x [<!ENTITY a "b">]>' + TC260
    copy.write_bytes(add_xmp(add_box(make_clip(clip), XMP_UUID, bomb).read_bytes(), DISCLOSURE))
    assert read_origin_marks(copy) == OriginMarks(source_type=AI_SOURCE_TYPE)  # what is not safe to read is replaced


def test_a_last_part_without_a_length_gets_one_and_what_follows_the_film_goes(clip: Path, tmp_path: Path) -> None:
    open_end = clip.read_bytes() + struct.pack(">I4s", 0, b"free") + b"\0" * 9
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(add_xmp(open_end, DISCLOSURE))
    assert read_origin_marks(copy).is_disclosed
    copy.write_bytes(add_xmp(clip.read_bytes() + b"junk", DISCLOSURE))
    assert read_origin_marks(copy).is_disclosed
    for damaged in (b"{}", clip.read_bytes()[:-100]):
        with pytest.raises(UnsoundError):
            add_xmp(damaged, DISCLOSURE)
