"""The manifest that a table is brought into, before that: one that is there, or an empty new one."""

import os
import re
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path

from hailuo_batch.app.planning.manifest_sources import read_sources
from hailuo_batch.app.planning.planned import ManifestError
from hailuo_batch.app.planning.validate import Draft, read_draft
from hailuo_batch.core.manifest.document import NO_SETTINGS, Manifest
from hailuo_batch.core.manifest.expand import expand
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.models import DEFAULT_MODEL
from hailuo_batch.core.problem import Problem, Severity
from hailuo_batch.core.sheet.shot_rows import ShotRow, make_shot_rows
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import FileChangedError, InputError, RefusedError, StoreError
from hailuo_batch.files.folder import write_beside
from hailuo_batch.load.environment import read_env_values
from hailuo_batch.load.manifest import read_manifest
from hailuo_batch.load.settings import make_folder
from hailuo_batch.load.sidecar import replace_source, source_digest
from hailuo_batch.values import dataclass

_MANIFESTS = Path("manifests")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SheetBase:
    """A manifest and its shots as rows. `own` has the place in its file of each entry that is written there."""

    target: Path
    name: str
    data: bytes
    manifest: Manifest
    rows: tuple[ShotRow, ...]
    own: Mapping[int, int]
    files: Mapping[int, str] = field(default_factory=dict)  # of the other entries
    draft: Draft | None = None  # None: a new manifest

    def read_again(self, data: bytes) -> tuple[Manifest | None, tuple[Shot, ...], tuple[Problem, ...]]:
        """What the manifest says with these bytes, and its errors."""
        if self.draft is None:
            manifest, problems = read_manifest(data, name=self.name)
        else:
            source = replace(self.draft.sources.main, data=data)
            manifest, problems, _ = read_sources(source, self.draft.project.root)
        shots, found = ((), ()) if manifest is None else expand(manifest, *read_env_values(manifest.env_names))
        return manifest, shots, tuple(each for each in (*problems, *found) if each.severity is Severity.ERROR)

    def write(self, data: bytes, *, force: bool) -> bool:
        """Keeps these bytes as the manifest; whether they are new."""
        if self.draft is not None:
            return self._update(data)
        make_folder(self.target.parent)
        if os.path.lexists(self.target) and not force:  # it came meanwhile
            raise RefusedError(f"{self.target} is there already", why="Nothing was written.")
        try:
            write_beside(self.target, data)
        except OSError as error:
            raise unwritable_error(self.target, error) from None
        return True

    def _update(self, data: bytes) -> bool:
        try:
            target = Path(os.path.realpath(self.target))
            return data != self.data and replace_source(target, data, source_digest(self.data))
        except FileChangedError as error:
            raise FileChangedError(error.summary, why=error.why, remedy="Run the same command again.") from None
        except OSError as error:
            raise unwritable_error(self.target, error) from None


def unwritable_error(path: Path, error: OSError) -> StoreError:
    """A file could not be written."""
    return StoreError(f"cannot write {path}", why=f"The system says: {error.strerror}.")


def read_base(path: Path) -> SheetBase:
    """A manifest that is there. Raises `ManifestError` when it has errors of its own."""
    draft = read_draft(path, world=World.SKETCH)
    if draft.has_errors or draft.manifest is None:
        raise ManifestError(draft.sources.locate_problems(draft.problems))
    main = draft.sources.main
    places = {entry.index: draft.sources.find_origin(("shots", entry.index)) for entry in draft.manifest.shots}
    return SheetBase(
        target=path,
        name=draft.name,
        data=main.data,
        manifest=draft.manifest,
        rows=make_shot_rows(draft.manifest, draft.shots),
        own={index: int(path[1]) for index, (source, path) in places.items() if source is main},
        files={index: source.name for index, (source, _) in places.items() if source is not main},
        draft=draft,
    )


def make_base(path: Path, *, out: Path | None, campaign: str, force: bool) -> SheetBase:
    """A new manifest for a table. Raises `RefusedError` where a file is in its place."""
    campaign = campaign or make_campaign_name(path.stem)
    target = out or (_MANIFESTS if _MANIFESTS.is_dir() else Path()) / f"{campaign}.yaml"
    if os.path.lexists(target) and not (force and out):
        words = command_line("import", str(path), "--into", str(target))
        raise RefusedError(
            f"{target} is there already", why="Nothing was written.", remedy=f"To update it:\n    {words}"
        )
    manifest = Manifest(
        campaign=campaign, model=DEFAULT_MODEL, providers=(), budget=None, variables={}, styles={},
        defaults=NO_SETTINGS, shots=(),
    )  # fmt: skip
    data = f"version: 1\ncampaign: {campaign}\n\nshots: []\n".encode()
    return SheetBase(target=target, name=target.as_posix(), data=data, manifest=manifest, rows=(), own={})


def make_campaign_name(stem: str) -> str:
    """The name of a file as a campaign's.

    >>> make_campaign_name("Spring Film (v2)")
    'spring-film-v2'
    """
    name = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:64].rstrip("-")
    if not name:
        why = "A campaign has lower-case letters, digits and dashes."
        raise InputError("which campaign?", why=why, remedy="Add --campaign NAME.")
    return name
