"""What changed in a manifest since it had nothing to do: a few shots, read without the others, or no answer.

The changed entries are read and checked by the same code as a whole manifest. What is said of the others is what was
finished, and holds beyond doubt: the same conditions as in `fast_path.py`. Where shots could depend on each other, or
anything is wrong with one, there is no answer, and the whole is read.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from hailuo_batch.app.planning.fast_path import read_finished_plan
from hailuo_batch.app.planning.validate import Validation, pause_python_gc, read_draft, validate_draft
from hailuo_batch.app.workspace.paths import review_path
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.manifest.document import NO_FRAMES, FileFrame
from hailuo_batch.core.manifest.expand import MAX_PROMPT_TEXT, MAX_SHOTS
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.world import World
from hailuo_batch.load.cache import FinishedManifest, manifest_key
from hailuo_batch.load.changed_shots import ChangedShots, find_changed_shots
from hailuo_batch.load.finished_copy import FinishedCopy, ManifestFacts, read_finished_copy
from hailuo_batch.load.manifest import find_secret
from hailuo_batch.load.project_files import DiskFiles
from hailuo_batch.load.project_root import find_project_root
from hailuo_batch.load.user_files import MAX_BYTES, read_user_file
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ManifestChange:
    """The changed shots as they were and as they are now, and what is known of the others.

    The shot of the last entry may be in both, although it did not change: see `ChangedShots`.
    """

    finished: FinishedManifest
    facts: ManifestFacts
    before: Validation
    now: Validation

    @property
    def other_takes(self) -> int:
        """How many takes the shots have that are in neither."""
        takes: int = self.finished.summary["takes"]
        return takes - sum(shot.takes for shot in self.before.shots)

    @property
    def shot_ids(self) -> set[str]:
        """The ids of all shots of the manifest as it is now."""
        others = set(self.facts.ids).difference(shot.id for shot in self.before.shots)
        return others.union(shot.id for shot in self.now.shots)

    @property
    def files(self) -> set[str]:
        """The real paths of all images and included files."""
        included = {stamp.real for stamp in self.finished.includes}
        return {*self.finished.images, *included, *self.now.inputs.cache_entries}


@dataclass(frozen=True, slots=True)
class _PartFiles(DiskFiles):
    """This disk, but a part of one file instead of the whole, and without its review, which is about other shots."""

    file: Path
    data: bytes

    def exists(self, path: Path) -> bool:
        """See `ProjectFiles`."""
        return path != review_path(self.file) and DiskFiles.exists(self, path)

    def read_user_file(self, path: Path, limit: int = MAX_BYTES) -> bytes:
        """See `ProjectFiles`."""
        return self.data if path == self.file else read_user_file(path, limit)


def find_manifest_change(file: Path, world: World, *, lint: bool = False) -> ManifestChange | None:
    """The changed shots; None where that is in doubt. `lint` also checks what no plan needs."""
    with pause_python_gc():
        found = _find_changed_entries(file, world)
        if found is None:
            return None
        finished, copy, entries = found
        before, now = (_validate_part(file, world, part.data, lint=lint) for part in (entries.before, entries.now))
    if before.errors or now.errors or now.external_problems or now.sources.stamps != finished.includes:
        return None
    if not _are_alone(before.shots, now.shots, copy.facts):
        return None
    return ManifestChange(finished=finished, facts=copy.facts, before=before, now=now)


def _find_changed_entries(file: Path, world: World) -> tuple[FinishedManifest, FinishedCopy, ChangedShots] | None:
    """The changed entries of a manifest that was finished, and is not in doubt."""
    if world is World.REHEARSAL:
        return None  # a rehearsal calls the mock, whose next answer is not cached
    workspace = Workspace(find_project_root(file.resolve().parent), world)
    copy = read_finished_copy(workspace.state_folder, manifest_key(file.resolve(), sketch=world is World.SKETCH))
    if copy is None:
        return None
    try:
        data = read_user_file(file)
    except OSError:
        return None  # the long way says what is wrong with it
    entries = find_changed_shots(copy.data, data, entries=copy.facts.entries)
    if entries is None or find_secret(data, file.name):
        return None
    finished = read_finished_plan(file, workspace, copy.data)
    return None if finished is None or finished.copy != copy.mark else (finished, copy, entries)


def _validate_part(file: Path, world: World, data: bytes, *, lint: bool) -> Validation:
    return validate_draft(read_draft(file, world=world, files=_PartFiles(file, data)), lint=lint)


def _are_alone(before: Sequence[Shot], now: Sequence[Shot], facts: ManifestFacts) -> bool:
    """Whether no shot that did not change has anything to do with one that did."""
    old, new = {shot.id for shot in before}, {shot.id for shot in now}
    if not all(map(_is_free, (*before, *now))) or not (old | new).isdisjoint((*facts.givers, *facts.judged)):
        return False
    if new - old and not _fold(new - old).isdisjoint(_fold(set(facts.ids) - old)):
        return False
    length = facts.text_length + sum(len(shot.prompt) for shot in now)
    return len(facts.ids) + len(now) <= MAX_SHOTS and length <= MAX_PROMPT_TEXT


def _fold(ids: Iterable[str]) -> set[str]:
    return {shot_id.casefold() for shot_id in ids}


def _is_free(shot: Shot) -> bool:
    """Whether it starts from no other shot and no address, and the edit has it as long as its clip."""
    frames = () if shot.frames is NO_FRAMES else (shot.frames.first, shot.frames.last)
    return shot.cut is None and all(isinstance(frame, FileFrame) for frame in frames if frame is not None)
