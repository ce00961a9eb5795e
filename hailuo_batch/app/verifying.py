"""Ledger ↔ store ↔ names ↔ lock: what is there is what is recorded, byte by byte. Reads everything, changes nothing."""

import asyncio
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from hashlib import file_digest
from pathlib import Path

from hailuo_batch.app.places import ledger_file, renders_folder, store_folder
from hailuo_batch.app.planning import Planned, plan
from hailuo_batch.app.rendering import cores, probed
from hailuo_batch.core.attempt import Artifact
from hailuo_batch.core.failure import Failure
from hailuo_batch.core.naming import render_name
from hailuo_batch.core.plan import Action
from hailuo_batch.errors import Exit
from hailuo_batch.ledger.sqlite import read_ledger
from hailuo_batch.store.local import LocalStore


class Fault(StrEnum):
    """What can be wrong with a clip that should be there."""

    MISSING = "its clip is gone from the store"
    CHANGED = "its bytes are not those that were stored"
    BROKEN = "it is no whole video"
    UNNAMED = "its readable name is gone"
    RENAMED = "its readable name shows another clip"
    ALONE = "its provenance is gone or says something else"
    UNLOCKED = "the lock names a clip that is not in the store"
    UNKNOWN = "the store has a file that the ledger does not know"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as recorded: about what, which fault, and more words."""

    about: str
    fault: Fault
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was looked at and what was found; `clips` and `names` count those looked at, `bytes` those read."""

    clips: int
    names: int
    bytes: int
    findings: tuple[Finding, ...]

    @property
    def exit(self) -> Exit:
        """The exit code."""
        return Exit.TAKES_FAILED if self.findings else Exit.DONE


async def verify(file: Path | str, *, sketch: bool = False, deep: bool = False) -> Verification:
    """Reads every clip of a manifest and compares it with the ledger, its names and the lock.

    `deep` also decodes every frame of every clip, which takes about a fifth of a second of a core each.
    """
    planned = await plan(file, sketch=sketch)
    store = LocalStore(store_folder(planned.validation.project.root))
    async with read_ledger(ledger_file(planned.validation.project.root)) as ledger:
        recorded = await ledger.artifacts()
    wanted = {
        step.standing.digest: step
        for step in planned.plan.steps
        if step.standing is not None and step.standing.digest is not None
    }
    clips = {digest: recorded[digest] for digest in wanted if digest in recorded}
    with ThreadPoolExecutor(cores()) as pool:
        loop = asyncio.get_running_loop()
        looks = [loop.run_in_executor(pool, _look, store.path(digest), clips[digest], deep) for digest in clips]
        found = [finding for look in await asyncio.gather(*looks) for finding in look]
    strangers = store.digests() - recorded.keys()
    found += [Finding(about=digest, fault=Fault.UNKNOWN) for digest in sorted(strangers)]
    found += _names(planned, store)
    found += _locked(planned, store)
    names = sum(len(step.uses) for step in planned.plan.having(Action.REUSE))
    return Verification(
        clips=len(clips), names=names, bytes=sum(clip.size for clip in clips.values()), findings=tuple(found)
    )


def _look(path: Path, recorded: Artifact, deep: bool) -> list[Finding]:  # noqa: FBT001 - runs in a pool
    try:
        with path.open("rb") as file:
            digest = f"sha256:{file_digest(file, 'sha256').hexdigest()}"
    except OSError:
        return [Finding(about=recorded.digest, fault=Fault.MISSING)]
    if digest != recorded.digest:
        return [Finding(about=recorded.digest, fault=Fault.CHANGED, why=f"they hash to {digest}")]
    seen = probed(path, digest)
    if isinstance(seen, Failure):
        return [Finding(about=digest, fault=Fault.BROKEN, why=seen.why)]
    if deep:
        from hailuo_batch.media.decode import decode_check

        if reason := decode_check(path):
            return [Finding(about=digest, fault=Fault.BROKEN, why=reason)]
    return []


def _names(planned: Planned, store: LocalStore) -> Iterator[Finding]:
    folder = renders_folder(planned.validation.project.root)
    for step in planned.plan.having(Action.REUSE):
        if step.standing is None or step.standing.digest is None:
            continue
        clip = store.path(step.standing.digest)
        for use in step.uses:
            name = render_name(planned.plan.campaign, use, sketch=planned.validation.sketch)
            yield from _name(folder / name, clip, step.fingerprint)


def _name(named: Path, clip: Path, fingerprint: str) -> Iterable[Finding]:
    if not named.exists():
        return [Finding(about=named.name, fault=Fault.UNNAMED)]
    if clip.exists() and not named.samefile(clip) and named.read_bytes() != clip.read_bytes():
        return [Finding(about=named.name, fault=Fault.RENAMED)]
    try:
        says = json.loads(named.with_suffix(".json").read_bytes())["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        says = ""
    return [] if says == fingerprint else [Finding(about=named.name, fault=Fault.ALONE)]


def _locked(planned: Planned, store: LocalStore) -> Iterator[Finding]:
    for shot_id, shot in sorted(planned.lock.shots.items()):
        for number, take in sorted(shot.takes.items()):
            if not store.path(take.artifact).exists():
                yield Finding(about=f"{shot_id}#{number}", fault=Fault.UNLOCKED, why=take.artifact)
