"""Brackets that are no camera command of MiniMax's, and are one of a gateway's own: which move will happen there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.camera import CameraCommand, find_brackets
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.load.provider_tables import Tables, read_provider_table


def check_camera_words(shots: Iterable[Shot], providers: Sequence[Provider], tables: Tables) -> Iterator[Problem]:
    """A warning for each bracket of an entry by which a provider that may render it moves the camera in its own way."""
    gateways = [each for each in providers if not each.is_local]
    own = {each.name: words for each in gateways if (words := _read_own_words(each.name, tables))}
    if not own:
        return
    found: dict[tuple[int, str, str], Problem] = {}
    for shot in shots:
        for bracket, inside in find_brackets(shot.prompt) if "[" in shot.prompt else ():
            for provider in providers:
                moves = [own[provider.name][word] for word in inside if word in own.get(provider.name, {})]
                where = (shot.index, bracket, provider.name)
                if moves and provider.can_render(shot.needs):
                    known = found.get(where) or _make_problem(shot, bracket, provider.name, moves)
                    found[where] = replace(known, count=known.count + (where in found))
    yield from found.values()


def _read_own_words(name: str, tables: Tables) -> Mapping[str, CameraCommand]:
    """A gateway's words that are none of MiniMax's, and the command that each stands for."""
    camera = read_provider_table(name, tables).get("camera", {})
    spelled = {word.casefold(): command for command, word in camera.get("words", {}).items()}
    own = {word.casefold(): command for word, command in camera.get("own", {}).items()}
    known = {command.casefold() for command in CameraCommand}
    return {word: CameraCommand(command) for word, command in {**spelled, **own}.items() if word not in known}


def _make_problem(shot: Shot, bracket: str, provider: str, moves: Sequence[CameraCommand]) -> Problem:
    from hailuo_batch.gateways.camera import PLAIN_WORDS  # few manifests have such a bracket

    move = " and ".join(PLAIN_WORDS[command] for command in moves)
    meant = ", ".join(moves)
    return Problem(
        rule=rules.CAMERA_OTHER,
        why=f'shot "{shot.id}": {provider} reads {bracket} as its own command: the camera {move}.',
        remedy=f"If that is meant, write [{meant}], which every provider gets; else describe the move in words.",
        path=("shots", shot.index, "prompt"),
        shot=shot.id,
    )
