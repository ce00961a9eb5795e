"""Forty prompts as people write them, and what each gateway would be sent."""

import json
from pathlib import Path

import pytest
from gateway_samples import ALL, Golden, order, question
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.manifest.camera import CameraCommand, camera_moves, normalize_commands
from hailuo_batch.core.manifest.shot import Mode
from hailuo_batch.gateways.camera import CameraSpelling
from hailuo_batch.load.document import read_document
from hailuo_batch.load.provider_tables import read_provider_table

PROMPTS = Path(__file__).parent.parent.parent / "manifests" / "camera-prompts.yaml"
FIELDS = {"mindvideo": ("input",), "vtrix": ("input", 0, "params")}
OFFICIAL = [name for name in ALL if name != "vtrix"]


def sent(name: str, prompt: str) -> str:
    """The prompt in the body; the first frame is there since one gateway takes nothing without."""
    spot: object = order(name, question(Mode.FIRST, normalize_commands(prompt))).body
    for part in FIELDS.get(name, ()):
        spot = spot[part]  # type: ignore[index]
    return spot["prompt"]  # type: ignore[index,no-any-return]


def test_what_each_gateway_is_sent_for_forty_camera_prompts(golden: Golden) -> None:
    tree = read_document(PROMPTS.read_bytes(), name=PROMPTS.name).tree
    shots = tree["shots"]  # type: ignore[index]
    prompts = {shot["id"]: shot["prompt"].replace("$$", "$") for shot in shots}
    assert len(prompts) == 40
    calls = [f"{name}: {_call(name, prompts['cam-01'])}" for name in ALL]
    blocks = [f"{shot}: {_line(prompt)}\n{_by_gateway(prompt)}" for shot, prompt in prompts.items()]
    golden("\n\n".join(["The whole call for cam-01", *calls, "The prompts", *blocks]), "camera.txt")


def _call(name: str, prompt: str) -> str:
    call = order(name, question(Mode.FIRST, normalize_commands(prompt), prompt_optimizer=False))
    return f"{call.method} {call.path}\n{json.dumps(call.body, ensure_ascii=False, indent=1)}"


def _by_gateway(prompt: str) -> str:
    said: dict[str, list[str]] = {}
    for name in ALL:
        said.setdefault(sent(name, prompt), []).append(name)
    return "\n".join(f"    {' '.join(names)}: {_line(text)}" for text, names in said.items())


def _line(text: str) -> str:
    return text.replace("\n", "⏎")


@pytest.mark.parametrize("name", OFFICIAL)
@pytest.mark.parametrize("command", CameraCommand)
def test_gateways_are_sent_the_vendors_own_words(name: str, command: CameraCommand) -> None:
    assert sent(name, f"mist [{command.upper()}]") == f"mist [{command}]"


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("Truck left", "(the camera slides to the left)"),
        ("Truck right", "(the camera slides to the right)"),
        ("Pan left", "(the camera turns to the left on the spot)"),
        ("Pan right", "(the camera turns to the right on the spot)"),
        ("Push in", "[push in]"),
        ("Pull out", "[pull back]"),
        ("Pedestal up", "[rise]"),
        ("Pedestal down", "[lower]"),
        ("Tilt up", "[tilt up]"),
        ("Tilt down", "[tilt down]"),
        ("Zoom in", "[zoom in]"),
        ("Zoom out", "[zoom out]"),
        ("Shake", "[shake]"),
        ("Tracking shot", "[follow]"),
        ("Static shot", "[static]"),
    ],
)
def test_vtrix_is_sent_its_own_word_or_plain_language_where_its_word_is_another_move(command: str, word: str) -> None:
    assert sent("vtrix", f"mist [{command}].") == f"mist {word}."


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("[左摇, Shake] fog", "(the camera turns to the left on the spot and shakes, at the same time) fog"),
        ("[Truck left,Push in,Shake]", "(the camera slides to the left, moves closer and shakes, at the same time)"),
        ("[Push in, Shake], then [Static shot]", "[push in, shake], then [static]"),
        ("[mood] light [pan sideways]", "[mood] light [pan sideways]"),
        ("no brackets", "no brackets"),
        ("open [Push in", "open [Push in"),
    ],
)  # fmt: skip
def test_moves_of_one_bracket_stay_together_and_other_text_is_left_alone(prompt: str, said: str) -> None:
    assert sent("vtrix", prompt) == said


@given(st.text(st.sampled_from("[],ab 左移摇Push in")), st.sampled_from(ALL))
def test_nothing_but_commands_is_changed(prompt: str, name: str) -> None:
    official = normalize_commands(prompt)
    if not camera_moves(official) and official:
        assert sent(name, prompt) == official


def test_the_table_has_a_word_or_plain_language_for_every_command() -> None:
    camera = read_provider_table("vtrix")["camera"]
    assert {*camera["words"], *camera["plain"]} == set(CameraCommand)
    words = {word.casefold() for word in camera["words"].values()}
    other = {str(command).casefold() for command in CameraCommand if str(command) in camera["plain"]}
    assert not words & other, "a word would name another move"


def test_a_gateway_without_words_of_its_own_gets_the_prompt_untouched() -> None:
    assert CameraSpelling().spell("[Pan left]") == "[Pan left]"
