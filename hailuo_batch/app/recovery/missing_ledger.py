"""A missing ledger, while clips bought under it are here: never taken for the ledger of a new project, nor for a proof.

No clip is lost, but no other file records the tasks that were running and the takes in doubt. Until the new ledger has
bought something itself, a sketch or a restored clip proves nothing. This module does not read the ledger.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import islice
from pathlib import Path

from hailuo_batch.app.recovery.rendered_files import is_of_world, read_render_clip
from hailuo_batch.core import rules
from hailuo_batch.core.attempt.attempt import Standing
from hailuo_batch.core.models import is_local
from hailuo_batch.core.plan.plan import NamedClip, Step
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.spending.purchase import JournalFault, JournalFinding, explain_journal_fault
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import LedgerError
from hailuo_batch.values import dataclass

MAX_LISTED_NAMES = 3  # readable names; one proves as much as all of them
_SKETCH = "_sketch.mp4"
UNKNOWN_CLIPS_REMEDY = (
    "If they come from another machine or an older ledger, its costs are there. A run of their manifest takes named "
    "clips in, without buying. Those that nobody needs may be removed."
)
_REMEDY = (
    "Put the ledger back, from a copy or from where these clips were rendered. If it was moved aside on purpose, or "
    "if only the clips were copied here, check your providers' accounts for running tasks, then run"
)
_ELSEWHERE_REMEDY = (
    "What was bought elsewhere is not known here. Commit what each run writes beside the manifest, and check your "
    "providers' accounts for running tasks. If this machine is to buy too, run"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LostLedger:
    """What shows that another ledger was here: clips in the store, and some of those with a readable name."""

    clips: int
    names: tuple[str, ...]
    is_empty: bool  # the ledger that is here says nothing at all: its file is missing or empty
    locked: int = 0  # takes that lock or tasks file name, and no ledger of this machine bought
    journaled: int = 0  # attempts of it that the journal of this machine has
    world: World = World.REAL

    @property
    def is_here(self) -> bool:
        """Whether it was on this machine; a lock alone may come from another one."""
        return bool(self.clips or self.names or self.journaled)

    @property
    def repair_command(self) -> str:
        """What takes over the attempts of the journal."""
        return command_line("ledger repair", world=self.world)

    def explain(self, ledger: Path) -> str:
        """What is here, and what went with the ledger."""
        state = "has bought nothing yet" if not self.is_empty else "is empty" if ledger.exists() else "is missing"
        journaled = (
            f" The journal of this machine has {_count(self.journaled, 'attempt')} of it." if self.journaled else ""
        )
        return (
            f"{ledger} {state}, and {self.description}. "
            "Running tasks and takes in doubt are recorded only in the missing ledger, and would be bought again. "
            f"Caps do not count what was spent.{journaled}"
        )

    @property
    def description(self) -> str:
        """The clips in words."""
        store = f"the store has {_count(self.clips, 'clip')}"
        more = " and more" if len(self.names) > MAX_LISTED_NAMES else ""
        named = f"renders/ has {', '.join(self.names[:MAX_LISTED_NAMES])}{more}"
        locked = f"lock or tasks file name {_count(self.locked, 'take')} that no ledger of this machine bought"
        there = [store] * bool(self.clips) + [named] * bool(self.names)
        return " and ".join(there or [locked])


def find_lost_ledger(
    standings: Mapping[str, Standing],
    *,
    present: AbstractSet[str],
    locked: AbstractSet[str],
    names: Iterable[str],
    folder: Path,
    finding: JournalFinding | None = None,
    world: World = World.REAL,
    unknown_takes: int = 0,
    list_rehearsed: Callable[[], AbstractSet[str]] = frozenset,
    copied: AbstractSet[str] = frozenset(),
) -> LostLedger | None:
    """What is left of a ledger that is not the one whose standings these are; None where none is missed.

    `present` are the digests in the store, `locked` those that the lock names, `names` are the files in `folder`.
    `finding` is what the journal says of this ledger. `unknown_takes` are those of the lock that no ledger of this
    machine bought. `list_rehearsed` gives the digests of rehearsed clips, which prove no purchase;
    neither do `copied` ones.
    """
    if any(map(has_bought, standings.values())):
        return None
    bought = tuple(islice(_find_bought_names(names, folder, world, list_rehearsed() | copied), MAX_LISTED_NAMES + 1))
    # What an empty ledger does not know may be real unless its name says otherwise; one that has drawn may have died
    # over a sketch that nothing names.
    clips = (
        (present & locked) - copied
        if standings
        else present - _find_sketch_digests(names, folder)
        if present
        else frozenset()
    )
    lost = LostLedger(
        clips=len(clips),
        names=bought,
        is_empty=not standings,
        locked=unknown_takes,
        journaled=finding.attempts if finding is not None and finding.fault is JournalFault.GONE else 0,
        world=world,
    )
    return lost if clips or bought or unknown_takes else None


def refuse_lost_ledger(lost: LostLedger | None, steps: Iterable[Step], *, ledger: Path, command: str) -> None:
    """Raises `LedgerError` when something would be bought without the ledger that knows what was bought before."""
    if lost is not None and any(step.submits for step in steps):
        # Money: a task that runs is nowhere but in the ledger; without it, it would be bought a second time.
        raise _lost_ledger_error(lost, ledger=ledger, command=command)


def refuse_empty_proof(lost: LostLedger | None, *, ledger: Path, command: str) -> None:
    """Raises `LedgerError` where an empty ledger would be taken for the proof that nothing was bought."""
    if lost is not None and lost.is_empty:
        raise _lost_ledger_error(lost, ledger=ledger, command=command)


def _lost_ledger_error(lost: LostLedger, *, ledger: Path, command: str) -> LedgerError:
    first = f"Take over what the journal knows:\n    {lost.repair_command}\n" if lost.journaled else ""
    remedy = f"{first}{_REMEDY if lost.is_here else _ELSEWHERE_REMEDY}:\n    {command}"
    return LedgerError(rules.LEDGER_GONE.summary, why=lost.explain(ledger), remedy=remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownClips:
    """Clips that are here and that no attempt of the ledger has: digests in the store, and readable names."""

    digests: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.digests or self.names)

    @property
    def description(self) -> str:
        """How many, and the first of them."""
        return " and ".join(
            f"{len(found):,} in {place}: {', '.join(found[:MAX_LISTED_NAMES])}"
            + (" and more" if len(found) > MAX_LISTED_NAMES else "")
            for place, found in (("the store", self.digests), ("renders/", self.names))
            if found
        )


def find_unknown_clips(
    known: AbstractSet[str],
    *,
    given: AbstractSet[str],
    present: AbstractSet[str],
    names: AbstractSet[str],
    folder: Path,
    world: World,
) -> UnknownClips:
    """What was bought and is in no attempt; sketches cost nothing and are left out.

    `known` are the digests of all attempts, `given` the names that the ledger has, `present` the digests in the store.
    """
    others = present - known
    digests = others - _find_sketch_digests(names, folder) if others else others
    bought = _find_bought_names(names - given, folder, world, known)
    return UnknownClips(digests=tuple(sorted(digests)), names=tuple(bought))


def unknown_clips_warning(unknown: UnknownClips) -> Problem:
    """The same for a command that sums up."""
    return Problem(
        rule=rules.UNKNOWN_CLIPS,
        why=f"The ledger has no attempt for {unknown.description}. They may have been paid for, and are not counted.",
        remedy=UNKNOWN_CLIPS_REMEDY,
    )


def lost_ledger_warning(lost: LostLedger, *, ledger: Path, command: str) -> Problem:
    """The same for a read-only command."""
    return Problem(
        rule=rules.LEDGER_GONE,
        why=lost.explain(ledger),
        remedy=inline_remedy(lost, command),
    )


_RULES = {
    JournalFault.GONE: rules.LEDGER_GONE,
    JournalFault.BEHIND: rules.LEDGER_OLDER,
    JournalFault.COPY: rules.LEDGER_COPY,
    JournalFault.CHANGED: rules.LEDGER_CHANGED,
}


def ledger_problem(finding: JournalFinding, *, ledger: str, world: World, manifest: str) -> Problem:
    """Why `run` is refused, as a warning of a command that only reads."""
    error = explain_journal_fault(finding, ledger=ledger, world=world, manifest=manifest)
    return Problem(rule=_RULES[finding.fault], why=f"{error.why}.", remedy=error.remedy)


def inline_remedy(lost: LostLedger, command: str) -> str:
    """What to do, as sentences with the command that starts a new ledger."""
    first = f"Take over what the journal knows: `{lost.repair_command}`. " if lost.journaled else ""
    return f"{first}{_REMEDY if lost.is_here else _ELSEWHERE_REMEDY} `{command}`."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def has_bought(standing: Standing) -> bool:
    """Whether this very ledger has bought at a gateway. A restored clip has a task without an id."""
    return not is_local(standing.provider) and standing.task != ""


def _find_bought_names(
    names: Iterable[str], folder: Path, world: World, known: AbstractSet[str] = frozenset()
) -> Iterator[str]:
    """Readable names of clips that a gateway made, by the provenance beside them, but for those that are known."""
    for name in sorted(name for name in names if not name.endswith(_SKETCH)):
        clip = read_render_clip(folder / name)
        if clip is not None and _is_bought(clip, world) and clip.digest not in known:
            yield name


def _is_bought(clip: NamedClip, world: World) -> bool:
    return not is_local(clip.provider) and is_of_world(clip, world)


def _find_sketch_digests(names: Iterable[str], folder: Path) -> frozenset[str]:
    """The digests of clips that were drawn on this machine, by the same."""
    clips = (read_render_clip(folder / name) for name in names)
    return frozenset(clip.digest for clip in clips if clip is not None and is_local(clip.provider))
