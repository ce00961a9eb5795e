import os
import socket
import stat
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from hailuo_batch.core.manifest.document import NO_FRAMES, FileFrame, FrameRole, Frames, ShotFrame, UrlFrame
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.request.request import ImageRef
from hailuo_batch.core.switches import DEFAULT_SWITCHES
from hailuo_batch.load import image_checks
from hailuo_batch.load import inputs as loading
from hailuo_batch.load.file_stamp import MTIME_SLACK_NS, CachedImage, is_unchanged, read_stamp
from hailuo_batch.load.input_values import Inputs
from hailuo_batch.load.inputs import read_inputs
from hailuo_batch.load.settings import Project

LATER = 10 * MTIME_SLACK_NS


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    (root / "assets").mkdir(parents=True)
    for name, colour in (("open.png", "red"), ("close.png", "blue")):
        Image.new("RGB", (640, 360), colour).save(root / "assets" / name)
    return Project(root=root)


def shot(frames: Frames, index: int = 0) -> Shot:
    return Shot(
        id=f"s{index}", index=index, prompt="p", frames=frames, duration=6, resolution="768p", takes=1, tags=(),
        switches=DEFAULT_SWITCHES, notes="",
    )  # fmt: skip


def read(project: Project, *frames: Frames, remembered: dict[str, CachedImage] | None = None) -> Inputs:
    shots = [shot(each, index) for index, each in enumerate(frames)]
    return read_inputs(shots, folder=project.root, project=project, cached_images=remembered or {})


def first(path: str) -> Frames:
    return Frames(first=FileFrame(path=path))


def digest_of(file: Path) -> str:
    return f"sha256:{sha256(file.read_bytes()).hexdigest()}"


def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on it is so much later that nothing was changed in the same moment."""
    now = time.time_ns() + LATER
    monkeypatch.setattr(time, "time_ns", lambda: now)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every file that was looked into, in order."""
    seen: list[Path] = []
    real = loading._read_uncached_image

    def spy(path: Path, stamp: Any) -> CachedImage:
        seen.append(path)
        return real(path, stamp)

    monkeypatch.setattr(loading, "_read_uncached_image", spy)
    return seen


def test_a_picture_is_known_by_its_bytes(project: Project) -> None:
    found = read(project, Frames(first=FileFrame(path="assets/open.png"), last=FileFrame(path="assets/close.png")))
    files = {name: project.root / "assets" / f"{name}.png" for name in ("open", "close")}
    assert found.images == {
        FileFrame(path=f"assets/{name}.png"): ImageRef(digest=digest_of(file)) for name, file in files.items()
    }
    assert found.files == {digest_of(file): file for file in files.values()}
    assert found.problems == ()


def test_the_same_bytes_under_two_names_are_the_same_picture(project: Project) -> None:
    (project.root / "copy.png").write_bytes((project.root / "assets/open.png").read_bytes())
    found = read(project, first("assets/open.png"), first("copy.png"))
    assert len(set(found.images.values())) == 1


def test_shots_without_files_have_no_inputs(project: Project) -> None:
    chained = Frames(first=ShotFrame(shot="s0", frame=FrameRole.LAST))
    assert read(project, NO_FRAMES, chained, Frames()) == Inputs(images={}, files={}, cache_entries={}, problems=())


def test_a_file_is_looked_at_once_however_many_shots_name_it(project: Project, opened: list[Path]) -> None:
    read(project, *[first("assets/open.png")] * 50)
    assert len(opened) == 1


def test_a_picture_that_did_not_change_is_not_read_again(
    project: Project, monkeypatch: pytest.MonkeyPatch, opened: list[Path]
) -> None:
    later(monkeypatch)
    before = read(project, first("assets/open.png"))
    assert len(opened) == 1
    monkeypatch.setattr("hailuo_batch.load.inputs.read_regular", lambda *_, **__: pytest.fail("the picture was opened"))
    again = read(project, first("assets/open.png"), remembered=dict(before.cache_entries))
    assert (again.images, again.cache_entries) == (before.images, before.cache_entries)
    assert len(opened) == 1


