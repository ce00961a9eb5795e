"""A campaign of any size that is finished: manifest, ledger, store and names, as if it had been sketched.

Drawing 100,000 clips would take a day, so the clips are stand-ins of a few bytes; everything that a plan and a run with
nothing to do look at is real: the ledger is written through its own interface, the digests are of the stand-ins' bytes.
"""

import asyncio
from hashlib import sha256
from pathlib import Path

from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.plan_cache import make_lockfile
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.paths import lock_path
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.attempt import Clip, Move
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.plan.render_names import render_name
from hailuo_batch.core.request.fingerprint import preimage
from hailuo_batch.core.world import World
from hailuo_batch.ledger.sqlite import SqliteLedger, open_ledger
from hailuo_batch.load.lockfile import write_lock
from hailuo_batch.ports import Facts, Intent, RenderName
from hailuo_batch.store.state_dir import ensure_state_folder

HEAD = """\
version: 1
campaign: bench
defaults: {duration: 6, resolution: 768p, prompt_optimizer: false}
shots:
"""
SHOT = """\
  - id: shot-{n:06d}
    prompt: "take {n}: a frosted glass bottle with a copper cap rises out of morning mist, {n} drops on it [Push in]"
    duration: {duration}
    tags: [hero, batch-{tag}]
    notes: made for the benchmark
"""
AT_ONCE = 2000


def manifest_text(shots: int, *, changed: int | None = None) -> str:
    """A manifest of about 208 bytes a shot; `changed` is a shot whose prompt is another."""
    lines = [SHOT.format(n=n, duration=6 if n % 3 else 10, tag=n % 50) for n in range(shots)]
    if changed is not None:
        lines[changed] = lines[changed].replace("morning mist", "evening mist")
    return HEAD + "".join(lines)


def finished_campaign(folder: Path, shots: int, *, world: World = World.SKETCH) -> Path:
    """Makes the campaign in a folder; its manifest. In the real world it was bought, and has a lock."""
    (folder / "manifests").mkdir(parents=True)
    (folder / "hailuo.yaml").write_text("version: 1\n")
    manifest = folder / "manifests" / "bench.yaml"
    manifest.write_text(manifest_text(shots))
    asyncio.run(_finish(manifest, world))
    return manifest


async def _finish(manifest: Path, world: World) -> None:
    planned = await plan(manifest, world=world)
    project = planned.validation.project
    ensure_state_folder(Workspace(project.root).state_folder)
    Workspace(project.root).renders_folder.mkdir()
    store = Workspace(project.root).store_folder
    for fan in range(256):
        (store / f"{fan:02x}").mkdir(parents=True)
    async with open_ledger(Workspace(project.root).ledger_file, clock=SystemClock()) as ledger:
        steps = planned.plan.steps
        for begin in range(0, len(steps), AT_ONCE):
            part = steps[begin : begin + AT_ONCE]
            await asyncio.gather(
                *(_render(ledger, store, Workspace(project.root).renders_folder, step, world) for step in part)
            )
    if world is World.REAL:
        write_lock(lock_path(manifest), make_lockfile(await plan(manifest, world=world)))


async def _render(ledger: SqliteLedger, store: Path, renders: Path, step: Step, world: World) -> None:
    sketch = world is World.SKETCH
    body = step.fingerprint.encode()
    digest = sha256(body).hexdigest()
    (store / digest[:2] / f"{digest}.mp4").write_bytes(body)
    assert step.request is not None
    use = step.uses[0]
    name = render_name("bench", use, sketch=sketch)
    (renders / name).write_bytes(body)
    (renders / name).with_suffix(".json").write_bytes(b"{}")
    clip = Clip(
        digest=f"sha256:{digest}", size=len(body), width=1366, height=768, seconds=6.0, frames=144, codec="h264"
    )
    intent = Intent(
        fingerprint=step.fingerprint,
        preimage=preimage(step.request).decode(),
        provider="animatic" if sketch else step.route.provider,
        campaign="bench",
        shot=use.shot.id,
        take=use.take,
        tags=use.shot.tags,
        estimate=None if sketch else step.estimate,
    )
    attempt = await ledger.record_intent(intent)
    await ledger.move(attempt, Move.ACCEPT, Facts(task=step.fingerprint))
    await ledger.move(attempt, Move.PRODUCE)
    await ledger.move(attempt, Move.KEEP, Facts(clip=clip))
    named = RenderName(
        file=name,
        campaign="bench",
        shot=use.shot.id,
        version=use.version,
        take=use.take,
        fingerprint=step.fingerprint,
        sketch=sketch,
    )
    await ledger.record_names([named])
