"""An earlier clip is kept for a changed request, or no longer. Spends nothing; `choosing.py` has all other decisions.

Every decision is written down beside the manifest with who, when and why, and the plan is made again with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.plan_cache import make_lockfile
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.planning.selection import select_steps
from hailuo_batch.app.recovery.rendered_files import read_render_digest
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.identity import reviewer_name, utc_timestamp
from hailuo_batch.app.workspace.paths import lock_path, review_path
from hailuo_batch.core.attempt.attempt import LIVE_STAGES, Stage
from hailuo_batch.core.plan.plan import Action, Step, StepReason, TakeName, Use
from hailuo_batch.core.plan.reasons import describe_reason
from hailuo_batch.core.plan.render_names import render_name, take_label
from hailuo_batch.core.plan.review import (
    NO_REVIEW,
    Acceptance,
    Review,
    add_acceptances,
    remove_acceptances,
)
from hailuo_batch.core.plan.selection import Pattern, match_takes, parse_patterns
from hailuo_batch.errors import InputError
from hailuo_batch.load.lockfile import write_lock
from hailuo_batch.load.review import write_review
from hailuo_batch.ports import Clock
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Decision:
    """What was decided and written down, and how these shots stand with it.

    `notes` are things to know, such as a take that has no earlier clip. `lock` is the lock file when that was written
    anew.
    """

    file: Path
    planned: PlannedRun
    acceptances: Mapping[str, tuple[Acceptance, ...]]
    withdrawals: Mapping[str, tuple[Acceptance, ...]]
    notes: tuple[str, ...] = ()
    lock: Path | None = None


async def accept(
    file: Path | str,
    shots: Sequence[str],
    *,
    why: str,
    take: int | None = None,
    by: str = "",
    clock: Clock | None = None,
) -> Decision:
    """Keeps the earlier clips of these shots, or of one take of them, for the request as it is now.

    The clips must be in the store. Raises `InputError` for a shot that is named and has not changed, or has no earlier
    clip; shots that a glob or a tag brings along are passed over then.
    """
    planned = await plan(file)
    steps = _select_named_steps(planned, shots)
    who, when = by or reviewer_name(planned.validation.project.root), utc_timestamp(clock or SystemClock())
    found: dict[str, list[Acceptance]] = {}
    refused: dict[str, list[InputError]] = {}
    for step in steps:
        for use in step.uses:
            if take is not None and use.take != take:
                continue
            earlier = _earlier_clip(step, use, planned)
            if isinstance(earlier, InputError):
                refused.setdefault(use.shot.id, []).append(earlier)
                continue
            made_for, clip = earlier
            acceptance = Acceptance(
                take=use.take,
                request=step.fingerprint,
                clip=clip,
                made_for=made_for,
                by=who,
                at=when,
                why=_clean_text(why),
            )
            found.setdefault(use.shot.id, []).append(acceptance)
    _require_acceptance(found, refused, shots, take)
    acceptances = {shot: tuple(each) for shot, each in found.items()}
    review = add_acceptances(planned.validation.review or NO_REVIEW, acceptances)
    notes = tuple(f"{each.summary}." for shot in found for each in refused.get(shot, ()))
    named = tuple(dict.fromkeys(use.shot.id for step in steps for use in step.uses))
    return await _write_decision(Path(file), review, named, acceptances=acceptances, notes=notes)


async def unaccept(file: Path | str, shots: Sequence[str], *, take: int | None = None) -> Decision:
    """Takes back what was accepted for these shots, or for one take of them: the plan says again that they changed.

    Readable names that an accepted clip was given for the new request are taken away: they are wanted for what is
    rendered now. The clip stays in the store, under its earlier names.
    """
    planned = await plan(file)
    review = planned.validation.review or NO_REVIEW
    known = {shot.id for shot in planned.validation.shots}
    withdrawn: dict[str, tuple[Acceptance, ...]] = {}
    for pattern in parse_patterns(shots):
        some = _select_acceptances(review, pattern, planned, take)
        if not some:
            raise InputError(f'nothing was accepted for "{pattern.text}"', why=f"{review_path(Path(file))} says so.")
        for shot, each in some.items():
            withdrawn[shot] = tuple(dict.fromkeys((*withdrawn.get(shot, ()), *each)))
    await _remove_names(planned, [each for some in withdrawn.values() for each in some])
    left = [shot for shot in withdrawn if shot in known]
    return await _write_decision(Path(file), remove_acceptances(review, withdrawn), left, withdrawals=withdrawn)


async def _write_decision(
    file: Path,
    review: Review,
    shots: Sequence[str],
    *,
    acceptances: Mapping[str, tuple[Acceptance, ...]] | None = None,
    withdrawals: Mapping[str, tuple[Acceptance, ...]] | None = None,
    notes: tuple[str, ...] = (),
) -> Decision:
    """Writes the review, plans with it, and has the lock say what is kept now."""
    path = review_path(file)
    write_review(path, review)
    after = await plan(file, only=shots)
    lock = lock_path(file)
    changed = (acceptances or withdrawals) and write_lock(lock, make_lockfile(after))
    if changed:  # what a shot was before stands in the lock
        after = await plan(file, only=shots)
    return Decision(
        file=path,
        planned=after,
        acceptances=acceptances or {},
        withdrawals=withdrawals or {},
        notes=notes,
        lock=lock if changed else None,
    )


async def _remove_names(planned: PlannedRun, withdrawals: Iterable[Acceptance]) -> None:
    validation, workspace = planned.validation, planned.validation.workspace
    folder = workspace.renders_folder
    async with workspace.read_ledger() as ledger:
        given = await ledger.names(validation.campaign, sketch=False)
    clips = {each.request: each.clip for each in withdrawals if each.clip in planned.plan.inputs.stored_digests}
    for name, fingerprint in given.items():
        if fingerprint in clips and read_render_digest(folder / name) == clips[fingerprint]:
            workspace.open_renders().remove(name)


_ACCEPTABLE_REASONS = frozenset({
    StepReason.NEW, StepReason.CHANGED, StepReason.FAILED, StepReason.REFUSED, StepReason.FORCED,
    StepReason.REFUSED_ELSEWHERE, StepReason.CANCELLED, StepReason.WRITTEN_OFF, StepReason.DISCARDED,
    StepReason.NEEDS_FRAME, StepReason.ACCEPTED, StepReason.ACCEPTED_ELSEWHERE,
})  # fmt: skip


def _earlier_clip(step: Step, use: Use, planned: PlannedRun) -> tuple[str, str] | InputError:
    """What the take's earlier clip was made for, and its digest; or why there is none to accept."""
    name = take_label(use)
    if not step.fingerprint:
        return InputError(f"the request of {name} is not known yet", why=f"{_reason_sentence(step)}.")
    is_live = step.standing is not None and step.standing.stage in LIVE_STAGES
    live = step.accepted is None and (is_live or step.known_task is not None)
    if live and step.action is not Action.REUSE:
        return InputError(
            f"{name} was already submitted", why=f"{_reason_sentence(step)}.", remedy="A run downloads it."
        )
    if live or step.why not in _ACCEPTABLE_REASONS:
        return InputError(f"{name} has not changed", why=f"{_reason_sentence(step)}.")
    earlier = _last_clip(use, planned)
    if earlier is None or earlier[0] == step.fingerprint:
        return InputError(f"{name} has no earlier clip", why=f"{_reason_sentence(step)}.")
    if earlier[1] not in planned.plan.inputs.stored_digests:
        return InputError(
            f"the earlier clip of {name} is not in the store",
            why=f"It is {earlier[1]}.",
            remedy="Restore it first: put the manifest back as it was and run it. Then change it and accept the clip.",
        )
    return earlier


