"""The books of all gateways: tasks, charges, balances, idempotency keys. Nothing here waits.

It knows no socket and not how a gateway words things; time comes from the mock's clock.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from hashlib import blake2b, sha256
from math import inf

from hailuo_batch.mock.contract import AccountBalance, GatewayContract
from hailuo_batch.mock.fault import TASK_FAILURES, Fault, FaultKind
from hailuo_batch.mock.journal import ChargeEntry, Journal
from hailuo_batch.mock.kept_tasks import KeptTask, KeptTasks, key_digest
from hailuo_batch.mock.prices import rendered_seconds
from hailuo_batch.mock.rule import Script
from hailuo_batch.mock.signed_links import SignedLinks
from hailuo_batch.mock.task import ClipSpec, Order, Phase, Task, TaskView, task_phase, task_progress

LANDSCAPE = (16, 9)


class MockState:
    """What the mock knows. `base_url` is the address that links begin with; another `salt` gives tasks other ids.

    `kept` has the tasks for the mocks of later processes.
    """

    def __init__(
        self,
        script: Script,
        now: Callable[[], float],
        journal: Journal,
        salt: str = "",
        kept: KeptTasks | None = None,
    ) -> None:
        self._script, self._salt, self._kept = script, salt, kept
        self._now = now
        self._journal = journal
        self._tasks: dict[str, dict[str, Task]] = {}
        self._failing: dict[str, list[Task]] = {}
        self._spent: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()  # by gateway and payload
        self._keys: dict[str, tuple[str, str]] = {}  # by the digest of gateway, owner and key
        self.links = SignedLinks(script.seed)
        self.base_url = ""

    def accept(
        self,
        contract: GatewayContract,
        order: Order,
        payload: str,
        fault: Fault | None = None,
        shape: tuple[int, int] = LANDSCAPE,
        key: tuple[str, str] | None = None,
    ) -> Task:
        """Books an order: from here on it is charged. `key` is an owner and an idempotency key, tied to this task."""
        gateway = contract.name
        task = self._new_task(contract, order, payload, fault, shape)
        kept = KeptTask(task=task, key=key_digest(gateway, *key) if key else "")
        if self._kept is not None:
            self._kept.add(kept)
        self.restore(kept)
        self._journal.add_charge(
            ChargeEntry(
                at=task.created,
                gateway=gateway,
                task=task.id,
                amount=task.price.amount,
                currency=task.price.currency,
                payload=payload,
                prompt=order.prompt,
            )
        )
        return task

    def restore(self, kept: KeptTask) -> None:
        """Knows a task that was booked, now or by an earlier mock."""
        task = kept.task
        gateway = task.gateway
        self._tasks.setdefault(gateway, {})[task.id] = task
        if task.failure:
            self._failing.setdefault(gateway, []).append(task)
        self._spent[gateway] += task.price.amount  # type: ignore[assignment] # a Counter of amounts
        self._counts[f"{gateway} {task.payload}"] += 1
        if kept.key:
            self._keys[kept.key] = (task.payload, task.id)

    def find_task(self, gateway: str, task: str) -> Task | None:
        """The task of this id."""
        return self._tasks.get(gateway, {}).get(task)

    def tasks(self, gateway: str) -> tuple[Task, ...]:
        """All tasks of a gateway, in the order they were accepted."""
        return tuple(self._tasks.get(gateway, {}).values())

    def view(self, contract: GatewayContract, task: Task, status_override: str = "") -> TaskView:
        """The task as it stands now, with its link when it is done; `status_override` stands in the place of its
        status.
        """
        now = self._now()
        phase, progress = task_phase(task, now), task_progress(task, now)
        if phase is not Phase.DONE:
            return TaskView(task=task, now=now, phase=phase, progress=progress, status_override=status_override)
        life = self._script.link_seconds if self._script.link_seconds is not None else contract.link_seconds
        until = (now if contract.fresh_links else task.end_time) + life
        link = self.links.make_link(self.base_url, contract.name, task.id, until)
        return TaskView(
            task=task,
            now=now,
            phase=phase,
            progress=progress,
            link=link,
            link_expires=until,
            status_override=status_override,
        )

    def account(self, gateway: str) -> AccountBalance:
        """What is left and what was spent; a failed task's charge is given back when it fails."""
        spent = Decimal(self._spent[gateway]) - sum(
            (task.price.amount for task in self.refunded_tasks(gateway)), Decimal(0)
        )
        given = self._script.balance.get(gateway)
        return AccountBalance(left=None if given is None else given - spent, spent=spent)

    def refunded_tasks(self, gateway: str) -> Sequence[Task]:
        """The tasks whose charge was given back."""
        now = self._now()
        ended = (task for task in self._failing.get(gateway, ()) if task.failure and task.failure.refunded)
        return [task for task in ended if task_phase(task, now) in {Phase.FAILED, Phase.CANCELLED}]

    def can_pay(self, contract: GatewayContract, order: Order) -> bool:
        """Whether the balance is enough for an order."""
        if contract.name not in self._script.balance:
            return True
        left = self.account(contract.name).left
        return left is None or left >= contract.price(order.resolution, order.seconds, order.model).amount

    def find_key(self, gateway: str, owner: str, key: str) -> tuple[str, str] | None:
        """The payload and the task that a key was first used with."""
        return self._keys.get(key_digest(gateway, owner, key))

    def other_task_view(self, contract: GatewayContract, task: Task) -> TaskView:
        """A task of somebody else that is done: for answers about the wrong one."""
        mark = _hash_number(f"stranger {task.id}")
        other = replace(task, id=contract.new_id(mark), mark=mark, queued=0.0, running=0.0, failure=None)
        self._tasks.setdefault(contract.name, {}).setdefault(other.id, other)
        return self.view(contract, other)

    def _new_task(
        self, contract: GatewayContract, order: Order, payload: str, fault: Fault | None, shape: tuple[int, int]
    ) -> Task:
        gateway, script = contract.name, self._script
        mark = _hash_number(f"{script.seed} {gateway} {payload} {self._counts[f'{gateway} {payload}'] + 1}")
        length = 1 + script.spread * (2 * ((mark >> 64) % 1000) / 999 - 1)
        doomed = fault is not None and fault.kind in TASK_FAILURES
        stuck = fault is not None and fault.kind is FaultKind.STUCK
        seconds = rendered_seconds(order.seconds)
        return Task(
            gateway=gateway,
            id=contract.new_id(_hash_number(f"{self._salt} {mark}") if self._salt else mark),
            payload=payload,
            prompt=order.prompt,
            model=order.model,
            resolution=order.resolution,
            seconds=seconds,
            frames=bool(order.first) + bool(order.last),
            shape=shape,
            clip=_apply_clip_fault(ClipSpec(resolution=order.resolution, seconds=seconds, shape=shape), fault),
            created=self._now(),
            queued=script.queued * length,
            running=inf if stuck else script.running * length,
            price=contract.price(order.resolution, order.seconds, order.model),
            mark=mark,
            failure=contract.failure(fault) if fault and doomed and not stuck else None,
        )


def _apply_clip_fault(bought: ClipSpec, fault: Fault | None) -> ClipSpec:
    """What comes of an order: what was bought, unless a fault makes it another clip."""
    if fault and fault.kind is FaultKind.OTHER_CLIP_LENGTH:
        return replace(bought, seconds=max(1, round(bought.seconds - fault.seconds)))
    if fault and fault.kind is FaultKind.OTHER_CLIP_SIZE:
        return replace(bought, resolution="768p" if bought.resolution == "512p" else "512p")
    return bought


def payload_digest(gateway: str, canonical_body: bytes) -> str:
    """The short name of a payload at a gateway."""
    return sha256(gateway.encode() + b" " + canonical_body).hexdigest()[:16]


def _hash_number(words: str) -> int:
    return int.from_bytes(blake2b(words.encode(), digest_size=20).digest())