def test_without_the_memory_every_answer_is_the_same(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    later(monkeypatch)
    frames = [first("assets/open.png"), first("assets/nothing.png"), first("../x.png"), first("assets/close.png")]
    fresh = read(project, *frames)
    assert read(project, *frames, remembered=dict(fresh.cache_entries)) == fresh
    assert read(project, *frames) == fresh


def test_a_picture_written_in_the_moment_it_was_remembered_is_read_again(project: Project, opened: list[Path]) -> None:
    before = read(project, first("assets/open.png"))
    read(project, first("assets/open.png"), remembered=dict(before.cache_entries))
    assert len(opened) == 2


def test_changed_bytes_are_seen(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    later(monkeypatch)
    file = project.root / "assets/open.png"
    before = read(project, first("assets/open.png"))
    Image.new("RGB", (640, 360), "green").save(file)
    after = read(project, first("assets/open.png"), remembered=dict(before.cache_entries))
    assert after.images[FileFrame(path="assets/open.png")].digest == digest_of(file)
    assert after.images != before.images


def test_changed_bytes_are_seen_even_when_size_and_time_are_set_back(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch)
    file = project.root / "assets/open.png"
    old = file.stat()
    before = read(project, first("assets/open.png"))
    Image.new("RGB", (640, 360), "lime").save(file)
    data = file.read_bytes()
    file.write_bytes(data[: old.st_size].ljust(old.st_size, b"\0"))
    os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns, file.stat().st_ino) == (
        old.st_size, old.st_mtime_ns, old.st_ino,
    )  # fmt: skip
    after = read(project, first("assets/open.png"), remembered=dict(before.cache_entries))
    assert after.images[FileFrame(path="assets/open.png")].digest == digest_of(file)


@pytest.mark.parametrize("change", ["size", "time", "inode"])
def test_any_difference_from_what_is_remembered_is_a_doubt(change: str) -> None:
    memory = CachedImage(stamp=(10, 1_000, 7), digest="sha256:aa", cached_at=LATER)
    other = {"size": (11, 1_000, 7), "time": (10, 1_001, 7), "inode": (10, 1_000, 8)}[change]
    assert is_unchanged(memory, (10, 1_000, 7))
    assert not is_unchanged(memory, other)
    assert not is_unchanged(memory, None)


@pytest.mark.parametrize(("at", "good"), [(MTIME_SLACK_NS + 1_001, True), (MTIME_SLACK_NS + 1_000, False), (0, False)])
def test_a_time_of_change_too_near_to_the_reading_proves_nothing(at: int, good: bool) -> None:
    assert is_unchanged(CachedImage(stamp=(10, 1_000, 7), digest="sha256:aa", cached_at=at), (10, 1_000, 7)) is good


def test_a_file_that_is_gone_has_no_stamp(tmp_path: Path) -> None:
    assert read_stamp(tmp_path / "nothing") is None


def test_a_picture_that_is_gone_is_not_remembered_into_being(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    later(monkeypatch)
    before = read(project, first("assets/open.png"))
    (project.root / "assets/open.png").unlink()
    after = read(project, first("assets/open.png"), remembered=dict(before.cache_entries))
    assert [problem.rule.id for problem in after.problems] == ["frame-file"]
    assert after.images == {}


@pytest.mark.parametrize(
    ("path", "summary"),
    [
        ("assets/opne.png", "file not found"),
        ("asets/open.png", "file not found"),
        ("assets", "not a file"),
        ("assets/open.png/more", "file not found"),
        ("x" * 5000 + ".png", "file not found"),
        ("../outside.png", "file outside the project"),
        ("/etc/hostname", "file outside the project"),
        ("assets/../../outside.png", "file outside the project"),
        ("a\0b.png", "file name not usable"),
        ("data:image/png;base64,AAAA", "address not usable"),
    ],
)
def test_a_file_that_cannot_be_taken_is_a_problem_at_its_end(project: Project, path: str, summary: str) -> None:
    (project.root.parent / "outside.png").write_bytes(b"x")
    (problem,) = read(project, Frames(first=FileFrame(path="assets/open.png"), last=FileFrame(path=path))).problems
    assert (problem.rule.id, problem.summary) == ("frame-file", summary)
    assert problem.path == ("shots", 0, "frames", "last")
    assert problem.remedy
    assert len(problem.why) < 300


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        ("assets\\open.png", "Write assets/open.png with slashes"),
        ("P:\\show\\open.png", "It is a path of Windows."),
        (" assets/open.png", "Write assets/open.png without the blanks"),
        ("assets/open.jpg", 'Did you mean "open.png"?'),
    ],
)
def test_a_path_that_was_written_on_another_system_has_a_remedy(project: Project, path: str, remedy: str) -> None:
    (project.root / "assets" / "open-2.jpg").write_bytes(b"nearer by its letters")
    (problem,) = read(project, Frames(first=FileFrame(path=path), last=None)).problems
    assert problem.summary == "file not found"
    assert problem.remedy.startswith(remedy)


