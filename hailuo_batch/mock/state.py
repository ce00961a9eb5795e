"""The books of all six gateways: tasks, charges, balances, idempotency keys. Nothing here waits.

It knows no socket and not how a gateway words things; time comes from the mock's clock.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from hashlib import blake2b, sha256
from math import inf

from hailuo_batch.mock.contract import Account, Contract
from hailuo_batch.mock.fault import DOOMED, Fault, FaultKind
from hailuo_batch.mock.journal import Charge, Record
from hailuo_batch.mock.prices import made_seconds, price
from hailuo_batch.mock.rule import Script
from hailuo_batch.mock.signed_links import Links
from hailuo_batch.mock.task import Footage, Order, Phase, Task, View, phase_of, progress_of

LANDSCAPE = (16, 9)


class Desk:
    """What the mock knows. `base` is the address that links begin with."""

    def __init__(self, script: Script, now: Callable[[], float], record: Record) -> None:
        self._script = script
        self._now = now
        self._record = record
        self._tasks: dict[str, dict[str, Task]] = {}
        self._doomed: dict[str, list[Task]] = {}
        self._spent: Counter[str] = Counter()
        self._made: Counter[str] = Counter()  # by gateway and payload
        self._keys: dict[tuple[str, str, str], tuple[str, str]] = {}
        self.links = Links(script.seed)
        self.base = ""

    def accept(
        self,
        contract: Contract,
        order: Order,
        payload: str,
        fault: Fault | None = None,
        shape: tuple[int, int] = LANDSCAPE,
    ) -> Task:
        """Books an order: from here on it is charged."""
        gateway = contract.name
        task = self._task(contract, order, payload, fault, shape)
        self._tasks.setdefault(gateway, {})[task.id] = task
        if task.fate:
            self._doomed.setdefault(gateway, []).append(task)
        self._spent[gateway] += task.price.amount  # type: ignore[assignment] # a Counter of amounts
        self._record.charge(
            Charge(
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

    def find(self, gateway: str, task: str) -> Task | None:
        """The task of this id."""
        return self._tasks.get(gateway, {}).get(task)

    def tasks(self, gateway: str) -> tuple[Task, ...]:
        """All tasks of a gateway, in the order they were accepted."""
        return tuple(self._tasks.get(gateway, {}).values())

    def view(self, contract: Contract, task: Task, word: str = "") -> View:
        """The task as it stands now, with its link when it is done; `word` stands in the place of its status."""
        now = self._now()
        phase, progress = phase_of(task, now), progress_of(task, now)
        if phase is not Phase.DONE:
            return View(task=task, now=now, phase=phase, progress=progress, word=word)
        life = self._script.link_seconds if self._script.link_seconds is not None else contract.link_seconds
        until = (now if contract.fresh_links else task.ended) + life
        link = self.links.write(self.base, contract.name, task.id, until)
        return View(task=task, now=now, phase=phase, progress=progress, link=link, until=until, word=word)

    def account(self, gateway: str) -> Account:
        """What is left and what was spent; a failed task's charge is given back when it fails."""
        spent = Decimal(self._spent[gateway]) - sum((task.price.amount for task in self.refunded(gateway)), Decimal(0))
        given = self._script.balance.get(gateway)
        return Account(left=None if given is None else given - spent, spent=spent)

    def refunded(self, gateway: str) -> Sequence[Task]:
        """The tasks whose charge was given back."""
        now = self._now()
        ended = (task for task in self._doomed.get(gateway, ()) if task.fate and task.fate.refunded)
        return [task for task in ended if phase_of(task, now) in {Phase.FAILED, Phase.CANCELLED}]

    def can_pay(self, gateway: str, order: Order) -> bool:
        """Whether the balance is enough for an order."""
        if gateway not in self._script.balance:
            return True
        left = self.account(gateway).left
        return left is None or left >= price(gateway, order.resolution, order.seconds).amount

    def remember(self, gateway: str, owner: str, key: str, payload: str, task: str) -> None:
        """Ties an idempotency key of an owner to its first payload and task."""
        self._keys[gateway, owner, key] = (payload, task)

    def recall(self, gateway: str, owner: str, key: str) -> tuple[str, str] | None:
        """The payload and the task that a key was first used with."""
        return self._keys.get((gateway, owner, key))

    def stranger(self, contract: Contract, task: Task) -> View:
        """A task of somebody else that is done: for answers about the wrong one."""
        mark = _number(f"stranger {task.id}")
        other = replace(task, id=contract.new_id(mark), mark=mark, queued=0.0, running=0.0, fate=None)
        self._tasks.setdefault(contract.name, {}).setdefault(other.id, other)
        return self.view(contract, other)

    def _task(
        self, contract: Contract, order: Order, payload: str, fault: Fault | None, shape: tuple[int, int]
    ) -> Task:
        gateway, script = contract.name, self._script
        self._made[f"{gateway} {payload}"] += 1
        mark = _number(f"{script.seed} {gateway} {payload} {self._made[f'{gateway} {payload}']}")
        length = 1 + script.spread * (2 * ((mark >> 64) % 1000) / 999 - 1)
        doomed = fault is not None and fault.kind in DOOMED
        stuck = fault is not None and fault.kind is FaultKind.STUCK
        seconds = made_seconds(order.seconds)
        return Task(
            gateway=gateway,
            id=contract.new_id(mark),
            payload=payload,
            prompt=order.prompt,
            model=order.model,
            resolution=order.resolution,
            seconds=seconds,
            frames=bool(order.first) + bool(order.last),
            shape=shape,
            footage=_delivered(Footage(resolution=order.resolution, seconds=seconds, shape=shape), fault),
            created=self._now(),
            queued=script.queued * length,
            running=inf if stuck else script.running * length,
            price=price(gateway, order.resolution, order.seconds),
            mark=mark,
            fate=contract.fate(fault) if fault and doomed and not stuck else None,
        )


def _delivered(bought: Footage, fault: Fault | None) -> Footage:
    """What comes of an order: what was bought, unless a fault makes it another clip."""
    if fault and fault.kind is FaultKind.OTHER_CLIP_LENGTH:
        return replace(bought, seconds=max(1, round(bought.seconds - fault.seconds)))
    if fault and fault.kind is FaultKind.OTHER_CLIP_SIZE:
        return replace(bought, resolution="768p" if bought.resolution == "512p" else "512p")
    return bought


def payload_digest(gateway: str, canonical: bytes) -> str:
    """The short name of a payload at a gateway."""
    return sha256(gateway.encode() + b" " + canonical).hexdigest()[:16]


def _number(words: str) -> int:
    return int.from_bytes(blake2b(words.encode(), digest_size=20).digest())
