"""A timeline in OpenTimelineIO, and as the EDL, FCP 7 XML and ALE that its adapters write.

OpenTimelineIO is an extra, so it is imported only here. The adapters have faults that are gone round here: EDL markers
are written in the clip's time, where programs read the edit's (AcademySoftwareFoundation/OpenTimelineIO 169); `FROM
CLIP` and `FROM FILE` make Premiere lose all names (1178); a tab breaks the table of an ALE; FCP 7 XML has neither the
size of frames, nor files without sound.
"""

import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from hailuo_batch.core.plan.timeline import Timeline, TimelinePart, UsedClip
from hailuo_batch.errors import InputError
from hailuo_batch.views.own_columns import value_text
from hailuo_batch.views.timeline.media import (
    DROP_FRAME_RATES,
    METADATA_KEY,
    Media,
    MediaByShot,
    TimelineMark,
    first_frame_at,
    list_marks,
    list_notes,
    list_reels,
    part_members,
    plain_line,
    start_frame,
    take_marks,
    timeline_members,
)

if TYPE_CHECKING:
    import opentimelineio as otio

_COLOURS = {"note": "YELLOW", "gap": "RED", "sequence": "CYAN"}
_ALE_COLUMNS = (
    "Name", "Tracks", "Start", "End", "Duration", "Tape", "Source File", "Mark IN", "Mark OUT", "FPS", "Image Size",
    "Scene", "Take", "Comments", "Prompt", "Version", "Provider", "Tags",
)  # fmt: skip
_PACKAGES = {"fcp_xml": "otio-fcp-adapter", "cmx_3600": "otio-cmx3600-adapter", "ale": "otio-ale-adapter"}
_MAX_ALE_COLUMNS = 60  # Avid reads 64 headings, those above the columns included


def draw_otio(timeline: Timeline, media: MediaByShot) -> str:
    """The timeline as OpenTimelineIO writes it: JSON."""
    with _library():
        return str(_make_timeline(timeline, media).to_json_string(indent=2)) + "\n"


def draw_fcp7_xml(timeline: Timeline, media: MediaByShot) -> str:
    """The timeline as XML of Final Cut Pro 7, which Premiere and Resolve read."""
    with _library():
        made = _make_timeline(timeline, media)
        made.metadata["fcp_xml"] = {"media": {"video": {"format": _frame_size(timeline.width, timeline.height)}}}
        for clip in made.find_clips():
            clip.media_reference.target_url = media[clip.metadata[METADATA_KEY]["shot"]].dotted_address
        return _write(made, "fcp_xml")


def draw_edl(timeline: Timeline, media: MediaByShot) -> str:
    """The timeline as a CMX 3600 EDL that begins at 01:00:00:00; a gap is a break in the record times."""
    with _library():
        text = _write(_make_edl_timeline(timeline, media), "cmx_3600", rate=float(timeline.rate))
        mode = "DROP FRAME" if timeline.rate in DROP_FRAME_RATES else "NON-DROP FRAME"
        title, rest = text.split("\n", 1)
        return f"{title}\nFCM: {mode}\n{rest}"


def draw_ale(timeline: Timeline, media: MediaByShot) -> str:
    """The clips of the timeline as an Avid log: each whole, with its cut as marks."""
    with _library():
        import opentimelineio as otio

        reels, own = list_reels(timeline, media), _own_columns(timeline)
        clips = otio.schema.SerializableCollection()
        for part in timeline.parts:
            if part.used is not None:
                clips.append(_log_entry(part, part.used, media[part.shot], reels[part.shot], timeline, own))
        clips.metadata["ALE"] = {"columns": [*_ALE_COLUMNS, *own]}
        rate = float(timeline.rate)
        text = _write(clips, "ale", fps=rate)
        return text.replace(f"\nFPS\t{rate}\n", f"\nFPS\t{_rate_text(timeline.rate)}\n", 1)


