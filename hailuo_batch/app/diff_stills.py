"""The stills of a comparison, for the comment of a pull request: small files in a folder, or the originals in git.

A comment holds no data, only addresses. Stills in a folder are new JPEGs without metadata, named after what they were
drawn from: an edited image behind the same name is another still, and an older comment keeps its own.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from hailuo_batch.app.workspace.paths import lock_path
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.manifest.document import FileFrame, Frame
from hailuo_batch.core.plan.render_names import poster_name
from hailuo_batch.core.plan.shot_changes import ComparedShots, ShotChange
from hailuo_batch.core.plan.shot_stills import CLIP, StillPair, has_other_clip, list_frame_pairs
from hailuo_batch.errors import HailuoError, InputError
from hailuo_batch.files.folder import Folder
from hailuo_batch.files.regular import UnsafeFileError
from hailuo_batch.load.lockfile import read_lock
from hailuo_batch.load.project_files import DISK, ProjectFiles
from hailuo_batch.values import dataclass

MAX_DRAWN, MAX_LINKED = 200, 40  # stills of one comparison; originals are large
_MAX_BYTES = 64 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class StillOptions:
    """Where stills are: drawn into `folder`, which is found at `base`; without a folder, `base`/COMMIT/PATH."""

    folder: Path | None = None
    base: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StillSide:
    """A manifest in one of the two states, and where its images are; without a `commit`, in the work tree."""

    manifest: Path
    commit: str = ""
    files: ProjectFiles = DISK
    states: ComparedShots = field(default_factory=dict)
    images: Mapping[Frame, Path] = field(default_factory=dict)
    root: Path | None = None
    campaign: str = ""


class Stills:
    """The stills of one comparison; each file is drawn once."""

    def __init__(self, options: StillOptions, top: Path) -> None:
        self._options, self._top = options, top
        self._left = MAX_LINKED if options.folder is None else MAX_DRAWN
        self._drawn: dict[str, str] = {}  # name → address
        self._undrawn: list[str] = []
        self._folder = _make_folder(options.folder, top) if options.folder is not None else None

    def list_pairs(
        self, changes: Iterable[ShotChange], before: StillSide, after: StillSide
    ) -> tuple[dict[str, tuple[StillPair, ...]], tuple[str, ...]]:
        """Stills by shot, and notes about those that are not shown."""
        clips = [self._read_clips(side) for side in (before, after)]
        found = {}
        self._undrawn, is_cut = [], False
        for change in changes:
            if self._left <= 0:
                is_cut = True
                break
            pairs = (*self._pair_frames(change, before, after), *self._pair_clips(change, before, after, *clips))
            if pairs:
                found[change.shot] = pairs
        return found, tuple(self._list_notes(is_cut=is_cut))

    def _pair_frames(self, change: ShotChange, before: StillSide, after: StillSide) -> Iterator[StillPair]:
        for part, old, new in list_frame_pairs(change, before.states, after.states):
            one, other = self._address_of_frame(old, before), self._address_of_frame(new, after)
            if one or other:
                yield StillPair(part=part, before=one, after=other)

    def _pair_clips(
        self, change: ShotChange, before: StillSide, after: StillSide, old: Mapping[str, str], new: Mapping[str, str]
    ) -> Iterator[StillPair]:
        if not has_other_clip(change):
            return
        digests = old.get(change.was or change.shot, ""), new.get(change.shot, "")
        one = self._address_of_poster(digests[0], before)
        other = self._address_of_poster(digests[1], after) if digests[1] != digests[0] else ""
        if one or other:
            yield StillPair(part=CLIP, before=one, after=other)

    def _address_of_frame(self, frame: FileFrame | None, side: StillSide) -> str:
        path = None if frame is None else side.images.get(frame)
        if path is None:
            return ""
        if self._options.folder is None:
            return self._link_original(path, side)
        try:
            return self._draw(side.files.read_regular(path, _MAX_BYTES), path)
        except (InputError, OSError):
            self._undrawn.append(_show(path, self._top))
            return ""

    def _address_of_poster(self, digest: str, side: StillSide) -> str:
        """Posters are written by `report`, on this machine."""
        if not digest or side.root is None:
            return ""
        path = Workspace(side.root).renders_folder / poster_name(digest)
        try:
            return self._draw(DISK.read_user_file(path, _MAX_BYTES), path)
        except (InputError, OSError):
            return ""

    def _link_original(self, path: Path, side: StillSide) -> str:
        if not side.commit:
            return ""
        self._left -= 1
        return f"{self._options.base}/{side.commit}/{_quote(_show(path, self._top))}"

    def _draw(self, data: bytes, path: Path) -> str:
        from hailuo_batch.media.images import draw_still

        name = f"{sha256(data).hexdigest()[:16]}.jpg"
        if self._folder is not None and name not in self._drawn:
            still = draw_still(path, data)
            with _plain_errors(self._folder.path), self._folder.open() as opened:
                opened.replace_content(name, still)
            base = self._options.base or _quote(_show(self._folder.path, Path.cwd()))
            self._drawn[name] = f"{base}/{name}"
            self._left -= 1
        return self._drawn[name]

    def _read_clips(self, side: StillSide) -> dict[str, str]:
        """The digest of each shot's first clip by the lock; of a lock that cannot be read, none."""
        if self._options.folder is None or side.root is None:
            return {}
        try:
            lock = read_lock(lock_path(side.manifest), campaign=side.campaign, files=side.files)
        except HailuoError:
            return {}
        return {shot: each.takes[min(each.takes)].digest for shot, each in lock.shots.items() if each.takes}

    def _list_notes(self, *, is_cut: bool) -> Iterator[str]:
        if self._undrawn:
            more = f" and {len(self._undrawn) - 3:,} more" if len(self._undrawn) > 3 else ""
            yield f"These images could not be drawn as stills: {', '.join(self._undrawn[:3])}{more}."
        if is_cut:
            yield "Not all stills are shown, as there are too many."


def _show(path: Path, here: Path) -> str:
    return Path(os.path.relpath(path, here)).as_posix()


def _quote(path: str) -> str:
    """A path as a part of an address; names need not be UTF-8, and their bytes stay what they are."""
    return quote(os.fsencode(path))


def _make_folder(path: Path, top: Path) -> Folder:
    """The folder, made where it is missing. Inside the repository no link is followed: it may have shipped one."""
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - Path.absolute keeps `..`, behind which a link may lead elsewhere
    folder = Folder(whole, top if whole.is_relative_to(top) else whole.parent)
    with _plain_errors(whole), folder.open(make=True):
        return folder


@contextmanager
def _plain_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except UnsafeFileError as error:
        raise _unwritable_error(folder, f"{error.path.name} {error.reason}.") from None
    except OSError as error:
        raise _unwritable_error(folder, f"The system says: {error.strerror}.") from None


def _unwritable_error(folder: Path, why: str) -> InputError:
    return InputError(f"cannot write stills into {folder}", why=why, remedy="Name another folder.")
