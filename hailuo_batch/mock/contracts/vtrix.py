"""Vtrix: an envelope around the parameters, progress as a fraction, errors as an object or as text."""

from collections.abc import Mapping
from typing import Any, ClassVar

from hailuo_batch.mock.contract import LOWER, Contract, fates, letters
from hailuo_batch.mock.messages import Answer, CallKind, Reason, Received, Refusal, in_json
from hailuo_batch.mock.task import ENDS, Fate, Order, Phase, View

_WORDS = {
    Phase.QUEUED: "queued",
    Phase.RUNNING: "in_progress",
    Phase.DONE: "completed",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "failed",  # it has no word for it
}
_REFUSALS = {
    Reason.BAD_PARAMETER: (400, "invalid parameter"),
    Reason.MODERATION: (400, "content is sensitive"),
    Reason.CONFLICT: (400, "conflict"),
    Reason.BAD_KEY: (401, "invalid api key"),
    Reason.NO_BALANCE: (403, "insufficient balance"),
    Reason.NOT_ALLOWED: (403, "permission denied"),
    Reason.MISSING: (404, "task not found"),
    Reason.THROTTLED: (429, "rate limit exceeded"),
    Reason.INTERNAL: (500, "internal error"),
}
TEXT = "text"  # an error that is a bare text


class Vtrix(Contract):
    """Vtrix."""

    name: ClassVar[str] = "vtrix"
    calls: ClassVar[Mapping[str, CallKind]] = {"submitGeneration": CallKind.SUBMIT, "getGeneration": CallKind.POLL}
    fates: ClassVar[Mapping[str, Fate]] = fates(
        {
            "010004095": "internal generation error",
            "010004096": "result could not be read",
            "010004097": "upstream http error",
            "010004098": "status check failed",
            "010004099": "task could not be created",
            "input": "input content is sensitive",
            "output": "output content is sensitive",
            TEXT: "generation failed",
        }
    )
    moderation: ClassVar[tuple[str, str]] = ("input", "output")
    limits_frames: ClassVar[bool] = True
    callbacks: ClassVar[frozenset[Phase]] = ENDS | {Phase.RUNNING}

    def order(self, body: Mapping[str, Any]) -> Order:
        """What a valid submit asks for."""
        wanted = body["input"][0]["params"]
        return Order(
            model=body["model"],
            prompt=wanted.get("prompt", ""),
            resolution=wanted.get("resolution", "768P").lower(),
            seconds=wanted.get("duration", 6),
            first=wanted["first_frame_image"],
            last=wanted.get("last_frame_image", ""),
            callback_url=wanted.get("callback_url", ""),
        )

    def new_id(self, mark: int) -> str:
        """Twenty letters and digits."""
        return letters(mark, LOWER, 20)

    def sought(self, received: Received) -> str:
        """Its name in the path is `id`."""
        return received.parts.get("id", "")

    def submitted(self, view: View) -> Answer:
        """The status in this answer means nothing."""
        task = view.task
        status = view.word or "in_progress"
        body = {"id": task.id, "status": status, "model": task.model, "created_at": int(task.created), "progress": 0.0}
        return in_json(body)

    def seen(self, view: View) -> Answer:
        """The task."""
        return in_json(self.message(view))

    def message(self, view: View) -> dict[str, Any]:
        """A callback's body is not documented; this one is the answer to a poll."""
        task = view.task
        data: dict[str, Any] = {
            "id": task.id,
            "status": view.said(_WORDS),
            "model": task.model,
            "created_at": int(task.created),
        }
        if view.phase is Phase.RUNNING:
            data["progress"] = round(view.progress, 2)
        if view.phase is Phase.DONE:
            data["output"] = [{"content": [{"type": "video", "url": view.link, "duration": task.seconds}]}]
            data["usage"] = {"cost": str(task.price.amount), "discount": 1}
            data["metadata"] = {}
        if task.fate and view.phase in {Phase.FAILED, Phase.CANCELLED}:
            data["error"] = _error(task.fate, short=task.odd)
        return data

    def refuse(self, call: CallKind, refusal: Refusal) -> Answer:  # noqa: ARG002 - all calls refuse alike
        """`message`; inside a 200, `error` and no id."""
        status, words = _REFUSALS[refusal.reason]
        status = refusal.status or status
        if status == 200:
            fate = Fate(code=refusal.code or "010004099", words=refusal.words or words)
            return in_json({"error": _error(fate, short=False)}, 200)
        body: dict[str, Any] = {"message": refusal.words or words}
        if refusal.code:
            body["code"] = refusal.code
        return in_json(body, status)


def _error(fate: Fate, *, short: bool) -> Any:
    """An object with the code as text or, its leading zero lost, as a number; or only words."""
    if not fate.code.isdecimal():
        return fate.words
    return {"code": int(fate.code) if short else fate.code, "error_message": fate.words}
