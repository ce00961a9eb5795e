"""Values to draw, with nothing in them that a test does not say."""

from decimal import Decimal
from typing import Any

from hailuo_batch.core.attempt.attempt import Clip, Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.manifest.document import NO_FRAMES
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.compare_requests import Member
from hailuo_batch.core.plan.plan import Action, Step, StepReason, Use
from hailuo_batch.core.plan.render_names import StillAt, poster_name
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.core.switches import DEFAULT_SWITCHES
from hailuo_batch.views.sheet.cover import make_sheet
from hailuo_batch.views.sheet.media import LinkedMedia
from hailuo_batch.views.sheet.page import draw_sheet

# What users write, at its worst: escapes of both kinds, overrides, markup of two languages, quotes, line breaks.
HOSTILE = (
    "\x1b[31mred\x1b[0m \x9b2J \x07\x00\x7f \u202egnp.exe\u202c \u2066x\u2069 [red]rich[/red] :smile: "
    "<script>alert(1)</script> \"'`&amp; \u2028 two\r\nlines \ud800"
)
FORBIDDEN = ("\x1b", "\x9b", "\x07", "\x00", "\x7f", "\r", "\u2028", "\u202e", "\u202c", "\u2066", "\u2069", "\ud800")


def usd(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="USD")


def clip(**members: Any) -> Clip:
    plain = {
        "digest": "sha256:" + "ab" * 32, "size": 1_234_567, "width": 1366, "height": 768, "seconds": 6.0,
        "frames": 150, "codec": "avc1.640028",
    }  # fmt: skip
    return Clip(**{**plain, **members})


def row(shot: str = "open", **members: Any) -> TakeRow:
    plain = {
        "take": 1, "version": 1, "action": Action.SUBMIT, "why": "never rendered", "stage": None,
        "prompt": "a bottle in mist", "tags": (), "notes": "", "duration": 6, "resolution": "768p",
        "fingerprint": "v1-" + "0" * 64, "file": "", "provider": "minimax", "estimate": usd("0.28"),
    }  # fmt: skip
    whole = {"shot": shot, **plain, **members}
    return TakeRow(**{"is_bought": whole["action"] in {Action.SUBMIT, Action.WAIT}, **whole})


def change(name: str, before: object, now: object, **labels: str) -> Member:
    return Member(name=name, before=before, now=now, changed=True, **labels)


PROMPT = change("prompt", "a bottle in mist", "a bottle in fog")


def stored(shot: str = "open", **members: Any) -> TakeRow:
    plain = {
        "action": Action.REUSE, "why": "its clip is in the store", "stage": Stage.STORED, "clip": clip(),
        "file": f"teaser_{shot}_v001_t01.mp4",
    }  # fmt: skip
    return row(shot, **{**plain, **members})


def draw_page(found: Report, **options: Any) -> str:
    """The sheet of a report whose clips and stills are beside it."""
    digests = {each.clip.digest for each in found.rows if each.clip is not None}
    stills = frozenset(poster_name(digest, at) for digest in digests for at in StillAt)
    return draw_sheet(make_sheet(found, LinkedMedia(base="", files={}, stills=stills), **options))


def report(*rows: TakeRow, **members: Any) -> Report:
    counts = {action: sum(each.action is action for each in rows) for action in Action}
    plain = {
        "campaign": "teaser", "manifest": "manifests/teaser.yaml", "model": "hailuo-02", "sketch": False,
        "takes": len(rows), "takes_to_buy": sum(row.is_bought for row in rows),
        "clips_to_buy": sum(row.is_bought and not row.same_clip_as for row in rows),
        "counts": {action: number for action, number in counts.items() if number},
    }  # fmt: skip
    return Report(rows=rows, **{**plain, **members})


def shot(name: str = "open", prompt: str = "a bottle in mist", **members: Any) -> Shot:
    plain = {
        "index": 0, "frames": NO_FRAMES, "duration": 6, "resolution": "768p", "takes": 1, "tags": (),
        "switches": DEFAULT_SWITCHES, "notes": "",
    }  # fmt: skip
    return Shot(id=name, prompt=prompt, **{**plain, **members})


def step(*shots: Shot | str, mark: str = "", **members: Any) -> Step:
    """One step for shots that ask the same."""
    asked = [each if isinstance(each, Shot) else shot(each) for each in shots or ("open",)]
    return Step(
        why=StepReason.NEW,
        uses=tuple(Use(shot=each, take=1, version=1) for each in asked),
        route=Route(provider="animatic", estimate=None, free=True),
        fingerprint=mark or f"v1-{asked[0].id}",
        **members,
    )


def failure(why: str = "the picture was refused", remedy: str = "", kind: FailureKind = FailureKind.REFUSED) -> Failure:
    return Failure(kind=kind, why=why, remedy=remedy)
