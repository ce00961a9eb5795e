"""What a decision brings with it: who follows, what to know beside it, and what cannot be."""

from collections.abc import Iterable, Iterator, Sequence

from hailuo_batch.app.judging.targets import Targets
from hailuo_batch.app.planning.validate import Validation
from hailuo_batch.core.attempt.attempt import LIVE_STAGES
from hailuo_batch.core.manifest.frame_links import frame_sources, omitted_giver_problems
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.plan.choice import Choice, ChoiceKind
from hailuo_batch.core.plan.judgement import Verdict
from hailuo_batch.core.plan.plan import Action, Plan, Step, StepReason, TakeName
from hailuo_batch.core.plan.reasons import describe_reason
from hailuo_batch.core.plan.render_names import take_label
from hailuo_batch.core.plan.review import Review, ShotReview, shot_review
from hailuo_batch.core.world import command_line
from hailuo_batch.errors import InputError

_MAX_NAMES = 9  # of shots in a sentence
_DOUBTS = frozenset({StepReason.IN_DOUBT, StepReason.DOUBT_ELSEWHERE})


def list_followers(shots: Sequence[Shot], names: Iterable[str]) -> tuple[str, ...]:
    """These shots and all that start from them, directly or not, in the order of the manifest."""
    takers: dict[str, list[str]] = {}
    for shot in shots:
        for giver in frame_sources(shot).values():
            takers.setdefault(giver, []).append(shot.id)
    found = list(dict.fromkeys(names))
    known = set(found)
    for name in found:  # grows while it is read
        new = [taker for taker in takers.get(name, ()) if taker not in known]
        known.update(new)
        found += new
    return tuple(shot.id for shot in shots if shot.id in known)


def pending_notes(steps: Iterable[Step]) -> Iterator[str]:
    """The takes that may still become what was wanted: a new one is bought beside them."""
    for step in steps:
        if step.why in _DOUBTS or step.action in {Action.RESUME, Action.FETCH}:
            for use in step.uses:
                still = f"{take_label(use)} is still pending: {describe_reason(step)}."
                yield f"{still} The new take is bought beside it."


def verdict_notes(choice: Choice, shot: ShotReview, targets: Targets) -> Iterator[str]:
    """Where a selection and a verdict about the same clip do not go together."""
    if choice.is_undo or choice.take is None:
        return
    clip = targets.takes[choice.shot][choice.take].clip if choice.shot in targets.takes else ""
    label, verdict = TakeName(choice.shot, choice.take).label, shot.find_judgement(choice.take, clip)
    if choice.kind is ChoiceKind.SELECT and verdict is not None and verdict.verdict is Verdict.REJECTED:
        yield f"{label} was rejected by {verdict.by}, and is selected now."
    selected = shot.selection
    is_used = selected is not None and (selected.take, selected.clip) == (choice.take, clip)
    if choice.kind is ChoiceKind.REJECT and is_used:
        yield f"{label} is still selected, and feeds what starts from it. Select another take."


def moved_notes(before: Plan, after: Plan, made: Iterable[Choice]) -> Iterator[str]:
    """The shots that had their clips before and are rendered anew after it, since they start from another one."""
    had = {name for step in before.steps if step.action is Action.REUSE for name in step.take_names}
    chosen = {choice.shot for choice in made}
    buying = (name for step in after.steps if step.submits for name in step.take_names)
    moved = dict.fromkeys(name.shot for name in buying if name in had and name.shot not in chosen)
    if moved:
        starts = "starts" if len(moved) == 1 else "start"
        yield f"{_join_names(moved)} {starts} from another clip now, and would be rendered again; the price is below."


def refuse_broken_chains(made: Sequence[Choice], review: Review, targets: Targets, validation: Validation) -> None:
    """Raises where a planned shot would start from one that is left out."""
    before = tuple(omitted_giver_problems(targets.shots, _omitted_before(validation)))
    found = (each for each in omitted_giver_problems(targets.shots, review.omitted) if each not in before)
    problem = next(found, None)
    if problem is None:
        return
    left_out = [choice for choice in made if choice.kind is ChoiceKind.OMIT and not choice.is_undo]
    shots = dict.fromkeys((*(choice.shot for choice in left_out), problem.shot))
    why = next((choice.why for choice in left_out if choice.why), "") or "TEXT"
    command = command_line("omit", *shots, "--why", why, manifest=validation.name, world=validation.world)
    raise InputError(
        f'"{problem.shot}" would start from an omitted shot',
        why=f"{problem.why[:1].upper()}{problem.why[1:]}",
        remedy=f"Omit both in one command, or give the shot another frame:\n    {command}",
    )


def _omitted_before(validation: Validation) -> frozenset[str]:
    return frozenset() if validation.review is None else validation.review.omitted


def refuse_bought_retake(choice: Choice, review: Review, targets: Targets, validation: Validation) -> None:
    """Money: a requested take that was bought stays, since nothing else in git would name its clip."""
    newest = max((each.take for each in shot_review(review, choice.shot).retakes), default=0)
    mine = targets.takes.get(choice.shot, {}).get(newest)
    if mine is None:
        return
    standing = mine.step.standing
    is_live = standing is not None and standing.stage in LIVE_STAGES
    if mine.known or is_live or mine.step.known_task is not None:
        label = TakeName(choice.shot, newest).label
        command = command_line("reject", label, manifest=validation.name, world=validation.world)
        why = f"{label}: {describe_reason(mine.step)}."
        raise InputError(
            f"{label} was submitted already", why=why, remedy=f"Its clip stays. To reject it:\n    {command} --why TEXT"
        )


def _join_names(names: Iterable[str]) -> str:
    found = list(names)
    more = f" and {len(found) - _MAX_NAMES:,} more" if len(found) > _MAX_NAMES else ""
    return ", ".join(found[:_MAX_NAMES]) + more
