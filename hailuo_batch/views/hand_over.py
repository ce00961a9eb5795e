"""What an export for an editing program has, in words: its length, what is missing, and what nobody selected."""

from collections.abc import Iterator, Sequence

from hailuo_batch.core.plan.judgement import Verdict
from hailuo_batch.core.plan.timeline import Timeline
from hailuo_batch.views.format import count, safe_text

_MAX_NAMED = 8  # shots of one line


def describe_timeline(timeline: Timeline) -> str:
    """A few lines about a timeline."""
    return "\n".join(_lines(timeline))


def _lines(timeline: Timeline) -> Iterator[str]:
    clips, gaps = len(timeline.parts) - len(timeline.gaps), timeline.gaps
    rate = f"{float(timeline.rate):.3f}".rstrip("0").rstrip(".")
    missing = f", {count(len(gaps), 'gap')}" if gaps else ""
    length = f"{timeline.seconds:,.2f} s ({timeline.frames:,} frames at {rate} a second)"
    yield f"{count(clips, 'clip')}{missing}, {length}."
    if gaps:
        yield f"Without a clip: {_names([part.shot for part in gaps])}."
    if beyond := [part.shot for part in timeline.parts if part.cut_beyond]:
        yield f"Their cut ends behind the end of the clip: {_names(beyond)}."
    if rejected := [part.shot for part in timeline.parts if part.used and part.row.verdict is Verdict.REJECTED]:
        yield f"Rejected, and still in it: {_names(rejected)}."
    if len(timeline.unselected) == len(timeline.parts):
        yield "No take is selected, so each shot has the first that nobody rejected."
    elif timeline.unselected:
        yield f"No take is selected, so the first that nobody rejected is used: {_names(timeline.unselected)}."


def _names(shots: Sequence[str]) -> str:
    more = f" and {len(shots) - _MAX_NAMED:,} more" if len(shots) > _MAX_NAMED else ""
    return f"{', '.join(map(safe_text, shots[:_MAX_NAMED]))}{more}"
