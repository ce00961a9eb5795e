"""Manifest file → shots, inputs and problems: the first half of every other use case. Writes nothing."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hailuo_batch.app.planning.decisions import apply_decisions, leave_out_omitted
from hailuo_batch.app.planning.manifest_sources import read_sources
from hailuo_batch.app.planning.provider_checks import check_providers
from hailuo_batch.app.planning.provider_lists import NO_PROVIDER_LISTS, ProviderLists, read_provider_lists
from hailuo_batch.app.workspace.clock import days_since
from hailuo_batch.app.workspace.paths import rehearsal_review_path, review_path
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core import rules
from hailuo_batch.core.manifest.camera_warnings import camera_warnings
from hailuo_batch.core.manifest.document import NO_FRAMES, Manifest
from hailuo_batch.core.manifest.expand import expand
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.models import NO_MODEL, SKETCH_MODEL, Model
from hailuo_batch.core.problem import Problem, Severity, name_shots
from hailuo_batch.core.providers.cut_lengths import buy_cuts, draw_cuts
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.core.world import World
from hailuo_batch.load.input_values import NO_INPUTS, Inputs
from hailuo_batch.load.manifest import MAX_PROBLEMS
from hailuo_batch.load.model_tables import read_model
from hailuo_batch.load.own_columns import find_secret_columns
from hailuo_batch.load.project_files import DISK, ProjectFiles
from hailuo_batch.load.settings import Project, read_file, read_project
from hailuo_batch.load.sources import Source, Sources
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from hailuo_batch.core.plan.review import Review
    from hailuo_batch.load.remote_frames import RemoteImages


# Which settings that do not count are named (None: all): a sketch has no price, and only a real run sends a key.
_WARNED_IN = {
    World.REAL: None,
    World.REHEARSAL: frozenset({"allow_outside", "prices"}),
    World.SKETCH: frozenset({"allow_outside"}),
}
_EXTERNAL_RULES = frozenset({rules.FRAME_WEB, rules.REVIEW_SHOT, rules.RIGHTS_EXPIRED, rules.UNTRUSTED})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Validation:
    """What a manifest says and what is wrong with it. `shots` is empty when an error stops it."""

    file: Path
    name: str  # the file as shown to people
    sources: Sources
    project: Project
    manifest: Manifest | None
    shots: tuple[Shot, ...]
    model: Model
    world: World
    provider_lists: ProviderLists
    inputs: Inputs
    problems: tuple[Problem, ...]
    review: "Review | None" = None  # what people decided about its shots, if anything
    every_shot: tuple[Shot, ...] = ()  # `shots`, and those that are left out, in the order of the manifest

    @property
    def sketch(self) -> bool:
        """Whether its takes are drawn on this machine."""
        return self.world is World.SKETCH

    @property
    def providers(self) -> tuple[Provider, ...]:
        """Everyone who may render some shot, the manifest's own first."""
        found = {each.name: each for providers in self.provider_lists.values() for each in providers}
        return tuple(found.values())

    @property
    def workspace(self) -> Workspace:
        """Where the project keeps what commands of this world make."""
        return Workspace(self.project.root, self.world)

    @property
    def shot_ids(self) -> tuple[str, ...]:
        """The ids of all its shots, those that are left out too."""
        return tuple(shot.id for shot in self.every_shot)

    @property
    def clip_review_file(self) -> Path:
        """Where decisions about clips of this world are; those about shots are beside the manifest."""
        is_rehearsal = self.world is World.REHEARSAL
        return rehearsal_review_path(self.file.resolve(), self.project.root) if is_rehearsal else review_path(self.file)

    @property
    def omitted(self) -> tuple[Shot, ...]:
        """The shots that are left out: they are not among `shots`."""
        omitted = frozenset() if self.review is None else self.review.omitted
        return tuple(shot for shot in self.every_shot if shot.id in omitted) if omitted else ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that stop everything."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    @property
    def campaign(self) -> str:
        """The campaign's name; only read when no problem stops the manifest."""
        return self.manifest.campaign if self.manifest is not None else ""

    @property
    def sequence_titles(self) -> dict[str, str]:
        """What people call the parts of the film, by id, in the order of the edit."""
        return {each.id: each.title for each in self.manifest.sequences} if self.manifest is not None else {}

    @property
    def external_problems(self) -> tuple[Problem, ...]:
        """What was said of other things than the manifest, which a plan says too.

        Images behind web addresses, which only a plan contacts; and decisions about shots that are not there, without
        which a shot that was renamed has fewer takes.
        """
        return tuple(problem for problem in self.problems if problem.rule in _EXTERNAL_RULES)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Draft:
    """A manifest's shots before their images are checked; `problems` are those found so far.

    The shots are there whatever is wrong with them, and omitted ones too.
    """

    file: Path
    name: str
    sources: Sources
    project: Project
    manifest: Manifest | None
    shots: tuple[Shot, ...]
    model: Model
    world: World
    provider_lists: ProviderLists
    problems: tuple[Problem, ...]
    review: "Review | None" = None

    @property
    def workspace(self) -> Workspace:
        """Where the project keeps what commands of this world make."""
        return Workspace(self.project.root, self.world)

    @property
    def has_errors(self) -> bool:
        """Whether there is a problem that is not about images."""
        return self.manifest is None or any(problem.severity is Severity.ERROR for problem in self.problems)


