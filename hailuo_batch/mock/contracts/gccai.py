"""GCC AI: the form of APIMart. Codes inside errors are the HTTP status as a number; links come as a list or as text."""

from collections.abc import Mapping
from typing import Any, ClassVar

from hailuo_batch.mock.contract import CROCKFORD, Account, Contract, fates, letters
from hailuo_batch.mock.messages import Answer, CallKind, Reason, Refusal, in_json
from hailuo_batch.mock.task import Fate, Order, Phase, View

_WORDS = {
    Phase.QUEUED: "pending",
    Phase.RUNNING: "processing",
    Phase.DONE: "completed",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "cancelled",
}
_REFUSALS = {
    Reason.BAD_PARAMETER: (400, "invalid_request_error", "Invalid request parameters"),
    Reason.MISSING: (400, "invalid_request_error", "Invalid task ID"),
    Reason.MODERATION: (400, "invalid_request_error", "The prompt contains sensitive content"),
    Reason.CONFLICT: (400, "idempotency_key_reused", "Idempotency-Key was used with another request"),
    Reason.BAD_KEY: (401, "authentication_error", "Invalid authentication credentials"),
    Reason.NO_BALANCE: (402, "payment_required", "Insufficient balance"),
    Reason.NOT_ALLOWED: (403, "permission_error", "Access forbidden"),
    Reason.THROTTLED: (429, "rate_limit_error", "Rate limit exceeded"),
    Reason.INTERNAL: (500, "server_error", "Internal server error"),
}


class Gccai(Contract):
    """GCC AI."""

    name: ClassVar[str] = "gccai"
    calls: ClassVar[Mapping[str, CallKind]] = {
        "submitVideo": CallKind.SUBMIT,
        "getTask": CallKind.POLL,
        "getKeyBalance": CallKind.BALANCE,
        "getUserBalance": CallKind.BALANCE,
    }
    # No list of codes is published: reasons are text, moderation too.
    fates: ClassVar[Mapping[str, Fate]] = fates(
        {
            "500": "video generation failed",
            "input": "video description contains sensitive content",
            "output": "generated video contains sensitive content",
        }
    )
    moderation: ClassVar[tuple[str, str]] = ("input", "output")

    def order(self, body: Mapping[str, Any]) -> Order:
        """What a valid submit asks for."""
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
        return f"task_01K8{letters(mark, CROCKFORD, 22)}"

    def submitted(self, view: View) -> Answer:
        """The id stands in a list of one."""
        return in_json({"code": 200, "data": [{"status": view.word or "submitted", "task_id": view.task.id}]})

    def seen(self, view: View) -> Answer:
        """The task inside an envelope with the HTTP status again."""
        task = view.task
        data: dict[str, Any] = {
            "id": task.id,
            "status": view.said(_WORDS),
            "progress": int(100 * view.progress),
            "created": int(task.created),
            "estimated_time": max(1, round(task.queued + task.running)) if task.running < 1e9 else 600,
        }
        if view.phase not in {Phase.QUEUED, Phase.RUNNING}:
            data["completed"] = int(task.ended)
            data["actual_time"] = int(task.queued + task.running)
        if view.phase is Phase.DONE:
            video = {"url": view.link if task.odd else [view.link], "expires_at": int(view.until)}
            data["result"] = {"videos": [video]}
            if task.odd:
                data["cost"] = float(task.price.amount)
        if view.phase is Phase.FAILED and task.fate:
            code = int(task.fate.code) if task.fate.code.isdecimal() else 500
            data["error"] = {"code": code, "message": task.fate.words, "type": "server_error"}
        return in_json({"code": 200, "data": data})

    def refuse(self, call: CallKind, refusal: Refusal) -> Answer:  # noqa: ARG002 - all calls refuse alike
        """`error` with the status as its code."""
        status, kind, words = _REFUSALS[refusal.reason]
        if refusal.status == 502:
            kind, words = "bad_gateway", "Bad gateway"
        status = refusal.status or status
        body = {"error": {"code": status, "message": refusal.words or words, "type": refusal.code or kind}}
        return in_json(body, status)

    def balance(self, account: Account) -> Answer:
        """-1 is no end."""
        left = -1 if account.left is None else float(account.left)
        return in_json(
            {
                "success": True,
                "remain_balance": left,
                "used_balance": float(account.spent),
                "unlimited_quota": account.left is None,
            }
        )