@pytest.mark.parametrize("path", [r"\\nas\show\open.png", "//nas/show/open.png", r"\\?\C:\open.png", r"\\.\pipe\x"])
def test_a_share_of_a_network_is_not_contacted(project: Project, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows would log in there with the user's own name."""
    monkeypatch.setattr(loading, "_resolve_path", lambda _: pytest.fail("the path was resolved"))
    (problem,) = read(project, Frames(first=FileFrame(path=path), last=None)).problems
    assert (problem.rule.id, problem.summary) == ("frame-file", "file outside the project")
    assert "is a path of a network, which is not opened." in problem.why
    assert problem.remedy == "Copy the file into the project, and write its path from the manifest's folder."


@pytest.mark.parametrize(
    ("path", "summary"),
    [
        (
            r"\\NAS\show\open.png",
            "file outside the project",
        ),  # it is resolved as every path, and is none on this system
        (r"\\nas\showroom\open.png", "file outside the project"),
        (r"\\nas\show\..\secret.png", "file outside the project"),
    ],
)
def test_a_share_that_the_user_trusts_is_below_its_own_name(project: Project, path: str, summary: str) -> None:
    trusting = Project(root=project.root, allow_outside=(Path(r"\\nas\show"),))
    (problem,) = read(trusting, Frames(first=FileFrame(path=path), last=None)).problems
    is_opened = "which is not opened" not in problem.why
    assert (problem.summary, is_opened) == (summary if not is_opened else "file not found", "NAS" in path)


@pytest.mark.parametrize(
    ("data", "why", "remedy"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git LFS pointer", "git lfs pull"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC", "Export it as JPEG."),
        (b"8BPS\0\1", "photoshop file", "Export it as PNG or JPEG."),
        (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "a video", "Export one of its frames"),
        (bytes(50_000), "only zeros", "cloud folder"),
        (b"words", "not an image, despite its name", "Use a JPEG, PNG or WebP file."),
        (b"", "the file is empty", "Use a JPEG, PNG or WebP file."),
    ],
)
def test_a_file_that_is_no_picture_is_called_what_it_is(project: Project, data: bytes, why: str, remedy: str) -> None:
    (project.root / "assets" / "still.png").write_bytes(data)
    (problem,) = read(project, first("assets/still.png")).problems
    assert problem.summary == "not a picture"
    assert why.casefold() in problem.why.casefold()
    assert remedy in problem.remedy


def _device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except OSError:
        pytest.skip("only root makes devices")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(path))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkfifo, "a pipe (FIFO)"),
        (Path.mkdir, "a folder"),
        (_device, "a device"),
        (_socket, "a socket"),
    ],
)
def test_what_stands_in_a_pictures_place_is_said(
    project: Project, make: Callable[[Path], None], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.root)  # a socket's path must be short
    make(project.root / "open.png")
    (problem,) = read(project, first("open.png")).problems
    assert problem.summary == "not a file"
    assert problem.why == f'shot "s0": "open.png" is {said}.'
    assert problem.remedy.startswith("Name ")


