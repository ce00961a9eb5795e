"""The campaign as the review page shows it, read from the manifest, the ledger and the folders; holds no lock.

Reading is work for the processor, so it is done in a thread, with a loop of its own: clips go on being served.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median

from hailuo_batch.app.measuring import measure_missing
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.reviewing.moments import Shown
from hailuo_batch.app.workspace.paths import lock_path, review_path, tasks_path
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.money import sum_by_currency
from hailuo_batch.core.plan.client_report import make_client_report
from hailuo_batch.core.plan.judgement import ShotState
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report
from hailuo_batch.core.world import World
from hailuo_batch.errors import HailuoError
from hailuo_batch.load.project_root import SETTINGS_FILE
from hailuo_batch.ports import Store
from hailuo_batch.values import dataclass
from hailuo_batch.views.format import join_amounts, shot_length
from hailuo_batch.views.review_page.values import ProviderWait, ServedMedia, WorkNow
from hailuo_batch.views.sheet.cover import make_sheet
from hailuo_batch.views.sheet.shots import list_shots, prompt_parts
from hailuo_batch.views.sheet.states import SHOT_STATES, count_states
from hailuo_batch.views.sheet.values import Figure, SheetShot

_MOST_LABELS = 20
_KINDS = {World.REAL: "Review", World.SKETCH: "Sketches", World.REHEARSAL: "Rehearsal"}
_UNDER_WAY = frozenset({Action.RESUME, Action.FETCH})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Reading:
    """What was read: what is shown, the report behind it, and the files that it depends on."""

    shown: Shown
    report: Report
    kind: str
    files: frozenset[Path]
    digests: frozenset[str]  # of the clips that may be served
    workspace: Workspace
    store: Store

    @property
    def renders(self) -> Path:
        """The folder below which stills are."""
        return self.workspace.renders_folder


async def read_campaign(manifest: Path, world: World, *, for_client: bool) -> Reading:
    """Reads everything now, in a thread. An error of ours says what is wrong with the manifest."""
    return await asyncio.to_thread(lambda: asyncio.run(_read(manifest, world, for_client=for_client)))


async def measure_clips(manifest: Path, world: World) -> None:
    """Measures the clips that came before there were measures, and draws their stills; one that cannot be has none.

    Worker processes do it, so it is no thread that the end of the server would wait for.
    """
    with suppress(HailuoError, OSError):
        await measure_missing(await plan(manifest, world=world, full_report=True, offline=True))


async def _read(manifest: Path, world: World, *, for_client: bool) -> Reading:
    planned = await plan(manifest, world=world, full_report=True, offline=True)
    report, media = planned.report, ServedMedia()
    if for_client:
        report = make_client_report(report)
        shown = Shown(shots=tuple(list_shots(report, media)))
    else:
        sheet = make_sheet(report, media)
        figures = (*sheet.figures, *_figures_under_way(report))
        planned_shots = tuple(shot for section in sheet.sections for shot in section.shots)
        shots = (*planned_shots, *_omitted_shots(planned.validation.omitted, planned_shots))
        states = count_states(shot.state for shot in shots)
        shown = Shown(shots=shots, figures=figures, states=states, now=await _read_work(planned))
    return Reading(
        shown=shown,
        report=report,
        kind=_KINDS[world],
        files=_list_files(planned),
        digests=frozenset(row.clip.digest for row in report.rows if row.clip is not None),
        workspace=planned.validation.workspace,
        store=planned.validation.workspace.open_store(),
    )


def _omitted_shots(omitted: Iterable[Shot], planned: Sequence[SheetShot]) -> Iterable[SheetShot]:
    """What is left out, behind everything else, so that it can be brought back."""
    known = {shot.id for shot in planned}
    left = (shot for shot in omitted if shot.id not in known)
    for number, shot in enumerate(left, len(planned) + 1):
        yield SheetShot(
            id=shot.id,
            number=number,
            state=SHOT_STATES[ShotState.OMITTED],
            length=shot_length(shot.duration),
            prompt=prompt_parts(shot.prompt),
            takes=(),
            tags=shot.tags,
            notes=shot.notes,
        )


def _figures_under_way(report: Report) -> Iterable[Figure]:
    rows = [row for row in report.rows if row.action in _UNDER_WAY and not row.same_clip_as]
    amounts = sum_by_currency(row.counted_estimate for row in rows if row.counted_estimate is not None)
    if amounts:
        yield Figure(name="under way", value=join_amounts(amounts))


async def _read_work(planned: PlannedRun) -> WorkNow:
    workspace, pending = planned.validation.workspace, planned.snapshot.pending_attempts
    usual: Mapping[str, float] = {}
    if pending:
        async with workspace.read_ledger() as ledger:
            usual = _usual_times(await ledger.render_times())
    is_running = workspace.is_run_active()
    queue = tuple(_list_queue(planned.report.counts, is_running=is_running))
    return WorkNow(is_running=is_running, waits=tuple(_list_waits(pending, usual)), queue=queue)


def _list_queue(counts: Mapping[Action, int], *, is_running: bool) -> Iterable[str]:
    """What a run has still to do, and what only a person can go on with."""
    if is_running and (takes := counts.get(Action.SUBMIT, 0)):
        yield f"{takes:,} to submit"
    if is_running and (takes := counts.get(Action.WAIT, 0)):
        yield f"{takes:,} waiting for a frame"
    if takes := counts.get(Action.HOLD, 0):
        yield f"{takes:,} on hold"


def _usual_times(times: Iterable[tuple[str, str, float]]) -> Mapping[str, float]:
    found: defaultdict[str, list[float]] = defaultdict(list)
    for provider, _, seconds in times:
        found[provider].append(seconds)
    return {provider: seconds for provider, each in found.items() if (seconds := median(each)) >= 1}


def _list_waits(pending: Iterable[AttemptRecord], usual: Mapping[str, float]) -> Iterable[ProviderWait]:
    found: defaultdict[str, list[AttemptRecord]] = defaultdict(list)
    for attempt in pending:
        found[attempt.provider].append(attempt)
    for provider, attempts in sorted(found.items()):
        labels = tuple(f"{each.shot}#{each.take}" for each in attempts[:_MOST_LABELS])
        since = min(each.intended_at for each in attempts)
        yield ProviderWait(
            provider=provider, takes=len(attempts), labels=labels, since=since, usual=usual.get(provider)
        )


def _list_files(planned: PlannedRun) -> frozenset[Path]:
    """All files whose change may change the page. A run that stores a clip writes its ledger."""
    validation, workspace = planned.validation, planned.validation.workspace
    file, ledger = validation.file.absolute(), workspace.ledger_file
    sources = (validation.sources.main, *validation.sources.included)
    reviews = (review_path(file), validation.clip_review_file)
    beside = (*reviews, lock_path(file), tasks_path(file), validation.project.root / SETTINGS_FILE)
    written = (ledger, ledger.with_name(f"{ledger.name}-wal"), workspace.ledger_folder / "run.lock")
    return frozenset((*beside, *written, *(source.file for source in sources), *validation.inputs.files.values()))
