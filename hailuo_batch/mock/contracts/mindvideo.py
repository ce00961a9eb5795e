"""MindVideo: the only gateway that documents idempotency. Its errors are not documented; these are guesses."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from hailuo_batch.core.money import Money
from hailuo_batch.mock.contract import LOWERCASE_ALPHABET, GatewayContract, encode_letters, failure_table
from hailuo_batch.mock.messages import Answer, CallKind, Refusal, RefusalReason, json_answer
from hailuo_batch.mock.prices import list_price
from hailuo_batch.mock.task import Order, Phase, TaskFailure, TaskView

_STATUS_WORDS = {
    Phase.QUEUED: "queued",
    Phase.RUNNING: "processing",
    Phase.DONE: "succeeded",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "cancelled",
}
_REFUSALS = {
    RefusalReason.BAD_PARAMETER: (422, "invalid_input", "Invalid input"),
    RefusalReason.MODERATION: (400, "content_rejected", "The prompt was rejected"),
    RefusalReason.CONFLICT: (409, "idempotency_conflict", "Idempotency-Key was used with a different payload"),
    RefusalReason.BAD_KEY: (401, "unauthorized", "Invalid API key"),
    RefusalReason.NO_BALANCE: (402, "insufficient_balance", "Insufficient balance"),
    RefusalReason.NOT_ALLOWED: (403, "forbidden", "Forbidden"),
    RefusalReason.MISSING: (404, "not_found", "Task not found"),
    RefusalReason.THROTTLED: (429, "rate_limited", "Too many requests"),
    RefusalReason.INTERNAL: (500, "internal_error", "Internal error"),
}
_PRICE_FACTOR = Decimal("0.225") / Decimal("0.28")  # its one sample beside MiniMax's price of the same clip
NO_REASON = "bare"  # a failure that gives no reason at all


class Mindvideo(GatewayContract):
    """MindVideo."""

    name: ClassVar[str] = "mindvideo"
    calls: ClassVar[Mapping[str, CallKind]] = {
        "submitTask": CallKind.SUBMIT,
        "getTask": CallKind.POLL,
        "getTaskEvents": CallKind.EVENTS,
    }
    failures: ClassVar[Mapping[str, TaskFailure]] = failure_table(
        {
            "generation_failed": "Generation failed",
            "input_rejected": "The input was rejected by content moderation",
            "output_rejected": "The generated video was rejected by content moderation",
            NO_REASON: "",
        }
    )
    moderation_codes: ClassVar[tuple[str, str]] = ("input_rejected", "output_rejected")
    honours_idempotency_keys: ClassVar[bool] = True

    def price(self, resolution: str, seconds: int, model: str = "") -> Money:  # noqa: ARG002 - one list for all
        """In units, since its pages state no currency."""
        return Money(amount=round(list_price(resolution, seconds).amount * _PRICE_FACTOR, 3), currency="units")

    def parse_order(self, body: Mapping[str, Any]) -> Order:
        """The request of a valid submit."""
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
        return f"task_{encode_letters(mark, LOWERCASE_ALPHABET, 20)}"

    def submit_answer(self, view: TaskView) -> Answer:
        """The task, as a poll would show it."""
        return self.poll_answer(view)

    def poll_answer(self, view: TaskView) -> Answer:
        """The task; before its end the cost is an estimate."""
        task = view.task
        cost = float(task.price.amount)
        data: dict[str, Any] = {
            "request_id": f"req_{encode_letters(task.mark >> 8, LOWERCASE_ALPHABET, 16)}",
            "task_id": task.id,
            "status": view.status_word(_STATUS_WORDS),
            "cost_estimate": cost,
        }
        if view.phase is Phase.DONE:
            data["cost_actual"] = cost
            data["output"] = {"videos": [{"url": view.link}]}
        elif view.phase in {Phase.FAILED, Phase.CANCELLED}:
            data["cost_actual"] = 0
            data["output"] = None
            if task.failure and view.phase is Phase.FAILED and task.failure.code != NO_REASON:
                data["error"] = {"code": task.failure.code, "message": task.failure.words}
        return json_answer(data)

    def events_answer(self, view: TaskView) -> Answer:
        """What has happened so far; as an object, or as a bare list."""
        task = view.task
        moments = [(Phase.QUEUED, task.created), (Phase.RUNNING, task.created + task.queued)]
        if view.phase not in {Phase.QUEUED, Phase.RUNNING}:
            moments.append((view.phase, task.end_time))
        rows = [{"type": _STATUS_WORDS[phase], "created_at": _timestamp(at)} for phase, at in moments if at <= view.now]
        return json_answer(rows if task.uses_alternate_form else {"events": rows})

    def refusal_answer(self, call: CallKind, refusal: Refusal) -> Answer:  # noqa: ARG002 - all calls refuse alike
        """`error` as an object."""
        status, code, words = _REFUSALS[refusal.reason]
        error = {"code": refusal.code or code, "message": refusal.words or words}
        return json_answer({"request_id": "req_refused", "error": error}, refusal.status or status)


def _timestamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
