"""Which pictures gateways take as frames."""

from pathlib import Path

import pytest
from PIL import Image

from hailuo_batch.core.manifest.document import FileFrame, Frames
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.problem import Problem, Severity
from hailuo_batch.core.switches import DEFAULT_SWITCHES
from hailuo_batch.errors import InputError
from hailuo_batch.load import cache, image_checks
from hailuo_batch.load.image_checks import describe_misleading_name, describe_shape_mismatch, refuse_unfit_image
from hailuo_batch.load.input_values import Inputs
from hailuo_batch.load.inputs import read_inputs
from hailuo_batch.load.settings import Project

LYING_DOWN = 6  # EXIF: turn a quarter to the right


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(root=tmp_path)


def save(project: Project, name: str, size: tuple[int, int], form: str = "PNG", *, turned: bool = False) -> str:
    image = Image.new("RGB", size, "teal")
    exif = image.getexif()
    if turned:
        exif[0x0112] = LYING_DOWN
    image.save(project.root / name, form, exif=exif)
    return name


def looked_at(project: Project, first: str, last: str | None = None, **how: object) -> Inputs:
    frames = Frames(first=FileFrame(path=first), last=None if last is None else FileFrame(path=last))
    shot = Shot(
        id="open", index=0, prompt="p", frames=frames, duration=6, resolution="768p", takes=1, tags=(),
        switches=DEFAULT_SWITCHES, notes="",
    )  # fmt: skip
    usual = {"folder": project.root, "project": project, "cached_images": {}}
    return read_inputs([shot] * 3, **{**usual, **how})  # type: ignore[arg-type]


def told(project: Project, first: str, last: str | None = None, **how: object) -> list[Problem]:
    return list(looked_at(project, first, last, **how).problems)


@pytest.mark.parametrize("size", [(301, 301), (301, 752), (752, 301), (400, 1000), (1000, 400), (1920, 1080)])
def test_what_gateways_take(size: tuple[int, int]) -> None:
    refuse_unfit_image("a.png", length=1000, size=size)


@pytest.mark.parametrize(
    ("size", "summary", "words"),
    [
        ((300, 600), "picture too small", "has 300 × 600 pixels; gateways want more than 300 on each side"),
        ((1920, 300), "picture too small", "more than 300"),
        ((1001, 400), "picture shape not taken", "too wide; gateways take from 2:5 to 5:2"),
        ((400, 1001), "picture shape not taken", "too tall"),
    ],
)
def test_what_gateways_refuse(size: tuple[int, int], summary: str, words: str) -> None:
    with pytest.raises(InputError, match=summary) as wrong:
        refuse_unfit_image("a.png", length=1000, size=size)
    assert words in wrong.value.why
    assert wrong.value.remedy


def test_a_file_is_smaller_than_twenty_megabytes() -> None:
    refuse_unfit_image("a.png", length=20_000_000 - 1, size=(640, 360))
    with pytest.raises(InputError, match="picture too large") as wrong:
        refuse_unfit_image("a.png", length=20_000_000, size=(640, 360))
    assert "gateways take less than 20 MB" in wrong.value.why


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("a.jpg", "jpeg", ""),
        ("A.JPEG", "jpeg", ""),
        ("a.png", "png", ""),
        ("a.webp", "webp", ""),
        ("a", "webp", ""),
        ("a.png", "jpeg", '"a.png" is a JPG, despite its name.'),
        ("a.jpg", "webp", '"a.jpg" is a WebP, despite its name.'),
        ("a.b.tif", "png", '"a.b.tif" is a PNG, despite its name.'),
    ],
)
def test_a_name_may_lie(name: str, kind: str, said: str) -> None:
    assert describe_misleading_name(name, kind) == said


@pytest.mark.parametrize(
    ("last", "alike"), [((1280, 720), True), ((640, 361), True), ((320, 180), True), ((640, 400), False)]
)
def test_rounding_makes_no_other_shape(last: tuple[int, int], alike: bool) -> None:
    assert (describe_shape_mismatch((640, 360), last, by_address=False) == "") is alike


def test_the_warning_says_who_crops_and_what_is_left() -> None:
    ours = describe_shape_mismatch((1280, 720), (1000, 1000), by_address=False)
    assert ours.endswith("the clip has the first one's shape, and only the middle of the last is sent, 1000 × 563.")
    theirs = "the clip has the first one's shape, and the gateway crops the last to it."
    assert describe_shape_mismatch((1280, 720), (1000, 1000), by_address=True).endswith(theirs)
    assert describe_shape_mismatch((9, 16), (640, 360), by_address=False).endswith(theirs), (
        "what we would send is too small"
    )


def test_a_problem_stands_at_the_frame_and_is_said_once_for_a_matrix(project: Project) -> None:
    (problem,) = told(project, save(project, "a.png", (640, 360)), save(project, "small.png", (200, 120)))
    assert (problem.rule.id, problem.severity, problem.path) == (
        "frame-file", Severity.ERROR, ("shots", 0, "frames", "last"),
    )  # fmt: skip
    assert problem.why.startswith('shot "open": "small.png" has 200 × 120 pixels')


