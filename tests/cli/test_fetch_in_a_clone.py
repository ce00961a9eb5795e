"""`fetch` where the lock names clips that are not on this machine: they come from no gateway."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

Say = Callable[..., Any]
CLIP = b"a clip"
LOCK = """\
version: 1
campaign: film
shots:
  s00:
    version: 1
    takes:
      "1":
        fingerprint: v1-{zeros}
        artifact: sha256:{digest}
        provider: minimax
"""


@pytest.fixture
def clone(surroundings: Path) -> Path:
    (surroundings / "film.yaml").write_text("version: 1\ncampaign: film\nshots: [{id: s00, prompt: a boat}]\n")
    lock = LOCK.format(zeros="0" * 64, digest=sha256(CLIP).hexdigest())
    (surroundings / "film.lock.yaml").write_text(lock)
    return surroundings


def test_clips_of_the_lock_that_are_not_here_are_counted(clone: Path, say: Say):
    said = say("fetch")
    assert said.code == 8
    assert "1 clip of film.lock.yaml" in said.out
    assert "run `push` where it was rendered" in said.out
    assert json.loads(say("fetch", "--format", "json").out)["missing_clips"] == {"film.lock.yaml": 1}


def test_nothing_is_said_of_clips_that_are_here(clone: Path, say: Say):
    digest = sha256(CLIP).hexdigest()
    place = clone / ".hailuo" / "store" / digest[:2]
    place.mkdir(parents=True)
    (place / f"{digest}.mp4").write_bytes(CLIP)
    assert (say("fetch").code, say("fetch").out) == (0, "Nothing to download.\n")
