"""Takes of an edit without files, and the timelines of them."""

from decimal import Decimal
from typing import Any

from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.manifest.document import Cut
from hailuo_batch.core.plan.judgement import ReviewNote
from hailuo_batch.core.plan.plan import Action, TakeName
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.core.plan.timeline import Timeline, make_timeline


def clip(frames: int = 144, rate: float = 24, size: tuple[int, int] = (1366, 768), mark: str = "a") -> Clip:
    width, height = size
    return Clip(
        digest=f"sha256:{mark}", size=9, width=width, height=height, seconds=frames / rate, frames=frames, codec="h264"
    )


def take(shot: str, of: Clip | None = None, **members: Any) -> TakeRow:
    known = {
        "take": 1, "version": 1, "action": Action.SUBMIT if of is None else Action.REUSE, "stage": None, "tags": (),
        "why": "never rendered" if of is None else "", "prompt": f"about {shot}", "notes": "", "duration": 6,
        "resolution": "768p", "fingerprint": f"v1-{shot}", "provider": "minimax", "clip": of,
        "file": "" if of is None else f"film_{shot}_v001_t01.mp4",
    }  # fmt: skip
    return TakeRow(shot=shot, **{**known, **members})


def cut(start: str, end: str) -> Cut:
    return Cut(start=Decimal(start), end=Decimal(end))


def note(text: str, by: str = "Ana", number: int = 0) -> ReviewNote:
    return ReviewNote(by=by, at="2026-11-26T10:00:00Z", text=text, take=number)


def timeline(*rows: TakeRow, seconds: float = 6.0, **members: Any) -> Timeline:
    report = Report(campaign="film", manifest="film.yaml", model="hailuo-02", sketch=False, rows=rows, **members)
    shots = list(dict.fromkeys(row.shot for row in rows))
    return make_timeline(report, shots, {TakeName(row.shot, row.take): seconds for row in rows})