def test_a_picture_is_judged_as_it_is_seen_upright(project: Project) -> None:
    lying = save(project, "lying.jpg", (360, 640), "JPEG", turned=True)
    wide = save(project, "wide.png", (1280, 720))
    assert told(project, lying, wide) == []
    (problem,) = told(project, save(project, "stands.jpg", (360, 640), "JPEG"), wide)
    assert (problem.rule.id, problem.severity, problem.path) == (
        "frame-shapes", Severity.WARNING, ("shots", 0, "frames", "last"),
    )  # fmt: skip
    assert "360 × 640 pixels and the last 1280 × 720; the clip has the first one's shape" in problem.why


def test_a_lying_name_is_a_warning_and_the_picture_counts(project: Project) -> None:
    found = looked_at(project, save(project, "a.png", (640, 360), "WEBP"))
    assert [(each.rule.id, each.severity) for each in found.problems] == [("frame-name", Severity.WARNING)]
    assert set(found.images) == {FileFrame(path="a.png")}


def save_photo(project: Project, name: str) -> str:
    """An animation in the colours of print is none that a format allows; two images have the traits of all."""
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({2: (52.0, 31.0, 0.0), 4: (13.0, 24.0, 0.0)})
    exif[0x013B] = "Ann Example"
    Image.new("CMYK", (640, 360)).save(project.root / name, exif=exif)
    return name


def test_what_changes_at_gateways_or_reveals_something_is_a_warning(project: Project) -> None:
    frames = [Image.new("RGB", (640, 360), colour) for colour in ("red", "blue")]
    frames[0].save(project.root / "loop.webp", save_all=True, append_images=frames[1:])
    found = told(project, save_photo(project, "photo.jpg"), "loop.webp")
    assert [(each.rule.id, each.severity, each.path[-1], each.why) for each in found] == [
        ("frame-cmyk", Severity.WARNING, "first",
         'shot "open": "photo.jpg" has the colours of print (CMYK); each gateway shows them in another way.'),
        ("frame-metadata", Severity.WARNING, "first",
         'shot "open": "photo.jpg" contains the place where it was taken and the name of its owner, '
         "and gateways are sent them."),
        ("frame-animated", Severity.WARNING, "last",
         'shot "open": "loop.webp" is an animation; the clip is made from its first frame only.'),
    ]  # fmt: skip
    assert told(project, "photo.jpg", "loop.webp", for_gateways=False) == []


def test_what_is_not_sent_is_no_warning_and_the_fingerprint_is_that_of_the_file(project: Project) -> None:
    name = save_photo(project, "photo.jpg")
    stripped = Project(root=project.root, strip_metadata=True)
    assert [each.rule.id for each in told(stripped, name)] == ["frame-cmyk"]
    assert looked_at(stripped, name).images == looked_at(project, name).images


def test_what_is_drawn_here_needs_only_to_be_readable(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_checks, "MAX_BYTES", 10)
    names = save(project, "a.png", (20, 12), "JPEG"), save(project, "b.png", (12, 600))
    assert told(project, *names, for_gateways=False) == []
    assert len(told(project, *names)) == 2


def test_a_bomb_is_refused_before_it_is_unpacked_even_for_a_sketch(project: Project) -> None:
    Image.new("1", (20_000, 20_000)).save(project.root / "bomb.png")
    for for_gateways in (True, False):
        (problem,) = told(project, "bomb.png", for_gateways=for_gateways)
        assert problem.summary == "picture too large"
        assert "89 million pixels" in problem.why


def test_what_a_phone_writes_with_a_second_picture_inside_is_a_jpg(project: Project) -> None:
    pictures = [Image.new("RGB", (640, 360), colour) for colour in ("red", "blue")]
    pictures[0].save(project.root / "phone.jpg", "MPO", save_all=True, append_images=pictures[1:])
    assert told(project, "phone.jpg") == []


def test_what_was_remembered_is_judged_without_reading_it_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("CMYK", (200, 120)).save(project.root / "a.png", "JPEG")
    monkeypatch.setattr("hailuo_batch.load.inputs.is_unchanged", lambda *_: True)
    seen = looked_at(project, "a.png", for_gateways=False).cache_entries
    cache.write_cached_inputs(project.root, seen)
    recalled = cache.read_cached_inputs(project.root)
    assert recalled == seen
    monkeypatch.setattr("hailuo_batch.load.inputs.read_regular", lambda *_, **__: pytest.fail("the picture was opened"))
    (problem,) = told(project, "a.png", cached_images=recalled)
    assert problem.summary == "picture too small"


def test_a_memory_of_another_form_is_none(project: Project) -> None:
    cache._write_text(project.root / "memory" / "inputs.txt", '{"/a.png": [1, 2, 3, "sha256:aa", 4]}')
    assert cache.read_cached_inputs(project.root) == {}
