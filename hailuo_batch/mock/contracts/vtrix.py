"""Vtrix: an envelope around the parameters, progress as a fraction, errors as an object or as text."""

from collections.abc import Mapping
from typing import Any, ClassVar

from hailuo_batch.mock.contract import LOWERCASE_ALPHABET, GatewayContract, encode_letters, failure_table
from hailuo_batch.mock.messages import Answer, CallKind, IncomingCall, Refusal, RefusalReason, json_answer
from hailuo_batch.mock.task import END_PHASES, Order, Phase, TaskFailure, TaskView

_STATUS_WORDS = {
    Phase.QUEUED: "queued",
    Phase.RUNNING: "in_progress",
    Phase.DONE: "completed",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "failed",  # it has no word for it
}
_REFUSALS = {
    RefusalReason.BAD_PARAMETER: (400, "invalid parameter"),
    RefusalReason.MODERATION: (400, "content is sensitive"),
    RefusalReason.CONFLICT: (400, "conflict"),
    RefusalReason.BAD_KEY: (401, "invalid api key"),
    RefusalReason.NO_BALANCE: (403, "insufficient balance"),
    RefusalReason.NOT_ALLOWED: (403, "permission denied"),
    RefusalReason.MISSING: (404, "task not found"),
    RefusalReason.THROTTLED: (429, "rate limit exceeded"),
    RefusalReason.INTERNAL: (500, "internal error"),
}
TEXT_ONLY = "text"  # an error that is a bare text


class Vtrix(GatewayContract):
    """Vtrix."""

    name: ClassVar[str] = "vtrix"
    calls: ClassVar[Mapping[str, CallKind]] = {"submitGeneration": CallKind.SUBMIT, "getGeneration": CallKind.POLL}
    failures: ClassVar[Mapping[str, TaskFailure]] = failure_table(
        {
            "010004095": "internal generation error",
            "010004096": "result could not be read",
            "010004097": "upstream http error",
            "010004098": "status check failed",
            "010004099": "task could not be created",
            "input": "input content is sensitive",
            "output": "output content is sensitive",
            TEXT_ONLY: "generation failed",
        }
    )
    moderation_codes: ClassVar[tuple[str, str]] = ("input", "output")
    checks_frames: ClassVar[bool] = True
    callback_phases: ClassVar[frozenset[Phase]] = END_PHASES | {Phase.RUNNING}

    def parse_order(self, body: Mapping[str, Any]) -> Order:
        """The request of a valid submit."""
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
        return encode_letters(mark, LOWERCASE_ALPHABET, 20)

    def target_task_id(self, received: IncomingCall) -> str:
        """Its name in the path is `id`."""
        return received.parts.get("id", "")

    def submit_answer(self, view: TaskView) -> Answer:
        """The status in this answer means nothing."""
        task = view.task
        status = view.status_override or "in_progress"
        body = {"id": task.id, "status": status, "model": task.model, "created_at": int(task.created), "progress": 0.0}
        return json_answer(body)

    def poll_answer(self, view: TaskView) -> Answer:
        """The task."""
        return json_answer(self.callback_body(view))

    def callback_body(self, view: TaskView) -> dict[str, Any]:
        """A callback's body is not documented; this one is the answer to a poll."""
        task = view.task
        data: dict[str, Any] = {
            "id": task.id,
            "status": view.status_word(_STATUS_WORDS),
            "model": task.model,
            "created_at": int(task.created),
        }
        if view.phase is Phase.RUNNING:
            data["progress"] = round(view.progress, 2)
        if view.phase is Phase.DONE:
            data["output"] = [{"content": [{"type": "video", "url": view.link, "duration": task.seconds}]}]
            data["usage"] = {"cost": str(task.price.amount), "discount": 1}
            data["metadata"] = {}
        if task.failure and view.phase in {Phase.FAILED, Phase.CANCELLED}:
            data["error"] = _error_body(task.failure, short=task.uses_alternate_form)
        return data

    def refusal_answer(self, call: CallKind, refusal: Refusal) -> Answer:  # noqa: ARG002 - all calls refuse alike
        """`callback_body`; inside a 200, `error` and no id."""
        status, words = _REFUSALS[refusal.reason]
        status = refusal.status or status
        if status == 200:
            fate = TaskFailure(code=refusal.code or "010004099", words=refusal.words or words)
            return json_answer({"error": _error_body(fate, short=False)}, 200)
        body: dict[str, Any] = {"message": refusal.words or words}
        if refusal.code:
            body["code"] = refusal.code
        return json_answer(body, status)


def _error_body(fate: TaskFailure, *, short: bool) -> Any:
    """An object with the code as text or, its leading zero lost, as a number; or only words."""
    if not fate.code.isdecimal():
        return fate.words
    return {"code": int(fate.code) if short else fate.code, "error_message": fate.words}