def test_a_picture_that_may_not_be_looked_at_is_not_suggested_for_itself(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.stat

    def refuse(path: Path, **how: Any) -> os.stat_result:
        if path.name == "open.png":
            raise PermissionError(13, "Permission denied")
        return real(path, **how)

    monkeypatch.setattr(Path, "stat", refuse)
    (problem,) = read(project, first("assets/open.png")).problems
    assert problem.summary == "file not readable"
    assert "Did you mean" not in problem.remedy


def test_a_missing_file_is_told_for_each_entry_that_names_it_and_once_for_a_matrix(project: Project) -> None:
    frames = first("assets/opne.png")
    shots = [shot(frames, 0), shot(frames, 0), shot(frames, 3)]
    found = read_inputs(shots, folder=project.root, project=project, cached_images={})
    assert [problem.path[1] for problem in found.problems] == [0, 3]


def test_a_link_inside_the_project_is_followed_and_one_that_leaves_is_refused(project: Project) -> None:
    (project.root / "in.png").symlink_to(project.root / "assets/open.png")
    outside = project.root.parent / "outside.png"
    outside.write_bytes((project.root / "assets/open.png").read_bytes())
    (project.root / "out.png").symlink_to(outside)
    (project.root / "gone.png").symlink_to(project.root / "nothing.png")
    (project.root / "ring.png").symlink_to(project.root / "ring.png")
    names = ("in.png", "out.png", "gone.png", "ring.png")
    found = read(project, *map(first, names))
    assert set(found.images) == {FileFrame(path="in.png")}
    assert [problem.path[1] for problem in found.problems] == [1, 2, 3]


def test_a_folder_link_that_leaves_is_refused_unless_it_is_allowed(project: Project) -> None:
    shared = project.root.parent / "shared"
    shared.mkdir()
    Image.new("RGB", (640, 360)).save(shared / "logo.png")
    (project.root / "brand").symlink_to(shared)
    assert [problem.summary for problem in read(project, first("brand/logo.png")).problems] == [
        "file outside the project"
    ]
    allowed = Project(root=project.root, allow_outside=(shared,))
    assert read(allowed, first("brand/logo.png")).problems == ()
    assert read(allowed, first("../shared/logo.png")).problems == ()
    near = project.root.parent / "shared-not"
    near.mkdir()
    assert read(allowed, first("../shared-not/logo.png")).problems[0].summary == "file outside the project"


def test_paths_begin_at_the_manifests_folder(project: Project) -> None:
    below = project.root / "manifests"
    below.mkdir()
    frames = first("../assets/open.png")
    found = read_inputs([shot(frames)], folder=below, project=project, cached_images={})
    assert (found.problems, len(found.images)) == ((), 1)


@pytest.mark.parametrize("data", [b"", b"words", b"\x89PNG\r\n\x1a\n", b"GIF89a" + b"\0" * 40])
def test_what_is_no_picture_is_told_without_its_whole_path(project: Project, data: bytes) -> None:
    (project.root / "words.png").write_bytes(data)
    (problem,) = read(project, first("words.png")).problems
    assert str(project.root) not in problem.summary + problem.why
    assert '"words.png"' in problem.why


def test_a_picture_over_the_gateways_limit_is_told_before_it_is_read(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_checks, "MAX_BYTES", 10)
    (problem,) = read(project, first("assets/open.png")).problems
    assert problem.summary == "picture too large"


def test_a_file_that_may_not_be_read_says_so(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("hailuo_batch.load.inputs.read_regular", refuse)
    (problem,) = read(project, first("assets/open.png")).problems
    assert problem.rule.id == "frame-file"
    assert "open.png" in problem.why


@pytest.mark.parametrize(
    "url",
    ["http://a.example/a.png", "ftp://a", "HTTPS://a.example", "https://", "https:///a.png", "https://a b", "x://"],
)
def test_only_an_https_address_is_one(project: Project, url: str) -> None:
    (problem,) = read(project, Frames(first=UrlFrame(url=url))).problems
    assert (problem.rule.id, problem.path) == ("frame-address", ("shots", 0, "frames", "first"))


def test_an_address_is_a_picture_when_its_bytes_are_pinned(project: Project) -> None:
    free, pinned = UrlFrame(url="https://a.example/a.png"), UrlFrame(url="https://a.example/a.png", sha256="ab" * 32)
    found = read(project, Frames(first=free, last=pinned))
    assert found.problems == ()
    assert found.images == {pinned: ImageRef(digest=f"sha256:{'ab' * 32}")}
    assert found.files == {}


def test_a_wrong_address_of_a_matrix_is_told_once(project: Project) -> None:
    shots = [shot(Frames(first=UrlFrame(url="http://a.example")), 0)] * 5
    assert len(read_inputs(shots, folder=project.root, project=project, cached_images={}).problems) == 1
