"""Takes → timeline: the used clip of each shot in the order of the edit, at its cut, in whole frames.

A clip's rate follows from its frames and its length, and is exact. The timeline has one rate, that of most of its
clips, and each part is a whole number of its frames. Nothing here knows files or editing programs.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from fractions import Fraction
from math import floor
from typing import TypeVar

from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.manifest.document import Cut
from hailuo_batch.core.plan.judgement import ReviewNote
from hailuo_batch.core.plan.plan import TakeName
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.core.plan.used_takes import find_used_takes
from hailuo_batch.core.world import World
from hailuo_batch.values import dataclass

Rate = Fraction  # frames per second, such as 24 or 24000/1001
# Rates that editing programs count timecode in; a timeline always has one of these.
EDIT_RATES: tuple[Rate, ...] = (
    Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(48), Fraction(50),
    Fraction(60000, 1001), Fraction(60),
)  # fmt: skip
Value = TypeVar("Value")
_NEAR = Fraction(4, 10_000)  # 24 and 23.976 differ by ten of these; a length that is rounded to a millisecond by one
_USUAL_RATE, _USUAL_SIZE = Fraction(24), (1366, 768)  # of a timeline without a clip


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedClip:
    """The part of a clip that the edit uses, in the clip's own frames: those from `first` on."""

    clip: Clip
    rate: Rate
    first: int
    frames: Fraction  # whole where the clip has the timeline's rate

    @property
    def digest(self) -> str:
        """The clip's digest."""
        return self.clip.digest


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinePart:
    """One shot in the edit: `frames` of the timeline from its frame `start` on. Without a clip it is a gap."""

    row: TakeRow
    start: int
    frames: int
    used: UsedClip | None = None
    notes: tuple[ReviewNote, ...] = ()  # about the shot and the take
    cut_beyond: bool = False  # its cut ends behind the end of its clip

    @property
    def shot(self) -> str:
        """The shot's id."""
        return self.row.shot


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceSpan:
    """Where a sequence is in the timeline."""

    id: str
    title: str
    start: int
    frames: int

    @property
    def label(self) -> str:
        """How people name it."""
        return f"{self.id} {self.title}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The edit of a campaign on one track."""

    campaign: str
    world: World
    rate: Rate
    width: int
    height: int
    parts: tuple[TimelinePart, ...]
    sequences: tuple[SequenceSpan, ...] = ()
    unselected: tuple[str, ...] = field(default=(), compare=False)  # shots of which no take is selected

    @property
    def frames(self) -> int:
        """How long it is."""
        return self.parts[-1].start + self.parts[-1].frames if self.parts else 0

    @property
    def seconds(self) -> float:
        """The same in seconds."""
        return float(self.frames / self.rate)

    @property
    def gaps(self) -> tuple[TimelinePart, ...]:
        """The shots without a clip."""
        return tuple(part for part in self.parts if part.used is None)


def make_timeline(report: Report, shots: Sequence[str], seconds: Mapping[TakeName, float]) -> Timeline:
    """The timeline of a report; `shots` are in the order of the edit, `seconds` how long each take is to be.

    A shot is in it by its selected take, else by the first with a clip that nobody rejected.
    """
    used = find_used_takes(report.rows)
    rows = [used[shot] for shot in shots if shot in used]
    clips = [row.clip for row in rows if row.clip is not None]
    rate = _commonest((rate for clip in clips if (rate := find_rate(clip)) in EDIT_RATES), _USUAL_RATE)
    width, height = _commonest(((clip.width, clip.height) for clip in clips), _USUAL_SIZE)
    parts: list[TimelinePart] = []
    for row in rows:
        start = parts[-1].start + parts[-1].frames if parts else 0
        notes = (*report.shot_notes.get(row.shot, ()), *row.review_notes)
        # A sketch is drawn as long as its cut, so what the edit uses of it begins at its first frame.
        cut = Cut(end=row.cut.seconds) if row.cut is not None and report.sketch else row.cut
        length = seconds.get(TakeName(row.shot, row.take), 0.0)
        parts.append(_make_part(row, cut, start, rate, length, notes))
    return Timeline(
        campaign=report.campaign,
        world=report.world,
        rate=rate,
        width=width,
        height=height,
        parts=tuple(parts),
        sequences=tuple(_list_spans(parts, report.sequence_titles)),
        unselected=tuple(row.shot for row in rows if not row.is_selected),
    )


def find_rate(clip: Clip) -> Rate:
    """A clip's frames per second: the rate of editing programs that is nearest, where one is near.

    >>> find_rate(Clip(digest="", size=1, width=1, height=1, seconds=5.875, frames=141, codec="h264"))
    Fraction(24, 1)
    """
    exact = Fraction(clip.frames) / Fraction(clip.seconds).limit_denominator(1_000_000)
    nearest = min(EDIT_RATES, key=lambda rate: abs(rate - exact))
    return nearest if abs(nearest - exact) <= nearest * _NEAR else exact.limit_denominator(1001)


def _make_part(
    row: TakeRow, cut: Cut | None, start: int, rate: Rate, seconds: float, notes: tuple[ReviewNote, ...]
) -> TimelinePart:
    if row.clip is None:
        length = Fraction(seconds) if cut is None else Fraction(cut.seconds)
        return TimelinePart(row=row, start=start, frames=max(1, _round(length * rate)), notes=notes)
    own = find_rate(row.clip)
    first, last = _cut_frames(cut, own, row.clip.frames)
    frames = max(1, _round((last - first) * rate / own))
    used = UsedClip(clip=row.clip, rate=own, first=first, frames=frames * own / rate)
    beyond = cut is not None and _round(Fraction(cut.end) * own) > row.clip.frames
    return TimelinePart(row=row, start=start, frames=frames, used=used, notes=notes, cut_beyond=beyond)


def _cut_frames(cut: Cut | None, rate: Rate, frames: int) -> tuple[int, int]:
    """The first frame that a cut uses and the one behind the last, inside the clip and never none."""
    if cut is None:
        return 0, frames
    first = min(_round(Fraction(cut.start) * rate), frames - 1)
    return first, max(first + 1, min(_round(Fraction(cut.end) * rate), frames))


def _list_spans(parts: Sequence[TimelinePart], titles: Mapping[str, str]) -> Iterable[SequenceSpan]:
    """Each run of shots of one sequence."""
    begin = 0
    for place in range(1, len(parts) + 1):
        if place < len(parts) and parts[place].row.sequence == parts[begin].row.sequence:
            continue
        if name := parts[begin].row.sequence:
            frames = sum(part.frames for part in parts[begin:place])
            yield SequenceSpan(id=name, title=titles.get(name, ""), start=parts[begin].start, frames=frames)
        begin = place


def _commonest(values: Iterable[Value], usual: Value) -> Value:
    """What most have; of two that are as common, the one that comes first."""
    found = Counter(values).most_common(1)
    return found[0][0] if found else usual


def _round(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))
