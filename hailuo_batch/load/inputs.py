"""Pictures that shots name → digests of their bytes, and what is wrong with them.

A digest is remembered by path, size, time of change and inode, so that a picture that did not change is not read again.
The time is the later of what was written and what was done to the file: tools that copy set back only the former. The
memory is only a shortcut: any doubt, and the file is read. What is behind web addresses stands in `remote_frames.py`.
"""

import os
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from hashlib import sha256
from pathlib import Path, PureWindowsPath

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import NO_FRAMES, FileFrame, Frame, UrlFrame
from hailuo_batch.core.manifest.interpolate import quote_text
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.problem import Problem, Rule, Suggestions
from hailuo_batch.core.providers.image_limits import Size
from hailuo_batch.core.providers.image_traits import PERSONAL_TRAITS
from hailuo_batch.core.request.request import ImageRef
from hailuo_batch.errors import InputError
from hailuo_batch.files.regular import file_kind, read_regular
from hailuo_batch.load.file_stamp import CachedImage, Stamp, is_unchanged, read_stamp
from hailuo_batch.load.image_checks import (
    describe_misleading_name,
    describe_shape_mismatch,
    describe_traits,
    refuse_large_image,
    refuse_unfit_image,
)
from hailuo_batch.load.input_values import Inputs
from hailuo_batch.load.remote_frames import RemoteImages, check_remote_frame, find_remote_image, is_gone
from hailuo_batch.load.settings import Project, trust_command
from hailuo_batch.load.user_files import is_network_path
from hailuo_batch.values import dataclass

_MAX_BYTES = 1024**3  # of a picture that is only drawn; gateways take much less


def read_inputs(
    shots: Iterable[Shot],
    *,
    folder: Path,
    project: Project,
    cached_images: Mapping[str, CachedImage],
    remote_images: RemoteImages | None = None,
    for_gateways: bool = True,
) -> Inputs:
    """The frames of all shots; each file is read once, however many shots name it.

    A picture that is not `for_gateways` is drawn here, and need only be readable.
    """
    reading = _FrameReader(
        folder=folder,
        project=project,
        real_root=project.root.resolve(),
        cached_images=cached_images,
        remote_images=remote_images or RemoteImages(),
        for_gateways=for_gateways,
    )
    for shot in shots:
        if shot.frames is not NO_FRAMES:
            reading.read_shot(shot)
    return Inputs(
        images=reading.images,
        files=reading.files,
        cache_entries={str(path): memory for path, memory in reading.cache_entries.values()},
        problems=tuple(reading.problems),
        addresses=reading.addresses,
        is_stable=reading.is_stable,
    )


class _NearNames:
    """The names in folders, each listed once, however many files are missing there."""

    def __init__(self) -> None:
        self.suggestions = Suggestions()
        self._listings: dict[Path, list[str]] = {}
        self._stems: dict[Path, dict[str, str]] = {}

    def list_names(self, folder: Path) -> list[str]:
        """The names in a folder; none where it cannot be read."""
        if folder not in self._listings:
            try:
                self._listings[folder] = os.listdir(folder)  # noqa: PTH208 - the names are all that is wanted
            except OSError:
                self._listings[folder] = []
        return self._listings[folder]

    def find_same_stem(self, path: Path) -> str:
        """A name beside a file that differs only in its ending; "" where there is none."""
        if path.parent not in self._stems:
            names = sorted(self.list_names(path.parent), reverse=True)
            self._stems[path.parent] = {Path(name).stem: name for name in names}
        return self._stems[path.parent].get(path.stem, "")


