"""A job names files by their digests; what its result depends on is in its key, and nothing else is."""

import json
from dataclasses import replace
from typing import Any

import pytest
from farm_samples import make_sketches

from hailuo_batch.core.measures import GivenImage
from hailuo_batch.core.sketch import Still
from hailuo_batch.farm.jobs import (
    Job,
    check_job,
    drawing_job,
    job_arguments,
    list_inputs,
    parse_given,
    parse_job,
    parse_sketch,
    proxy_job,
)
from hailuo_batch.farm.kit import choose_drawing_kit, find_font_kit, find_kit
from hailuo_batch.media.animatic import fonts

IMAGE, CLIP = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
SKETCH = replace(
    make_sketches(1)[0], first=Still(path="/home/ana/first.png"), last=Still(path="/home/ana/clip.mp4", frame="first")
)
GIVEN = (GivenImage(role="first", digest=IMAGE, path="/home/ana/first.png"),)
DIGESTS = {"/home/ana/first.png": IMAGE, "/home/ana/clip.mp4": CLIP}


def send(job: Job) -> Job:
    """The job as another machine gets it."""
    return parse_job(**json.loads(json.dumps(job_arguments(job))))


def test_a_sketch_arrives_as_it_was_and_without_a_path_of_this_machine():
    job = send(drawing_job(SKETCH, DIGESTS, "kit"))
    assert "/home" not in json.dumps(job_arguments(job))
    assert sorted(list_inputs(job)) == [IMAGE, CLIP]
    assert parse_sketch(job.details, {IMAGE: "/home/ana/first.png", CLIP: "/home/ana/clip.mp4"}) == SKETCH


def test_the_images_of_a_measured_clip_arrive_as_they_were():
    job = send(proxy_job(CLIP, GIVEN, ("", "_last"), "kit"))
    assert "/home" not in json.dumps(job_arguments(job))
    assert list_inputs(job) == (CLIP, IMAGE)
    assert parse_given(job.details, {IMAGE: "/home/ana/first.png"}) == GIVEN


def test_a_key_changes_with_all_that_the_result_depends_on():
    drawn = drawing_job(SKETCH, DIGESTS, "kit")
    others = [
        drawing_job(SKETCH, DIGESTS, "another"),
        drawing_job(replace(SKETCH, mark="x"), DIGESTS, "kit"),
        drawing_job(SKETCH, {**DIGESTS, "/home/ana/first.png": CLIP}, "kit"),
        check_job(CLIP, "kit"),
        proxy_job(CLIP, (), (), "kit"),
    ]
    assert len({each.key for each in (drawn, *others)}) == len(others) + 1
    moved = replace(SKETCH, first=Still(path="/srv/first.png"))
    assert drawing_job(moved, {**DIGESTS, "/srv/first.png": IMAGE}, "kit").key == drawn.key
    assert drawn.queue == "draw-kit"


def read(kind: str, details: dict[str, Any]) -> object:
    """All that is read of a job."""
    job = parse_job(kind, "kit", details)
    paths = dict.fromkeys(map(str, list_inputs(job)), "x")
    return parse_sketch(details, paths) if kind == "draw" else parse_given(details, paths)


@pytest.mark.parametrize("details", [{}, {"stills": 1}, {"clip": 1, "given": [1]}, {"stills": {"first": {}}}])
@pytest.mark.parametrize("kind", ["draw", "check", "proxy"])
def test_what_is_no_job_is_a_value_error_and_nothing_worse(kind: str, details: dict[str, Any]):
    with pytest.raises(ValueError, match=r"no (job|sketch|images)"):
        read(kind, details)


def test_a_job_of_another_kind_is_refused():
    with pytest.raises(ValueError, match="buy"):
        parse_job("buy", "kit", {})


def test_only_a_text_in_other_scripts_needs_the_fonts_of_the_machine(monkeypatch: pytest.MonkeyPatch):
    plain = choose_drawing_kit("film: Ein Ölbild, Ελλάδα, Москва\n— 2 × “now”…")
    assert plain == find_kit()
    assert choose_drawing_kit("film: 雨の街") == choose_drawing_kit("🎬") == find_font_kit() != plain
    monkeypatch.setattr(fonts, "list_system_fonts", lambda: ("another.ttf 1",))
    find_font_kit.cache_clear()
    other = find_font_kit()
    find_font_kit.cache_clear()
    assert other.startswith(plain)
    monkeypatch.undo()
    assert other != find_font_kit()
