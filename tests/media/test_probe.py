import os
import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media_samples import Drawn
from PIL import Image

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.drivers.data_plane import probe_clip
from hailuo_batch.media.decode import check_decoding, check_end_frames
from hailuo_batch.media.probe import InvalidVideo, VideoFacts, probe

NESTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        found.append((kind, data[at + 8 : at + size]))
        at += size
    return found


def rebuilt(data: bytes, **changed: bytes) -> bytes:
    """The boxes again, with some replaced wherever they stand."""
    parts = []
    for kind, body in boxes(data):
        inner = changed.get(kind.decode("latin-1"), body)
        parts.append(box(kind, rebuilt(inner, **changed) if kind in NESTS else inner))
    return b"".join(parts)


def inside(data: bytes, *kinds: bytes) -> bytes:
    for kind in kinds:
        data = next(body for found, body in boxes(data) if found == kind)
    return data


@pytest.fixture
def clip(drawn: Drawn) -> Path:
    return drawn(prompt="copper [Shake]")


def fragmented(path: Path, flags: str, *, frames: int = 48) -> Path:
    """A clip in fragments of half a second, as streaming gateways write them."""
    options = {"movflags": flags}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        stream = container.add_stream("libx264", rate=24, options={"g": "12", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for frame in range(frames):
            picture = av.VideoFrame.from_image(Image.new("RGB", (64, 48), (frame * 5, 90, 40)))
            picture.pts = frame
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def test_a_whole_clip_tells_its_facts(clip: Path) -> None:
    size = clip.stat().st_size
    assert probe(clip) == VideoFacts(width=910, height=512, seconds=Fraction(1), frames=24, codec="h264", size=size)


def test_a_clip_cut_at_any_length_is_broken(clip: Path) -> None:
    size = clip.stat().st_size
    heads = range(200)  # at its beginning and its end every byte counts; between them are the pictures
    for length in sorted({*heads, *range(200, size - 4000, 37), *range(size - 4000, size)}, reverse=True):
        os.truncate(clip, length)
        assert isinstance(probe(clip), InvalidVideo), length


@pytest.mark.parametrize(
    "tail", [b"\0", b"\0" * 8, b"<html>", b"Internal Server Error", b"\0\0\1\0nope", b"\r\n" * 40_000]
)
def test_bytes_behind_the_last_part_are_counted_and_the_clip_plays(clip: Path, tail: bytes) -> None:
    whole, size = probe(clip), clip.stat().st_size
    with clip.open("ab") as file:
        file.write(tail)
    assert isinstance(whole, VideoFacts)
    assert probe(clip) == replace(whole, size=size + len(tail), trailing=len(tail))
    assert (check_end_frames(clip), check_decoding(clip)) == (None, None)


@pytest.mark.parametrize("tail", [b"\0\0\1\0mdat", b"\0\0\1\0free12", b"\0\0\0\1moov"])
def test_a_part_behind_the_pictures_that_is_not_whole_is_a_cut(clip: Path, tail: bytes) -> None:
    with clip.open("ab") as file:
        file.write(tail)
    assert isinstance(probe(clip), InvalidVideo)


def test_a_film_in_fragments_ends_where_its_last_part_ends(tmp_path: Path) -> None:
    """It ends anywhere: what follows may be the rest of a fragment that was cut."""
    path = fragmented(tmp_path / "f.mp4", "frag_keyframe+empty_moov")
    with path.open("ab") as file:
        file.write(b"\0" * 8)
    assert isinstance(probe(path), InvalidVideo)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><body>502</body></html>", "web page"),
        (b"\n  <HTML><body>no", "web page"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "XML"),
        (b'{"base_resp": {"status_code": 1002}}', "JSON"),
        (b"[1, 2, 3, 4, 5, 6]", "JSON"),
        (b"Too Many Requests, come back later", "no MP4"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "no MP4"),
        (b"ab", "cut short"),
    ],
)
def test_what_is_no_video_is_named(tmp_path: Path, sent: bytes, words: str) -> None:
    path = tmp_path / "sent.mp4"
    path.write_bytes(sent)
    found = probe(path)
    assert isinstance(found, InvalidVideo)
    assert words in found.reason


