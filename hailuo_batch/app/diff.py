"""What changed in manifests between two revisions of git, or from one to the work tree. Needs no ledger and no key.

Revisions are read from git's objects: nothing is checked out, and nothing is written.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from hailuo_batch.app.diff_stills import StillOptions, Stills, StillSide
from hailuo_batch.app.planning.decisions import leave_out_omitted
from hailuo_batch.app.planning.manifest_files import MANIFESTS_FOLDER, is_own_file
from hailuo_batch.app.planning.planned import ManifestError
from hailuo_batch.app.planning.validate import Draft, pause_python_gc, read_draft
from hailuo_batch.core.manifest.document import Frame
from hailuo_batch.core.manifest.shot import ShotNeeds
from hailuo_batch.core.plan.shot_changes import ComparedShots, ListChanges, compare_shots, describe_shots
from hailuo_batch.core.plan.shot_stills import StillPair
from hailuo_batch.core.problem import Problem, name_shots
from hailuo_batch.core.providers.offers import Route, choose_route
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import InputError
from hailuo_batch.load.git_commands import Git
from hailuo_batch.load.git_folder import find_git_folder
from hailuo_batch.load.git_tree import GitTree, read_git_tree
from hailuo_batch.load.project_files import DISK, ProjectFiles
from hailuo_batch.load.revision_images import RevisionImages, read_revision_images
from hailuo_batch.values import dataclass

WORK_TREE = "work tree"
_ENDINGS = frozenset({".yaml", ".yml"})
_RANGE = re.compile(r"(?P<one>.*?)(?P<dots>\.{2,3})(?P<other>.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestDiff:
    """One manifest that changed; `was` is its name before, where git says that it was renamed.

    `stills` are by shot, where they are wanted.
    """

    name: str
    was: str = ""
    changes: ListChanges
    notes: tuple[str, ...] = ()
    stills: Mapping[str, tuple[StillPair, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionDiff:
    """All manifests that changed; `before` and `after` name the revisions."""

    before: str
    after: str
    manifests: tuple[ManifestDiff, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """The files of one revision; without a `commit` those of the work tree."""

    label: str
    commit: str
    files: ProjectFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """A manifest as one revision has it."""

    states: ComparedShots
    notes: tuple[str, ...] = ()
    has_problems: bool = False
    images: Mapping[Frame, Path] = field(default_factory=dict)
    root: Path | None = None
    campaign: str = ""


_ABSENT = _Reading(states={})


def diff(revisions: str = "", manifests: Sequence[Path] = (), stills: StillOptions | None = None) -> RevisionDiff:
    """What changed between `A..B`, from the merge base of `A...B`, from `A` to the work tree, or since the last commit.

    With `stills`, images are shown too, and nothing else is written.
    Without `manifests` those of `manifests/` that changed. Raises `ManifestError` where the newer state has problems.
    """
    here = Path(os.path.realpath(Path.cwd()))
    given = [Path(os.path.abspath(here / path)) for path in manifests]  # noqa: PTH100 - links are followed later
    top = _find_top(given[0].parent if given else here)
    git = Git(top)
    before, after = _find_sides(git, revisions)
    try:
        with pause_python_gc():
            drawn = Stills(stills, git.top) if stills is not None else None
            return _compare_sides(git, before, after, given, here / MANIFESTS_FOLDER, drawn)
    finally:
        for side in (before, after):
            if isinstance(side.files, GitTree):
                side.files.close()


def _find_top(folder: Path) -> Path:
    found = find_git_folder(Path(os.path.realpath(folder)))
    if found is None:
        why = f"{folder} is in no repository, and revisions are read from git."
        raise InputError("no git repository", why=why, remedy="Make one:\n    git init")
    return found.top


def _find_sides(git: Git, revisions: str) -> tuple[_Side, _Side]:
    """Both sides as `git diff` understands a range."""
    parts = _RANGE.fullmatch(revisions)
    if parts is None:
        return _read_side(git, revisions or "HEAD"), _Side(label=WORK_TREE, commit="", files=DISK)
    one, other = parts["one"] or "HEAD", parts["other"] or "HEAD"
    if parts["dots"] == "..":
        return _read_side(git, one), _read_side(git, other)
    base = git.find_merge_base(git.find_commit(one), git.find_commit(other))
    return _make_side(git, base, f"{one}...{other}"), _read_side(git, other)


def _read_side(git: Git, revision: str) -> _Side:
    return _make_side(git, git.find_commit(revision), revision)


def _make_side(git: Git, commit: str, name: str) -> _Side:
    label = commit[:7] if commit.startswith(name) else f"{name} ({commit[:7]})"
    return _Side(label=label, commit=commit, files=read_git_tree(git, commit))


def _compare_sides(
    git: Git, before: _Side, after: _Side, given: Sequence[Path], folder: Path, drawn: Stills | None
) -> RevisionDiff:
    renames = {git.top / new: git.top / old for new, old in git.find_renames(before.commit, after.commit).items()}
    pairs = [
        (_find_old_name(file, before, renames), file)
        for file in dict.fromkeys(_list_candidates(given or [folder], before.files, after.files))
    ]
    moved = {old for old, file in pairs if old != file}
    read = [
        (old, file, _read_manifest(old, before, is_newer=False), _read_manifest(file, after, is_newer=True))
        for old, file in pairs
        if file not in moved and (given or _is_manifest(old, before.files) or _is_manifest(file, after.files))
    ]
    known = {mark for _, _, past, _ in read for state in past.states.values() for mark in state.marks}
    found = []
    for old, file, past, now in read:
        changes = compare_shots(past.states, now.states, known)
        known |= {mark for state in now.states.values() for mark in state.marks}
        notes = tuple(dict.fromkeys((*past.notes, *now.notes)))
        if changes.changes or past.has_problems or old != file or given:
            was = _show(old, folder.parent) if old != file else ""
            stills: Mapping[str, tuple[StillPair, ...]] = {}
            if drawn is not None:
                sides = _still_side(old, before, past), _still_side(file, after, now)
                stills, more = drawn.list_pairs(changes.changes, *sides)
                notes += more
            name = _show(file, folder.parent)
            found.append(ManifestDiff(name=name, was=was, changes=changes, notes=notes, stills=stills))
    return RevisionDiff(before=before.label, after=after.label, manifests=tuple(found))


def _still_side(file: Path, side: _Side, read: _Reading) -> StillSide:
    return StillSide(
        manifest=file, commit=side.commit, files=side.files, states=read.states, images=read.images, root=read.root,
        campaign=read.campaign,
    )  # fmt: skip


def _show(file: Path, here: Path) -> str:
    return Path(os.path.relpath(file, here)).as_posix()


def _find_old_name(file: Path, before: _Side, renames: dict[Path, Path]) -> Path:
    return file if before.files.exists(file) else renames.get(file, file)


def _list_candidates(given: Sequence[Path], *sides: ProjectFiles) -> Iterator[Path]:
    """Files that are named, and those of folders in either state."""
    for path in given:
        folders = [files for files in sides if files.is_folder(path)]
        if not folders and not any(files.exists(path) for files in sides) and path.name != MANIFESTS_FOLDER.name:
            remedy = f"See which there are:\n    {command_line('validate')}"
            raise InputError(f"no such manifest: {path.name}", why="It is in neither revision.", remedy=remedy)
        if not folders:
            yield path
            continue
        names = {name for files in folders for name in files.list_names(path)}
        for name in sorted(names):
            if Path(name).suffix.lower() in _ENDINGS and not is_own_file(Path(name)):
                yield path / name


def _is_manifest(file: Path, files: ProjectFiles) -> bool:
    """Whether it has a campaign; what has none is only included."""
    try:
        return files.exists(file) and b"campaign" in files.read_user_file(file)
    except OSError:
        return False


def _read_manifest(file: Path, side: _Side, *, is_newer: bool) -> _Reading:
    if not side.files.exists(file):
        return _ABSENT
    draft = read_draft(file, world=World.REAL, files=side.files)
    if draft.has_errors and is_newer:
        raise ManifestError(_locate_problems(draft))
    if draft.manifest is None:
        return _Reading(states={}, notes=(_problem_note(draft, side.label),), has_problems=True)
    root = draft.project.root.resolve()
    folder = side.files.resolve(file).parent
    planned = leave_out_omitted(draft.shots, draft.review)
    images = read_revision_images(planned, folder=folder, root=root, files=side.files)
    states = describe_shots(planned, model=draft.model, images=images.images, routes=_choose_routes(draft))
    notes = tuple(_list_notes(draft, images, side.label))
    return _Reading(
        states=states, notes=notes, has_problems=draft.has_errors, images=images.files, root=root,
        campaign=draft.manifest.campaign,
    )  # fmt: skip


def _choose_routes(draft: Draft) -> dict[ShotNeeds, Route]:
    routes: dict[ShotNeeds, Route] = {}
    for shot in draft.shots:
        if shot.needs not in routes:
            routes[shot.needs] = choose_route(shot, draft.provider_lists[shot.providers])
    return routes


def _locate_problems(draft: Draft) -> tuple[Problem, ...]:
    if draft.manifest is None:
        return draft.problems
    entries = draft.manifest.shots
    return draft.sources.locate_problems(tuple(name_shots(draft.problems, lambda index: entries[index].id)))


def _list_notes(draft: Draft, images: RevisionImages, label: str) -> Iterator[str]:
    """What a reader has to know about one state before the figures are believed."""
    if draft.has_errors:
        yield _problem_note(draft, label)
    if draft.project.prices == () and any(each.path[:1] == ("prices",) for each in draft.project.warnings):
        yield f"{label}: prices of hailuo.yaml do not count there, since you trust another content of it."
    if images.missing:
        yield f"{label}: git does not have these images, so only their paths are compared: {_join(images.missing)}."
    if images.unpinned:
        yield f"{label}: images behind addresses without sha256 are compared by address: {_join(images.unpinned)}."


def _problem_note(draft: Draft, label: str) -> str:
    return f"{label}: {draft.name} had problems there, and is compared as far as it could be read."


def _join(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
