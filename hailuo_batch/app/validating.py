"""Manifest file → shots, inputs and problems: the first half of every other use case. Writes nothing."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from hailuo_batch.app.places import hidden_folder
from hailuo_batch.core.advice import advice
from hailuo_batch.core.capability import Provider, shortcomings
from hailuo_batch.core.expand import cautions, expand
from hailuo_batch.core.manifest import Frame, Manifest, UrlFrame
from hailuo_batch.core.problem import Problem, Severity
from hailuo_batch.core.request import ANIMATIC, Input
from hailuo_batch.core.shot import Shot
from hailuo_batch.load.inputs import Inputs, read_inputs
from hailuo_batch.load.manifest import placed, read_manifest
from hailuo_batch.load.memory import recall_inputs
from hailuo_batch.load.project import Project, read_file, read_project
from hailuo_batch.load.tables import provider_names, read_provider, read_providers


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Validation:
    """What a manifest says and what is wrong with it. `shots` is empty when an error stops it."""

    file: Path
    name: str  # the file as shown to people
    data: bytes
    project: Project
    manifest: Manifest | None
    shots: tuple[Shot, ...]
    model: str
    sketch: bool
    providers: tuple[Provider, ...]
    inputs: Inputs
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that stop everything."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    @property
    def campaign(self) -> str:
        """The campaign's name; only asked for when nothing stops the manifest."""
        return self.manifest.campaign if self.manifest is not None else ""


_NO_INPUTS = Inputs(pictures={}, files={}, remembered={}, problems=())


async def validate(file: Path | str, *, sketch: bool = False) -> Validation:
    """Everything that is wrong with a manifest, with line and column, before anything is sent or written.

    With `sketch` the shots are those of a sketch: drawn on this machine, one take a shot, no provider needed. Raises
    `InputError` when the file cannot be read at all.

    >>> import asyncio, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "tiny.yaml"
    >>> _ = file.write_text("version: 1\\ncampaign: tiny\\nshots: [{id: a, prompt: a bottle in mist, duration: 8}]\\n")
    >>> [problem.why for problem in asyncio.run(validate(file)).problems]
    ['shot "a" asks 8 s; minimax makes 6 s or 10 s.']
    >>> asyncio.run(validate(file, sketch=True)).problems
    ()
    """
    return read(Path(file), sketch=sketch)


def read(file: Path, *, sketch: bool) -> Validation:
    """What `validate` does, for callers that do not wait."""
    data = read_file(file)
    project = read_project(file.resolve().parent)
    name = project.shown(file.resolve()) if file.is_absolute() else file.as_posix()
    with collector_paused():
        manifest, problems = read_manifest(data, name=name)
        if manifest is None:
            return _stopped(file, name, data, project, problems, sketch=sketch)
        return _meant(file, name, data, project, manifest, problems, sketch=sketch)


def _meant(
    file: Path,
    name: str,
    data: bytes,
    project: Project,
    manifest: Manifest,
    said: tuple[Problem, ...],
    *,
    sketch: bool,
) -> Validation:
    model = ANIMATIC if sketch else manifest.model
    shots, problems = expand(manifest)
    if sketch:
        shots = tuple(shot if shot.takes == 1 else replace(shot, takes=1) for shot in shots)
    names = manifest.providers or project.providers
    providers, unknown = read_providers(names, model, tables=project.tables, regions=project.regions)
    # A gateway of the project whose table is wrong is not unknown: its table is told about.
    unknown = tuple(problem for problem in unknown if names[int(problem.path[1])] not in project.unusable)
    inputs = read_inputs(
        shots,
        folder=file.resolve().parent,
        project=project,
        remembered=recall_inputs(hidden_folder(project.root)),
        for_gateways=model != ANIMATIC,
    )
    found = [*said, *project.problems, *problems, *unknown, *inputs.problems, *cautions(shots)]
    if providers and not sketch:
        found += shortcomings(shots, providers, _Known(model, project))
        found += advice(manifest, shots, providers)
    if model == ANIMATIC:
        inputs = replace(inputs, pictures={**_addresses(shots), **inputs.pictures})
    stopped = any(problem.severity is Severity.ERROR for problem in found)
    return Validation(
        file=file,
        name=name,
        data=data,
        project=project,
        manifest=manifest,
        shots=() if stopped else shots,
        model=model,
        sketch=sketch,
        providers=providers,
        inputs=inputs,
        problems=placed(found, data, name=name) if found else (),
    )


def _stopped(
    file: Path, name: str, data: bytes, project: Project, problems: tuple[Problem, ...], *, sketch: bool
) -> Validation:
    return Validation(
        file=file,
        name=name,
        data=data,
        project=project,
        manifest=None,
        shots=(),
        model="",
        sketch=sketch,
        providers=(),
        inputs=_NO_INPUTS,
        problems=(*project.problems, *problems),
    )


def _addresses(shots: Sequence[Shot]) -> dict[Frame, Input]:
    """Drawing fetches nothing from the web: a picture there counts by its address, and is drawn as if not given."""
    frames = (frame for shot in shots for frame in (shot.frames.first, shot.frames.last))
    return {
        frame: Input(digest=f"address:{sha256(frame.url.encode()).hexdigest()}")
        for frame in frames
        if isinstance(frame, UrlFrame)
    }


class _Known(Sequence[Provider]):
    """Every gateway's table, read when a problem wants to name who could render a shot."""

    def __init__(self, model: str, project: Project) -> None:
        self._model, self._tables = model, project.tables
        self._names = provider_names(project.tables)

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return read_provider(self._names[index], self._model, tables=self._tables)


@contextmanager
def collector_paused() -> Iterator[None]:
    """No search for garbage inside the block: building 100,000 shots makes none, and looking takes twice as long."""
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()