def test_a_file_that_is_not_there_is_broken_and_does_not_raise(tmp_path: Path) -> None:
    assert probe(tmp_path / "nothing.mp4") == InvalidVideo(
        reason="The file cannot be read: No such file or directory.", is_unread=True
    )


def test_a_payload_with_a_64_bit_length_is_read(clip: Path) -> None:
    data = clip.read_bytes()
    payload = inside(data, b"mdat")
    start = data.index(b"mdat") - 4
    clip.write_bytes(data[:start] + struct.pack(">I4sQ", 1, b"mdat", 16 + len(payload)) + payload)
    assert isinstance(probe(clip), VideoFacts)
    clip.write_bytes(data[:start] + struct.pack(">I4sQ", 1, b"mdat", 2**63) + payload)
    assert isinstance(probe(clip), InvalidVideo)


def test_a_payload_to_the_end_of_the_file_is_read_and_its_cut_is_seen(clip: Path) -> None:
    data = clip.read_bytes()
    start = data.index(b"mdat") - 4
    open_ended = data[:start] + struct.pack(">I", 0) + data[start + 4 :]
    clip.write_bytes(open_ended)
    assert isinstance(probe(clip), VideoFacts)
    clip.write_bytes(open_ended[:-1])
    assert isinstance(probe(clip), InvalidVideo)


def test_headers_of_version_one_are_read(clip: Path) -> None:
    data = clip.read_bytes()
    before = probe(clip)
    head = inside(data, b"moov", b"trak", b"tkhd")
    _, made, changed, number, _, length = struct.unpack_from(">IIIIII", head)
    track = struct.pack(">IQQIIQ", 0x01000003, made, changed, number, 0, length) + head[24:]
    media = inside(data, b"moov", b"trak", b"mdia", b"mdhd")
    _, made, changed, scale, length = struct.unpack_from(">IIIII", media)
    clip.write_bytes(
        rebuilt(data, tkhd=track, mdhd=struct.pack(">IQQIQ", 1 << 24, made, changed, scale, length) + media[20:])
    )
    after = probe(clip)
    assert isinstance(before, VideoFacts)
    assert isinstance(after, VideoFacts)
    assert (after.width, after.seconds, after.frames) == (before.width, before.seconds, before.frames)


def test_a_clip_turned_by_its_header_tells_the_size_as_seen(clip: Path) -> None:
    data = clip.read_bytes()
    head = inside(data, b"moov", b"trak", b"tkhd")
    quarter = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    clip.write_bytes(rebuilt(data, tkhd=head[:40] + quarter + head[76:]))
    found = probe(clip)
    assert isinstance(found, VideoFacts)
    assert (found.width, found.height) == (512, 910)


def test_tables_that_disagree_are_broken(clip: Path) -> None:
    data = clip.read_bytes()
    clip.write_bytes(rebuilt(data, stts=struct.pack(">IIII", 0, 1, 23, 512)))
    assert isinstance(probe(clip), InvalidVideo)
    clip.write_bytes(rebuilt(data, stts=struct.pack(">II", 0, 0)))
    assert probe(clip) == InvalidVideo(reason="The MP4 holds no frame.")
    clip.write_bytes(rebuilt(data, stts=struct.pack(">IIII", 0, 2**32 - 1, 24, 512)))
    assert isinstance(probe(clip), InvalidVideo)


@pytest.mark.parametrize("flags", ["frag_keyframe+empty_moov", "frag_keyframe+empty_moov+default_base_moof", "dash"])
def test_a_clip_in_fragments_is_no_broken_clip(tmp_path: Path, flags: str) -> None:
    found = probe(fragmented(tmp_path / "clip.mp4", flags))
    assert isinstance(found, VideoFacts)
    assert (found.frames, float(found.seconds), found.width) == (48, 2.0, 64)


