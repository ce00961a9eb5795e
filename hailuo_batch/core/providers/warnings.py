"""What may come out otherwise than the manifest reads: warnings, each said once however many shots it concerns.

`offers.py` has the problems that stop a shot; here are only those with which it goes on.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import Manifest
from hailuo_batch.core.manifest.shot import Mode, Shot, ShotNeeds
from hailuo_batch.core.models import Model
from hailuo_batch.core.problem import DocumentPath, Problem
from hailuo_batch.core.providers.offers import Provider, join_provider_names
from hailuo_batch.core.providers.phrases import MODE_WORDS, duration_text, join_or
from hailuo_batch.core.switches import DEFAULT_SWITCHES

K = TypeVar("K")


@dataclass(slots=True)
class _Group:
    """The shots that a warning is about: the first, and how many."""

    first: Shot
    count: int = 0
    providers: dict[str, Provider] = field(default_factory=dict)


def provider_warnings(manifest: Manifest, shots: Sequence[Shot], providers: Sequence[Provider]) -> Iterator[Problem]:
    """Warnings about switches that a provider or the model does not have, and about what the model itself refuses.

    All providers are those of one model.
    """
    model = providers[0].model
    had = dict(model.switches)
    mute: dict[tuple[str, frozenset[str]], _Group] = {}
    refused: dict[tuple[Mode, str, bool], _Group] = {}
    for alike in _group_shots(shots):
        shot, wish = alike.first, alike.first.needs
        able = [provider for provider in providers if provider.can_render(wish)]
        if able and _exceeds_model(wish, model):
            _merge_group(refused, (wish.mode, wish.resolution, _makes_size(wish, model)), alike, able)
        for switch, value in shot.switches:
            # Only what differs from what the model does unasked has to reach the gateway.
            unable = [p for p in able if p.switches is not None and switch not in p.switches]
            if switch in had and unable and value is not had[switch]:
                _merge_group(mute, (switch, frozenset(p.name for p in unable)), alike, able)
            if switch not in had and not model.is_local and (switch, value) not in DEFAULT_SWITCHES:
                _merge_group(mute, (switch, frozenset()), alike, able)
    if model.is_retired:
        why = f"{model.name} is no longer sold by those who make it."
        yield Problem(rule=rules.MODEL_RETIRED, why=why, remedy="Choose another model.", path=("model",))
    for group in refused.values():
        yield _model_limit_warning(group, model)
    for (switch, names), group in mute.items():
        unable = [group.providers[name] for name in sorted(names)]
        yield (
            _switch_warning(manifest, switch, unable, group)
            if names
            else _no_switch_warning(manifest, switch, model, group)
        )


def _group_shots(shots: Sequence[Shot]) -> Iterable[_Group]:
    """The shots by what matters here: there are few kinds, however many shots."""
    kinds: dict[tuple[object, ...], _Group] = {}
    for shot in shots:
        kind = (shot.needs, shot.switches)
        group = kinds.get(kind)
        if group is None:
            group = kinds[kind] = _Group(shot)
        group.count += 1
    return kinds.values()


def _merge_group(groups: dict[K, _Group], key: K, other: _Group, providers: Sequence[Provider]) -> None:
    group = groups.setdefault(key, _Group(other.first))
    group.count += other.count
    group.providers.update((provider.name, provider) for provider in providers)


def _exceeds_model(needs: ShotNeeds, model: Model) -> bool:
    """Whether a gateway lists what the model's own row leaves out; of a model without rows nothing is known."""
    return bool(model.offers) and not model.makes(needs.mode, needs.resolution, needs.duration)


def _makes_size(needs: ShotNeeds, model: Model) -> bool:
    return needs.resolution in (model.offers or {}).get(needs.mode, {})


def _model_limit_warning(group: _Group, model: Model) -> Problem:
    shot, needs = group.first, group.first.needs
    if _makes_size(needs, model):
        wanted, makes, ways = _describe_length_limit(needs, model)
    else:
        wanted, makes, ways = _describe_size_limit(needs, model)
    lists = f"{join_provider_names(group.providers.values(), 'and')} list{'s' * (len(group.providers) == 1)} that"
    why = (
        f"{_subject_phrase(group)} {wanted}; {lists}, but the model itself makes {makes}. It may be refused, or come "
        "out at another size or length."
    )
    remedy = f"Write {join_or(ways)}, or buy one of them first." if ways else "Buy one of them first."
    place = shot.resolution_path if len(shot.resolution_path) != 2 or shot.resolution_path[0] != "shots" else ()
    path = place or ("shots", shot.index)
    return Problem(rule=rules.MODEL_LIMIT, why=why, remedy=remedy, path=path)


_SOURCE_WORDS = {
    Mode.TEXT: "from text alone",
    Mode.FIRST: "from a first frame alone",
    Mode.FIRST_LAST: "from a first and last frame",
}


def _describe_size_limit(needs: ShotNeeds, model: Model) -> tuple[str, str, list[str]]:
    """What the shot needs, what the model makes instead, and what to write: for a size that it does not make so."""
    offers = model.offers or {}
    modes = [_SOURCE_WORDS[mode] for mode, sizes in offers.items() if needs.resolution in sizes]
    sizes = [size for size in offers.get(needs.mode, {}) if model.makes(needs.mode, size, needs.duration)]
    makes = f"{needs.resolution} only {join_or(modes)}" if modes else f"no {needs.resolution}"
    return f"{MODE_WORDS[needs.mode]} at {needs.resolution}", makes, sizes[:1]


def _describe_length_limit(needs: ShotNeeds, model: Model) -> tuple[str, str, list[str]]:
    """The same for a length that it does not make at this size."""
    row = (model.offers or {})[needs.mode]
    seconds = row[needs.resolution]
    words = [word for word, lengths in model.lengths.items() if not set(lengths).isdisjoint(seconds)]
    sizes = [size for size in row if model.makes(needs.mode, size, needs.duration)]
    wanted = f"{duration_text(needs.duration)} at {needs.resolution}"
    return wanted, f"{needs.resolution} only for {join_or(map(str, seconds))} s", [*words, *sizes[:1]]


def _switch_warning(manifest: Manifest, switch: str, unable: Sequence[Provider], group: _Group) -> Problem:
    others = [provider for provider in group.providers.values() if provider not in unable]
    who = f"{join_provider_names(unable, 'and')} {'has' if len(unable) == 1 else 'have'}"
    keep = f"name only {join_provider_names(others, 'and')} under providers" if others else "choose another provider"
    return _make_switch_warning(manifest, switch, group, who, keep)


def _no_switch_warning(manifest: Manifest, switch: str, model: Model, group: _Group) -> Problem:
    return _make_switch_warning(manifest, switch, group, f"{model.name} has", "choose another model")


def _make_switch_warning(manifest: Manifest, switch: str, group: _Group, who: str, keep: str) -> Problem:
    value = str(dict(group.first.switches)[switch]).lower()
    why = f"{_subject_phrase(group)} {switch}: {value}; {who} no such switch, so it is not sent."
    own = switch in dict(manifest.shots[group.first.index].settings.switches)
    path: DocumentPath = ("shots", group.first.index, switch) if own else ("defaults", switch)
    return Problem(rule=rules.SWITCH, why=why, remedy=f"Delete it, or {keep}.", path=path)


def _subject_phrase(group: _Group) -> str:
    more = f" and {group.count - 1:,} more ask for" if group.count > 1 else " asks for"
    return f'shot "{group.first.id}"{more}'
