"""What may come out otherwise than the manifest reads: each warning once, however many shots it concerns.

`offers.py` has the problems that stop a shot. Of those, only a switch that no provider has is here, beside its warning.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from typing import TypeVar

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.shot import Mode, Shot, ShotNeeds
from hailuo_batch.core.models import Model
from hailuo_batch.core.problem import Problem, Rule
from hailuo_batch.core.providers.offers import Provider, join_provider_names
from hailuo_batch.core.providers.phrases import MODE_WORDS, duration_text, join_or
from hailuo_batch.core.switches import DEFAULT_SWITCHES
from hailuo_batch.values import dataclass

K = TypeVar("K")


@dataclass(slots=True)
class _Group:
    """The shots that a warning is about: the first, and how many."""

    first: Shot
    count: int = 0
    providers: dict[str, Provider] = field(default_factory=dict)


def provider_warnings(shots: Sequence[Shot], providers: Sequence[Provider]) -> Iterator[Problem]:
    """What is said of switches that a provider or the model does not have, and of what the model itself refuses.

    All providers are those of one model.
    """
    model = providers[0].model
    had = dict(model.switches)
    mute: dict[tuple[str, frozenset[str], bool], _Group] = {}
    refused: dict[tuple[Mode, str, bool], _Group] = {}
    for alike in _group_shots(shots):
        shot, wish = alike.first, alike.first.needs
        able = [provider for provider in providers if provider.can_film(wish)]
        is_stopped = bool(able) and all(provider.missing_switches(wish) for provider in able)
        if able and _exceeds_model(wish, model):
            _merge_group(refused, (wish.mode, wish.resolution, _makes_size(wish, model)), alike, able)
        for switch, value in shot.switches:
            # Only what differs from what the model does unasked has to reach the gateway.
            lacking = frozenset(p.name for p in able if switch in p.missing_switches(wish))
            if lacking:
                _merge_group(mute, (switch, lacking, is_stopped), alike, able)
            if switch not in had and not model.is_local and (switch, value) not in DEFAULT_SWITCHES:
                _merge_group(mute, (switch, frozenset(), False), alike, able)
    if model.is_retired:
        why = f"{model.name} is no longer sold by those who make it."
        yield Problem(rule=rules.MODEL_RETIRED, why=why, remedy="Choose another model.", path=("model",))
    for group in refused.values():
        yield _model_limit_warning(group, model)
    for (switch, names, is_stopped), group in mute.items():
        unable = [group.providers[name] for name in sorted(names)]
        yield (
            _provider_switch_problem(switch, unable, group, is_stopped=is_stopped)
            if names
            else _no_switch_warning(switch, model, group)
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
    path = shot.find_place("resolution")
    return Problem(rule=rules.MODEL_LIMIT, why=why, remedy=remedy, path=path, shot=shot.id)


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


def _provider_switch_problem(switch: str, unable: Sequence[Provider], group: _Group, *, is_stopped: bool) -> Problem:
    """An error where no provider of the list has all the shot's switches; else a warning of who cannot render it."""
    others = [provider for provider in group.providers.values() if not provider.missing_switches(group.first.needs)]
    who = f"{join_provider_names(unable, 'and')} {'has' if len(unable) == 1 else 'have'} no such switch"
    if not is_stopped:
        return _make_switch_problem(
            rules.SWITCH, switch, group,
            f"{who}, so {join_provider_names(others, 'or')} renders it.",
            f"Delete it, or leave {join_provider_names(unable, 'and')} out of providers.",
        )  # fmt: skip
    return _make_switch_problem(
        rules.SWITCH_NOT_OFFERED, switch, group,
        f"{who}, and no other of the providers can render it.",
        "Delete it, or add a provider that has it.",
    )  # fmt: skip


def _no_switch_warning(switch: str, model: Model, group: _Group) -> Problem:
    why = f"{model.name} has no such switch, so it is not sent."
    return _make_switch_problem(rules.SWITCH, switch, group, why, "Delete it, or choose another model.")


def _make_switch_problem(rule: Rule, switch: str, group: _Group, why: str, remedy: str) -> Problem:
    value = str(dict(group.first.switches)[switch]).lower()
    path = group.first.find_place(switch)
    why = f"{_subject_phrase(group)} {switch}: {value}; {why}"
    return Problem(rule=rule, why=why, remedy=remedy, path=path, shot=group.first.id)


def _subject_phrase(group: _Group) -> str:
    more = f" and {group.count - 1:,} more ask for" if group.count > 1 else " asks for"
    return f'shot "{group.first.id}"{more}'
