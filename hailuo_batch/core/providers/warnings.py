"""What may come out otherwise than the manifest reads: warnings, each said once however many shots it concerns.

`offers.py` has the problems that stop a shot; here are only those with which it goes on.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from hailuo_batch.core.manifest.document import LONG, Manifest
from hailuo_batch.core.manifest.shot import Mode, Shot, Wish
from hailuo_batch.core.problem import Path, Problem, Severity
from hailuo_batch.core.providers.offers import MODES, Provider, list_of
from hailuo_batch.core.request.request import HAILUO_02

K = TypeVar("K")
# What a shot that says nothing asks; only what differs from it has to reach the gateway.
_USUAL = {"prompt_optimizer": True, "fast_pretreatment": False, "watermark": False}


@dataclass(slots=True)
class _Group:
    """The shots that a warning is about: the first, and how many."""

    first: Shot
    count: int = 0
    able: dict[str, Provider] = field(default_factory=dict)


def advice(manifest: Manifest, shots: Sequence[Shot], providers: Sequence[Provider]) -> Iterator[Problem]:
    """Warnings about switches that a provider cannot be told, and about what the model itself refuses."""
    mute: dict[tuple[str, frozenset[str]], _Group] = {}
    refused: dict[tuple[Mode, bool], _Group] = {}
    for alike in _kinds(shots):
        shot, wish = alike.first, alike.first.wish
        able = [provider for provider in providers if provider.renders(wish)]
        if beyond := [provider for provider in able if _beyond(wish, provider)]:
            _add(refused, (wish.mode, wish.resolution == "512p"), alike, beyond)
        for switch, usual in _USUAL.items():
            unable = [p for p in able if p.switches is not None and switch not in p.switches]
            if unable and getattr(shot, switch) is not usual:
                _add(mute, (switch, frozenset(p.name for p in unable)), alike, able)
    for group in refused.values():
        yield _refused(group)
    for (switch, names), group in mute.items():
        yield _mute(manifest, switch, [group.able[name] for name in sorted(names)], group)


def _kinds(shots: Sequence[Shot]) -> Iterable[_Group]:
    """The shots by what matters here: there are few kinds, however many shots."""
    kinds: dict[tuple[object, ...], _Group] = {}
    for shot in shots:
        kind = (shot.wish, shot.prompt_optimizer, shot.fast_pretreatment, shot.watermark)
        group = kinds.get(kind)
        if group is None:
            group = kinds[kind] = _Group(shot)
        group.count += 1
    return kinds.values()


def _add(groups: dict[K, _Group], key: K, alike: _Group, able: Sequence[Provider]) -> None:
    group = groups.setdefault(key, _Group(alike.first))
    group.count += alike.count
    group.able.update((provider.name, provider) for provider in able)


def _beyond(wish: Wish, provider: Provider) -> bool:
    """Whether MiniMax's own pages leave out what a gateway lists (read 2026-11-20, platform.minimax.io)."""
    if provider.free or provider.model != HAILUO_02:
        return False
    if wish.resolution == "512p":
        return wish.mode is not Mode.FIRST
    return wish.resolution == "1080p" and wish.duration in {10, LONG}


def _refused(group: _Group) -> Problem:
    shot = group.first
    small = shot.resolution == "512p"
    asked = f"{MODES[shot.mode]} at 512p" if small else f"1080p for {'10 s' if shot.duration == 10 else shot.duration}"
    makes = "from a first frame alone" if small else "for 6 s"
    lists = f"{list_of(group.able.values(), 'and')} list{'s' * (len(group.able) == 1)} that"
    why = (
        f"{_who(group)} {asked}; {lists}, but the model itself makes "
        f"{shot.resolution} only {makes}. It may be refused, or come out at another size or length."
    )
    remedy = f"Write {'768p' if small else 'short or 768p'}, or buy one of them first."
    place = shot.resolution_at if len(shot.resolution_at) != 2 or shot.resolution_at[0] != "shots" else ()
    path = place or ("shots", shot.index)
    return _warning("model-limit", "more than the model makes", why, remedy, path)


def _mute(manifest: Manifest, switch: str, unable: Sequence[Provider], group: _Group) -> Problem:
    value = str(getattr(group.first, switch)).lower()
    others = [provider for name, provider in group.able.items() if provider not in unable]
    have = "has" if len(unable) == 1 else "have"
    why = f"{_who(group)} {switch}: {value}; {list_of(unable, 'and')} {have} no such switch and will not be told."
    keep = f"name only {list_of(others, 'and')} under providers" if others else "choose another provider"
    own = getattr(manifest.shots[group.first.index].settings, switch) is not None
    path: Path = ("shots", group.first.index, switch) if own else ("defaults", switch)
    return _warning("switch", "switch not passed on", why, f"Take it out, or {keep}.", path)


def _who(group: _Group) -> str:
    more = f" and {group.count - 1:,} more ask" if group.count > 1 else " asks"
    return f'shot "{group.first.id}"{more}'


def _warning(code: str, summary: str, why: str, remedy: str, path: Path) -> Problem:
    return Problem(code=code, summary=summary, why=why, remedy=remedy, path=path, severity=Severity.WARNING)
