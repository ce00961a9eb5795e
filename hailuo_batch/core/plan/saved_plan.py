"""A plan as a file that people review, approve and run: what is in it, and its hash.

Every request, frame, provider and price that an approver sees is compared with the plan at the time of the run
(`plan_drift.py`). So a file that says one thing and buys another is refused. Signatures of addresses are not in it;
their digests bind them. The file is read and written in `load/saved_plan_file.py`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import field
from decimal import Decimal
from hashlib import sha256
from typing import Any

from hailuo_batch.core.manifest.document import FileFrame, Frame, ShotFrame, UrlFrame
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.models import Model
from hailuo_batch.core.money import Money, money_tree, sum_by_currency
from hailuo_batch.core.plan.compare_requests import Member
from hailuo_batch.core.plan.plan import Step, TakeName
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.core.request.request import ImageRef, Request, make_request
from hailuo_batch.core.signatures import hide_signatures
from hailuo_batch.values import dataclass

FILE_VERSIONS = (1, 2)  # of one manifest, and of several
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode

Tree = Mapping[str, Any]


def one_line(text: str) -> str:
    """A text of a file that anybody may have written, on one line: what cannot be seen is escaped."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def text_digest(text: str) -> str:
    """`sha256:` and the digest of a text."""
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def tree_digest(tree: object) -> str:
    """The digest of data as canonical JSON: keys sorted, no blanks, UTF-8."""
    return text_digest(_encode(tree))