def test_a_cut_inside_a_fragment_is_seen(tmp_path: Path) -> None:
    path = fragmented(tmp_path / "clip.mp4", "frag_keyframe+empty_moov")
    data = path.read_bytes()
    ends, at = [], 0
    for _, body in boxes(data):
        at += 8 + len(body)
        ends.append(at)
    kinds = [kind for kind, _ in boxes(data)]
    # Right behind a fragment nothing tells that another should follow, unless the film has an index.
    whole_fragments = {end for end, kind in zip(ends, kinds, strict=True) if kind in {b"mdat", b"mfra"}}
    for length in range(len(data) - 1, 0, -7):
        os.truncate(path, length)
        assert isinstance(probe(path), InvalidVideo) or length in whole_fragments


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_bytes_make_it_raise(clip: Path, data: st.DataObject) -> None:
    whole = clip.read_bytes()
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, min(len(whole), 1200) - 1))
        broken[place] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF, broken[place] ^ 1]))
    path = clip.with_name("hostile.mp4")
    path.write_bytes(broken)
    assert isinstance(probe(path), VideoFacts | InvalidVideo)


@given(st.binary(max_size=400))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_header_makes_it_raise(tmp_path: Path, inner: bytes) -> None:
    path = tmp_path / "hostile.mp4"
    path.write_bytes(box(b"ftyp", b"isom") + box(b"moov", box(b"trak", inner)) + box(b"mdat", b"x"))
    assert isinstance(probe(path), InvalidVideo)


def test_a_hundred_thousand_empty_boxes_end_soon(tmp_path: Path) -> None:
    path = tmp_path / "hostile.mp4"
    path.write_bytes(box(b"ftyp", b"isom") + box(b"free", b"") * 100_000)
    assert probe(path) == InvalidVideo(reason="The file is no sound MP4: it has too many parts.")


def test_boxes_nested_a_thousand_deep_are_broken(tmp_path: Path) -> None:
    nested = b""
    for _ in range(5_000):
        nested = box(b"mdia", nested)
    path = tmp_path / "hostile.mp4"
    path.write_bytes(box(b"ftyp", b"isom") + box(b"moov", box(b"trak", nested)) + box(b"mdat", b"x"))
    assert probe(path) == InvalidVideo(reason="The MP4's header is damaged.")


def zeroed(path: Path, part: float) -> Path:
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 8
    at = start + int((len(data) - start) * part)
    data[at : at + 4096] = bytes(len(data[at : at + 4096]))
    path.write_bytes(data)
    return path


def test_the_deep_check_passes_a_whole_clip(clip: Path) -> None:
    assert check_decoding(clip) is None
    assert check_end_frames(clip) is None


@pytest.mark.parametrize("part", [0.0, 0.3, 0.6])
def test_the_deep_check_finds_zeroed_bytes_that_the_quick_look_misses(drawn: Drawn, part: float, dots: Path) -> None:
    clip = zeroed(drawn(prompt="a card of many words " * 20 + "[Shake]", seconds=2), part)
    assert isinstance(probe(clip), VideoFacts)
    assert check_decoding(clip)


def test_the_check_of_both_ends_finds_a_damaged_first_frame(clip: Path) -> None:
    assert check_end_frames(zeroed(clip, 0.0))


@pytest.mark.parametrize("sent", [b"", b"<html>", b"\0\0\0\x10ftypisom\0\0\0\0"])
def test_the_deep_checks_give_a_reason_for_what_is_no_video(tmp_path: Path, sent: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(sent)
    assert check_decoding(path)
    assert check_end_frames(path)
    assert check_decoding(tmp_path / "missing.mp4")


def test_the_deep_checks_give_a_reason_for_an_unknown_codec(clip: Path) -> None:
    clip.write_bytes(clip.read_bytes().replace(b"avc1", b"zzz1"))
    assert check_decoding(clip)
    assert check_end_frames(clip)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_bytes_make_the_deep_checks_raise(clip: Path, data: st.DataObject) -> None:
    broken = bytearray(clip.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, 2000))] = data.draw(st.sampled_from([0, 1, 0x7F, 0xFF]))
    path = clip.with_name("hostile.mp4")
    path.write_bytes(broken)
    for reason in (check_decoding(path), check_end_frames(path)):
        assert reason is None or reason.endswith(".")


def test_a_clip_that_this_machine_cannot_read_is_not_called_damaged(tmp_path: Path) -> None:
    failure = probe_clip(tmp_path / "nothing.mp4", "")
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.NO_ROOM
    assert "ulimit -n" in failure.remedy
