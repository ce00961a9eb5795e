"""Finds what was paid for and is not home: every task that is known, of every manifest that was run. Only reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from hailuo_batch.app.workspace.paths import hidden_folder, ledger_file
from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.request.request import ANIMATIC
from hailuo_batch.errors import InputError
from hailuo_batch.ledger.sqlite import read_ledger
from hailuo_batch.load.manifest import read_manifest
from hailuo_batch.load.settings import Project, read_file, read_project

_PENDING_STAGES = frozenset({Stage.SUBMITTED, Stage.PRODUCED})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PendingTasks:
    """The manifests whose campaigns have a task that is not home, and the tasks of which no manifest is left.

    `missing_manifests` says by campaign which manifest was run for it last.
    """

    project: Project
    manifests: tuple[Path, ...] = ()
    orphaned_tasks: tuple[AttemptRecord, ...] = ()
    missing_manifests: Mapping[str, str] = field(default_factory=dict)


async def list_pending_tasks(folder: Path, *, rehearsal: bool = False) -> PendingTasks:
    """What was paid for in the project around a folder and is not in the store yet."""
    project = replace(read_project(folder), rehearsal=rehearsal)
    if not hidden_folder(project.data_root).is_dir():
        return PendingTasks(project=project)
    async with read_ledger(ledger_file(project.data_root)) as ledger:
        waiting = [
            each for each in await ledger.open_attempts() if each.stage in _PENDING_STAGES and each.provider != ANIMATIC
        ]
        runs = await ledger.runs()
    campaigns = {each.campaign for each in waiting}
    last = {run.campaign: run.manifest for run in runs if not run.sketch and run.campaign in campaigns}
    homes = {name: file for name, file in last.items() if _has_campaign(project.root / file, name)}
    return PendingTasks(
        project=project,
        manifests=_pending_manifests(waiting, {campaign: project.root / file for campaign, file in homes.items()}),
        orphaned_tasks=tuple(each for each in waiting if each.campaign not in homes),
        missing_manifests={campaign: file for campaign, file in last.items() if campaign not in homes},
    )


def _pending_manifests(attempts: Sequence[AttemptRecord], manifests: Mapping[str, Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(manifests[each.campaign] for each in attempts if each.campaign in manifests))


def _has_campaign(file: Path, campaign: str) -> bool:
    """Whether a manifest is there and still of its campaign; what is wrong with it is for its run to say."""
    if not file.is_file():
        return False
    try:
        manifest, _ = read_manifest(read_file(file), name=file.name)
    except InputError:
        return True
    return manifest is None or manifest.campaign == campaign
