"""What an audit may find, and what to do about each; a finding is a fault, a remark is only worth knowing."""

from collections.abc import Mapping
from enum import StrEnum

from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.pages import page
from hailuo_batch.values import dataclass


class AuditFault(StrEnum):
    """What speaks against one purchase for each request."""

    LIVE_TWICE = "one request has two live attempts"
    ASKED_AT_ONCE = "a request was submitted while an earlier attempt was open"
    BOUGHT_TWICE = "one request has money on two attempts"
    ONE_TASK = "two attempts have the same task"
    NO_TASK = "it was accepted, and has no task id"
    TASK_UNSENT = "it was never accepted, and has a task id"
    COST_UNSENT = "it was never accepted, and has a cost"
    UNRECORDED = "it counts as stored, but no clip is recorded for it"
    MISSING = "its clip is gone from the store"
    RESIZED = "its clip's file has another size than was recorded"
    CHANGED = "its clip's bytes are not those that were stored"
    REPLAY = "its events do not lead to its stage"
    UNTOLD = "its record has facts that its events do not have"
    NOBODYS = "the ledger has events for an attempt that does not exist"
    LEDGER_GONE = "clips are here that another ledger bought"
    UNKNOWN_CLIPS = "clips are here that the ledger does not know"
    SUMS = "the sums of `costs` are not those of the attempts"

    @property
    def remedy(self) -> str:
        """What to do about it; `commands` follow, if there are any."""
        return _REMEDIES[self]

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """Commands of the remedy: words in capitals are for the user to replace, and a view adds the world."""
        return _COMMANDS.get(self, ())


_LEDGER_REMEDY = (
    "hailuo-batch never writes this: something else has changed the ledger, or this is a bug in hailuo_batch. Put back "
    "a copy of the ledger that is whole, or report it with a copy of this one."
)
_FILE_REMEDY = "Remove the damaged files. A run of the manifest then restores the clip. To list the files:"
_REMEDIES: Mapping[AuditFault, str] = {
    AuditFault.LIVE_TWICE: _LEDGER_REMEDY,
    AuditFault.ASKED_AT_ONCE: _LEDGER_REMEDY,
    AuditFault.BOUGHT_TWICE: (
        "Check your account at the provider: were both charged? If no person decided to buy it again, this is a bug in "
        "hailuo_batch: report it with a copy of the ledger. To see both attempts with every event:"
    ),
    AuditFault.ONE_TASK: (
        "One clip serves two requests, or one of the two has a wrong id. Check in your account at the provider which "
        "request the task has. To write the other attempt off, if it is open:"
    ),
    AuditFault.NO_TASK: (
        "Its clip cannot be downloaded. Check your account at the provider for a task of that time. To see the time, "
        "and to write the attempt off if there is no task:"
    ),
    AuditFault.TASK_UNSENT: _LEDGER_REMEDY,
    AuditFault.COST_UNSENT: _LEDGER_REMEDY,
    AuditFault.UNRECORDED: _LEDGER_REMEDY,
    AuditFault.MISSING: (
        "A run of its manifest restores the clip: from renders/ if it is still there, else it downloads it again. To "
        "write it off if it is nowhere:"
    ),
    AuditFault.RESIZED: _FILE_REMEDY,
    AuditFault.CHANGED: _FILE_REMEDY,
    AuditFault.REPLAY: _LEDGER_REMEDY,
    AuditFault.UNTOLD: _LEDGER_REMEDY,
    AuditFault.NOBODYS: _LEDGER_REMEDY,
    AuditFault.LEDGER_GONE: (
        "Nothing proves what that ledger bought, and what may be running. Put it back, from a copy or from where these "
        f"clips were rendered; {page('money')} says when `run --new-ledger` is safe."
    ),
    AuditFault.UNKNOWN_CLIPS: (
        "They may have been paid for under another ledger, or twice. If they come from another machine, audit there. A "
        "run of their manifest takes named clips in, without buying. Those that nobody needs may be removed."
    ),
    AuditFault.SUMS: "This is a bug in hailuo_batch. Please report it with a copy of the ledger.",
}

_SHOW = ("show", "SHOT", "MANIFEST")
_WRITE_OFF = ("resolve", "SHOT#TAKE", "--write-off")
_COMMANDS: Mapping[AuditFault, tuple[tuple[str, ...], ...]] = {
    AuditFault.BOUGHT_TWICE: (_SHOW,),
    AuditFault.ONE_TASK: (_WRITE_OFF,),
    AuditFault.NO_TASK: (_SHOW, _WRITE_OFF),
    AuditFault.MISSING: (_WRITE_OFF,),
    AuditFault.RESIZED: (("verify", "MANIFEST"),),
    AuditFault.CHANGED: (("verify", "MANIFEST"),),
}


class AuditRemark(StrEnum):
    """What looks like a fault and is none."""

    AFTER_FAILURE = "bought again after the task failed"
    AFTER_DECISION = "bought again after a person wrote the earlier one off"
    SAME_CLIP = "two requests returned the same clip"
    BROUGHT_BACK = "its clip was restored, not requested"
    ADOPTED = "it was submitted elsewhere, and its task was followed here"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFinding:
    """A fault, the attempts that it is about (none: the whole ledger), and more words."""

    fault: AuditFault
    attempts: tuple[AttemptRecord, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditNote:
    """A remark, the attempts that it is about, and more words."""

    remark: AuditRemark
    attempts: tuple[AttemptRecord, ...]
    why: str = ""
