"""Every exception of ours, with its exit code and its remedy.

An error is raised when a command cannot go on. What is wrong in a manifest is a `Problem`, what went wrong
with an attempt is a `Failure`: both are values, and neither is raised.
"""

from enum import IntEnum


class Exit(IntEnum):
    """What a process reports to its caller; the table in docs/commands.md explains each."""

    DONE = 0
    BUG = 1
    USAGE = 2
    INVALID = 3
    TAKES_FAILED = 4
    REFUSED = 5
    KEY = 6
    BALANCE = 7
    NEEDS_PERSON = 8
    LEDGER = 9
    PENDING = 10
    INTERRUPTED = 130


class HailuoError(Exception):
    """A command cannot go on: `summary` says what, `why` adds what is known, `remedy` says what to do."""

    exit: Exit = Exit.BUG

    def __init__(self, summary: str, *, why: str = "", remedy: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.why = why
        self.remedy = remedy


class InputError(HailuoError):
    """A file, an option's value or a name that the user gave cannot be used."""

    exit = Exit.INVALID


class RefusedError(HailuoError):
    """Stopped before anything was spent: a cap, a missing approval, a clash of names."""

    exit = Exit.REFUSED


class UntrustedError(RefusedError):
    """A key would go to an address that the user has not trusted, or a setting would widen what they did not allow."""


class PendingError(HailuoError):
    """Work is pending where none may be: the lock does not cover the manifest."""

    exit = Exit.PENDING


class KeyMissingError(HailuoError):
    """A gateway has to be called, and its key is not set, or is rejected."""

    exit = Exit.KEY


class LedgerError(HailuoError):
    """The ledger is held by another run, damaged, gone while its clips are here, or newer than this tool."""

    exit = Exit.LEDGER


class DamagedLedgerError(LedgerError):
    """The ledger's file is there and cannot be read."""


class LedgerMovedError(LedgerError):
    """The ledger or its run lock was removed or replaced while a command was using it."""


class BoughtElsewhereError(LedgerError):
    """Another ledger of this machine bought the take meanwhile: nothing was submitted."""


class HeldElsewhereError(LedgerError):
    """Another machine that shares the ledger works on the take, or has it: nothing was submitted."""


class CapReachedError(LedgerError):
    """A cap of the shared ledger has no room for the take: nothing was submitted."""


class StoreError(HailuoError):
    """A file of ours could not be kept: no room, no right to write. In a run it is a failure of a step."""

    exit = Exit.REFUSED


class SharedStoreError(StoreError):
    """The shared store cannot be reached, or refuses, or has other bytes than a clip's."""


class FileChangedError(StoreError):
    """A file that is read, and written back later, is no longer the one that was read."""
