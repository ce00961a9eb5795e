"""GCC AI: the form of APIMart. Codes inside errors are the HTTP status as a number; links come as a list or as text."""

from collections.abc import Mapping
from typing import Any, ClassVar

from hailuo_batch.mock.contract import (
    CROCKFORD_ALPHABET,
    AccountBalance,
    GatewayContract,
    encode_letters,
    failure_table,
)
from hailuo_batch.mock.messages import Answer, CallKind, Refusal, RefusalReason, json_answer
from hailuo_batch.mock.task import Order, Phase, TaskFailure, TaskView

_STATUS_WORDS = {
    Phase.QUEUED: "pending",
    Phase.RUNNING: "processing",
    Phase.DONE: "completed",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "cancelled",
}
_REFUSALS = {
    RefusalReason.BAD_PARAMETER: (400, "invalid_request_error", "Invalid request parameters"),
    RefusalReason.MISSING: (400, "invalid_request_error", "Invalid task ID"),
    RefusalReason.MODERATION: (400, "invalid_request_error", "The prompt contains sensitive content"),
    RefusalReason.CONFLICT: (400, "idempotency_key_reused", "Idempotency-Key was used with another request"),
    RefusalReason.BAD_KEY: (401, "authentication_error", "Invalid authentication credentials"),
    RefusalReason.NO_BALANCE: (402, "payment_required", "Insufficient balance"),
    RefusalReason.NOT_ALLOWED: (403, "permission_error", "Access forbidden"),
    RefusalReason.THROTTLED: (429, "rate_limit_error", "Rate limit exceeded"),
    RefusalReason.INTERNAL: (500, "server_error", "Internal server error"),
}


class Gccai(GatewayContract):
    """GCC AI."""

    name: ClassVar[str] = "gccai"
    calls: ClassVar[Mapping[str, CallKind]] = {
        "submitVideo": CallKind.SUBMIT,
        "getTask": CallKind.POLL,
        "getKeyBalance": CallKind.BALANCE,
        "getUserBalance": CallKind.BALANCE,
    }
    # No list of codes is published: reasons are text, moderation too.
    failures: ClassVar[Mapping[str, TaskFailure]] = failure_table(
        {
            "500": "video generation failed",
            "input": "video description contains sensitive content",
            "output": "generated video contains sensitive content",
        }
    )
    moderation_codes: ClassVar[tuple[str, str]] = ("input", "output")

    def parse_order(self, body: Mapping[str, Any]) -> Order:
        """The request of a valid submit."""
        return Order(
            model=body["model"],
            prompt=body["prompt"],
            resolution=body.get("resolution", "768p"),
            seconds=body.get("duration", 5),
            first=body.get("first_frame_image", ""),
            last=body.get("last_frame_image", ""),
        )

    def new_id(self, mark: int) -> str:
        """`task_01K8…`."""
        return f"task_01K8{encode_letters(mark, CROCKFORD_ALPHABET, 22)}"

    def submit_answer(self, view: TaskView) -> Answer:
        """The id stands in a list of one."""
        return json_answer(
            {"code": 200, "data": [{"status": view.status_override or "submitted", "task_id": view.task.id}]}
        )

    def poll_answer(self, view: TaskView) -> Answer:
        """The task inside an envelope with the HTTP status again."""
        task = view.task
        data: dict[str, Any] = {
            "id": task.id,
            "status": view.status_word(_STATUS_WORDS),
            "progress": int(100 * view.progress),
            "created": int(task.created),
            "estimated_time": max(1, round(task.queued + task.running)) if task.running < 1e9 else 600,
        }
        if view.phase not in {Phase.QUEUED, Phase.RUNNING}:
            data["completed"] = int(task.end_time)
            data["actual_time"] = int(task.queued + task.running)
        if view.phase is Phase.DONE:
            video = {
                "url": view.link if task.uses_alternate_form else [view.link],
                "expires_at": int(view.link_expires),
            }
            data["result"] = {"videos": [video]}
            if task.uses_alternate_form:
                data["cost"] = float(task.price.amount)
        if view.phase is Phase.FAILED and task.failure:
            code = int(task.failure.code) if task.failure.code.isdecimal() else 500
            data["error"] = {"code": code, "message": task.failure.words, "type": "server_error"}
        return json_answer({"code": 200, "data": data})

    def refusal_answer(self, call: CallKind, refusal: Refusal) -> Answer:  # noqa: ARG002 - all calls refuse alike
        """`error` with the status as its code."""
        status, kind, words = _REFUSALS[refusal.reason]
        if refusal.status == 502:
            kind, words = "bad_gateway", "Bad gateway"
        status = refusal.status or status
        body = {"error": {"code": status, "message": refusal.words or words, "type": refusal.code or kind}}
        return json_answer(body, status)

    def balance_answer(self, account: AccountBalance) -> Answer:
        """-1 is no end."""
        left = -1 if account.left is None else float(account.left)
        return json_answer(
            {
                "success": True,
                "remain_balance": left,
                "used_balance": float(account.spent),
                "unlimited_quota": account.left is None,
            }
        )
