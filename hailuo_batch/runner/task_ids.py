"""Whose each task is: one id is never two purchases. Known are the tasks of every run so far, and of this one."""

from collections.abc import Mapping


class TaskIds:
    """The tasks that the ledger has, by provider and id, with the attempt of each."""

    def __init__(self, known: Mapping[tuple[str, str], int] | None = None) -> None:
        self._owners = dict(known or {})

    def claim(self, provider: str, task: str, attempt: int) -> int | None:
        """Takes an id for an attempt; the other attempt that has it, if there is one.

        The same attempt may get its id again: a gateway that honours idempotency keys answers so.
        """
        owner = self._owners.setdefault((provider, task), attempt)
        return None if owner == attempt else owner
