"""Which shot and take a decision means, and the clip that it is about; or why it cannot be decided."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.planning.selection import match_plan, omitted_shot_error
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.plan.choice import Choice, ChoiceKind
from hailuo_batch.core.plan.frame_givers import known_digest
from hailuo_batch.core.plan.plan import Action, Step, TakeName
from hailuo_batch.core.plan.reasons import describe_reason
from hailuo_batch.core.plan.review import Review
from hailuo_batch.core.plan.selection import Pattern, PatternKind, parse_pattern, unmatched_error
from hailuo_batch.core.plan.world_review import is_about_shot
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import InputError
from hailuo_batch.values import dataclass

_OF_CLIPS = frozenset({ChoiceKind.SELECT, ChoiceKind.APPROVE, ChoiceKind.REJECT})
_MAX_LISTED = 9  # commands that a message offers


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeClip:
    """A take of the plan: its step, the digest of its clip, and the same where the store has it (`clip`)."""

    step: Step
    known: str = ""
    clip: str = ""


class Targets:
    """The takes of a plan, by shot."""

    def __init__(self, planned: PlannedRun, review: Review) -> None:
        """The plan before the decisions, and the file that they are written to."""
        validation, inputs = planned.validation, planned.plan.inputs
        self._planned, self._review = planned, review
        self._shots = {shot.id: shot for shot in validation.every_shot}
        self._omitted = {shot.id for shot in validation.omitted}
        self.takes: dict[str, dict[int, TakeClip]] = {}
        for step in planned.plan.steps:
            digest = known_digest(step, inputs)
            clip = TakeClip(step=step, known=digest, clip=digest if digest in inputs.stored_digests else "")
            for use in step.uses:
                self.takes.setdefault(use.shot.id, {})[use.take] = clip

    @property
    def shots(self) -> Sequence[Shot]:
        """All shots of the manifest, those that are left out too."""
        return tuple(self._shots.values())

    def find(self, choice: Choice) -> Iterator[Choice]:
        """The decision for each shot or take that it means; `InputError` where it means none or cannot be decided."""
        pattern = parse_pattern(choice.shot)
        choice = replace(choice, take=choice.take or pattern.take)
        self._refuse_sketch(choice)
        names = list(self._names(pattern, choice))
        if not names:
            raise unmatched_error(pattern, self.shots, list_command=self._line("status"), option="")
        if choice.is_undo or choice.kind not in _OF_CLIPS:
            yield from (self._check_shot(replace(choice, shot=shot, take=take)) for shot, take in names)
            return
        found = [self._find_clip(replace(choice, shot=shot, take=take)) for shot, take in names]
        wrong = [each for each in found if isinstance(each, InputError)]
        if wrong and (pattern.is_one_shot or len(wrong) == len(found)):
            raise wrong[0]  # of several, those that have nothing to judge are passed over
        yield from (each for each in found if isinstance(each, Choice))

    def _names(self, pattern: Pattern, choice: Choice) -> Iterator[tuple[str, int | None]]:
        if pattern.kind is PatternKind.STATE:
            takes = match_plan(self._planned.plan, [pattern], self._planned.validation.review).takes
            in_order = [name for name in self._list_names() if name in takes]
            of_takes = choice.kind in _OF_CLIPS or choice.take is not None
            yield from dict.fromkeys((name.shot, name.take if of_takes else None) for name in in_order)
            return
        ids = [shot.id for shot in self.shots if pattern.fits_shot(shot)]
        if choice.is_undo and pattern.is_one_shot and pattern.glob in self._review.shots:
            ids = [pattern.glob]  # also of a shot that left the manifest
        yield from ((shot, choice.take) for shot in ids)

    def _list_names(self) -> Iterator[TakeName]:
        return (TakeName(shot, take) for shot, takes in self.takes.items() for take in takes)

    def _check_shot(self, choice: Choice) -> Choice:
        shot = self._shots.get(choice.shot)
        if choice.is_undo or shot is None:
            return choice
        if choice.kind is ChoiceKind.RETAKE and shot.id in self._omitted:
            raise omitted_shot_error(shot.id, self._planned.validation)
        if choice.take is not None and not 1 <= choice.take <= shot.takes:
            takes = f"{shot.takes} take{'s' * (shot.takes != 1)}"
            remedy = f"To list every take:\n    {self._line('status')}"
            raise InputError(f"there is no take {choice.take} of {shot.id}", why=f"It has {takes}.", remedy=remedy)
        return choice

    def _find_clip(self, choice: Choice) -> Choice | InputError:
        """The decision with its take; an error where the take has no clip, or several could be meant."""
        if choice.shot in self._omitted:
            return omitted_shot_error(choice.shot, self._planned.validation)
        takes = self.takes.get(choice.shot, {})
        if choice.take is not None:
            self._check_shot(choice)
            mine = takes[choice.take]
            return choice if mine.clip else self._no_clip_error(TakeName(choice.shot, choice.take).label, mine.step)
        there = [take for take, each in takes.items() if each.clip]
        if len(there) == 1:
            return replace(choice, take=there[0])
        if there:
            names = [TakeName(choice.shot, take).label for take in sorted(there)[:_MAX_LISTED]]
            why = ("--why", choice.why) if choice.why else ()
            lines = "".join(f"\n    {self._line(choice.kind, name, *why)}" for name in names)
            return InputError(f'"{choice.shot}" has {len(there)} clips', remedy=f"Name the take:{lines}")
        return self._no_clip_error(choice.shot, takes[min(takes)].step)

    def _no_clip_error(self, name: str, step: Step) -> InputError:
        words, remedy = describe_reason(step), "To render it"
        command = self._line("run")
        if step.action in {Action.RESUME, Action.FETCH}:
            remedy, command = "To download it", self._line("fetch")
        elif step.action is Action.HOLD:
            remedy, command = "To see why", self._line("explain", step.take_names[0].label)
        why = f"{words[:1].upper()}{words[1:]}."
        return InputError(f"{name} has no clip here", why=why, remedy=f"{remedy}:\n    {command}")

    def _refuse_sketch(self, choice: Choice) -> None:
        if self._planned.validation.world is World.SKETCH and not is_about_shot(choice):
            remedy = f"To decide about real takes:\n    {self._line(choice.kind, choice.shot, world=World.REAL)}"
            raise InputError(
                f"{choice.kind} is about clips that were rendered", why="Sketches are drawn anew.", remedy=remedy
            )

    def _line(self, command: str, *words: str, world: World | None = None) -> str:
        validation = self._planned.validation
        return command_line(command, *words, manifest=validation.name, world=world or validation.world)
