"""Which takes are meant: the words of `--only`, and of every command that names shots, on the steps of a plan.

A pattern is a glob of shot ids, `tag:`, `seq:` or `state:` with a glob, each with `#` and a take's number where only
that take is meant. Several patterns widen the choice.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from enum import StrEnum
from fnmatch import fnmatchcase

from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.plan.judgement import ShotState
from hailuo_batch.core.plan.plan import Action, Step, StepReason, TakeName
from hailuo_batch.core.problem import did_you_mean
from hailuo_batch.errors import InputError
from hailuo_batch.values import dataclass

_GLOB_SIGNS = frozenset("*?[")
# By the words that a user writes. A take may be in several: what was refused has failed and is held. What waits for a
# frame in order to be submitted is new or changed as well (`step_states`).
STATES: Mapping[str, frozenset[StepReason]] = {
    "new": frozenset({
        StepReason.NEW, StepReason.LOCKED_SKETCH, StepReason.CANCELLED, StepReason.WRITTEN_OFF, StepReason.DISCARDED,
        StepReason.INTERRUPTED,
    }),
    "changed": frozenset({StepReason.CHANGED}),
    "failed": frozenset({
        StepReason.FAILED, StepReason.REFUSED, StepReason.REFUSED_ELSEWHERE, StepReason.FORCED,
    }),
    "in-doubt": frozenset({StepReason.IN_DOUBT, StepReason.DOUBT_ELSEWHERE}),
    "running": frozenset({StepReason.RUNNING, StepReason.TASK_KNOWN, StepReason.HELD}),
    "missing": frozenset({
        StepReason.PRODUCED, StepReason.CLIP_GONE, StepReason.IN_RENDERS, StepReason.IN_OTHER_STORE, StepReason.LOCKED,
        StepReason.LOCKED_ELSEWHERE, StepReason.STORED_ELSEWHERE, StepReason.ACCEPTED_ELSEWHERE,
    }),
    "waiting": frozenset({StepReason.NEEDS_FRAME}),
    "rendered": frozenset({StepReason.STORED, StepReason.ACCEPTED}),
    "held": frozenset(reason for reason in StepReason if reason.action is Action.HOLD),
}  # fmt: skip


SHOT_STATES = tuple(ShotState)  # every take of a shot in that state is meant


class PatternKind(StrEnum):
    """What a pattern is compared with; each is the prefix that a user writes, and an id has none."""

    ID = ""
    TAG = "tag"
    SEQUENCE = "seq"
    STATE = "state"


_PREFIXES = tuple(kind.value for kind in PatternKind if kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One pattern: its text as it was written, what it is compared with, and of which take (None: of every take)."""

    text: str
    kind: PatternKind
    glob: str
    take: int | None = None

    @property
    def is_one_shot(self) -> bool:
        """Whether it can only be the id of one shot."""
        return self.kind is PatternKind.ID and not _GLOB_SIGNS & set(self.glob)

    def fits_shot(self, shot: Shot) -> bool:
        """Whether a shot is meant, whatever its state and takes are."""
        return self._fits(shot.id, shot.tags, shot.sequence)

    def fits_take(self, name: TakeName, shot: Shot, states: AbstractSet[str]) -> bool:
        """Whether a take is meant, whose step is in these states."""
        if self.kind is PatternKind.TAG and self.take is not None and f"{self.glob}#{self.take}" in shot.tags:
            return True  # a tag may have a # of its own
        if self.take not in {None, name.take}:
            return False
        return self.glob in states if self.kind is PatternKind.STATE else self.fits_shot(shot)

    def fits_attempt(self, shot: str, take: int, tags: Collection[str]) -> bool:
        """Whether an attempt of the ledger is meant, which knows its shot, take and tags and nothing of a manifest."""
        return self.take in {None, take} and self._fits(shot, tags, "")

    def _fits(self, shot: str, tags: Iterable[str], sequence: str) -> bool:
        if self.kind is PatternKind.TAG:
            return any(fnmatchcase(tag, self.glob) for tag in tags)
        if self.kind is PatternKind.SEQUENCE:
            return bool(sequence) and fnmatchcase(sequence, self.glob)
        return self.kind is PatternKind.ID and fnmatchcase(shot, self.glob)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The takes that patterns mean, and the patterns that mean none."""

    takes: frozenset[TakeName]
    unmatched: tuple[Pattern, ...] = ()


def parse_pattern(text: str) -> Pattern:
    """A pattern as a user writes it; `InputError` for an unknown prefix, state or take.

    >>> parse_pattern("tag:hero#2").take, parse_pattern("pack-*").kind is PatternKind.ID
    (2, True)
    """
    prefix, colon, rest = text.partition(":")
    if colon and prefix not in _PREFIXES:
        raise InputError(f'"{text}" selects nothing', why=f'There is no "{prefix}:".', remedy=_prefix_remedy(prefix))
    kind = PatternKind(prefix) if colon else PatternKind.ID
    glob, take = _split_take(rest if colon else text, text, kind)
    if kind is PatternKind.STATE and glob not in (known := (*STATES, *SHOT_STATES)):
        remedy = did_you_mean(glob, known) or f"Write one of: {', '.join(f'state:{name}' for name in known)}."
        raise InputError(f'"{text}" selects nothing', why=f'There is no state "{glob}".', remedy=remedy)
    return Pattern(text=text, kind=kind, glob=glob, take=take)


def parse_patterns(texts: Iterable[str]) -> tuple[Pattern, ...]:
    """Several patterns."""
    return tuple(parse_pattern(text) for text in texts)


def parse_ledger_patterns(texts: Iterable[str]) -> tuple[Pattern, ...]:
    """The same, for commands that read the ledger and no manifest."""
    patterns = parse_patterns(texts)
    for each in patterns:
        if each.kind in {PatternKind.SEQUENCE, PatternKind.STATE}:
            why = "The ledger knows shots, takes and tags, and neither sequences nor states."
            remedy = "Write an id, a glob, tag:X or SHOT#TAKE."
            raise InputError(f'"{each.text}" selects nothing here', why=why, remedy=remedy)
    return patterns


def needs_shot_states(patterns: Iterable[Pattern]) -> bool:
    """Whether a pattern is about the states of shots, which follow from what people decided."""
    return any(pattern.kind is PatternKind.STATE and pattern.glob in SHOT_STATES for pattern in patterns)


def match_takes(
    steps: Iterable[Step], patterns: Sequence[Pattern], shot_states: Mapping[str, ShotState] | None = None
) -> Match:
    """The takes that one of the patterns means. A state that no take is in is no fault of the pattern."""
    known_states = shot_states or {}
    by_id: dict[str, list[Pattern]] = {}
    for pattern in patterns:
        if pattern.is_one_shot:
            by_id.setdefault(pattern.glob, []).append(pattern)
    others = [pattern for pattern in patterns if not pattern.is_one_shot]
    has_states = any(pattern.kind is PatternKind.STATE for pattern in others)
    takes, used = set[TakeName](), {pattern.text for pattern in others if pattern.kind is PatternKind.STATE}
    for step in steps:
        states = step_states(step) if has_states else frozenset()
        for use in step.uses:
            name = TakeName(use.shot.id, use.take)
            mine = states | {known_states[name.shot]} if name.shot in known_states else states
            fitting = [each for each in (*by_id.get(name.shot, ()), *others) if each.fits_take(name, use.shot, mine)]
            if fitting:
                takes.add(name)
                used.update(each.text for each in fitting)
    return Match(takes=frozenset(takes), unmatched=tuple(each for each in patterns if each.text not in used))


def step_states(step: Step) -> frozenset[str]:
    """The states of a step. What waits for a frame to be submitted is also new, or changed with that frame."""
    found = {name for name, reasons in STATES.items() if step.why in reasons}
    if step.submits_later:
        found.add("changed" if step.previous_fingerprint else "new")
    return frozenset(found)


def narrow_steps(steps: Iterable[Step], takes: AbstractSet[TakeName]) -> Iterator[Step]:
    """The steps of these takes; a clip that others share gets only the names of these."""
    for step in steps:
        uses = tuple(use for use in step.uses if TakeName(use.shot.id, use.take) in takes)
        if uses:
            yield step if len(uses) == len(step.uses) else replace(step, uses=uses)


def unmatched_error(
    pattern: Pattern, shots: Sequence[Shot], *, list_command: str, option: str = "--only "
) -> InputError:
    """What to say of a pattern that means no take of these shots; `option` is what is written before it."""
    known = next((shot for shot in shots if shot.id == pattern.glob), None)
    listing = f"To list every shot:\n    {list_command}"
    if pattern.take is not None and any(pattern.fits_shot(shot) for shot in shots):
        takes = max(shot.takes for shot in shots if pattern.fits_shot(shot))
        whose = f'Shot "{known.id}" has' if known is not None else "These shots have"
        why = f"{whose} {takes} take{'s' * (takes != 1)} here."
        return InputError(f'{option}"{pattern.text}" matches no take', why=why, remedy=listing)
    near = did_you_mean(pattern.text, _known_words(pattern.kind, shots))
    return InputError(f'{option}"{pattern.text}" matches no shot', remedy="\n".join(filter(None, (near, listing))))


def _known_words(kind: PatternKind, shots: Sequence[Shot]) -> set[str]:
    if kind is PatternKind.TAG:
        return {f"tag:{tag}" for shot in shots for tag in shot.tags}
    if kind is PatternKind.SEQUENCE:
        return {f"seq:{shot.sequence}" for shot in shots if shot.sequence}
    return {shot.id for shot in shots}


def _split_take(words: str, text: str, kind: PatternKind) -> tuple[str, int | None]:
    glob, mark, number = words.rpartition("#")
    if not mark:
        return words, None
    if number.isascii() and number.isdigit() and glob:
        return glob, int(number)
    if kind is PatternKind.TAG:  # a tag may have a # of its own
        return words, None
    raise InputError(f'"{text}" names no take', remedy="Write the shot's id, # and a number, as in open#2.")


def _prefix_remedy(prefix: str) -> str:
    known = [f"{name}:" for name in _PREFIXES]
    return did_you_mean(f"{prefix}:", known) or f"Write a shot's id, or one of: {', '.join(known)}."
