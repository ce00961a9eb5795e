"""What a model's row says of shots, and that code asks it instead of comparing names."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from core_samples import ANIMATIC, HAILUO_02

import hailuo_batch
from hailuo_batch.core.manifest.shot import Mode
from hailuo_batch.core.models import is_local
from hailuo_batch.load.model_tables import model_names

PACKAGE = Path(hailuo_batch.__file__).parent


@pytest.mark.parametrize(
    ("mode", "size", "duration", "made"),
    [
        (Mode.TEXT, "768p", 10, True),
        (Mode.TEXT, "768p", "long", True),
        (Mode.TEXT, "768p", 5, True),  # a gateway's 5 s is the model's 6 s
        (Mode.TEXT, "768p", 8, False),
        (Mode.TEXT, "1080p", "short", True),
        (Mode.TEXT, "1080p", "long", False),
        (Mode.TEXT, "512p", 6, False),
        (Mode.FIRST, "512p", 6, True),
        (Mode.LAST, "768p", 6, False),
    ],
)
def test_a_model_makes_what_its_row_says_and_nothing_else(mode, size, duration, made) -> None:
    assert HAILUO_02.makes(mode, size, duration) is made
    assert ANIMATIC.makes(mode, size, duration), "what is drawn here has no limits"


@pytest.mark.parametrize(("duration", "seconds"), [("short", 6), ("long", 10), (7, 7)])
def test_a_clip_drawn_here_is_as_long_as_its_duration_says(duration: int | str, seconds: int) -> None:
    assert ANIMATIC.list_seconds(duration)[-1] == seconds


def test_a_stored_name_tells_whether_it_was_drawn_here() -> None:
    assert is_local("animatic")
    assert not is_local("minimax")
    assert not is_local("")


def test_no_code_compares_with_the_name_of_a_model() -> None:
    names = "|".join(map(re.escape, model_names()))
    spelt = re.compile(rf"[\"'](?:{names})[\"']")
    files = [path for path in PACKAGE.rglob("*.py") if spelt.search(path.read_text())]
    assert [path.relative_to(PACKAGE).as_posix() for path in files] == ["core/models.py"]


def test_a_model_is_a_value() -> None:
    assert replace(HAILUO_02) == HAILUO_02
