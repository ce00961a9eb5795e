"""Read-only calls to one gateway outside of a run: a task, the list of tasks, a task's events, the balance.

No call here can cost anything, and none is repeated: what does not answer in time is reported as such. The transport
adds the key; it is in no value that comes back.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, TypeVar

from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, Failure, FailureKind
from hailuo_batch.core.attempt.in_doubt import ListedTask
from hailuo_batch.drivers.transport import Transport
from hailuo_batch.gateways.dialect import Balance, ClipReady, Conversation, Dialect, Reply, TaskRunning
from hailuo_batch.gateways.json_paths import find_first
from hailuo_batch.values import dataclass

_NO_TASK = "0"  # no gateway gives such an id
_MAX_EPOCH_SECONDS = 1e11  # more seconds since the epoch than that would be the year 5138

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLookup:
    """What a gateway says of a task. `is_unknown`: it says for sure that it has no such task."""

    is_known: bool
    is_unknown: bool
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskList:
    """The tasks that a gateway lists; `is_complete` when none can be missing; `failure` when it reported none."""

    provider: str
    models: Mapping[str, str] = field(default_factory=dict)  # what the gateway calls ours
    tasks: tuple[ListedTask, ...] = ()
    is_complete: bool = False
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayAccount:
    """One gateway's account."""

    name: str
    title: str
    transport: Transport
    dialect: Dialect
    table: Mapping[str, Any]  # the gateway's table as data

    async def poll_task(self, task: str) -> TaskLookup:
        """What the gateway says of a task."""
        heard: list[Reply] = []
        answer = await self.transport.run_conversation(_record_replies(self.dialect.poll(task), heard))
        if isinstance(answer, TaskRunning):
            return TaskLookup(
                is_known=True, is_unknown=False, message=f"{self.title} reports that it is running ({answer.status})"
            )
        if isinstance(answer, ClipReady):
            return TaskLookup(is_known=True, is_unknown=False, message=f"{self.title} reports that its clip is ready")
        # A read of a task has nothing but the task's id that could be refused.
        moved = bool(heard) and 300 <= heard[-1].status < 400
        refused = answer.kind is FailureKind.UNKNOWN_OUTCOME and bool(heard) and not moved
        over = answer.kind in {
            FailureKind.REFUSED,
            FailureKind.PROMPT_REFUSED,
            FailureKind.CLIP_REFUSED,
            FailureKind.BROKEN,
        }
        return TaskLookup(is_known=over, is_unknown=refused, message=answer.why)

    async def list_tasks(self) -> TaskList | None:
        """The gateway's own list of tasks, or None when it has none."""
        conversation = self.dialect.tasks()
        if conversation is None:
            return None
        heard: list[Reply] = []
        found = await self.transport.run_conversation(_record_replies(conversation, heard))
        models = {ours: str(row.get("id", "")) for ours, row in self.table["models"].items()}
        if isinstance(found, Failure):
            return TaskList(provider=self.name, models=models, failure=found)
        tasks = tuple(
            ListedTask(
                provider=self.name,
                task=each.task,
                status=each.status,
                model=each.model,
                created=_epoch_seconds(each.created),
            )
            for each in found
        )
        whole = _is_complete_list(self.table.get("wire", {}).get("tasks", {}), heard, len(tasks))
        return TaskList(provider=self.name, models=models, tasks=tasks, is_complete=whole)

    async def list_events(self, task: str) -> tuple[Mapping[str, object], ...] | Failure:
        """A task's events; only for a gateway that has them."""
        conversation = self.dialect.events(task)
        assert conversation is not None, self.name  # noqa: S101 - see `has_task_events`
        return await self.transport.run_conversation(conversation)

    async def read_balance(self) -> Balance | Failure:
        """What is left on the account; only for a gateway that reports it."""
        conversation = self.dialect.balance()
        assert conversation is not None, self.name  # noqa: S101 - see `has_balance`
        return await self.transport.run_conversation(conversation)

    async def check_key(self) -> Failure | None:
        """Why the gateway does not accept the key, or could not be reached; None when it did not object to it.

        It is a free poll of a task that does not exist, for a gateway that reports no balance.
        """
        heard: list[Reply] = []
        answer = await self.transport.run_conversation(_record_replies(self.dialect.poll(_NO_TASK), heard))
        if not isinstance(answer, Failure) or FAILURE_POLICIES[answer.kind].ends_task:
            return None
        # It refuses to read such a task: then it has accepted the key. A redirect says nothing.
        moved = not heard or 300 <= heard[-1].status < 400
        return None if answer.kind is FailureKind.UNKNOWN_OUTCOME and not moved else answer


def _record_replies(conversation: Conversation[Value], replies: list[Reply]) -> Conversation[Value]:
    """The same conversation; its replies are written down on the way."""
    try:
        call = next(conversation)
        while True:
            reply = yield call
            replies.append(reply)
            call = conversation.send(reply)
    except StopIteration as end:
        value: Value = end.value
        return value


def _epoch_seconds(timestamp: float | None) -> float | None:
    """A time as seconds since the epoch, also from milliseconds; None if it is not a time.

    Money: a time that is misread would hide a task that exists.
    """
    if timestamp is None or timestamp <= 0:
        return None
    return timestamp / 1000 if timestamp > _MAX_EPOCH_SECONDS else timestamp


def _is_complete_list(row: Mapping[str, Any], replies: list[Reply], count: int) -> bool:
    """Whether a list was read to its end: by the gateway's own count, else when it ended before the last page.

    Money: an empty one without a count may be one that was not understood.
    """
    places = row.get("total", ())
    total = find_first(replies[-1].body, (places,) if isinstance(places, str) else tuple(places)) if replies else None
    if isinstance(total, int) and not isinstance(total, bool):
        return count >= total
    return count > 0 and len(replies) < int(row.get("most_pages", 1))
