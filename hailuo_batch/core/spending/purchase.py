"""What the ledgers of this user bought on this machine, as the journal of purchases knows it."""

from enum import StrEnum

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.money import Money
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import LedgerError
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """An attempt of another ledger that may have been paid for; `place` is the path of that ledger's file."""

    fingerprint: str
    provider: str
    stage: Stage
    place: str
    account: str = ""  # a keyed hash of the API key
    task: str | None = None
    digest: str | None = None
    cost: Money | None = None


class JournalFault(StrEnum):
    """How a ledger differs from what the journal knows of it."""

    BEHIND = "behind"  # it lacks events that were written: it was restored from an older copy
    GONE = "gone"  # it is new, where the journal knows another one
    CHANGED = "changed"  # a shared ledger whose server took over from another one, or was restored
    COPY = "copy"  # the ledger that it was copied from is still in its own place


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFinding:
    """A fault, with the attempts that only the journal has, and where the other ledger is, or was."""

    fault: JournalFault
    attempts: int
    place: str
    why: str = ""  # of `CHANGED`, in words


def explain_journal_fault(
    finding: JournalFinding, *, ledger: str, world: World = World.REAL, manifest: str = ""
) -> LedgerError:
    """The refusal: what was found, why nothing goes on, and the command that mends it.

    `manifest` is the one that a run is about, for the command that begins a new ledger.
    """
    count = f"{finding.attempts:,} attempt{'s' * (finding.attempts != 1)}"
    repair = f"Take them over from the journal:\n    {command_line('ledger repair', world=world)}"
    match finding.fault:
        case JournalFault.BEHIND:
            summary = "the ledger is older than the purchases that were made with it"
            why = f"{ledger} was replaced by an earlier copy: the journal of this machine has {count} that it lacks"
            remedy = repair
        case JournalFault.GONE:
            summary = "the ledger is gone"
            why = (
                f"{ledger} is new, and the journal of this machine has {count} that were made with an earlier one. "
                "Running tasks and takes in doubt are recorded only there"
            )
            run = command_line("run", "--new-ledger", *filter(None, [manifest]), world=world)
            remedy = f"{repair}\nTo begin a new ledger that does not know them, run:\n    {run}"
        case JournalFault.CHANGED:
            summary = "the shared ledger may have lost purchases"
            why = f"{ledger} {finding.why}. What was bought last may be missing there, and would be bought again"
            remedy = (
                "Compare the ledger with your accounts at the gateways, and settle what is in doubt. Then say so, once "
                f"for all machines:\n    {command_line('ledger settle', '--reason', 'compared with the accounts')}"
            )
        case JournalFault.COPY:
            summary = "this ledger is a copy of another one that is still in use"
            why = f"{ledger} was copied from {finding.place}, and both would buy the same takes"
            fork = command_line("ledger fork", world=world)
            remedy = (
                "Work where the original is, or remove it. To go on in both, make the copy a ledger of its own:\n"
                f"    {fork}"
            )
    return LedgerError(summary, why=f"{why}. Nothing was submitted", remedy=remedy)
