"""A plan in parts for several machines: `--shard 2/5` is the second of five, and all five together are the plan.

What must stay on one machine is a group: a shot with all its takes, the shots whose frames it starts from, and every
shot that has one of its requests. Where a group goes is decided by its own name, so that a new shot moves no other.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256

from hailuo_batch.core.manifest.frame_links import frame_sources
from hailuo_batch.core.manifest.same_requests import request_key
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.plan.plan import Plan, TakeName
from hailuo_batch.errors import InputError
from hailuo_batch.values import dataclass

MAX_SHARDS = 1_000
ShotName = tuple[str, str]  # a campaign, and the id of a shot of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One part of `count`, counted from 1."""

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def has(self, group: ShotName) -> bool:
        """Whether a group is in this part, by the name of its first shot."""
        digest = sha256("\n".join(group).encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.number - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCampaign:
    """What is divided: the shots of a manifest in their order, and the plan of all of them."""

    shots: Sequence[Shot]
    plan: Plan

    def name(self, shot: str) -> ShotName:
        """The name of one of its shots among all manifests."""
        return self.plan.campaign, shot

    @property
    def meetings(self) -> Iterator[tuple[Hashable, ShotName]]:
        """Each shot with something that it shares with the others of its group.

        Requests are compared as the manifests have them, which is the same on every machine. Money: what this plan
        buys once is compared as well, since on two machines it would be bought twice.
        """
        for shot in self.shots:
            yield (self.plan.inputs.model.name, request_key(shot, self.plan.inputs.images)), self.name(shot.id)
            for giver in frame_sources(shot).values():
                yield self.name(giver), self.name(shot.id)
        for step in self.plan.steps:
            for use in step.uses:
                yield step.fingerprint or self.name(step.uses[0].shot.id), self.name(use.shot.id)


def parse_shard(text: str) -> Shard:
    """A part as people write it; `InputError` for one that is none.

    >>> parse_shard("2/5")
    Shard(number=2, count=5)
    """
    number, slash, count = text.partition("/")
    known = [int(each) if each.isascii() and each.isdigit() and len(each) < 6 else 0 for each in (number, count)]
    if not slash or not 1 <= known[0] <= known[1] <= MAX_SHARDS:
        why = f"A part is I/N: the I-th of N, with I from 1 to N, and N up to {MAX_SHARDS:,}."
        raise InputError(f'"{text}" is no part of a plan', why=why, remedy="Write it like --shard 2/5.")
    return Shard(number=known[0], count=known[1])


def choose_takes(campaigns: Sequence[PlannedCampaign], shard: Shard) -> tuple[frozenset[TakeName], ...]:
    """The takes of a part, for each of the campaigns that one command plans together."""
    groups = find_groups(campaigns)
    return tuple(
        frozenset(
            TakeName(use.shot.id, use.take)
            for step in each.plan.steps
            for use in step.uses
            if shard.has(groups[each.name(use.shot.id)])
        )
        for each in campaigns
    )


def find_groups(campaigns: Iterable[PlannedCampaign]) -> Mapping[ShotName, ShotName]:
    """For each shot the first shot of its group, in the order of the manifests."""
    campaigns = tuple(campaigns)
    groups = _Groups(each.name(shot.id) for each in campaigns for shot in each.shots)
    known: dict[Hashable, ShotName] = {name: name for name in groups.names}
    for each in campaigns:
        for meeting, name in each.meetings:
            groups.join(known.setdefault(meeting, name), name)
    return {name: groups.first(name) for name in groups.names}


class _Groups:
    """Shots that belong together; the first one in the given order stands for a group."""

    def __init__(self, names: Iterable[ShotName]) -> None:
        self.names = tuple(dict.fromkeys(names))
        self._order = {name: place for place, name in enumerate(self.names)}
        self._above = {name: name for name in self.names}

    def first(self, name: ShotName) -> ShotName:
        path = []
        while (above := self._above[name]) != name:
            path.append(name)
            name = above
        for each in path:
            self._above[each] = name
        return name

    def join(self, one: ShotName, other: ShotName) -> None:
        ends = (self.first(one), self.first(other))
        first = min(ends, key=self._order.__getitem__)
        for each in ends:
            self._above[each] = first
