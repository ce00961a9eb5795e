"""What may come out otherwise than the manifest reads: warnings, each said once however many shots it concerns.

`offers.py` has the problems that stop a shot; here are only those with which it goes on.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import LONG_DURATION, Manifest
from hailuo_batch.core.manifest.shot import Mode, Shot, ShotNeeds
from hailuo_batch.core.problem import DocumentPath, Problem
from hailuo_batch.core.providers.offers import MODE_WORDS, Provider, join_provider_names
from hailuo_batch.core.request.request import HAILUO_02

K = TypeVar("K")
# What a shot that says nothing asks; only what differs from it has to reach the gateway.
_SWITCH_DEFAULTS = {"prompt_optimizer": True, "fast_pretreatment": False, "watermark": False}


@dataclass(slots=True)
class _Group:
    """The shots that a warning is about: the first, and how many."""

    first: Shot
    count: int = 0
    providers: dict[str, Provider] = field(default_factory=dict)


def provider_warnings(manifest: Manifest, shots: Sequence[Shot], providers: Sequence[Provider]) -> Iterator[Problem]:
    """Warnings about switches that a provider cannot be told, and about what the model itself refuses."""
    mute: dict[tuple[str, frozenset[str]], _Group] = {}
    refused: dict[tuple[Mode, bool], _Group] = {}
    for alike in _group_shots(shots):
        shot, wish = alike.first, alike.first.needs
        able = [provider for provider in providers if provider.can_render(wish)]
        if beyond := [provider for provider in able if _exceeds_model(wish, provider)]:
            _merge_group(refused, (wish.mode, wish.resolution == "512p"), alike, beyond)
        for switch, usual in _SWITCH_DEFAULTS.items():
            unable = [p for p in able if p.switches is not None and switch not in p.switches]
            if unable and getattr(shot, switch) is not usual:
                _merge_group(mute, (switch, frozenset(p.name for p in unable)), alike, able)
    for group in refused.values():
        yield _model_limit_warning(group)
    for (switch, names), group in mute.items():
        yield _switch_warning(manifest, switch, [group.providers[name] for name in sorted(names)], group)


def _group_shots(shots: Sequence[Shot]) -> Iterable[_Group]:
    """The shots by what matters here: there are few kinds, however many shots."""
    kinds: dict[tuple[object, ...], _Group] = {}
    for shot in shots:
        kind = (shot.needs, shot.prompt_optimizer, shot.fast_pretreatment, shot.watermark)
        group = kinds.get(kind)
        if group is None:
            group = kinds[kind] = _Group(shot)
        group.count += 1
    return kinds.values()


def _merge_group(groups: dict[K, _Group], key: K, other: _Group, providers: Sequence[Provider]) -> None:
    group = groups.setdefault(key, _Group(other.first))
    group.count += other.count
    group.providers.update((provider.name, provider) for provider in providers)


def _exceeds_model(needs: ShotNeeds, provider: Provider) -> bool:
    """Whether MiniMax's own pages leave out what a gateway lists (read 2026-11-20, platform.minimax.io)."""
    if provider.free or provider.model != HAILUO_02:
        return False
    if needs.resolution == "512p":
        return needs.mode is not Mode.FIRST
    return needs.resolution == "1080p" and needs.duration in {10, LONG_DURATION}


def _model_limit_warning(group: _Group) -> Problem:
    shot = group.first
    small = shot.resolution == "512p"
    asked = (
        f"{MODE_WORDS[shot.mode]} at 512p" if small else f"1080p for {'10 s' if shot.duration == 10 else shot.duration}"
    )
    makes = "from a first frame alone" if small else "for 6 s"
    lists = f"{join_provider_names(group.providers.values(), 'and')} list{'s' * (len(group.providers) == 1)} that"
    why = (
        f"{_subject_phrase(group)} {asked}; {lists}, but the model itself makes "
        f"{shot.resolution} only {makes}. It may be refused, or come out at another size or length."
    )
    remedy = f"Write {'768p' if small else 'short or 768p'}, or buy one of them first."
    place = shot.resolution_path if len(shot.resolution_path) != 2 or shot.resolution_path[0] != "shots" else ()
    path = place or ("shots", shot.index)
    return Problem(rule=rules.MODEL_LIMIT, why=why, remedy=remedy, path=path)


def _switch_warning(manifest: Manifest, switch: str, unable: Sequence[Provider], group: _Group) -> Problem:
    value = str(getattr(group.first, switch)).lower()
    others = [provider for name, provider in group.providers.items() if provider not in unable]
    have = "has" if len(unable) == 1 else "have"
    who = f"{join_provider_names(unable, 'and')} {have}"
    why = f"{_subject_phrase(group)} {switch}: {value}; {who} no such switch and will not be told."
    keep = f"name only {join_provider_names(others, 'and')} under providers" if others else "choose another provider"
    own = getattr(manifest.shots[group.first.index].settings, switch) is not None
    path: DocumentPath = ("shots", group.first.index, switch) if own else ("defaults", switch)
    return Problem(rule=rules.SWITCH, why=why, remedy=f"Take it out, or {keep}.", path=path)


def _subject_phrase(group: _Group) -> str:
    more = f" and {group.count - 1:,} more ask" if group.count > 1 else " asks"
    return f'shot "{group.first.id}"{more}'
