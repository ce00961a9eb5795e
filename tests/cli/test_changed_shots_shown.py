"""What the command line says of a few changed shots is the same with and without what was remembered."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_fixtures import Said

FILM = """\
version: 1
campaign: teaser
defaults: {duration: 1, resolution: 512p}
shots:
  - id: open
    prompt: a bottle in mist
  - id: turn
    prompt: the cap turns
  - id: end
    prompt: the end
"""
COMMANDS = [
    ("plan", "--sketch"),
    ("plan", "--sketch", "--detailed-exitcode"),
    ("validate", "--sketch"),
    ("validate", "--strict", "--sketch"),
    ("validate", "--format", "json", "--sketch"),
]


@pytest.mark.usefixtures("quick_sketches")
@pytest.mark.parametrize(
    ("edit", "is_short"),
    [("the cap burns", True), ("the cap [Fly in] turns", True), ("the cap turns # on", True), ('"opened', False)],
)
def test_without_its_memory_a_project_says_the_same(
    film: Path, say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, edit: str, is_short: bool
):
    film.write_text(FILM)
    assert say("run", "--sketch", str(film)).code == 0
    film.write_text(FILM.replace("the cap turns", edit))
    found: list[bool] = []
    from hailuo_batch.app.planning import manifest_change

    real = manifest_change._find_changed_entries

    def spy(*args: object) -> object:
        found.append((answer := real(*args)) is not None)  # type: ignore[arg-type]
        return answer

    monkeypatch.setattr(manifest_change, "_find_changed_entries", spy)
    before = [say(*command, str(film)) for command in COMMANDS]
    assert set(found) == {is_short}
    shutil.rmtree(film.parent.parent / ".hailuo" / "memory")
    assert [say(*command, str(film)) for command in COMMANDS] == before
