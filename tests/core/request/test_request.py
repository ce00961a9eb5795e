from typing import Any

import pytest
from core_samples import ANIMATIC, HAILUO_02, shot

from hailuo_batch.core.manifest.document import FileFrame, Frames
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.models import Model
from hailuo_batch.core.request.fingerprint import fingerprint
from hailuo_batch.core.request.request import ImageRef, Request, make_request


def asked(of: Shot, take: int = 1, model: Model = HAILUO_02) -> Request:
    return make_request(of, take, model=model, first=ImageRef(digest="sha256:aa"), last=None)


@pytest.mark.parametrize(
    "members",
    [
        {"id": "renamed"},
        {"index": 7},
        {"tags": ("hero", "client:acme")},
        {"notes": "the client wants more mist"},
        {"takes": 9},
        {"frames": Frames(first=FileFrame(path="renamed.png"))},
        {"duration_path": ("defaults", "duration")},
        {"resolution_path": ("shots", 0, "resolution")},
    ],
)
def test_names_tags_notes_and_places_never_change_a_fingerprint(members: dict[str, Any]) -> None:
    assert fingerprint(asked(shot(**members))) == fingerprint(asked(shot()))


@pytest.mark.parametrize(
    "members",
    [
        {"prompt": "another"},
        {"duration": 10},
        {"duration": "short"},
        {"resolution": "1080p"},
        {"prompt_optimizer": False},
        {"fast_pretreatment": True},
        {"watermark": True},
    ],
)
def test_what_is_asked_changes_the_fingerprint(members: dict[str, Any]) -> None:
    assert fingerprint(asked(shot(**members))) != fingerprint(asked(shot()))


def test_every_member_of_a_shot_is_either_asked_or_held_never_to_be_asked() -> None:
    held = {"id", "index", "tags", "notes", "takes", "frames", "places"}
    held |= {"sequence", "providers", "cut", "meta"}
    sent = {"prompt", "duration", "resolution", "switches"}
    assert held | sent == set(Shot.__slots__), "a new member of Shot: decide whether it changes what is asked"


def test_each_take_is_a_question_of_its_own() -> None:
    assert len({fingerprint(asked(shot(), take)) for take in range(1, 10)}) == 9


def test_the_animatic_has_no_switches_so_they_change_nothing() -> None:
    off = asked(shot(prompt_optimizer=False, watermark=True, fast_pretreatment=True), model=ANIMATIC)
    assert off == asked(shot(), model=ANIMATIC)
    assert off.switches == ()


def test_a_sketch_never_has_the_fingerprint_of_the_real_take() -> None:
    assert fingerprint(asked(shot(), model=ANIMATIC)) != fingerprint(asked(shot()))
