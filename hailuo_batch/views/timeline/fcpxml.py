"""A timeline as FCPXML 1.8, which Final Cut Pro and Resolve read: exact rational times, and each clip's own frame size.

The adapter of OpenTimelineIO has one size for all clips of a rate, counts 23.976 as 23, and starts ffprobe. It reads
what is written here, and a test holds that. The order of elements is that of Apple's DTD.
"""

from collections import deque
from fractions import Fraction
from typing import TYPE_CHECKING

from hailuo_batch.core.plan.timeline import Timeline, TimelinePart, UsedClip
from hailuo_batch.views.timeline.media import (
    DROP_FRAME_RATES,
    Media,
    MediaByShot,
    TimelineMark,
    list_marks,
    list_notes,
    part_members,
    plain_line,
    take_marks,
)

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n'


def draw_fcpxml(timeline: Timeline, media: MediaByShot) -> str:
    """The timeline as the text of an .fcpxml file."""
    from xml.etree import ElementTree

    root = ElementTree.Element("fcpxml", version="1.8")
    made = _Document(root, timeline)
    for part in timeline.parts:
        made.add_part(part, media.get(part.shot))
    ElementTree.indent(root)
    return _HEAD + ElementTree.tostring(root, encoding="unicode") + "\n"


class _Document:
    def __init__(self, root: "Element", timeline: Timeline) -> None:
        self._timeline = timeline
        self._resources = _add(root, "resources")
        self._formats: dict[tuple[Fraction, int, int], str] = {}
        self._assets: dict[str, str] = {}
        whole = self._format(timeline.rate, timeline.width, timeline.height)
        # The library and the project have the campaign's name; programs show both.
        event = _add(root, "event", name=timeline.campaign)
        project = _add(event, "project", name=timeline.campaign)
        sequence = _add(
            project,
            "sequence",
            format=whole,
            duration=_seconds(timeline.frames / timeline.rate),
            tcStart="0s",  # the time at which offsets begin
            tcFormat="DF" if timeline.rate in DROP_FRAME_RATES else "NDF",
        )
        self._spine = _add(sequence, "spine")
        self._waiting = deque(list_marks(timeline))

    def add_part(self, part: TimelinePart, media: Media | None) -> None:
        """A clip or a gap behind those before, with the markers that begin in it."""
        rate = self._timeline.rate
        length = {"offset": _seconds(part.start / rate), "duration": _seconds(part.frames / rate)}
        if part.used is None or media is None:
            start = Fraction(3600)  # as Final Cut Pro writes its own gaps
            item = _add(self._spine, "gap", name=part.shot, start=_seconds(start), **length)
        else:
            start = part.used.first / part.used.rate
            asset, form = self._asset(part.used, media)
            item = _add(
                self._spine, "asset-clip", name=media.name, ref=asset, format=form, start=_seconds(start), **length
            )
        _add(item, "note").text = plain_line(" · ".join(filter(None, (part.row.prompt, part.row.notes))))
        mine = take_marks(self._waiting, part.start + part.frames)
        for mark in (*mine, *(list_notes(part) if part.used is not None else ())):
            self._add_marker(item, mark, start + (mark.start - part.start) / rate)
        if part.used is not None:
            self._add_members(item, part)

    def _add_marker(self, item: "Element", mark: TimelineMark, start: Fraction) -> None:
        about = {"note": mark.about} if mark.about else {}
        # A gap is work that is to do, which programs list apart.
        done = {"completed": "0"} if mark.kind == "gap" else {}
        frame = _seconds(1 / self._timeline.rate)
        _add(item, "marker", start=_seconds(start), duration=frame, value=mark.text, **about, **done)

    def _add_members(self, item: "Element", part: TimelinePart) -> None:
        if tags := ", ".join(part.row.tags):
            _add(item, "keyword", start=item.get("start", ""), duration=item.get("duration", ""), value=tags)
        metadata = _add(item, "metadata")
        members = part_members(part)
        for name in ("shot", "take", "shot_version", "provider", "task", "fingerprint", "digest", "prompt"):
            value = plain_line(str(members[name]))
            _add(metadata, "md", key=f"com.hailuo-batch.{name}", value=value)

    def _asset(self, used: UsedClip, media: Media) -> tuple[str, str]:
        form = self._format(used.rate, used.clip.width, used.clip.height)
        if media.path not in self._assets:
            self._assets[media.path] = f"a{len(self._assets) + 1}"
            _add(
                self._resources,
                "asset",
                id=self._assets[media.path],
                name=media.name,
                src=media.dotted_address,
                start="0s",
                duration=_seconds(used.clip.frames / used.rate),
                hasVideo="1",
                format=form,
            )
        return self._assets[media.path], form

    def _format(self, rate: Fraction, width: int, height: int) -> str:
        key = (rate, width, height)
        if key not in self._formats:
            self._formats[key] = f"r{len(self._formats) + 1}"
            frame = f"{rate.denominator}/{rate.numerator}s"
            size = {"width": str(width), "height": str(height)}
            _add(self._resources, "format", id=self._formats[key], frameDuration=frame, **size)
        return self._formats[key]


def _add(parent: "Element", tag: str, **attributes: str) -> "Element":
    from xml.etree.ElementTree import SubElement

    return SubElement(parent, tag, attributes)


def _seconds(value: Fraction) -> str:
    """A time as FCPXML writes it: 5s, 1001/24000s."""
    return f"{value.numerator}s" if value.denominator == 1 else f"{value.numerator}/{value.denominator}s"
