"""The end of a run as one message: plain data by `schemas/notification.schema.json`, or one text for a chat."""

from collections.abc import Sequence
from datetime import datetime

from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.money import Money, sum_by_currency
from hailuo_batch.core.notification import NotificationForm
from hailuo_batch.core.plan.outcome import DETACHED, Outcome
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import Exit
from hailuo_batch.values import dataclass
from hailuo_batch.views.format import count, format_duration, join_amounts, join_names, safe_text, single_line
from hailuo_batch.views.next_command import next_of_several

NOTIFICATION_VERSION = 1
_WORDS = {
    Exit.DONE: "done",
    Exit.TAKES_FAILED: "some takes failed",
    Exit.REFUSED: "refused",
    Exit.INVALID: "the manifest is invalid",
    Exit.KEY: "a key is missing or rejected",
    Exit.BALANCE: "the balance is gone",
    Exit.NEEDS_PERSON: "a person is needed",
    Exit.LEDGER: "the ledger cannot be used",
    Exit.PENDING: "work is pending",
    Exit.INTERRUPTED: "interrupted",
}
_KINDS = {World.REAL: "", World.SKETCH: " (sketches)", World.REHEARSAL: " (rehearsal)"}
_SLACK_MARKS = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}  # https://docs.slack.dev/messaging/formatting-message-text


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """How a run ended: what each manifest came to, as far as it went, and the error that ended it ("" for none)."""

    manifests: tuple[str, ...]
    world: World
    code: Exit
    reports: tuple[Report, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    error: str = ""
    tool: str
    at: datetime


def notification_body(end: RunEnd, form: NotificationForm) -> dict[str, object]:
    """What is posted."""
    if form is NotificationForm.SLACK:
        return {"text": "".join(_SLACK_MARKS.get(letter, letter) for letter in _text(end))}
    stored, failed = sum(each.stored for each in end.outcomes), sum(len(each.clip_failures) for each in end.outcomes)
    return {
        "version": NOTIFICATION_VERSION,
        "event": "run_ended",
        "tool": end.tool,
        "at": f"{end.at:%Y-%m-%dT%H:%M:%SZ}",
        "world": str(end.world),
        "manifests": list(end.manifests),
        "campaigns": list(_campaigns(end)),
        "exit": int(end.code),
        "ending": _ending(end),
        "text": _text(end),
        "stored": stored,
        "failed": failed,
        "in_doubt": sum(row.is_in_doubt for report in end.reports for row in report.rows),
        "left_running": sum(each.left_running for each in end.outcomes),
        "still_to_do": sum(report.takes - report.counts.get(Action.REUSE, 0) for report in end.reports),
        "seconds": round(sum(each.seconds for each in end.outcomes), 3),
        "spent": _amounts([money for report in end.reports for money in report.spent]),
        "estimated": _amounts([money for report in end.reports for money in report.estimated]),
        "next": _next_command(end),
    }


def _ending(end: RunEnd) -> str:
    if end.code is Exit.DONE and any(each.stop_reason == DETACHED for each in end.outcomes):
        return "detached"
    if end.code is Exit.DONE and not any(each.stored or each.named for each in end.outcomes):
        return "nothing_to_do"
    return end.code.name.lower()


def _text(end: RunEnd) -> str:
    """One sentence after the other, in the order of what a person wants to know."""
    names = join_names([*_campaigns(end)] or [*end.manifests], len(_campaigns(end)) or len(end.manifests))
    head = f"{safe_text(names) or command_line('run')}{_KINDS[end.world]}: {_ending_words(end)}"
    parts = [head, *_deeds(end), *_money(end), single_line(end.error)]
    text = ". ".join(part.rstrip(".") for part in parts if part)
    command = _next_command(end)
    return f"{text}. Exit code {int(end.code)}." + (f" Next: {command}" if command else "")


def _ending_words(end: RunEnd) -> str:
    ending = _ending(end)
    if ending in {"detached", "nothing_to_do"}:
        return ending.replace("_", " ")
    return _WORDS.get(end.code, "an error of the program")


def _deeds(end: RunEnd) -> list[str]:
    stored = sum(each.stored for each in end.outcomes)
    failures = [failure.kind for each in end.outcomes for _, failure in each.clip_failures]
    left_out = failures.count(FailureKind.OVER_CAP)
    running = sum(each.left_running for each in end.outcomes)
    if not (stored or failures or running):
        return []
    took = format_duration(sum(each.seconds for each in end.outcomes))
    parts = [f"{count(stored, 'clip')} stored in {took}"]
    parts += [f"{len(failures) - left_out:,} without a clip"] if len(failures) > left_out else []
    parts += [f"{left_out:,} left out under a cap"] if left_out else []
    return [", ".join([*parts, *([f"{count(running, 'task')} still running"] if running else [])])]


def _money(end: RunEnd) -> list[str]:
    spent = join_amounts(sum_by_currency([money for report in end.reports for money in report.spent]))
    estimated = join_amounts(sum_by_currency([money for report in end.reports for money in report.estimated]))
    words = ", ".join(filter(None, (spent, estimated and f"estimated {estimated}")))
    return [f"Cost of the campaign so far: {words}"] if words and end.world is World.REAL else []


def _next_command(end: RunEnd) -> str:
    if not end.reports or len(end.reports) != len(end.outcomes):
        return ""
    return next_of_several(end.outcomes, end.reports)[-1].strip()


def _campaigns(end: RunEnd) -> tuple[str, ...]:
    return tuple(dict.fromkeys(report.campaign for report in end.reports))


def _amounts(amounts: Sequence[Money]) -> list[dict[str, str]]:
    return [{"amount": str(each.amount), "currency": each.currency} for each in sum_by_currency(amounts)]
