"""Approvals of saved plans as values, and which of them count.

An approval is bound to the hash of a plan. Who gave it is what they said, unless it is signed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hailuo_batch.core.money import Money, money_tree
from hailuo_batch.core.plan.saved_plan import PlanTotals, one_line
from hailuo_batch.values import dataclass

SIGNATURE_NAMESPACE = "hailuo-batch"  # a signature for another purpose is none for us


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who somebody says they are: a name and an e-mail address, either of which may be ""."""

    name: str
    email: str = ""

    @property
    def identity(self) -> str:
        """What lists of people and of signers know them by: the address, else the name."""
        return self.email or self.name

    def is_same(self, other: "Person") -> bool:
        """Whether two are one person as far as anybody can tell: by address or by name, in any case."""
        mine, theirs = (
            {each.strip().casefold() for each in (person.name, person.email) if each.strip()}
            for person in (self, other)
        )
        return not mine.isdisjoint(theirs)

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name and self.email else self.identity


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRule:
    """What the project requires: above which amount, by whom, not by the author, signed by whom.

    `signers` is the path of a file of allowed signers, as it was written.
    """

    above: Money | None = None  # None: whatever a run costs
    by: tuple[str, ...] = ()
    two_persons: bool = False
    signers: str = ""

    @property
    def amount_sentence(self) -> str:
        """Above which amount a run needs an approval."""
        if self.above is None:
            return "Every run that buys needs an approval."
        return f"Without an approval, a run may cost up to {self.above}."

    @property
    def description(self) -> str:
        """What it asks for, on one line."""
        parts = [f"required above {self.above}" if self.above else "required of every run that buys"]
        parts += [f"by {', '.join(self.by)}"] if self.by else []
        parts += ["of another person than the plan's author"] if self.two_persons else []
        parts += [f"signed, by {self.signers}"] if self.signers else []
        return one_line("; ".join(parts))

    def needs_approval(self, totals: PlanTotals) -> bool:
        """Whether submits of this cost need an approval. Currencies are never converted, so another one needs it."""
        if not totals.clips:
            return False
        has_unknown = bool(totals.unpriced or totals.unpriced_fallbacks)
        if self.above is None or has_unknown:
            return has_unknown or bool(totals.most)
        above = self.above
        return any(not each.is_same_currency(above) or each.amount > above.amount for each in totals.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One approval: of which plan, by whom, when (UTC, ISO 8601), for which clips and sums; `signature` is armoured."""

    plan: str
    by: Person
    at: str
    clips: int
    cost: tuple[Money, ...]
    signature: str = ""

    @property
    def tree(self) -> dict[str, Any]:
        """Its line without the signature: what is signed."""
        return {
            "version": 1,
            "plan": self.plan,
            "by": {"name": self.by.name, "email": self.by.email},
            "at": self.at,
            "clips": self.clips,
            "cost": [money_tree(each) for each in self.cost],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """An approval that does not count, and why."""

    who: str
    why: str

    def __str__(self) -> str:
        return one_line(f"{self.who}: {self.why}")


def judge_approvals(
    approvals: Sequence[Approval],
    *,
    plan: str,
    author: Person,
    rule: ApprovalRule,
    signature_faults: Mapping[Approval, str] | None,
) -> tuple[Approval | None, tuple[Rejection, ...]]:
    """The first approval that counts, and why the ones before it do not.

    `signature_faults` says of each what is wrong with its signature ("": nothing); None when unsigned ones count too.
    """
    rejections: list[Rejection] = []
    for approval in approvals:
        why = _find_fault(approval, plan=plan, author=author, rule=rule, signature_faults=signature_faults)
        if not why:
            return approval, tuple(rejections)
        rejections.append(Rejection(who=str(approval.by), why=why))
    return None, tuple(rejections)


def _find_fault(
    approval: Approval,
    *,
    plan: str,
    author: Person,
    rule: ApprovalRule,
    signature_faults: Mapping[Approval, str] | None,
) -> str:
    if approval.plan != plan:
        return "they approved another version of the plan"
    if rule.by and not _is_listed(approval.by, rule.by):
        return "they are not in require_approval.by"
    if rule.two_persons and not author.identity:
        return "the plan does not say who saved it, and two persons are required"
    if rule.two_persons and approval.by.is_same(author):
        return "they saved the plan, and two persons are required"
    if signature_faults is None:
        return ""
    return signature_faults.get(approval, "it is not signed")


def _is_listed(person: Person, names: Iterable[str]) -> bool:
    return person.identity.strip().casefold() in {name.strip().casefold() for name in names}