def plan_hash(tree: Tree) -> str:
    """The hash over a whole file, without the member that holds it."""
    return tree_digest({name: value for name, value in tree.items() if name != "hash"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTotals:
    """What the submits of a saved plan cost: takes, clips, and sums by currency.

    `most` is the sum when the dearest provider of each list renders. `unpriced` counts the clips whose price is unknown
    at the provider that comes first, `unpriced_fallbacks` those where it is unknown only at a later one.
    """

    takes: int = 0
    clips: int = 0
    cost: tuple[Money, ...] = ()
    most: tuple[Money, ...] = ()
    unpriced: int = 0
    unpriced_fallbacks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SavedPlan:
    """A saved plan, as its schema has it: of one manifest, or of several under one hash."""

    tree: Tree

    @property
    def hash(self) -> str:
        """The hash that approvals are bound to."""
        return str(self.tree["hash"])

    @property
    def author(self) -> Tree:
        """Who saved it and when: name, email, at. It is what they said, and proves nothing."""
        author: Tree = self.tree["author"]
        return author

    @property
    def parts(self) -> tuple["SavedPlan", ...]:
        """What it says of each of its manifests, as a plan of that manifest alone; all have the hash of the whole."""
        if "manifests" not in self.tree:
            return (self,)
        common = {name: value for name, value in self.tree.items() if name != "manifests"}
        return tuple(SavedPlan(tree={**common, **part}) for part in self.tree["manifests"])

    @property
    def steps(self) -> Sequence[Tree]:
        """Its steps, of all manifests."""
        return [step for part in self.tree.get("manifests", (self.tree,)) for step in part["steps"]]

    @property
    def has_only_failed(self) -> bool:
        """Whether it is of failed and refused takes alone, which its run submits again."""
        return bool(self.tree.get("failed"))

    @property
    def max_cost(self) -> Money | None:
        """The most that its run may spend, where that was said."""
        return parse_money(self.tree["max_cost"])

    @property
    def takes(self) -> frozenset[TakeName]:
        """The takes of one manifest that its run carries out: all but those that a cap leaves out."""
        kept = (step for step in self.steps if "left_out" not in step)
        return frozenset(name for step in kept for name in take_names(step))

    @property
    def totals(self) -> PlanTotals:
        """What its steps cost, summed anew: a sum in the file might be another."""
        return sum_steps(self.steps)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StepFacts:
    """What a step's part of the file is made from, beside the step.

    `bought`, `left_out` and `bought_for` are by `id` of the step. By fingerprint, `charged` is how many attempts may
    have cost money; `attempts` is how many there were, where refused takes are submitted again.
    `givers` are, by shot, the selected takes that give frames in the place of the first.
    """

    model: Model
    images: Mapping[Frame, ImageRef]
    charged: Mapping[str, int] = field(default_factory=dict)
    bought: AbstractSet[int] = frozenset()
    left_out: Mapping[int, str] = field(default_factory=dict)
    bought_for: Mapping[int, str] = field(default_factory=dict)
    attempts: Mapping[str, int] | None = None
    givers: Mapping[str, int] = field(default_factory=dict)


def step_tree(step: Step, facts: StepFacts, *, why: str, changes: Iterable[Member] = ()) -> dict[str, Any]:
    """One step as the file has it; `changes` are what differs from the shot's last version."""
    shot = step.uses[0].shot
    tree: dict[str, Any] = {
        "takes": [{"shot": use.shot.id, "take": use.take, "version": use.version} for use in step.uses],
        "action": str(step.action),
        "why": hide_signatures(why),
        "buys": id(step) in facts.bought,
        "fingerprint": step.fingerprint,
        "request": _request_tree(step, facts),
        "frames": list(_frame_trees(shot, facts)),
        "routes": [_route_tree(way) for way in (step.route, *step.route.fallbacks) if way.provider],
        "standing": _standing_tree(step),
        "charged": facts.charged.get(step.fingerprint, 0),
    }
    if hide_signatures(shot.prompt) != shot.prompt:
        tree["prompt_digest"] = text_digest(shot.prompt)
    if differences := [_change_tree(member) for member in changes]:
        tree["changes"] = differences
    if step.known_task is not None:
        tree["task"] = {"provider": step.known_task.provider, "id": step.known_task.task}
    if id(step) in facts.bought_for:
        tree["bought_for"] = facts.bought_for[id(step)]
    if facts.attempts is not None:
        tree["attempts"] = facts.attempts.get(step.fingerprint, 0)
    if id(step) in facts.left_out:
        tree["left_out"] = facts.left_out[id(step)]
    return tree


def _change_tree(member: Member) -> dict[str, Any]:
    values = (hide_signatures(each) if isinstance(each, str) else each for each in (member.before, member.now))
    names = {"name_before": member.label_before, "name": member.label}
    tree = dict(zip(("before", "now"), values, strict=True))
    return {"field": member.name, **tree, **{key: hide_signatures(name) for key, name in names.items() if name}}


def _request_tree(step: Step, facts: StepFacts) -> dict[str, Any]:
    """The request as fingerprints hash it; a frame of a clip that is not there yet is named by its shot."""
    use = step.uses[0]
    request = step.request or make_request(use.shot, use.take, model=facts.model, first=None, last=None)
    members = {name: value for name, value in request.members.items() if value is not None}
    members["prompt"] = hide_signatures(request.prompt)
    for end in ("first", "last"):
        image = _image_member(step.request, getattr(use.shot.frames, end), end, facts)
        members.pop(end, None)
        if image is not None:
            members[end] = image
    return members


def _image_member(request: Request | None, frame: Frame | None, end: str, facts: StepFacts) -> object:
    image: ImageRef | None = (
        getattr(request, end) if request is not None else facts.images.get(frame) if frame else None
    )
    if image is None:
        return {"shot": frame.shot, "frame": str(frame.frame)} if isinstance(frame, ShotFrame) else None
    return image.digest if image.frame is None else {"artifact": image.digest, "frame": str(image.frame)}


def _frame_trees(shot: Shot, facts: StepFacts) -> Iterator[dict[str, Any]]:
    """Where the frames come from: files, addresses without what may be a signature, other shots."""
    for end, frame in (("first", shot.frames.first), ("last", shot.frames.last)):
        match frame:
            case ShotFrame():
                giver = {"take": facts.givers[frame.shot]} if frame.shot in facts.givers else {}
                yield {"end": end, "shot": frame.shot, "frame": str(frame.frame), **giver}
            case FileFrame():
                yield {"end": end, "file": frame.path, **_digest_member(frame, facts)}
            case UrlFrame():
                shown = hide_signatures(frame.url)
                bound = {} if shown == frame.url else {"url_digest": text_digest(frame.url)}
                yield {"end": end, "url": shown, **bound, **_digest_member(frame, facts)}


def _digest_member(frame: Frame, facts: StepFacts) -> dict[str, str]:
    image = facts.images.get(frame)
    return {} if image is None else {"digest": image.digest}


def _route_tree(way: Route) -> dict[str, Any]:
    if way.free:
        return {"provider": way.provider, "free": True}
    price = None if way.estimate is None else money_tree(way.estimate)
    if price is not None and way.price is not None:
        price |= {"read": str(way.price.row.read), "source": way.price.row.source}
    return {"provider": way.provider, "price": price}


def _standing_tree(step: Step) -> dict[str, Any] | None:
    standing = step.standing
    if standing is None:
        return None
    return {
        "stage": str(standing.stage),
        "provider": standing.provider,
        "task": standing.task,
        "kind": None if standing.kind is None else str(standing.kind),
    }


def parse_money(tree: Tree | None) -> Money | None:
    """The amount of such a member; None is "unknown"."""
    return None if tree is None else Money(amount=Decimal(tree["amount"]), currency=str(tree["currency"]))


def take_names(step: Tree) -> tuple[TakeName, ...]:
    """The takes that a step of the file is for."""
    return tuple(TakeName(each["shot"], each["take"]) for each in step["takes"])


def step_label(step: Tree) -> str:
    """How messages call a step: `open#2`, or `open#2 +3` when its clip is for more takes."""
    first, *more = take_names(step)
    return first.label + (f" +{len(more)}" if more else "")


def sum_steps(steps: Iterable[Tree]) -> PlanTotals:
    """What the steps that buy cost together."""
    bought = [step for step in steps if step["buys"]]
    paid = [[parse_money(way.get("price")) for way in step["routes"] if not way.get("free")] for step in bought]
    return PlanTotals(
        takes=sum(len(step["takes"]) for step in bought),
        clips=len(bought),
        cost=sum_by_currency(prices[0] for prices in paid if prices and prices[0] is not None),
        most=sum_by_currency(money for prices in paid for money in _dearest(prices)),
        unpriced=sum(prices[:1] == [None] for prices in paid),
        unpriced_fallbacks=sum(prices[:1] != [None] and None in prices for prices in paid),
    )


def _dearest(prices: Iterable[Money | None]) -> Iterable[Money]:
    worst: dict[str, Money] = {}
    for price in prices:
        if price is not None and (price.currency not in worst or worst[price.currency].amount < price.amount):
            worst[price.currency] = price
    return worst.values()


def totals_tree(totals: PlanTotals) -> dict[str, Any]:
    """The sums as the file and an approval have them, for people."""
    return {
        "takes": totals.takes,
        "clips": totals.clips,
        "cost": [money_tree(each) for each in totals.cost],
        "most": [money_tree(each) for each in totals.most],
        "unpriced": totals.unpriced,
        "unpriced_fallbacks": totals.unpriced_fallbacks,
    }


def model_digest(model: Model) -> str:
    """The digest of what a model's row says it can do."""
    offers = None if model.offers is None else {str(mode): dict(sizes) for mode, sizes in model.offers.items()}
    return tree_digest(
        {
            "name": model.name,
            "offers": offers,
            "lengths": dict(model.lengths),
            "switches": list(model.switches),
            "max_prompt_length": model.max_prompt_length,
            "has_camera_commands": model.has_camera_commands,
        }
    )
