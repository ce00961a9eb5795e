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

_OPEN = frozenset({Stage.SUBMITTED, Stage.PRODUCED})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Owed:
    """The manifests whose campaigns have a task that is not home, and the tasks of which no manifest is left.

    `gone` says by campaign which manifest was run for it last.
    """

    project: Project
    manifests: tuple[Path, ...] = ()
    strays: tuple[AttemptRecord, ...] = ()
    gone: Mapping[str, str] = field(default_factory=dict)


async def owed(folder: Path, *, rehearsal: bool = False) -> Owed:
    """What was paid for in the project around a folder and is not in the store yet."""
    project = replace(read_project(folder), rehearsal=rehearsal)
    if not hidden_folder(project.base).is_dir():
        return Owed(project=project)
    async with read_ledger(ledger_file(project.base)) as ledger:
        waiting = [each for each in await ledger.open_attempts() if each.stage in _OPEN and each.provider != ANIMATIC]
        runs = await ledger.runs()
    campaigns = {each.campaign for each in waiting}
    last = {run.campaign: run.manifest for run in runs if not run.sketch and run.campaign in campaigns}
    homes = {name: file for name, file in last.items() if _is_of(project.root / file, name)}
    return Owed(
        project=project,
        manifests=_of(waiting, {campaign: project.root / file for campaign, file in homes.items()}),
        strays=tuple(each for each in waiting if each.campaign not in homes),
        gone={campaign: file for campaign, file in last.items() if campaign not in homes},
    )


def _of(waiting: Sequence[AttemptRecord], homes: Mapping[str, Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(homes[each.campaign] for each in waiting if each.campaign in homes))


def _is_of(file: Path, campaign: str) -> bool:
    """Whether a manifest is there and still of its campaign; what is wrong with it is for its run to say."""
    if not file.is_file():
        return False
    try:
        manifest, _ = read_manifest(read_file(file), name=file.name)
    except InputError:
        return True
    return manifest is None or manifest.campaign == campaign
