"""What people choose: the take that is used, what is good or not, what is left out, notes, and one more take.

Spends nothing. Each decision is written into the review file at once, with who and when, and the plan is made again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path

from hailuo_batch.app.judging.consequences import (
    list_followers,
    moved_notes,
    pending_notes,
    refuse_bought_retake,
    refuse_broken_chains,
    verdict_notes,
)
from hailuo_batch.app.judging.review_files import read_review_file, write_review_file
from hailuo_batch.app.judging.targets import Targets
from hailuo_batch.app.planning.plan import make_plan_options, plan_validated
from hailuo_batch.app.planning.plan_cache import make_lockfile
from hailuo_batch.app.planning.planned import ManifestError, PlannedRun
from hailuo_batch.app.planning.validate import pause_python_gc, validate_offline
from hailuo_batch.app.running.selected_clips import update_selected_names
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.identity import reviewer_name, utc_timestamp
from hailuo_batch.app.workspace.paths import lock_path, review_path
from hailuo_batch.core.plan.choice import Choice, ChoiceKind
from hailuo_batch.core.plan.judging import DatedChoice, decide, take_back
from hailuo_batch.core.plan.plan import TakeName
from hailuo_batch.core.plan.review import MAX_TAKES, Retake, ShotReview, shot_review, update_shots
from hailuo_batch.core.plan.world_review import is_about_shot
from hailuo_batch.core.rules import FRAME_OMITTED
from hailuo_batch.core.world import World
from hailuo_batch.errors import FileChangedError, InputError
from hailuo_batch.load.lockfile import write_lock
from hailuo_batch.ports import Clock
from hailuo_batch.values import dataclass

_MAX_TRIES = 5  # others may write the same review: two pages, and a person by hand
_MAX_NAME = 200  # letters of a name, as the schema has it
_MAX_WORDS = 2000  # letters of a reason or a note, as the schema has it


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ChoicesMade:
    """What was written down, and how the shots stand with it.

    `made` are the decisions with the shots and takes that they turned out to mean. `planned` is the plan after them;
    its report has these shots and those that start from them. `notes` are things to know. `file` is the review.
    """

    file: Path
    planned: PlannedRun
    made: tuple[Choice, ...]
    notes: tuple[str, ...] = ()
    lock: Path | None = None  # the lock file, when it was written anew
    retakes: Mapping[str, Retake] = field(default_factory=dict)  # the newest that was requested, by shot


async def choose(
    file: Path | str,
    choices: Sequence[Choice],
    *,
    world: World = World.REAL,
    by: str = "",
    clock: Clock | None = None,
) -> ChoicesMade:
    """Writes these decisions into the review, all of them or none, and plans with them. Nothing is bought.

    Raises `InputError` for a shot, take or clip that is not there; then nothing is written. `by` is who decides
    (default: git's user, else the login name).

    >>> import asyncio, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "tiny.yaml"
    >>> _ = file.write_text("version: 1\\ncampaign: tiny\\nshots: [{id: a, prompt: mist}, {id: b, prompt: fog}]\\n")
    >>> made = asyncio.run(choose(file, [Choice(kind=ChoiceKind.OMIT, shot="b", why="cut")], by="ann"))
    >>> made.file.name, [step.uses[0].shot.id for step in made.planned.plan.steps]
    ('tiny.review.yaml', ['a'])
    """
    for tries_left in reversed(range(_MAX_TRIES)):
        try:
            return await _choose_once(Path(file), choices, world=world, by=by, clock=clock or SystemClock())
        except FileChangedError:
            if not tries_left:
                raise
    raise AssertionError("This is a bug in hailuo_batch.")


async def _choose_once(file: Path, choices: Sequence[Choice], *, world: World, by: str, clock: Clock) -> ChoicesMade:
    before = await _plan(file, world)
    who = _clean_text(by)[:_MAX_NAME] or reviewer_name(before.validation.project.root)
    draft = _Draft(before, who, utc_timestamp(clock))
    for choice in choices:
        draft.add(_clean_words(choice))
    written = draft.write()
    named = list_followers(draft.targets.shots, (choice.shot for choice in draft.made))
    after = await _plan(file, world, named)
    lock = _update_lock(after) if any(map(_is_about_selection, draft.made)) else None
    moved = moved_notes(before.plan, after.plan, draft.made)
    notes = [*draft.notes, *moved, *await update_selected_names(after), *(each.why for each in after.validation.errors)]
    return ChoicesMade(
        file=written,
        planned=after,
        made=tuple(draft.made),
        notes=tuple(dict.fromkeys(notes)),
        lock=lock,
        retakes=draft.retakes,
    )


async def _plan(file: Path, world: World, only: Sequence[str] = ()) -> PlannedRun:
    """The plan; also of a manifest in which shots start from omitted ones, which decisions mend."""
    with pause_python_gc():
        read = validate_offline(file, world=world)
        if any(each.rule != FRAME_OMITTED for each in read.errors):
            raise ManifestError(read.problems)
        return await plan_validated(read, make_plan_options(only=only), full_report=False)


class _Draft:
    """The review files with the decisions so far; nothing is written before all of them are known to be possible."""

    def __init__(self, planned: PlannedRun, by: str, at: str) -> None:
        validation = planned.validation
        self._validation, self._by, self._at = validation, by, at
        self._shared, self._own = review_path(validation.file), validation.clip_review_file
        paths = dict.fromkeys((self._shared, self._own))
        self._before = {path: read_review_file(path, validation.shot_ids) for path in paths}
        self._reviews = dict(self._before)
        self.targets = Targets(planned, self._before[self._own])
        self.made: list[Choice] = []
        self.notes: list[str] = []
        self.retakes: dict[str, Retake] = {}

    def add(self, choice: Choice) -> None:
        """One decision more, for each shot or take that it means."""
        if choice.kind is ChoiceKind.NOTE and not choice.is_undo and not choice.text:
            raise InputError("a note needs words")
        found = tuple(each for each in self.targets.find(choice) if choice.is_undo or each not in self.made)
        done = list(self._take_back(found) if choice.is_undo else map(self._decide, found))
        if not done and choice.is_undo:
            what = TakeName(choice.shot, choice.take).label if choice.take else choice.shot
            raise InputError(f'there is no {choice.kind} of "{what}" to take back', why=f"{self._own} has none.")
        self.made += done

    def write(self) -> Path:
        """Writes what changed; the file that was written last."""
        refuse_broken_chains(self.made, self._reviews[self._shared], self.targets, self._validation)
        written = self._own
        for path, review in self._reviews.items():
            if review != self._before[path]:
                write_review_file(path, review, self._validation)
                written = path
        return written

    def _path(self, choice: Choice) -> Path:
        return self._shared if is_about_shot(choice) else self._own

    def _put(self, path: Path, shot: str, entry: ShotReview) -> None:
        self._reviews[path] = update_shots(self._reviews[path], {shot: entry})

    def _decide(self, choice: Choice) -> Choice:
        path = self._path(choice)
        there = shot_review(self._reviews[path], choice.shot)
        takes = self.targets.takes.get(choice.shot, {})
        clip = takes[choice.take].clip if choice.take in takes else ""
        next_take = max(takes, default=0) + 1 + sum(each.take > max(takes, default=0) for each in there.retakes)
        if choice.kind is ChoiceKind.RETAKE:
            if next_take > MAX_TAKES:
                why = f"A shot may have {MAX_TAKES}."
                raise InputError(f'shot "{choice.shot}" has {next_take - 1} takes', why=why)
            self.notes += pending_notes(each.step for each in takes.values())
        self.notes += verdict_notes(choice, there, self.targets)
        selects = choice.kind is ChoiceKind.APPROVE and not self._is_selected(there, choice.shot)
        if selects and choice.take:
            label = TakeName(choice.shot, choice.take).label
            self.notes.append(f"{label} is selected as well, since no take of the shot was.")
        dated = DatedChoice(
            choice=choice,
            by=self._by,
            at=self._at,
            clip=clip,
            next_take=next_take,
            selects=selects,
        )
        entry = decide(there, dated)
        self._put(path, choice.shot, entry)
        if choice.kind is ChoiceKind.RETAKE:
            self.retakes[choice.shot] = entry.retakes[-1]
        return choice

    def _is_selected(self, entry: ShotReview, shot: str) -> bool:
        """Whether a clip of the shot is selected, and is still the clip of its take."""
        selected, takes = entry.selection, self.targets.takes.get(shot, {})
        return selected is not None and selected.take in takes and takes[selected.take].clip == selected.clip

    def _take_back(self, found: Iterable[Choice]) -> Iterator[Choice]:
        for choice in found:
            paths = dict.fromkeys((self._path(choice), self._own, self._shared))
            for path in paths:
                there = shot_review(self._reviews[path], choice.shot)
                left = take_back(there, choice)
                if left is None or (path == self._shared and not self._may_change_shared(choice)):
                    continue
                if choice.kind is ChoiceKind.RETAKE:
                    refuse_bought_retake(choice, self._reviews[path], self.targets, self._validation)
                self._put(path, choice.shot, left)
                yield choice
                break

    def _may_change_shared(self, choice: Choice) -> bool:
        """Whether the review beside the manifest may lose such a decision in this world."""
        return self._shared == self._own or is_about_shot(choice)


def _is_about_selection(choice: Choice) -> bool:
    return choice.kind in {ChoiceKind.SELECT, ChoiceKind.APPROVE}


def _update_lock(after: PlannedRun) -> Path | None:
    """Has the lock say what is selected; a run that is under way has to find the lock as it was, and writes it then."""
    validation = after.validation
    if validation.world is not World.REAL or validation.workspace.is_run_active():
        return None
    path = lock_path(validation.file)
    try:
        return path if write_lock(path, make_lockfile(after)) else None
    except FileChangedError:  # another command wrote it meanwhile; the next run brings it up to date
        return None


def _clean_words(choice: Choice) -> Choice:
    """The choice with texts that a file can hold."""
    return replace(choice, why=_clean_text(choice.why), text=_clean_text(choice.text))


def _clean_text(text: str) -> str:
    return text.encode("utf-8", "replace").decode().strip()[:_MAX_WORDS]


async def retake(
    file: Path | str,
    shots: Sequence[str],
    *,
    why: str = "",
    note: str = "",
    world: World = World.REAL,
    by: str = "",
    clock: Clock | None = None,
) -> ChoicesMade:
    """Requests one more take of each of these shots (see `plan` for the patterns) under the same request.

    The takes that are there stay as they are. Nothing is bought: the plan that comes back says what a run would buy.

    >>> import asyncio, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "tiny.yaml"
    >>> _ = file.write_text("version: 1\\ncampaign: tiny\\nshots: [{id: a, prompt: a bottle in mist}]\\n")
    >>> decided = asyncio.run(retake(file, ["a"], why="the hand comes in too early"))
    >>> decided.file.name, decided.retakes["a"].take, [step.uses[0].take for step in decided.planned.pending_steps]
    ('tiny.review.yaml', 2, [1, 2])
    """
    wanted = [Choice(kind=ChoiceKind.RETAKE, shot=shot, why=why, text=note) for shot in shots]
    return await choose(file, wanted, world=world, by=by, clock=clock)


__all__ = ["ChoicesMade", "choose", "retake"]