@dataclass(slots=True, kw_only=True)
class _FrameReader:
    """What was found so far."""

    folder: Path
    project: Project
    real_root: Path
    cached_images: Mapping[str, CachedImage]
    remote_images: RemoteImages
    for_gateways: bool
    images: dict[Frame, ImageRef] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    sizes: dict[Frame, Size] = field(default_factory=dict)
    is_stable: bool = True
    cache_entries: dict[Frame, tuple[Path, CachedImage]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    reported: set[object] = field(default_factory=set)
    near: _NearNames = field(default_factory=_NearNames)

    def read_shot(self, shot: Shot) -> None:
        """Checks a shot's frames; a problem is reported once for each entry that has it."""
        for end, frame in (("first", shot.frames.first), ("last", shot.frames.last)):
            if frame is None or frame in self.images or (frame, shot.index) in self.reported:
                continue
            if isinstance(frame, UrlFrame):
                self.reported.add((frame, shot.index))
                self._read_url_frame(frame, shot, end)
            elif isinstance(frame, FileFrame):
                try:
                    self._read_file_frame(frame, shot, end)
                except InputError as error:
                    self.reported.add((frame, shot.index))
                    self.problems.append(_frame_problem(error, shot, end))
        self._compare_shapes(shot)

    def _read_file_frame(self, frame: FileFrame, shot: Shot, end: str) -> None:
        path = _resolve_frame_path(frame, self.folder, self.project, self.real_root)
        cached = self.cached_images.get(str(path))
        memory = _read_image(path, frame.path, cached, self.near, for_gateways=self.for_gateways)
        if self.for_gateways:
            refuse_unfit_image(path.name, length=memory.stamp[0], size=memory.size)
            if said := describe_misleading_name(path.name, memory.kind):
                self.problems.append(_frame_warning(said, rules.FRAME_NAME, shot, end))
            traits = set(memory.traits) - (PERSONAL_TRAITS if self.project.strip_metadata else set())
            for rule, why in describe_traits(path.name, traits):
                self.problems.append(_frame_warning(why, rule, shot, end))
        self.cache_entries[frame] = (path, memory)
        self.images[frame] = ImageRef(digest=memory.digest)
        self.sizes[frame] = memory.size
        self.files[memory.digest] = path

    def _read_url_frame(self, frame: UrlFrame, shot: Shot, end: str) -> None:
        place = ("shots", shot.index, "frames", end)
        for said in check_remote_frame(frame, self.remote_images, for_gateways=self.for_gateways):
            self.problems.append(replace(said, why=f'shot "{shot.id}": {said.why}', path=place, shot=shot.id))
        self.is_stable = self.is_stable and frame.sha256 is not None
        found = find_remote_image(frame, self.remote_images, for_gateways=self.for_gateways)
        if found is None:
            return
        self.images[frame] = ImageRef(digest=found.digest)
        if found.size is not None:
            self.sizes[frame] = found.size
        if found.file is not None:
            self.files.setdefault(found.digest, found.file)
        if not is_gone(frame, self.remote_images):
            self.addresses.setdefault(found.digest, frame.url)

    def _compare_shapes(self, shot: Shot) -> None:
        """A last frame of another shape is cropped to the first one's."""
        first, last = shot.frames.first, shot.frames.last
        if not self.for_gateways or first not in self.sizes or last not in self.sizes or (first, last) in self.reported:
            return
        self.reported.add((first, last))
        by_address = isinstance(last, UrlFrame) and not is_gone(last, self.remote_images)
        if said := describe_shape_mismatch(self.sizes[first], self.sizes[last], by_address=by_address):
            self.problems.append(_frame_warning(said, rules.FRAME_SHAPES, shot, "last"))


def _frame_warning(said: str, rule: Rule, shot: Shot, end: str) -> Problem:
    path = ("shots", shot.index, "frames", end)
    return Problem(rule=rule, why=f'shot "{shot.id}": {said}', remedy=rule.remedy, path=path, shot=shot.id)


def _read_image(
    path: Path, written: str, cached: CachedImage | None, near: _NearNames, *, for_gateways: bool
) -> CachedImage:
    stamp = read_stamp(path)
    if cached is not None and is_unchanged(cached, stamp):
        return cached
    if stamp is None or not path.is_file():
        raise _missing_file_error(path, written, near)
    if for_gateways:
        refuse_large_image(path.name, stamp[0])  # before it is read
    return _read_uncached_image(path, stamp)


def _read_uncached_image(path: Path, stamp: Stamp) -> CachedImage:
    from hailuo_batch.media.images import read_image_facts

    at = time.time_ns()
    try:
        data = read_regular(path, _MAX_BYTES)
        facts = read_image_facts(path, data)  # raises when it is no picture
        digest = f"sha256:{sha256(data).hexdigest()}"
        return CachedImage(
            stamp=stamp, digest=digest, cached_at=at, kind=facts.kind, size=(facts.width, facts.height),
            traits=facts.traits,
        )  # fmt: skip
    except InputError as error:
        why = f"{quote_text(path.name)}: {error.why[:1].lower()}{error.why[1:]}"
        raise InputError(error.summary.partition(f": {path}")[0], why=why, remedy=error.remedy) from None
    except OSError as error:
        raise InputError("file not readable", why=f"{path.name} cannot be read: {error.strerror}.") from None


def _missing_file_error(path: Path, written: str, near: _NearNames) -> InputError:
    if remedy := _written_remedy(written):
        return InputError("file not found", why=f"there is no file {quote_text(written)}.", remedy=remedy)
    folder = f"{path.parent.name or path.parent}/"
    if not _is_folder(path.parent):
        nearest = near.suggestions.suggest(path.parent.name, near.list_names(path.parent.parent))
        why = f"there is no folder {quote_text(folder)}."
        return InputError("file not found", why=why, remedy=nearest or "Check the path.")
    if kind := _file_kind(path):
        remedy = "Name a picture in it." if kind == "a folder" else "Name the file of a picture."
        return InputError("not a file", why=f"{quote_text(path.name)} is {kind}.", remedy=remedy)
    names = near.list_names(path.parent)
    if path.name in names:
        remedy = f"Check who may read {quote_text(folder)}."
        return InputError("file not readable", why=f"{quote_text(path.name)} cannot be read.", remedy=remedy)
    same_stem = near.find_same_stem(path)
    found = f'Did you mean "{same_stem}"?' if same_stem else near.suggestions.suggest(path.name, names)
    remedy = found or "Paths begin at the folder of the file that names it."
    return InputError(
        "file not found", why=f"there is no file {quote_text(path.name)} in {quote_text(folder)}.", remedy=remedy
    )


def _written_remedy(written: str) -> str:
    """What is wrong with a path as it is written: it is one of Windows, or has blanks around it."""
    if re.match(r"[A-Za-z]:[\\/]|\\\\", written):  # a drive, or a share
        return "It is a path of Windows. Copy the file into the project, and write its path from the manifest's folder."
    if "\\" in written:
        return f"Write {written.replace(chr(92), '/')} with slashes, which every system reads."
    if written != written.strip():
        return f"Write {written.strip()} without the blanks around it."
    return ""


def _resolve_frame_path(frame: FileFrame, folder: Path, project: Project, real_root: Path) -> Path:
    """The file's real path; one that leaves the project, by `..` or by a link, is refused unless it is allowed."""
    if frame.path.startswith("data:"):
        why = "a picture written out as data is not read here."
        raise InputError("address not usable", why=why, remedy="Save it as a file and name that.")
    if is_network_path(frame.path) and not _is_allowed_share(frame.path, project):
        why = f"{quote_text(frame.path)} is a path of a network, which is not opened."
        remedy = "Copy the file into the project, and write its path from the manifest's folder."
        raise InputError("file outside the project", why=why, remedy=remedy)
    path = _resolve_path(folder / frame.folder / frame.path)
    if path is None:
        why = f"no file can be found under {quote_text(frame.path)}."
        raise InputError("file name not usable", why=why, remedy="Write the path of a picture.")
    allowed = (real_root, *project.allow_outside)
    if not any(path.is_relative_to(place) for place in allowed):
        why = f"{quote_text(frame.path)} leads out of the project, to {path}."
        remedy = "Copy it into the project, or allow its folder under allow_outside in hailuo.yaml."
        if not project.is_trusted and any(path.is_relative_to(place) for place in project.stakes.outside):
            remedy = f"Its folder counts only when you trust the project: `{trust_command(project.root)}`"
        raise InputError("file outside the project", why=why, remedy=remedy)
    return path


def _is_allowed_share(written: str, project: Project) -> bool:
    """Whether a path of a network is below one that the settings allow and the user trusts."""
    path = PureWindowsPath(written)
    return ".." not in path.parts and any(path.is_relative_to(PureWindowsPath(each)) for each in project.allow_outside)


def _resolve_path(path: Path) -> Path | None:
    """The real path; None for a name that no file can have, and for a link that leads to itself."""
    try:
        found = path.resolve()
    except (OSError, ValueError, RuntimeError):
        return None
    # From Python 3.13 on, a link that leads to itself comes back as it is.
    return None if os.path.islink(found) else found  # noqa: PTH114 - Path.is_symlink raises where this says no


def _is_folder(path: Path) -> bool:
    return _file_kind(path) == "a folder"


def _file_kind(path: Path) -> str:
    """What stands there in the place of a file; nothing when there is none."""
    try:
        return file_kind(path.stat())
    except (OSError, ValueError):  # also a name that is too long for the file system
        return ""


def _frame_problem(error: InputError, shot: Shot, end: str) -> Problem:
    return Problem(
        rule=rules.FRAME_FILE.case(error.summary),
        why=f'shot "{shot.id}": {error.why}',
        remedy=error.remedy,
        path=("shots", shot.index, "frames", end),
        shot=shot.id,
    )
