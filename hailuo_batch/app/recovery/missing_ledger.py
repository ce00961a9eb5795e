"""A ledger that is gone while clips are here that were bought under it: it is never taken for that of a new project.

No clip is lost with it, but the tasks that were running then and what was in doubt are written down nowhere else. Until
the ledger that is here has bought something itself, a drawing or a clip that it took in proves nothing. Nothing here
reads the ledger.
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from hailuo_batch.app.recovery.rendered_files import clip_of
from hailuo_batch.core.attempt.attempt import Standing
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.problem import Problem, Severity
from hailuo_batch.core.request.request import ANIMATIC
from hailuo_batch.errors import LedgerError

SHOWN = 3  # readable names; one proves as much as all of them
SUMMARY = "the ledger is gone"
_SKETCH = "_sketch.mp4"
_REMEDY = (
    "Put the ledger back, from a copy or from where these clips were rendered. If it was moved aside on purpose, or "
    "only the clips were brought here, look in your providers' accounts for what is running, then"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """What shows that another ledger was here: clips in the store, and some of those with a readable name."""

    clips: int
    names: tuple[str, ...]
    nothing: bool  # the ledger that is here says nothing at all: its file is missing or empty

    def why(self, ledger: Path) -> str:
        """What is here, and what went with the ledger."""
        state = "has bought nothing yet" if not self.nothing else "is empty" if ledger.exists() else "is not there"
        return (
            f"{ledger} {state}, and {self.found}. Tasks that were running when these were bought, and takes that were "
            "in doubt, are written down nowhere else and would be bought again; caps know nothing of what was spent."
        )

    @property
    def found(self) -> str:
        """The clips in words."""
        store = f"the store has {self.clips:,} clip{'s' * (self.clips != 1)}"
        more = " and more" if len(self.names) > SHOWN else ""
        named = f"renders/ has {', '.join(self.names[:SHOWN])}{more}"
        return " and ".join([store] * bool(self.clips) + [named] * bool(self.names))


def lost_ledger(
    standings: Mapping[str, Standing],
    *,
    present: AbstractSet[str],
    locked: AbstractSet[str],
    names: Iterable[str],
    folder: Path,
) -> Lost | None:
    """What is left of a ledger that is not the one whose standings these are; None where none is missed.

    `present` are the digests in the store, `locked` those that the lock names, `names` are the files in `folder`.
    """
    if any(map(_was_bought_here, standings.values())):
        return None
    bought = tuple(islice(_bought(names, folder), SHOWN + 1))
    # What an empty ledger does not know may be real unless its name says otherwise; one that has drawn may have died
    # over a sketch that nothing names.
    clips = present & locked if standings else present - _drawn(names, folder) if present else frozenset()
    return Lost(clips=len(clips), names=bought, nothing=not standings) if clips or bought else None


def refuse_lost(lost: Lost | None, steps: Iterable[Step], *, ledger: Path, command: str) -> None:
    """Raises `LedgerError` when something would be bought without the ledger that knows what was bought before."""
    if lost is not None and any(step.submits for step in steps):
        # Money: a task that runs is nowhere but in the ledger; without it, it would be bought a second time.
        raise LedgerError(SUMMARY, why=lost.why(ledger), remedy=f"{_REMEDY}:\n    {command}")


def warning_of(lost: Lost, *, ledger: Path) -> Problem:
    """The same for a command that only looks."""
    return Problem(
        code="ledger-gone",
        summary=SUMMARY,
        why=lost.why(ledger),
        remedy=in_a_line(),
        severity=Severity.WARNING,
    )


def in_a_line() -> str:
    """What to do, where no command can stand alone."""
    return f"{_REMEDY} `hailuo-batch run --new-ledger`."


def _was_bought_here(standing: Standing) -> bool:
    """Whether this very ledger has asked a gateway; a clip that was brought back has a task without an id."""
    return standing.provider != ANIMATIC and standing.task != ""


def _bought(names: Iterable[str], folder: Path) -> Iterator[str]:
    """Readable names of clips that a gateway made, by the provenance beside them."""
    for name in sorted(name for name in names if not name.endswith(_SKETCH)):
        clip = clip_of(folder / name)
        if clip is not None and clip.provider != ANIMATIC:
            yield name


def _drawn(names: Iterable[str], folder: Path) -> frozenset[str]:
    """The digests of clips that were drawn on this machine, by the same."""
    clips = (clip_of(folder / name) for name in names)
    return frozenset(clip.digest for clip in clips if clip is not None and clip.provider == ANIMATIC)
