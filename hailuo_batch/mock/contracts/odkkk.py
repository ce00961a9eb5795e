"""Odkkk: the form of EvoLink. The number of images is the mode; links are plain texts; there is a list of tasks."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any, ClassVar
from urllib.parse import urlsplit

from hailuo_batch.mock.contract import LOWER, Account, Contract, fates, letters
from hailuo_batch.mock.messages import Answer, CallKind, Reason, Refusal, in_json
from hailuo_batch.mock.task import ENDS, Fate, Order, Phase, View

_WORDS = {
    Phase.QUEUED: "pending",
    Phase.RUNNING: "processing",
    Phase.DONE: "completed",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "cancelled",
}
_REFUSALS = {
    Reason.BAD_PARAMETER: (400, "invalid_request_error", "Invalid request"),
    Reason.MODERATION: (400, "invalid_request_error", "The prompt was rejected by the content policy"),
    Reason.CONFLICT: (400, "idempotency_conflict", "Idempotency-Key was used with another request"),
    Reason.BAD_KEY: (401, "authentication_error", "Invalid or expired token"),
    Reason.NO_BALANCE: (402, "insufficient_quota_error", "Insufficient quota"),
    Reason.NOT_ALLOWED: (403, "permission_error", "Model access denied"),
    Reason.MISSING: (404, "not_found_error", "Not found"),
    Reason.THROTTLED: (429, "rate_limit_error", "Rate limit exceeded"),
    Reason.INTERNAL: (500, "internal_server_error", "Internal server error"),
}
_BUSY = {502: ("upstream_error", "Upstream error"), 503: ("service_unavailable_error", "Service unavailable")}
_HINTS = {Reason.NO_BALANCE: "top up the account", Reason.THROTTLED: "retry after 60 seconds"}
_PER_USD = 68  # EvoLink sells about so many credits for a dollar
_YUAN = 7


class Odkkk(Contract):
    """odkkk."""

    name: ClassVar[str] = "odkkk"
    calls: ClassVar[Mapping[str, CallKind]] = {
        "submitVideo": CallKind.SUBMIT,
        "getTask": CallKind.POLL,
        "listTasks": CallKind.LIST,
        "getTasks": CallKind.BATCH,
        "getCredits": CallKind.BALANCE,
    }
    fates: ClassVar[Mapping[str, Fate]] = fates(
        {
            "service_error": "Upstream service error",
            "content_policy_violation": "Content was rejected",
            "invalid_parameters": "Parameters were not accepted",
            "image_processing_error": "The image could not be processed",
            "image_dimension_mismatch": "The images differ in their dimensions",
            "request_cancelled": "The request was cancelled",
            "resource_not_found": "A resource was not found",
            "generation_failed_no_content": "Nothing was generated",
            "generation_timeout": "Generation timed out",
            "resource_exhausted": "Resources are used up",
            "quota_exceeded": "The upstream's quota is used up",
            "service_unavailable": "The upstream is not available",
            "unknown_error": "Unknown error",
        }
    )
    moderation: ClassVar[tuple[str, str]] = ("content_policy_violation", "content_policy_violation")
    callbacks: ClassVar[frozenset[Phase]] = ENDS
    callback_waits: ClassVar[tuple[float, ...]] = (1.0, 2.0, 4.0)

    def order(self, body: Mapping[str, Any]) -> Order:
        """What a valid submit asks for: no image, a first, or a first and a last."""
        first, last = (*body.get("image_urls", ()), "", "")[:2]
        return Order(
            model=body["model"],
            prompt=body.get("prompt", ""),
            resolution=body.get("quality", "768p"),
            seconds=body.get("duration", 6),
            first=first,
            last=last,
            callback_url=body.get("callback_url", ""),
        )

    def complaint(self, order: Order) -> str:
        """Callbacks go to no private address."""
        return "callback_url is a private address" if _is_private(order.callback_url) else ""

    def new_id(self, mark: int) -> str:
        """`task-unified-`, ten digits, eight letters."""
        return f"task-unified-{1_700_000_000 + mark % 99_999_999}-{letters(mark >> 32, LOWER, 8)}"

    def submitted(self, view: View) -> Answer:
        """A short form of the task."""
        return in_json(
            {
                "created": int(view.task.created),
                "id": view.task.id,
                "model": view.task.model,
                "object": "video.generation.task",
                "progress": 0,
                "status": view.word or "pending",
            },
            headers={"x-request-id": f"req-{view.task.mark % 10**12:012d}"},
        )

    def seen(self, view: View) -> Answer:
        """The whole task."""
        return in_json(self.message(view))

    def message(self, view: View) -> dict[str, Any]:
        """A callback's body is the answer to a poll."""
        task = view.task
        data: dict[str, Any] = {
            "created": int(task.created),
            "id": task.id,
            "model": task.model,
            "object": "video.generation.task",
            "progress": int(100 * view.progress),
            "status": view.said(_WORDS),
            "error": None,
            "task_info": {"can_cancel": view.phase is Phase.QUEUED},
            "type": "video",
        }
        if view.phase is Phase.DONE:
            data["results"] = [view.link]
            data["usage"] = _usage(float(task.price.amount))
            if task.odd:
                data["result_data"] = [{"video_url": view.link}]
        if view.phase in {Phase.FAILED, Phase.CANCELLED} and task.fate:
            data["error"] = {"code": task.fate.code, "message": task.fate.words, "type": "task_error"}
        return data

    def refuse(self, call: CallKind, refusal: Refusal) -> Answer:  # noqa: ARG002 - all calls refuse alike
        """`error`; its code is the status as a number, or a word on newer pages."""
        status, kind, words = _REFUSALS[refusal.reason]
        status = refusal.status or status
        kind, words = _BUSY.get(status, (kind, words)) if refusal.reason is Reason.INTERNAL else (kind, words)
        error: dict[str, Any] = {"code": refusal.code or status, "message": refusal.words or words, "type": kind}
        if refusal.reason in _HINTS:
            error["fallback_suggestion"] = _HINTS[refusal.reason]
        return in_json({"error": error}, status)

    def balance(self, account: Account) -> Answer:
        """Credits of the key and of the account."""
        used = float(account.spent)
        left = 1e9 if account.left is None else float(account.left)
        token = {"remaining_credits": left, "unlimited_credits": account.left is None, "used_credits": used}
        user = {"remaining_credits": left, "used_credits": used}
        return in_json({"success": True, "message": "", "data": {"token": token, "user": user}})

    def listed(self, views: Sequence[View], query: Mapping[str, str]) -> Answer:
        """One page of rows, newest first, without links."""
        rows = [_row(view) for view in reversed(views)]
        for name in ("status", "type", "model"):
            if name in query:
                rows = [row for row in rows if row[name] == query[name]]
        page, size = int(query.get("page", "1")), int(query.get("page_size", "20"))
        cut = rows[(page - 1) * size : page * size]
        return in_json({"data": cut, "total": len(rows), "page": page, "page_size": size})

    def batch(self, views: Sequence[View]) -> Answer:
        """Those that were found."""
        return in_json({"data": [self.message(view) for view in views]})


def _is_private(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or not ip_address(host).is_global
    except ValueError:
        return False


def _usage(credits: float) -> dict[str, Any]:  # noqa: A002 - the gateway's word
    usd = round(credits / _PER_USD, 4)
    cost = {"credits": credits, "usd": usd, "cny": round(_YUAN * usd, 4)}
    return {"billing_rule": "per_call", "credits_reserved": credits, "credits_used": credits, "cost": cost}


def _row(view: View) -> dict[str, Any]:
    task = view.task
    failed = view.phase in {Phase.FAILED, Phase.CANCELLED}
    return {
        "id": task.id,
        "model": task.model,
        "type": "video",
        "status": _WORDS[view.phase],
        "progress": int(100 * view.progress),
        "created_at": int(task.created),
        "has_results": view.phase is Phase.DONE,
        "has_error": failed,
        "credits_used": 0 if failed else float(task.price.amount),
    }
