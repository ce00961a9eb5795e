"""The images of shots by content, wherever the files are read from: on this disk, or in a revision of git.

Nothing is checked here: `validate` says what is wrong with an image. A file that is kept with Git LFS counts by the
digest in its pointer, so it need not be fetched.
"""

import re
from collections.abc import Iterable
from dataclasses import field
from hashlib import sha256
from pathlib import Path

from hailuo_batch.core.manifest.document import NO_FRAMES, FileFrame, Frame, UrlFrame
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.request.request import ImageRef
from hailuo_batch.load.project_files import ProjectFiles
from hailuo_batch.load.user_files import is_network_path
from hailuo_batch.values import dataclass

_MAX_BYTES = 1024**3
_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*?oid (sha256:[0-9a-f]{64})\n")
_MAX_POINTER = 1024  # bytes, by the LFS specification


@dataclass(slots=True, kw_only=True)
class RevisionImages:
    """What was found; `missing` are paths of files that are not there, `unpinned` are addresses without a digest."""

    images: dict[Frame, ImageRef] = field(default_factory=dict)
    files: dict[Frame, Path] = field(default_factory=dict)  # where each file is that is there
    missing: list[str] = field(default_factory=list)
    unpinned: list[str] = field(default_factory=list)


def read_revision_images(shots: Iterable[Shot], *, folder: Path, root: Path, files: ProjectFiles) -> RevisionImages:
    """The frames of all shots; `folder` is the manifest's. No file outside of the project is read."""
    found = RevisionImages()
    for shot in shots:
        if shot.frames is NO_FRAMES:
            continue
        for end in (shot.frames.first, shot.frames.last):
            if isinstance(end, FileFrame | UrlFrame) and end not in found.images:
                found.images[end] = _read_frame(end, folder, root, files, found)
    return found


def _read_frame(
    end: FileFrame | UrlFrame, folder: Path, root: Path, files: ProjectFiles, found: RevisionImages
) -> ImageRef:
    if isinstance(end, UrlFrame):
        if end.sha256 is None:
            found.unpinned.append(end.url)
        return ImageRef(digest=f"sha256:{end.sha256}" if end.sha256 else f"address {end.url}")
    try:
        path = _find_file(end, folder, root, files)
        digest = _read_digest(path, files)
    except (OSError, ValueError):
        found.missing.append(end.path)
        return ImageRef(digest=f"not here: {end.path}")
    found.files[end] = path
    return ImageRef(digest=digest)


def _find_file(end: FileFrame, folder: Path, root: Path, files: ProjectFiles) -> Path:
    if is_network_path(end.path):
        raise FileNotFoundError(end.path)
    path = files.resolve(folder / end.folder / end.path)
    if not path.is_relative_to(root):
        raise FileNotFoundError(end.path)
    return path


def _read_digest(path: Path, files: ProjectFiles) -> str:
    data = files.read_regular(path, _MAX_BYTES)
    pointer = _POINTER.match(data) if len(data) <= _MAX_POINTER else None
    return pointer[1].decode() if pointer else f"sha256:{sha256(data).hexdigest()}"
