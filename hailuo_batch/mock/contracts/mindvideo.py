"""MindVideo: the only gateway that documents idempotency. Its errors are not documented; these are guesses."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from hailuo_batch.mock.contract import LOWER, Contract, fates, letters
from hailuo_batch.mock.messages import Answer, CallKind, Reason, Refusal, in_json
from hailuo_batch.mock.task import Fate, Order, Phase, View

_WORDS = {
    Phase.QUEUED: "queued",
    Phase.RUNNING: "processing",
    Phase.DONE: "succeeded",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "cancelled",
}
_REFUSALS = {
    Reason.BAD_PARAMETER: (422, "invalid_input", "Invalid input"),
    Reason.MODERATION: (400, "content_rejected", "The prompt was rejected"),
    Reason.CONFLICT: (409, "idempotency_conflict", "Idempotency-Key was used with a different payload"),
    Reason.BAD_KEY: (401, "unauthorized", "Invalid API key"),
    Reason.NO_BALANCE: (402, "insufficient_balance", "Insufficient balance"),
    Reason.NOT_ALLOWED: (403, "forbidden", "Forbidden"),
    Reason.MISSING: (404, "not_found", "Task not found"),
    Reason.THROTTLED: (429, "rate_limited", "Too many requests"),
    Reason.INTERNAL: (500, "internal_error", "Internal error"),
}
BARE = "bare"  # a failure that gives no reason at all


class Mindvideo(Contract):
    """MindVideo."""

    name: ClassVar[str] = "mindvideo"
    calls: ClassVar[Mapping[str, CallKind]] = {
        "submitTask": CallKind.SUBMIT,
        "getTask": CallKind.POLL,
        "getTaskEvents": CallKind.EVENTS,
    }
    fates: ClassVar[Mapping[str, Fate]] = fates(
        {
            "generation_failed": "Generation failed",
            "input_rejected": "The input was rejected by content moderation",
            "output_rejected": "The generated video was rejected by content moderation",
            BARE: "",
        }
    )
    moderation: ClassVar[tuple[str, str]] = ("input_rejected", "output_rejected")
    honours_keys: ClassVar[bool] = True

    def order(self, body: Mapping[str, Any]) -> Order:
        """What a valid submit asks for."""
        wanted = body["input"]
        return Order(
            model=body["model"],
            prompt=wanted["prompt"],
            resolution=wanted.get("resolution", "768p"),
            seconds=wanted.get("duration", 5),
            first=wanted.get("first_frame_image", ""),
            last=wanted.get("last_frame_image", ""),
        )

    def new_id(self, mark: int) -> str:
        """`task_` and letters."""
        return f"task_{letters(mark, LOWER, 20)}"

    def submitted(self, view: View) -> Answer:
        """The task, as a poll would show it."""
        return self.seen(view)

    def seen(self, view: View) -> Answer:
        """The task; before its end the cost is an estimate."""
        task = view.task
        cost = float(task.price.amount)
        data: dict[str, Any] = {
            "request_id": f"req_{letters(task.mark >> 8, LOWER, 16)}",
            "task_id": task.id,
            "status": view.said(_WORDS),
            "cost_estimate": cost,
        }
        if view.phase is Phase.DONE:
            data["cost_actual"] = cost
            data["output"] = {"videos": [{"url": view.link}]}
        elif view.phase in {Phase.FAILED, Phase.CANCELLED}:
            data["cost_actual"] = 0
            data["output"] = None
            if task.fate and view.phase is Phase.FAILED and task.fate.code != BARE:
                data["error"] = {"code": task.fate.code, "message": task.fate.words}
        return in_json(data)

    def events(self, view: View) -> Answer:
        """What has happened so far; as an object, or as a bare list."""
        task = view.task
        moments = [(Phase.QUEUED, task.created), (Phase.RUNNING, task.created + task.queued)]
        if view.phase not in {Phase.QUEUED, Phase.RUNNING}:
            moments.append((view.phase, task.ended))
        rows = [{"type": _WORDS[phase], "created_at": _when(at)} for phase, at in moments if at <= view.now]
        return in_json(rows if task.odd else {"events": rows})

    def refuse(self, call: CallKind, refusal: Refusal) -> Answer:  # noqa: ARG002 - all calls refuse alike
        """`error` as an object."""
        status, code, words = _REFUSALS[refusal.reason]
        error = {"code": refusal.code or code, "message": refusal.words or words}
        return in_json({"request_id": "req_refused", "error": error}, refusal.status or status)


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
