"""What can be wrong with a clip, and what to do about each: the findings of `verify`."""

from collections.abc import Mapping
from enum import StrEnum

from hailuo_batch.app.recovery.missing_ledger import UNKNOWN_CLIPS_REMEDY
from hailuo_batch.values import dataclass


class VerifyFault(StrEnum):
    """What can be wrong with a clip that should be there."""

    MISSING = "its clip is gone from the store"
    CHANGED = "its bytes are not those that were stored"
    BROKEN = "it is not a whole video"
    UNNAMED = "its file in renders/ is gone"
    RENAMED = "its file in renders/ is another clip"
    ALONE = "its .json in renders/ is gone or differs"
    UNLOCKED = "the lock names a clip that is not in the store"
    UNKNOWN_NAME = "renders/ has a clip that is not in the ledger"
    UNKNOWN = "the store has a file that is not in the ledger"
    REJECTED = "it was paid for and is not a whole video"
    UNSHARED = "it is not in the shared store"
    OTHER_THERE = "the shared store has something else in its place"
    NOT_BROUGHT = "it could not be brought from the shared store"

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return _REMEDIES[self]

    @property
    def is_fixable_by_run(self) -> bool:
        """Whether a run fixes it after the user has followed the remedy."""
        return self not in _NOT_FIXED_BY_RUN


_NOT_FIXED_BY_RUN = frozenset(
    {
        VerifyFault.UNKNOWN,
        VerifyFault.UNKNOWN_NAME,
        VerifyFault.REJECTED,
        VerifyFault.UNSHARED,
        VerifyFault.OTHER_THERE,
        VerifyFault.NOT_BROUGHT,
    }
)
_REMEDIES: Mapping[VerifyFault, str] = {
    VerifyFault.MISSING: (
        "A run restores the clip: from renders/ if it is still there, else it downloads it again. A sketch is drawn "
        "again."
    ),
    VerifyFault.CHANGED: (
        "Remove the files named here, then run: it restores the clip from an intact copy in renders/, or downloads it "
        "again."
    ),
    VerifyFault.BROKEN: (
        "Remove the files named here, then run: it downloads the clip again. If the provider's clip is broken, it "
        "stays broken."
    ),
    VerifyFault.UNNAMED: "A run links it again.",
    VerifyFault.RENAMED: "Move the file and the .json beside it out of renders/, then run: it links the right clip.",
    VerifyFault.ALONE: "Remove the clip's .mp4 and .json in renders/, then run: it writes both again, from the store.",
    VerifyFault.UNLOCKED: (
        "A run restores the clips of this project's ledger. For a clip that another machine rendered, copy the "
        ".mp4 and .json from its renders/ into yours, then run. If no machine has it, remove the shot from the lock "
        "and run: that renders it again, and costs again."
    ),
    VerifyFault.UNKNOWN: (
        "Nothing uses it, and it does no harm. It may belong to a missing ledger: check it before you remove it."
    ),
    VerifyFault.UNKNOWN_NAME: UNKNOWN_CLIPS_REMEDY,
    VerifyFault.REJECTED: (
        "It is kept aside, since its take has no other clip. A run, or `fetch`, downloads it again while its link "
        "lives. If it never comes whole, `resolve` with `--write-off` gives it up."
    ),
    VerifyFault.UNSHARED: "`push` puts it there.",
    VerifyFault.OTHER_THERE: (
        "Remove that object by hand, since no command of ours does. Then a machine that has the clip puts it there by "
        "`push`."
    ),
    VerifyFault.NOT_BROUGHT: (
        "If its bytes there are not the right ones, remove that object by hand. Then a machine that has the clip puts "
        "it there with `push`."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyFinding:
    """One thing that is not as recorded: about what, which fault, and more words.

    `files` are those it is about, below the project's folder: first the one that is, or should be, there; after it the
    readable names that have to go with it.
    """

    subject: str
    fault: VerifyFault
    files: tuple[str, ...] = ()
    why: str = ""