@contextmanager
def _library() -> Iterator[None]:
    """Says what is missing where the extra is; what the adapters warn of is no concern of the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except ImportError as error:
            raise _missing_error(error.name or "opentimelineio") from None


def _write(made: Any, adapter: str, **how: float) -> str:
    """What an adapter writes; adapters are packages of their own, which OpenTimelineIO finds by their names."""
    from opentimelineio import adapters

    if adapter not in adapters.available_adapter_names():
        raise _missing_error(_PACKAGES[adapter])
    return str(adapters.write_to_string(made, adapter_name=adapter, **how))


def _missing_error(package: str) -> InputError:
    return InputError(
        "this format needs OpenTimelineIO",
        why=f"The package {package} is not installed.",
        remedy="It is an extra, for Python 3.11 to 3.13:\n    pip install 'hailuo-batch[otio]'\n"
        "FCPXML and the rough cut need none.",
    )


def _make_timeline(timeline: Timeline, media: MediaByShot) -> "otio.schema.Timeline":
    import opentimelineio as otio

    made = otio.schema.Timeline(name=timeline.campaign)
    made.global_start_time = _time(start_frame(timeline.rate), timeline.rate)
    made.metadata[METADATA_KEY] = timeline_members(timeline)
    track = otio.schema.Track(name="V1", kind=otio.schema.TrackKind.Video)
    track.extend(
        [
            _make_gap(part, timeline.rate) if part.used is None else _make_clip(part, part.used, media[part.shot])
            for part in timeline.parts
        ]
    )
    made.tracks.append(track)
    made.tracks.markers.extend(_make_marker(mark, mark.start, timeline.rate) for mark in list_marks(timeline))
    return made


def _make_gap(part: TimelinePart, rate: Fraction) -> "otio.schema.Gap":
    import opentimelineio as otio

    gap = otio.schema.Gap(name=part.shot, source_range=_range(0, part.frames, rate))
    gap.metadata[METADATA_KEY] = part_members(part)
    return gap


def _make_clip(part: TimelinePart, used: UsedClip, media: Media) -> "otio.schema.Clip":
    import opentimelineio as otio

    reference = otio.schema.ExternalReference(
        target_url=media.address,
        available_range=_range(0, used.clip.frames, used.rate),
        metadata={"fcp_xml": {"media": {"video": _frame_size(used.clip.width, used.clip.height)}}},
    )
    reference.name = media.name
    clip = otio.schema.Clip(
        name=media.name, media_reference=reference, source_range=_range(used.first, used.frames, used.rate)
    )
    clip.metadata[METADATA_KEY] = part_members(part)
    clip.metadata["fcp_xml"] = {
        "logginginfo": {
            "scene": part.shot,
            "shottake": str(part.row.take),
            "description": plain_line(part.row.prompt),
            "lognote": plain_line(part.row.notes),
        }
    }
    clip.markers.extend(_make_marker(mark, used.first, used.rate) for mark in list_notes(part))
    return clip


def _make_marker(mark: TimelineMark, start: int, rate: Fraction) -> "otio.schema.Marker":
    import opentimelineio as otio

    marker = otio.schema.Marker(
        name=mark.text, marked_range=_range(start, mark.frames, rate), color=_COLOURS[mark.kind], comment=mark.about
    )
    marker.metadata[METADATA_KEY] = {"kind": mark.kind}
    marker.metadata["fcp_xml"] = {"comment": mark.about}
    return marker


def _make_edl_timeline(timeline: Timeline, media: MediaByShot) -> "otio.schema.Timeline":
    """The same at one rate, since an EDL has no other, and with what the adapter writes into an EDL."""
    import opentimelineio as otio

    rate, begin = timeline.rate, start_frame(timeline.rate)
    reels = list_reels(timeline, media)
    made = otio.schema.Timeline(name=timeline.campaign)
    track = otio.schema.Track(name="V", kind=otio.schema.TrackKind.Video)
    made.tracks.append(track)
    track.append(otio.schema.Gap(source_range=_range(0, begin, rate)))
    waiting = deque(list_marks(timeline))
    last = max(part.start for part in timeline.parts if part.used is not None)
    for part in timeline.parts:
        if part.used is None:
            track.append(_make_gap(part, rate))
            continue
        clip = otio.schema.Clip(
            name=media[part.shot].name,
            source_range=_range(first_frame_at(part.used, rate), part.frames, rate),
            metadata={"cmx_3600": {"reel": reels[part.shot]}},
        )
        # A marker has the time of the edit: an event can carry those of a gap before it, and the last one all others.
        due = take_marks(waiting, timeline.frames if part.start == last else part.start + part.frames)
        clip.markers.extend(_make_marker(mark, begin + mark.start, rate) for mark in (*due, *list_notes(part)))
        track.append(clip)
    return made


def _log_entry(
    part: TimelinePart, used: UsedClip, media: Media, reel: str, timeline: Timeline, own: tuple[str, ...]
) -> "otio.schema.Clip":
    import opentimelineio as otio

    row, rate = part.row, timeline.rate
    first = first_frame_at(used, rate)
    values = {
        "Tracks": "V",
        "Tape": reel,
        "Mark IN": _timecode(first, rate),
        "Mark OUT": _timecode(first + part.frames, rate),
        "FPS": _rate_text(used.rate),
        "Image Size": f"{used.clip.width} x {used.clip.height}",
        "Scene": row.shot,
        "Take": str(row.take),
        "Comments": plain_line(" / ".join((row.notes, *(note.text for note in part.notes)))).strip(" /"),
        "Prompt": plain_line(row.prompt),
        "Version": str(row.version),
        "Provider": row.provider,
        "Tags": ", ".join(row.tags),
        **{name: plain_line(value_text(value)) for name, value in row.meta if name in own},
    }
    return otio.schema.Clip(
        name=media.name,
        media_reference=otio.schema.ExternalReference(target_url=media.name),
        source_range=_range(0, used.clip.frames, used.rate),
        metadata={"ALE": values},
    )


def _own_columns(timeline: Timeline) -> tuple[str, ...]:
    """The user's own columns that a log has room for, none of which has the name of another."""
    names = dict.fromkeys(name for part in timeline.parts for name, _ in part.row.meta)
    fit = [name for name in names if name == plain_line(name) and name not in _ALE_COLUMNS]
    return tuple(fit[: _MAX_ALE_COLUMNS - len(_ALE_COLUMNS)])


def _frame_size(width: int, height: int) -> dict[str, Any]:
    return {"samplecharacteristics": {"width": str(width), "height": str(height), "pixelaspectratio": "square"}}


def _time(frames: Fraction | int, rate: Fraction) -> "otio.opentime.RationalTime":
    from opentimelineio.opentime import RationalTime

    return RationalTime(float(frames), float(rate))


def _range(start: int, frames: Fraction | int, rate: Fraction) -> "otio.opentime.TimeRange":
    from opentimelineio.opentime import TimeRange

    return TimeRange(_time(start, rate), _time(frames, rate))


def _timecode(frame: int, rate: Fraction) -> str:
    from opentimelineio.opentime import to_timecode

    return str(to_timecode(_time(frame, rate), float(rate)))


def _rate_text(rate: Fraction) -> str:
    """A rate as people write it: 24, 23.976."""
    return f"{float(rate):.3f}".rstrip("0").rstrip(".")
