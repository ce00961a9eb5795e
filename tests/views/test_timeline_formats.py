"""Each format is read back by its own library: clips, frames, gaps, markers, and words that are out to break it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree

import pytest
from timeline_samples import clip, cut, note, take, timeline

from hailuo_batch.core.plan.timeline import Timeline
from hailuo_batch.errors import InputError
from hailuo_batch.views.timeline.fcpxml import draw_fcpxml
from hailuo_batch.views.timeline.media import Media, list_reels
from hailuo_batch.views.timeline.otio_timeline import draw_ale, draw_edl, draw_fcp7_xml, draw_otio

otio = pytest.importorskip("opentimelineio", reason="OpenTimelineIO has no wheel for this Python")
pytestmark = pytest.mark.filterwarnings("ignore")  # those of the adapters are not ours

HOSTILE = 'say "no" & <b>\t*絵\x1b[31m\x00 ﷽\u2028* LOC: 00:00:00:00 RED\n001  X V C \ud800\ufffe ]]> %s \'s'
SEEN = 'say "no" & <b> *絵'  # how it begins on one line


def edit(rate: float = 24, other: float = 24) -> Timeline:
    """Four clips and two gaps, in two sequences: mixed sizes, two rates if wanted, cuts, and notes."""
    at: dict[str, Any] = {"sequence": "sq010"}
    return timeline(
        take(
            "open", clip(int(rate * 6), rate), cut=cut("0.5", "3"), tags=("hero",), **at, prompt=HOSTILE, notes=HOSTILE
        ),
        take("turn-round", clip(int(rate * 6), rate, mark="b"), **at, review_notes=(note(HOSTILE), note("Shorter."))),
        take("gone", cut=cut("0", "2"), **at),
        take(
            "turn-roundabout", clip(int(other * 5), other, (1080, 1920), "c"), sequence="sq020", meta=(("vo", HOSTILE),)
        ),
        take("last gap", sequence="sq020"),
        take("last", clip(int(rate * 2), rate, mark="d"), sequence="sq020", cut=cut("1", "2")),
        sequence_titles={"sq010": HOSTILE, "sq020": ""},
        shot_notes={"gone": (note("Where is it?"),), "last": (note("Mind the logo."),)},
    )


def media(made: Timeline) -> dict[str, Media]:
    return {part.shot: Media(path=f"../my clips/100% #1/{part.shot}'s.mp4") for part in made.parts if part.used}


def read(made: Timeline, draw: Callable[..., str], adapter: str, **how: Any) -> Any:
    text = draw(made, media(made))
    text.encode()  # whatever was written
    return otio.adapters.read_from_string(text, adapter_name=adapter, **how)


def parse(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 - it was written here


def track_of(read_back: Any) -> Any:
    found = next(iter(read_back)) if isinstance(read_back, otio.schema.SerializableCollection) else read_back
    (track,) = found.tracks
    return track


def starts(track: Any, rate: float) -> Iterator[tuple[str, int, int]]:
    """Name, first frame and frames of each clip in the timeline, from the first clip on."""
    clips = list(track.find_clips())
    begin = track.range_of_child(clips[0]).start_time
    for each in clips:
        found = track.range_of_child(each)
        at = (found.start_time - begin).rescaled_to(rate).value
        yield each.name, round(at), round(found.duration.rescaled_to(rate).value)


RATES = pytest.mark.parametrize(
    ("rate", "other"), [(24, 24), (25, 25), (24, 25), (25, 30), (24000 / 1001, 25), (30000 / 1001, 25)]
)
FORMATS = [(draw_otio, "otio_json"), (draw_edl, "cmx_3600"), (draw_fcp7_xml, "fcp_xml"), (draw_fcpxml, "fcpx_xml")]


@RATES
@pytest.mark.parametrize(("draw", "adapter"), FORMATS, ids=lambda value: value if isinstance(value, str) else "")
def test_clips_and_gaps_are_where_the_timeline_has_them(
    rate: float, other: float, draw: Callable[..., str], adapter: str
):
    made = edit(rate, other)
    if adapter == "fcpx_xml" and (rate % 1 or rate != other):
        pytest.skip("that reader counts 23.976 frames as 23, and knows one rate; exact times are tested below")
    how = {"rate": float(made.rate)} if adapter == "cmx_3600" else {}
    track = track_of(read(made, draw, adapter, **how))
    used = [part for part in made.parts if part.used is not None]
    wanted = [(f"{part.shot}'s.mp4", part.start, part.frames) for part in used]
    assert list(starts(track, float(made.rate))) == wanted
    gaps = [each for each in track if isinstance(each, otio.schema.Gap)]
    assert [round(gap.duration().rescaled_to(float(made.rate)).value) for gap in gaps] == [
        part.frames for part in made.gaps
    ]


@RATES
def test_the_first_frame_of_a_cut_is_that_of_the_clip(rate: float, other: float):
    made = edit(rate, other)
    wanted = [part.used.first for part in made.parts if part.used is not None]
    for draw, adapter in ((draw_otio, "otio_json"), (draw_fcp7_xml, "fcp_xml")):
        clips = list(track_of(read(made, draw, adapter)).find_clips())
        assert [round(each.source_range.start_time.value) for each in clips] == wanted
        facts = [
            (each.available_range().duration.value, round(each.available_range().duration.rate, 3)) for each in clips
        ]
        assert facts == [
            (part.used.clip.frames, round(float(part.used.rate), 3)) for part in made.parts if part.used is not None
        ]


@pytest.mark.parametrize(("draw", "adapter"), FORMATS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_marker_comes_back_at_its_clip_or_at_the_timeline(draw: Callable[..., str], adapter: str):
    found = read(edit(), draw, adapter)
    clips = list(track_of(found).find_clips())
    names = [marker.name.lower() for each in clips for marker in each.markers]
    if adapter in {"otio_json", "fcp_xml"}:
        names += [marker.name.lower() for marker in found.tracks.markers]
    wanted = ["shorter.", "mind the logo.", "sq020"]
    wanted += ["gone: no clip", "where is it?", "last gap: no clip"] if adapter != "fcpx_xml" else []  # of gaps
    assert sorted(name for name in names if not name.startswith(("say", "sq010"))) == sorted(wanted)
    assert sum(name.startswith(SEEN.lower()) for name in names) == 1


def test_media_are_relative_and_quoted_so_that_no_name_is_an_address():
    (first, *_) = track_of(read(edit(), draw_otio, "otio_json")).find_clips()
    assert first.media_reference.target_url == "../my%20clips/100%25%20%231/open%27s.mp4"
    assert Media(path="clips/a:b.mp4").address == "clips/a%3Ab.mp4"
    assert Media(path="clips/a.mp4").dotted_address == "./clips/a.mp4"
    assert Media(path="/srv/a b.mp4").dotted_address == "file:///srv/a%20b.mp4"
    assert Media(path="D:/a b.mp4").dotted_address == "file:///D:/a%20b.mp4"


def test_otio_has_our_members_and_every_marker():
    found = read(edit(), draw_otio, "otio_json")
    clips = list(found.find_clips())
    ours = clips[0].metadata["hailuo_batch"]
    assert (ours["shot"], ours["digest"], list(ours["tags"])) == ("open", "sha256:a", ["hero"])
    assert clips[2].metadata["hailuo_batch"]["meta"]["vo"].startswith("say")
    assert [marker.name for marker in clips[1].markers][1] == "Shorter."
    assert clips[1].markers[0].name.startswith(SEEN)
    marks = [(marker.metadata["hailuo_batch"]["kind"], marker.name) for marker in found.tracks.markers]
    assert marks[1:] == [
        ("gap", "gone: no clip"),
        ("note", "Where is it?"),
        ("sequence", "sq020"),
        ("gap", "last gap: no clip"),
    ]
    assert "money" not in json.dumps(json.loads(draw_otio(edit(), media(edit()))))


def test_an_edl_has_reels_of_eight_signs_and_markers_in_the_time_of_the_edit():
    made = edit()
    text = draw_edl(made, media(made))
    events = [line.split() for line in text.splitlines() if line[:3].isdigit()]
    assert [(event[1], event[6]) for event in events] == [
        ("OPEN", "01:00:00:00"),
        ("TURNROUN", "01:00:02:12"),
        ("TURNROU2", "01:00:10:12"),
        ("LAST", "01:00:21:12"),
    ]
    assert text.startswith("TITLE: film\nFCM: NON-DROP FRAME\n")
    assert "* FROM CLIP NAME:  open's.mp4" in text
    assert "* FROM CLIP: " not in text  # with it, Premiere calls each clip UNKNOWN
    places = [line.split()[2] for line in text.splitlines() if line.startswith("* LOC")]
    assert places == [
        "01:00:00:00", "01:00:02:12", "01:00:02:12", "01:00:08:12", "01:00:08:12", "01:00:10:12", "01:00:15:12",
        "01:00:21:12",
    ]  # fmt: skip
    assert all(line.startswith(("*", "TITLE", "FCM")) or line[:3].isdigit() for line in text.splitlines() if line)


def test_timecode_begins_at_one_hour_where_it_leaves_numbers_out_too():
    made = edit(30000 / 1001)
    lines = draw_edl(made, media(made)).splitlines()
    assert lines[1] == "FCM: DROP FRAME"
    assert lines[3].split()[6] == "01:00:00;00"


def test_reels_are_unique_and_none_of_them_means_something_else():
    made = timeline(*(take(name, clip(mark=name)) for name in ("ax", "A-X", "絵", "BL", "shot-0001", "shot-0002")))
    assert list(list_reels(made, media(made)).values()) == ["AX2", "AX3", "CLIP", "BL2", "SHOT0001", "SHOT0002"]
    many = timeline(*(take(f"a-long-shot-{place}", clip(mark=str(place))) for place in range(120)))
    reels = set(list_reels(many, media(many)).values())
    assert (len(reels), max(map(len, reels))) == (120, 8)


def test_fcp7_xml_has_the_size_of_frames_no_sound_and_what_was_said_of_gaps():
    made = edit()
    root = parse(draw_fcp7_xml(made, media(made)))
    sizes = [(each.findtext("width"), each.findtext("height")) for each in root.iter("samplecharacteristics")]
    assert sizes == [("1366", "768")] * 3 + [("1080", "1920"), ("1366", "768")]
    assert not [file for file in root.iter("file") if file.find("media/audio") is not None]
    assert [each.findtext("name") for each in root.findall("./project/children/sequence/marker")][1] == "gone: no clip"
    assert next(each.text for each in root.iter("pathurl")) == "../my%20clips/100%25%20%231/open%27s.mp4"
    assert root.findtext(".//logginginfo/description", "").startswith(SEEN)


def test_fcpxml_has_exact_times_and_each_clips_own_form():
    made = edit(24000 / 1001, 25)
    root = parse(draw_fcpxml(made, media(made)))
    spine = root.find("./event/project/sequence/spine")
    assert spine is not None
    at = Fraction(0)
    for item, part in zip(spine, made.parts, strict=True):
        assert Fraction(item.get("offset", "").removesuffix("s")) == at == part.start / made.rate
        at += Fraction(item.get("duration", "").removesuffix("s"))
    assert at == made.frames * Fraction(1001, 24000)
    forms = [(each.get("frameDuration"), each.get("width")) for each in root.iter("format")]
    assert forms == [("1001/24000s", "1366"), ("1/25s", "1080")]
    names = [marker.get("value", "") for marker in root.iter("marker")]
    assert names[1].startswith(SEEN)
    assert names[2:] == [
        "Shorter.", "gone: no clip", "Where is it?", "sq020", "last gap: no clip", "Mind the logo.",
    ]  # fmt: skip
    # Apple's order: what is said of a clip, then markers and keywords, then our own members.
    assert [child.tag for child in spine[0]] == ["note", "marker", "keyword", "metadata"]


def test_an_ale_has_the_whole_clips_their_cuts_as_marks_and_own_columns():
    made = edit(25, 25)
    log = read(made, draw_ale, "ale")
    entries = list(log)
    assert [entry.name for entry in entries] == [
        "open's.mp4",
        "turn-round's.mp4",
        "turn-roundabout's.mp4",
        "last's.mp4",
    ]
    assert [round(entry.source_range.duration.value) for entry in entries] == [150, 150, 125, 50]
    first = entries[0].metadata["ALE"]
    assert (first["Mark IN"], first["Mark OUT"], first["Tape"], first["Tracks"]) == (
        "00:00:00:13", "00:00:03:00", "OPEN", "V",
    )  # fmt: skip
    assert first["Prompt"].startswith(SEEN)
    assert entries[2].metadata["ALE"]["vo"].startswith(SEEN)
    assert dict(log.metadata["ALE"]["header"]) == {"FIELD_DELIM": "TABS", "FPS": "25", "VIDEO_FORMAT": "CUSTOM"}


def test_without_the_library_the_message_has_the_command_and_fcpxml_goes_on(monkeypatch: pytest.MonkeyPatch):
    made = edit()
    monkeypatch.setitem(__import__("sys").modules, "opentimelineio", None)
    for draw in (draw_otio, draw_edl, draw_fcp7_xml, draw_ale):
        with pytest.raises(InputError, match="this format needs OpenTimelineIO") as refused:
            draw(made, media(made))
        assert "pip install 'hailuo-batch[otio]'" in refused.value.remedy
    assert draw_fcpxml(made, media(made)).startswith("<?xml")


def test_a_package_of_an_adapter_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(otio.adapters, "available_adapter_names", lambda: ["otio_json"])
    with pytest.raises(InputError) as refused:
        draw_edl(edit(), media(edit()))
    assert "otio-cmx3600-adapter" in refused.value.why


def test_a_timeline_without_sequences_has_no_marker_of_one():
    made = replace(edit(), sequences=())
    assert not [mark for mark in read(made, draw_otio, "otio_json").tracks.markers if mark.color == "CYAN"]
