import json
from typing import Any

from core_samples import request, shot, usd

from hailuo_batch.core.attempt.attempt import Clip, Stage
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.manifest.document import FileFrame, FrameRole, Frames, Rights, ShotFrame, UrlFrame
from hailuo_batch.core.origin import OriginMarks
from hailuo_batch.core.plan.plan import Use
from hailuo_batch.core.plan.provenance import ClipOrigin, make_provenance, request_members, source_names
from hailuo_batch.core.request.request import ImageRef

ARTIFACT = Clip(digest="sha256:aa", size=9, width=1366, height=768, seconds=6.0, frames=144, codec="h264")


def told(**members: Any) -> dict[str, Any]:
    asked = request(first=ImageRef(digest="sha256:bb", frame=FrameRole.LAST), last=ImageRef(digest="sha256:cc"))
    plain = {
        "campaign": "teaser", "use": Use(shot=shot(tags=("hero",), notes="n"), take=2, version=3), "request": asked,
        "fingerprint": "v1-ff", "clip": ARTIFACT, "provider": "vtrix", "cost": usd("0.28"), "sketch": False,
    }  # fmt: skip
    return make_provenance(**{**plain, **members})


def test_a_clip_tells_the_whole_story() -> None:
    assert told() == {
        "version": 1,
        "file": "teaser_open_v003_t02.mp4",
        "campaign": "teaser",
        "shot": "open",
        "shot_version": 3,
        "take": 2,
        "tags": ["hero"],
        "notes": "n",
        "sketch": False,
        "fingerprint": "v1-ff",
        "request": {
            "model": "hailuo-02",
            "prompt": "a bottle in mist",
            "duration": 6,
            "resolution": "768p",
            "first": {"artifact": "sha256:bb", "frame": "last"},
            "last": "sha256:cc",
            "prompt_optimizer": True,
            "fast_pretreatment": False,
            "watermark": False,
            "take": 2 - 1,
        },
        "provider": "vtrix",
        "cost": {"amount": "0.28", "currency": "USD"},
        "artifact": {
            "digest": "sha256:aa",
            "bytes": 9,
            "width": 1366,
            "height": 768,
            "seconds": 6.0,
            "frames": 144,
            "codec": "h264",
        },
        "made_by_ai": True,
    }


def test_it_is_plain_data() -> None:
    assert json.loads(json.dumps(told())) == told()


def test_a_sketch_is_not_made_by_ai_and_an_unknown_cost_is_none() -> None:
    sketch = told(request=request(model="animatic"), sketch=True, cost=None)
    assert (sketch["made_by_ai"], sketch["cost"], sketch["file"]) == (False, None, "teaser_open_v003_sketch.mp4")


def test_what_the_model_does_not_have_is_left_out() -> None:
    assert "watermark" not in request_members(request(watermark=None))
    assert "first" not in request_members(request())
    assert request_members(request(watermark=False))["watermark"] is False


def test_columns_and_rights_are_told_where_there_are_some() -> None:
    owned = FileFrame(path="secret/a.png", rights=Rights(owner="Acme Photo", licence="CC BY 4.0"))
    used = shot(meta=(("x-cue", [1]), ("narration", "It floats.")), frames=Frames(first=owned))
    said = told(use=Use(shot=used, take=1, version=1))
    assert said["meta"] == {"x-cue": [1], "narration": "It floats."}
    assert said["rights"] == {"first": {"owner": "Acme Photo", "licence": "CC BY 4.0"}}
    assert said["sources"] == {"first": "a.png"}
    assert "secret" not in json.dumps(said), "a path is no part of where a clip comes from"
    assert not {"meta", "rights", "sources"} & told().keys()


def test_the_names_of_what_frames_were_taken_from_hold_no_folder_and_no_query() -> None:
    web = UrlFrame(url="https://cdn.acme.test/stills/last.png?signature=secret")
    ends = shot(frames=Frames(first=ShotFrame(shot="street", frame=FrameRole.LAST), last=web))
    assert source_names(ends) == {"first": "street", "last": "last.png"}
    assert source_names(shot(frames=Frames(first=FileFrame(path="b\\c.png", folder="a")))) == {"first": "c.png"}


def test_a_bought_clip_has_its_task_its_times_and_the_marks_of_its_file() -> None:
    bought = AttemptRecord(
        id=7, fingerprint="v1-ff", preimage="{}", provider="vtrix", campaign="teaser", shot="open", take=2, tags=(),
        run=1, stage=Stage.STORED, task="t-9", digest="sha256:aa", estimate=usd("0.28"), cost=usd("0.27"),
        failure=None, intended_at=1_000.7, changed_at=1_090.0,
    )  # fmt: skip
    marks = OriginMarks(content_credentials=9, aigc={"Label": "1"})
    said = told(origin=ClipOrigin(attempt=bought, tool="hailuo-batch 0.1.0", marks=marks))
    assert {name: said[name] for name in said.keys() - told().keys()} == {
        "tool": "hailuo-batch 0.1.0",
        "task": "t-9",
        "submitted_at": "1970-01-01T00:16:40Z",
        "stored_at": "1970-01-01T00:18:10Z",
        "estimate": {"amount": "0.28", "currency": "USD"},
        "origin_marks": {"content_credentials_bytes": 9, "aigc": {"Label": "1"}},
    }
    unknown = told(origin=ClipOrigin(attempt=None, tool="hailuo-batch 0.1.0", marks=OriginMarks()))
    assert unknown.keys() - told().keys() == {"tool"}