async def validate(file: Path | str, *, world: World = World.REAL, most: int = MAX_PROBLEMS) -> Validation:
    """Everything that is wrong with a manifest, with line and column, before anything is sent or written.

    A sketch has one take per shot and needs no provider. Of more problems than `most`, the last are counted.
    Raises `InputError` when the file cannot be read at all.

    >>> import asyncio, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "tiny.yaml"
    >>> _ = file.write_text("version: 1\\ncampaign: tiny\\nshots: [{id: a, prompt: a bottle in mist, duration: 8}]\\n")
    >>> [problem.why for problem in asyncio.run(validate(file)).problems]
    ['shot "a" asks for 8 s, but minimax renders only 6 s or 10 s.']
    >>> asyncio.run(validate(file, world=World.SKETCH)).problems
    ()
    """
    with pause_python_gc():
        return validate_draft(read_draft(Path(file), world=world, most=most), lint=True, most=most)


def validate_offline(file: Path, *, world: World) -> Validation:
    """What stops a plan, for callers that do not wait; web addresses are taken as they were last seen."""
    with pause_python_gc():
        return validate_draft(read_draft(file, world=world))


def read_draft(file: Path, *, world: World, most: int = MAX_PROBLEMS, files: ProjectFiles = DISK) -> Draft:
    """The shots of a manifest, and every problem that is not about images; read from this disk, or from elsewhere."""
    data, real = read_file(file, files), files.resolve(file)
    project = read_project(real.parent, files)
    name = project.display_path(real) if file.is_absolute() else file.as_posix()
    source = Source(file=real, name=name, data=data)
    manifest, problems, sources = read_sources(source, project.root, most=most, files=files)
    draft = Draft(
        file=file,
        name=name,
        sources=sources,
        project=project,
        manifest=manifest,
        shots=(),
        model=NO_MODEL,
        world=world,
        provider_lists=NO_PROVIDER_LISTS,
        problems=(*_list_settings_problems(project, world), *problems),
    )
    return draft if manifest is None else _expand_draft(draft, manifest, files)


def _list_settings_problems(project: Project, world: World) -> Iterator[Problem]:
    """What is wrong in the settings, and what of them does not count."""
    yield from project.problems
    mine = _WARNED_IN[world]
    yield from (each for each in project.warnings if mine is None or each.path[0] in mine)


