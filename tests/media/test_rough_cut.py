"""Films are decoded again, frame by frame: each frame has a grey of its own, so it says which one it is."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import pytest
from film_samples import greys, write_clip

from hailuo_batch.errors import InputError
from hailuo_batch.media.decode import check_decoding
from hailuo_batch.media.missing_slate import SlateText
from hailuo_batch.media.probe import VideoFacts, probe
from hailuo_batch.media.rough_cut import FilmForm, FilmPart, write_rough_cut

FORM = FilmForm(rate=Fraction(24), width=64, height=36)


def part(path: Path, frames: int, first: int = 0, rate: int = 24) -> FilmPart:
    return FilmPart(path=path, frames=frames, first=first, rate=Fraction(rate))


def film(folder: Path, parts: Sequence[FilmPart], form: FilmForm = FORM) -> tuple[Path, int, int]:
    """The film, checked: as long as its parts, and each frame decodes."""
    target = folder / "film.mp4"
    made = write_rough_cut(target, parts, form)
    facts = probe(target)
    assert isinstance(facts, VideoFacts)
    frames = sum(each.frames for each in parts)
    assert (facts.frames, facts.seconds, facts.width, facts.height) == (
        frames, frames / form.rate, form.width, form.height,
    )  # fmt: skip
    assert check_decoding(target) is None
    return target, made.copied, made.encoded


def test_whole_clips_with_one_stream_are_copied_bit_by_bit(tmp_path: Path):
    a, b = write_clip(tmp_path / "a.mp4", 24), write_clip(tmp_path / "b.mp4", 12)
    target, copied, encoded = film(tmp_path, [part(a, 24), part(b, 12), part(a, 24)])
    assert (copied, encoded) == (3, 0)
    assert greys(target) == [*range(24), *range(12), *range(24)]
    with av.open(str(target)) as container, av.open(str(a)) as source:
        first = [bytes(packet) for packet in source.demux(video=0) if packet.size]
        assert [bytes(packet) for packet in container.demux(video=0) if packet.size][:24] == first


@pytest.mark.parametrize(
    ("first", "frames", "is_copied"),
    [
        (0, 12, True),  # ends before a key frame
        (12, 12, True),
        (0, 3, False),  # the second and third need the fourth
        (0, 4, True),
        (5, 7, False),  # begins off a key frame
        (12, 24, True),
    ],
)
def test_a_cut_is_copied_only_where_packets_give_just_its_frames(
    tmp_path: Path, first: int, frames: int, is_copied: bool
):
    a = write_clip(tmp_path / "a.mp4", 36)
    target, copied, _ = film(tmp_path, [part(a, frames, first)])
    assert greys(target) == [*range(first, first + frames)]
    assert copied == is_copied


def test_one_part_that_is_encoded_makes_all_unlike_it_be_encoded_too(tmp_path: Path):
    a = write_clip(tmp_path / "a.mp4", 24)
    slate = FilmPart(frames=6, slate=SlateText(shot="harbour", why="No clip: 絵", prompt="ships " * 90, facts="film"))
    target, copied, encoded = film(tmp_path, [part(a, 24), slate, part(a, 6, 3)])
    assert (copied, encoded) == (0, 3)
    found = greys(target)
    assert (found[:24], found[30:]) == ([*range(24)], [*range(3, 9)])


def test_what_our_own_encoder_made_is_copied_beside_what_it_makes_now(tmp_path: Path):
    slate = FilmPart(frames=6, slate=SlateText(shot="a", why="", prompt="", facts=""))
    first, *_ = film(tmp_path, [slate])
    ours = first.rename(tmp_path / "ours.mp4")
    _, copied, encoded = film(tmp_path, [part(ours, 6), slate])
    assert (copied, encoded) == (1, 1)


def test_other_rates_and_sizes_are_fitted_and_keep_their_pace(tmp_path: Path):
    quick = write_clip(tmp_path / "quick.mp4", 25, rate=25)
    slow = write_clip(tmp_path / "slow.mp4", 12, rate=12)
    tall = write_clip(tmp_path / "tall.mp4", 12, size=(36, 64))
    target, _, _ = film(tmp_path, [part(quick, 24, 0, 25), part(slow, 24, 0, 12), part(tall, 12)])
    found = greys(target)
    assert found[:24] == [int(place * 25 / 24) for place in range(24)]
    assert found[24:48] == [place // 2 for place in range(24)]
    with av.open(str(target)) as container:
        last = [frame.to_image() for frame in container.decode(video=0)][-1]
    left, middle = last.getpixel((2, 18)), last.getpixel((32, 18))
    assert isinstance(left, tuple)
    assert isinstance(middle, tuple)
    assert left[0] < 8 < middle[0]  # black beside a picture that keeps its shape


def test_streams_of_two_encoders_are_never_mixed(tmp_path: Path):
    a = write_clip(tmp_path / "a.mp4", 12)
    b = write_clip(tmp_path / "b.mp4", 12, refs="1", bf="0", profile="baseline")
    target, _, encoded = film(tmp_path, [part(a, 12), part(a, 12), part(b, 12)])
    assert encoded >= 1
    assert greys(target) == [*range(12)] * 3


def test_a_damaged_clip_is_an_error_in_words(tmp_path: Path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(write_clip(tmp_path / "a.mp4", 24).read_bytes()[:700])
    with pytest.raises(InputError, match="the rough cut cannot be made"):
        write_rough_cut(tmp_path / "film.mp4", [part(broken, 24)], FORM)


def test_an_interrupted_film_ends_at_the_next_frame(tmp_path: Path):
    slate = FilmPart(frames=24, slate=SlateText(shot="a", why="", prompt="", facts=""))
    answers = iter([False, False, True])
    with pytest.raises(InterruptedError):
        write_rough_cut(tmp_path / "film.mp4", [slate], FORM, is_stopped=lambda: next(answers))
    assert list(tmp_path.iterdir()) == []