def _reason_sentence(step: Step) -> str:
    words = describe_reason(step)
    return words[:1].upper() + words[1:]


def _last_clip(use: Use, planned: PlannedRun) -> tuple[str, str] | None:
    """What a take's last clip was made for, and its digest: by the lock, which is in git, else by the names."""
    locked = planned.lock.shots.get(use.shot.id)
    if locked is not None and use.take in locked.takes:
        take = locked.takes[use.take]
        return take.clip_fingerprint, take.digest
    past = planned.snapshot.last_renders.get(use.shot.id)
    if past is None:
        return None
    earlier = Use(shot=use.shot, take=use.take, version=past.version)
    mark = planned.details.names.get(render_name(planned.plan.campaign, earlier, sketch=False), "")
    standing = planned.snapshot.standings.get(mark)
    if standing is None or standing.stage is not Stage.STORED or standing.digest is None:
        return None
    return mark, standing.digest


def _require_acceptance(
    found: Mapping[str, object], refused: Mapping[str, list[InputError]], shots: Sequence[str], take: int | None
) -> None:
    """Raises when a shot that was named has nothing to accept, or none of them has."""
    for pattern in parse_patterns(shots):
        if pattern.is_one_shot and pattern.glob in refused and pattern.glob not in found:
            raise refused[pattern.glob][0]
    if not found and refused:
        raise next(iter(refused.values()))[0]
    if not found:
        raise InputError(f"there is no take {take} of {', '.join(shots)}")


def _select_acceptances(
    review: Review, pattern: Pattern, planned: PlannedRun, take: int | None
) -> dict[str, tuple[Acceptance, ...]]:
    """What was accepted for the takes that a pattern means; a shot that left the manifest has its id alone."""
    takes = match_takes(planned.plan.steps, (pattern,)).takes
    found = {
        shot: tuple(
            each
            for each in reviewed.acceptances
            if take in {None, each.take}
            and (TakeName(shot, each.take) in takes or pattern.fits_attempt(shot, each.take, ()))
        )
        for shot, reviewed in review.shots.items()
    }
    return {shot: each for shot, each in found.items() if each}


def _select_named_steps(planned: PlannedRun, shots: Sequence[str]) -> tuple[Step, ...]:
    """The steps of the takes that a person named."""
    validation = planned.validation
    return select_steps(planned.plan, shots, validation)


def _clean_text(why: str) -> str:
    """What a person said, as a file can hold it."""
    return why.encode("utf-8", "replace").decode().strip()[:2000]