def _expand_draft(draft: Draft, manifest: Manifest, files: ProjectFiles) -> Draft:
    project = draft.project
    model = read_model(SKETCH_MODEL if draft.world is World.SKETCH else manifest.model)
    shots, problems = _expand_here(manifest)
    # A shot with a problem of its own is not among the shots, and is still not unknown.
    ids = [*(shot.id for shot in shots), *(entry.id for entry in manifest.shots)]
    review, shots, wrong_reviews = apply_decisions(
        draft.file, draft.name, shots, ids, world=draft.world, root=project.root, files=files
    )
    if draft.world is World.SKETCH:
        shots = tuple(shot if shot.takes == 1 else replace(shot, takes=1) for shot in shots)
    lists, wrong = read_provider_lists(manifest, project, model)
    lengths = draw_cuts(shots) if model.is_local else buy_cuts(shots, model, lambda shot: lists[shot.providers])
    shots = lengths.shots
    found = [*draft.problems, *wrong_reviews, *problems, *wrong, *lengths.problems, *find_secret_columns(manifest)]
    if any(shot.frames is not NO_FRAMES for shot in shots):
        from hailuo_batch.core.manifest.image_rights import rights_problems

        found += rights_problems(shots, days_since)
    if model.has_camera_commands:
        found += camera_warnings(shots)
    if draft.world is not World.SKETCH:
        found += dict.fromkeys(check_providers(lengths.sellable, lists, model, project))
    return replace(draft, shots=shots, model=model, provider_lists=lists, problems=tuple(found), review=review)


def _expand_here(manifest: Manifest) -> tuple[tuple[Shot, ...], tuple[Problem, ...]]:
    """The manifest's shots, with what the environment of this process has for them."""
    if not manifest.env_names:
        return expand(manifest)
    from hailuo_batch.load.environment import read_env_values

    return expand(manifest, *read_env_values(manifest.env_names))


def make_remote_images(draft: Draft) -> "RemoteImages":
    """What is known of web addresses without a download."""
    from hailuo_batch.load.cache import read_cached_remote_images
    from hailuo_batch.load.remote_frames import RemoteImages

    workspace = draft.workspace
    return RemoteImages(known=read_cached_remote_images(workspace.shared_folder), folder=workspace.images_folder)


def validate_draft(
    draft: Draft, remote_images: "RemoteImages | None" = None, *, lint: bool = False, most: int = MAX_PROBLEMS
) -> Validation:
    """The draft with its images, and their problems; without `remote_images`, addresses as they were last seen.

    `lint` adds warnings that no plan needs, and leaves out what the project ignores.
    """
    if draft.manifest is None:
        return _make_validation(draft, NO_INPUTS, _leave_out_ignored(draft, draft.problems) if lint else draft.problems)
    inputs = NO_INPUTS
    if any(shot.frames is not NO_FRAMES for shot in draft.shots):
        from hailuo_batch.load.cache import read_cached_inputs
        from hailuo_batch.load.inputs import read_inputs

        inputs = read_inputs(
            draft.shots,
            folder=draft.file.resolve().parent,
            project=draft.project,
            cached_images=read_cached_inputs(draft.workspace.shared_folder),
            remote_images=remote_images or make_remote_images(draft),
            for_gateways=not draft.model.is_local,
        )
    entries = draft.manifest.shots
    said = (*draft.problems, *inputs.problems)
    if lint:
        from hailuo_batch.app.planning.lint import find_lint

        said = _leave_out_ignored(draft, (*said, *find_lint(draft, inputs)))
    found = tuple(name_shots(said, lambda index: entries[index].id))
    return _make_validation(draft, inputs, draft.sources.locate_problems(found, most=most) if found else ())


def _leave_out_ignored(draft: Draft, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """The problems without warnings that the project ignores; an error is never left out."""
    ignored = draft.project.ignored_rules
    return tuple(each for each in problems if each.severity is Severity.ERROR or each.rule.id not in ignored)


def _make_validation(draft: Draft, inputs: Inputs, problems: tuple[Problem, ...]) -> Validation:
    errors = (problem.rule for problem in problems if problem.severity is Severity.ERROR)
    # Which shots there are is known although one starts from an omitted shot: a decision mends that.
    stopped = any(rule != rules.FRAME_OMITTED for rule in errors)
    return Validation(
        file=draft.file,
        name=draft.name,
        sources=draft.sources,
        project=draft.project,
        manifest=draft.manifest,
        shots=() if stopped else leave_out_omitted(draft.shots, draft.review),
        model=draft.model,
        world=draft.world,
        provider_lists=draft.provider_lists,
        inputs=inputs,
        problems=problems,
        review=draft.review,
        every_shot=() if stopped else draft.shots,
    )


@contextmanager
def pause_python_gc() -> Iterator[None]:
    """No search for garbage inside the block: building 100,000 shots makes none, and searching takes twice as long."""
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()
