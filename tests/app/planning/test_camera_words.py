import asyncio
from pathlib import Path

import pytest

from hailuo_batch.app.planning.validate import validate


@pytest.mark.parametrize(
    ("providers", "bracket", "said"),
    [
        (
            "vtrix",
            "[Tilt  left]",
            "vtrix reads [Tilt  left] as its own command: the camera turns to the left on the spot.",
        ),
        ("minimax, vtrix", "[pull back]", "vtrix reads [pull back] as its own command: the camera moves back."),
        ("vtrix", "[Pan left]", ""),  # which is written out there
        ("vtrix", "[mood]", ""),
        ("minimax", "[tilt left]", ""),
    ],
)
def test_validate_says_which_move_a_gateways_own_word_makes(
    providers: str, bracket: str, said: str, tmp_path: Path
) -> None:
    frame = "{first: {url: 'https://frames.example/a.png', sha256: '" + "ab" * 32 + "'}}"
    shots = "".join(f"  - {{id: {name}, prompt: 'mist {bracket}', frames: {frame}}}\n" for name in "ab")
    file = tmp_path / "film.yaml"
    file.write_text(f"version: 1\ncampaign: film\nproviders: [{providers}]\nshots:\n{shots}", encoding="utf-8")
    found = [each for each in asyncio.run(validate(file)).problems if each.rule.id == "camera-other"]
    assert [each.why for each in found] == ([f'shot "a": {said}', f'shot "b": {said}'] if said else [])
    assert all(str(each.severity) == "warning" and each.place is not None for each in found)


def test_what_is_drawn_here_has_no_gateways_words(tmp_path: Path) -> None:
    file = tmp_path / "film.yaml"
    file.write_text("version: 1\ncampaign: film\nmodel: animatic\nshots: [{id: a, prompt: 'mist [tilt left]'}]\n")
    assert [each.rule.id for each in asyncio.run(validate(file)).problems] in ([], ["camera-unknown"])
