"""Asks gateways outside of a run, for nothing: a task, their list of tasks, a task's events, what is left to spend.

No call here can cost anything, and none is repeated: what does not answer within seconds is told as such. The wire adds
the key; it is in no value that comes back.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from hailuo_batch.core.attempt.failure import Failure, Kind
from hailuo_batch.core.attempt.in_doubt import Sighting
from hailuo_batch.core.request.request import HAILUO_02
from hailuo_batch.errors import InputError, KeyMissingError
from hailuo_batch.gateways.dialect import Balance, Conversation, Dialect, Made, Reply, Running
from hailuo_batch.gateways.json_paths import first_of
from hailuo_batch.load.api_keys import key_of
from hailuo_batch.load.project_root import SETTINGS
from hailuo_batch.load.provider_tables import Table, dialect_for, provider_names, provider_table, read_providers
from hailuo_batch.load.settings import Project

if TYPE_CHECKING:
    from hailuo_batch.drivers.transport import Wire

ANSWER_SECONDS = 15.0
_NO_SECONDS = 1e11  # more seconds since the epoch than that would be the year 5138

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskWord:
    """What a gateway says of a task. `unknown`: it says for sure that it has no such task."""

    known: bool
    unknown: bool
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskList:
    """The tasks that a gateway lists; `whole` when none can be missing; `failure` when it did not tell."""

    provider: str
    model: str = ""  # what the gateway calls ours
    tasks: tuple[Sighting, ...] = ()
    whole: bool = False
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """One gateway that can be asked."""

    name: str
    title: str
    wire: "Wire"
    dialect: Dialect
    table: Table

    async def task(self, task: str) -> TaskWord:
        """What the gateway says of a task."""
        heard: list[Reply] = []
        said = await self.wire.converse(_overheard(self.dialect.poll(task), heard))
        if isinstance(said, Running):
            return TaskWord(known=True, unknown=False, words=f"{self.title} says that it runs ({said.status})")
        if isinstance(said, Made):
            return TaskWord(known=True, unknown=False, words=f"{self.title} says that its clip is made")
        # A read of a task has nothing but the task's id that could be refused.
        moved = bool(heard) and 300 <= heard[-1].status < 400
        refused = said.kind is Kind.UNCLEAR and bool(heard) and not moved
        over = said.kind in {Kind.REFUSED, Kind.PROMPT_REFUSED, Kind.CLIP_REFUSED, Kind.BROKEN}
        return TaskWord(known=over, unknown=refused, words=said.why)

    async def listed(self) -> TaskList | None:
        """The gateway's own list of tasks, or None when it has none."""
        conversation = self.dialect.tasks()
        if conversation is None:
            return None
        heard: list[Reply] = []
        found = await self.wire.converse(_overheard(conversation, heard))
        model = str(self.table["models"].get(HAILUO_02, {}).get("id", ""))
        if isinstance(found, Failure):
            return TaskList(provider=self.name, model=model, failure=found)
        tasks = tuple(
            Sighting(
                provider=self.name,
                task=each.task,
                status=each.status,
                model=each.model,
                created=_epoch_seconds(each.created),
            )
            for each in found
        )
        whole = _is_whole(self.table.get("wire", {}).get("tasks", {}), heard, len(tasks))
        return TaskList(provider=self.name, model=model, tasks=tasks, whole=whole)

    async def events(self, task: str) -> tuple[Mapping[str, object], ...] | Failure:
        """A task's events; only asked of a gateway that has them."""
        conversation = self.dialect.events(task)
        assert conversation is not None, self.name  # noqa: S101 - see `tells_events`
        return await self.wire.converse(conversation)

    async def balance(self) -> Balance | Failure:
        """What is left on the account; only asked of a gateway that tells."""
        conversation = self.dialect.balance()
        assert conversation is not None, self.name  # noqa: S101 - see `tells_balance`
        return await self.wire.converse(conversation)


@asynccontextmanager
async def asking(project: Project) -> AsyncIterator[Callable[[str], Gateway]]:
    """Gives the gateways of a project by name; `KeyMissingError` for one whose key is not set."""
    from hailuo_batch.drivers.transport import Wire, sessions

    refuse_unusable(project)
    async with sessions() as (reading, paying, *_):

        def gateway(name: str) -> Gateway:
            need_known(project, name)
            (found,), _ = read_providers((name,), HAILUO_02, tables=project.tables, regions=project.regions)
            wire = Wire(
                session=reading,
                paying=paying,
                base_url=found.base_url,
                key=_needed_key(name, found.key),
                seconds=ANSWER_SECONDS,
            )
            return Gateway(
                name=name,
                title=found.title,
                wire=wire,
                dialect=dialect_for(name, project.tables),
                table=provider_table(name, project.tables),
            )

        yield gateway


def refuse_unusable(project: Project) -> None:
    """Raises when the settings have problems: a key must not go to another address than the one that was meant."""
    if project.problems:
        first = project.problems[0]
        why = first.why[:1].upper() + first.why[1:]
        raise InputError(f"{SETTINGS} cannot be used", why=why, remedy=first.remedy)


def need_known(project: Project, name: str) -> None:
    """Raises when there is no table for a gateway that the ledger names."""
    if name not in provider_names(project.tables):
        raise InputError(
            f"{name} is no provider of this project any more", remedy=f"Bring its table back to {SETTINGS}."
        )


def lists_tasks(project: Project, name: str) -> bool:
    """Whether a gateway can list its tasks; one whose table is gone cannot be asked."""
    return name in provider_names(project.tables) and _is_told(dialect_for(name, project.tables).tasks())


def tells_events(project: Project, name: str) -> bool:
    """Whether a gateway tells the events of a task."""
    return name in provider_names(project.tables) and _is_told(dialect_for(name, project.tables).events("x"))


def tells_balance(project: Project, name: str) -> bool:
    """Whether a gateway tells what is left on the account."""
    return _is_told(dialect_for(name, project.tables).balance())


def _is_told(conversation: Conversation[Any] | None) -> bool:
    if conversation is None:
        return False
    conversation.close()
    return True


def _needed_key(name: str, variable: str) -> str:
    key = key_of(variable)
    if not key:
        raise KeyMissingError(
            f"the key of {name} is missing",
            why=f"{variable} is not set, and {name} was not asked.",
            remedy=f"Set {variable} in the environment, or put it into the keyring:\n"
            f"    keyring set hailuo-batch {variable}",
        )
    return key


def _overheard(conversation: Conversation[Value], heard: list[Reply]) -> Conversation[Value]:
    """The same conversation; its replies are written down on the way."""
    try:
        call = next(conversation)
        while True:
            reply = yield call
            heard.append(reply)
            call = conversation.send(reply)
    except StopIteration as end:
        value: Value = end.value
        return value


def _epoch_seconds(told: float | None) -> float | None:
    """A time as seconds since the epoch, also where milliseconds were told; None for what is no time.

    Money: a time that is misread would make it look as if a task had never been there.
    """
    if told is None or told <= 0:
        return None
    return told / 1000 if told > _NO_SECONDS else told


def _is_whole(row: Mapping[str, Any], heard: list[Reply], listed: int) -> bool:
    """Whether a list was read to its end: by the gateway's own count, else when it ended before the last page.

    Money: an empty one without a count may be one that was not understood.
    """
    places = row.get("total", ())
    total = first_of(heard[-1].body, (places,) if isinstance(places, str) else tuple(places)) if heard else None
    if isinstance(total, int) and not isinstance(total, bool):
        return listed >= total
    return listed > 0 and len(heard) < int(row.get("most_pages", 1))
