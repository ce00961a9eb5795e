"""What an audit may find, and what to do about each; a finding is a fault, a remark is only worth knowing."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hailuo_batch.core.attempt.records import AttemptRecord


class AuditFault(StrEnum):
    """What speaks against one purchase for each request."""

    LIVE_TWICE = "one request has two live attempts"
    ASKED_AT_ONCE = "a request was asked for while an earlier attempt was open"
    BOUGHT_TWICE = "one request has money on two attempts"
    ONE_TASK = "two attempts have the same task"
    NO_TASK = "it was accepted, and has no task id"
    TASK_UNSENT = "it was never accepted, and has a task id"
    COST_UNSENT = "it was never accepted, and has a cost"
    UNRECORDED = "it counts as stored, and no clip is recorded for it"
    MISSING = "its clip is gone from the store"
    RESIZED = "its clip's file has another size than was recorded"
    CHANGED = "its clip's bytes are not those that were stored"
    REPLAY = "its events do not lead to where it stands"
    UNTOLD = "its record says what its events did not tell"
    NOBODYS = "there are events of an attempt that is not there"
    SUMS = "the sums of `costs` are not those of the attempts"

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return _REMEDIES[self]


_LEDGER_REMEDY = (
    "hailuo-batch never writes this: something else has changed the ledger, or this is a bug in hailuo_batch. Put back "
    "a copy of the ledger that is whole, or report it with a copy of this one."
)
_FILE_REMEDY = (
    "`hailuo-batch verify` names the files that have to be taken away; a run of its manifest then brings the clip back."
)
_REMEDIES: Mapping[AuditFault, str] = {
    AuditFault.LIVE_TWICE: _LEDGER_REMEDY,
    AuditFault.ASKED_AT_ONCE: _LEDGER_REMEDY,
    AuditFault.BOUGHT_TWICE: (
        "`hailuo-batch show SHOT` has both with every event; look in the provider's account whether both were charged. "
        "If nobody decided that it be bought again, this is a bug in hailuo_batch: report it with a copy of the ledger."
    ),
    AuditFault.ONE_TASK: (
        "One clip stands for two requests, or one of the two has a wrong id. Look in the provider's account what the "
        "task was asked; if the other attempt is open, `hailuo-batch resolve SHOT#TAKE --write-off` gives it up."
    ),
    AuditFault.NO_TASK: (
        "Nobody can ask for its clip. Look in the provider's account for a task of that time (`hailuo-batch show SHOT` "
        "has it); where there is none, `hailuo-batch resolve SHOT#TAKE --write-off` gives the attempt up."
    ),
    AuditFault.TASK_UNSENT: _LEDGER_REMEDY,
    AuditFault.COST_UNSENT: _LEDGER_REMEDY,
    AuditFault.UNRECORDED: _LEDGER_REMEDY,
    AuditFault.MISSING: (
        "A run of its manifest brings the clip back: from its readable name where that has it still, else from where "
        "it was made. Where that run finds it nowhere, `hailuo-batch resolve SHOT#TAKE --write-off` gives it up."
    ),
    AuditFault.RESIZED: _FILE_REMEDY,
    AuditFault.CHANGED: _FILE_REMEDY,
    AuditFault.REPLAY: _LEDGER_REMEDY,
    AuditFault.UNTOLD: _LEDGER_REMEDY,
    AuditFault.NOBODYS: _LEDGER_REMEDY,
    AuditFault.SUMS: "This is a bug in hailuo_batch. Please report it with a copy of the ledger.",
}


class AuditRemark(StrEnum):
    """What looks like a fault and is none."""

    AFTER_FAILURE = "bought again after the task failed"
    AFTER_DECISION = "bought again after a person gave the earlier one up"
    SAME_CLIP = "two requests were sold the same clip"
    BROUGHT_BACK = "its clip was brought back, and not asked for"


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
