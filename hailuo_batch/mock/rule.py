"""Rules of a script: which fault meets which calls. Whether a rule strikes is decided here, from counts and a seed."""

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from hashlib import blake2b

from hailuo_batch.mock.fault import Fault
from hailuo_batch.mock.messages import CallKind
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A fault, and the calls it meets. Calls are counted at each gateway, or with `each` for each task (or payload).

    With none of `nth`, `first`, `every` and `rate` it meets every call that fits; with several, those that all name.
    """

    fault: Fault
    gateways: frozenset[str] = frozenset()  # empty: all
    calls: frozenset[CallKind] = frozenset()
    prompt: str = ""  # a part of it, whatever the case
    nth: frozenset[int] = frozenset()
    first: int | None = None
    every: int | None = None
    rate: float | None = None
    each: bool = False

    def matches_prompt(self, prompt: str) -> bool:
        """Whether a call with this prompt is one of those it counts."""
        return not self.prompt or self.prompt.casefold() in prompt.casefold()

    def applies(self, count: int, chance: float) -> bool:
        """Whether it meets the call that is number `count`, where `chance` is a number from 0 to 1."""
        return (
            (not self.nth or count in self.nth)
            and (self.first is None or count <= self.first)
            and (self.every is None or count % self.every == 0)
            and (self.rate is None or chance < self.rate)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Everything that can be said of a rehearsal. Seconds are the mock's; a task's may differ by the part `spread`."""

    seed: int = 0
    queued: float = 1.0
    running: float = 3.0
    spread: float = 0.3
    link_seconds: float | None = None  # None: each gateway's own
    balance: Mapping[str, Decimal] = field(default_factory=dict)  # by gateway; absent: no end
    keys: tuple[str, ...] = ()  # those that are taken; none: any
    rules: tuple[Rule, ...] = ()


class FaultChooser:
    """Counts calls and says which fault meets each. The first rule that strikes is the one.

    Chance depends on the seed, the rule, the task and how often it was polled, never on the order of other calls: the
    same campaign meets the same faults at any concurrency.
    """

    def __init__(self, script: Script) -> None:
        self._seed = script.seed
        self._rules = script.rules
        self._fitting: dict[tuple[str, CallKind], tuple[tuple[int, Rule], ...]] = {}
        self._counts: dict[tuple[object, ...], int] = {}

    def pick(self, gateway: str, call: CallKind, subject: str, prompt: str) -> Fault | None:
        """The fault for this call; `subject` is the task it is about, or the payload of a submit."""
        picked: Fault | None = None
        for place, rule in self._matching_rules(gateway, call):
            if not rule.matches_prompt(prompt):
                continue
            count = self._next_count(place, gateway, call, subject if rule.each else "")
            if picked is None and rule.applies(count, self._chance(rule, place, gateway, call, subject)):
                picked = rule.fault
        return picked

    def _matching_rules(self, gateway: str, call: CallKind) -> tuple[tuple[int, Rule], ...]:
        if (gateway, call) not in self._fitting:
            self._fitting[gateway, call] = tuple(
                (place, rule)
                for place, rule in enumerate(self._rules)
                if (not rule.gateways or gateway in rule.gateways) and call in rule.calls
            )
        return self._fitting[gateway, call]

    def _next_count(self, *key: object) -> int:
        self._counts[key] = self._counts.get(key, 0) + 1
        return self._counts[key]

    def _chance(self, rule: Rule, place: int, gateway: str, call: CallKind, subject: str) -> float:
        if rule.rate is None:
            return 0.0
        turn = self._next_count("chance", place, gateway, call, subject)
        words = f"{self._seed}/{place}/{gateway}/{call}/{subject}/{turn}".encode()
        return int.from_bytes(blake2b(words, digest_size=8).digest()) / (1 << 64)
