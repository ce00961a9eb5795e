"""A project whose takes were bought, without a provider: ledger, store, names and lock as a run leaves them."""

import os
import time
from pathlib import Path
from typing import Any

from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.plan_cache import make_lockfile
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.paths import lock_path
from hailuo_batch.core.attempt.attempt import Clip, Move
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.plan.render_names import render_name
from hailuo_batch.core.request.fingerprint import preimage
from hailuo_batch.core.world import World
from hailuo_batch.drivers.data_plane import probe_clip
from hailuo_batch.load.lockfile import write_lock
from hailuo_batch.ports import Facts, Intent, RenderName, Store
from hailuo_batch.testing.clips import make_clip

PAID = """\
version: 1
campaign: aurora
providers: [minimax]
shots:
  - {id: open, prompt: a bottle in mist, takes: 2}
  - {id: pack, prompt: a bottle on a table}
"""


async def buy(file: Path, *, cost: Money | None = None, named: bool = True, **how: Any) -> list[str]:
    """Has everything that a plan would submit bought: the digests, in the order of the plan."""
    planned = await plan(file, **how)
    project, campaign = planned.validation.project, planned.plan.campaign
    workspace = planned.validation.workspace
    store = workspace.open_store()
    workspace.create()
    clips = []
    with workspace.hold_run_lock("test") as lock:
        async with workspace.open_ledger(SystemClock(), lock) as ledger:
            name = project.display_path(file.resolve())
            run = await ledger.begin_run(manifest=name, campaign=campaign, sketch=planned.validation.sketch)
            for step in planned.pending_steps:
                attempt = await ledger.record_intent(intent_for(step, campaign, run))
                await ledger.move(attempt, Move.ACCEPT, Facts(task=f"t-{attempt}"))
                await ledger.move(attempt, Move.PRODUCE, Facts(cost=cost))
                clip = await _kept(store, step.fingerprint)
                await ledger.move(attempt, Move.KEEP, Facts(clip=clip))
                clips.append(clip.digest)
                if named:
                    await ledger.record_names(
                        list(_names(step, campaign, workspace.renders_folder, Path(store.location(clip.digest))))
                    )
            await ledger.end_run(run, stored=len(clips), failed=0, exit=0)
    after = await plan(file, **how)
    if workspace.world is World.REAL:
        write_lock(lock_path(file), make_lockfile(after))
    return clips


def grow_old(folder: Path, *, days: float) -> None:
    """Makes every file below a folder so old."""
    then = time.time() - days * 86_400
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (then, then))


async def _kept(store: Store, mark: str) -> Clip:
    file = store.temporary_path()
    file.write_bytes(make_clip(mark))
    digest = await store.keep(file)
    clip = probe_clip(Path(store.location(digest)), digest)
    assert isinstance(clip, Clip)
    return clip


def intent_for(step: Step, campaign: str, run: int) -> Intent:
    assert step.request is not None
    use = step.uses[0]
    return Intent(
        fingerprint=step.fingerprint,
        preimage=preimage(step.request).decode(),
        provider=step.route.provider,
        campaign=campaign,
        shot=use.shot.id,
        take=use.take,
        run=run,
        estimate=step.estimate,
    )


def _names(step: Step, campaign: str, renders: Path, clip: Path):
    renders.mkdir(exist_ok=True)
    for use in step.uses:
        name = render_name(campaign, use, sketch=False)
        (renders / name).hardlink_to(clip)
        yield RenderName(
            file=name, campaign=campaign, shot=use.shot.id, version=use.version, take=use.take,
            fingerprint=step.fingerprint, sketch=False,
        )  # fmt: skip
