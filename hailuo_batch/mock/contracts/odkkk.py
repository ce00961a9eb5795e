"""Odkkk: the form of EvoLink. The number of images is the mode; links are plain texts; there is a list of tasks."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from ipaddress import ip_address
from typing import Any, ClassVar
from urllib.parse import urlsplit

from hailuo_batch.core.money import Money
from hailuo_batch.mock.contract import (
    LOWERCASE_ALPHABET,
    AccountBalance,
    GatewayContract,
    encode_letters,
    failure_table,
)
from hailuo_batch.mock.messages import Answer, CallKind, Refusal, RefusalReason, json_answer
from hailuo_batch.mock.prices import list_price
from hailuo_batch.mock.task import END_PHASES, Order, Phase, TaskFailure, TaskView

_STATUS_WORDS = {
    Phase.QUEUED: "pending",
    Phase.RUNNING: "processing",
    Phase.DONE: "completed",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "cancelled",
}
_REFUSALS = {
    RefusalReason.BAD_PARAMETER: (400, "invalid_request_error", "Invalid request"),
    RefusalReason.MODERATION: (400, "invalid_request_error", "The prompt was rejected by the content policy"),
    RefusalReason.CONFLICT: (400, "idempotency_conflict", "Idempotency-Key was used with another request"),
    RefusalReason.BAD_KEY: (401, "authentication_error", "Invalid or expired token"),
    RefusalReason.NO_BALANCE: (402, "insufficient_quota_error", "Insufficient quota"),
    RefusalReason.NOT_ALLOWED: (403, "permission_error", "Model access denied"),
    RefusalReason.MISSING: (404, "not_found_error", "Not found"),
    RefusalReason.THROTTLED: (429, "rate_limit_error", "Rate limit exceeded"),
    RefusalReason.INTERNAL: (500, "internal_server_error", "Internal server error"),
}
_BUSY = {502: ("upstream_error", "Upstream error"), 503: ("service_unavailable_error", "Service unavailable")}
_HINTS = {RefusalReason.NO_BALANCE: "top up the account", RefusalReason.THROTTLED: "retry after 60 seconds"}
_PER_USD = 68  # EvoLink sells about so many credits for a dollar
_YUAN = 7


class Odkkk(GatewayContract):
    """odkkk."""

    name: ClassVar[str] = "odkkk"
    calls: ClassVar[Mapping[str, CallKind]] = {
        "submitVideo": CallKind.SUBMIT,
        "getTask": CallKind.POLL,
        "listTasks": CallKind.LIST,
        "getTasks": CallKind.BATCH,
        "getCredits": CallKind.BALANCE,
    }
    failures: ClassVar[Mapping[str, TaskFailure]] = failure_table(
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
    moderation_codes: ClassVar[tuple[str, str]] = ("content_policy_violation", "content_policy_violation")
    callback_phases: ClassVar[frozenset[Phase]] = END_PHASES
    callback_retry_seconds: ClassVar[tuple[float, ...]] = (1.0, 2.0, 4.0)

    def price(self, resolution: str, seconds: int, model: str = "") -> Money:  # noqa: ARG002 - one list for all
        """In whole credits."""
        usd = list_price(resolution, seconds).amount
        return Money(amount=Decimal(round(usd * _PER_USD)), currency="credits")

    def parse_order(self, body: Mapping[str, Any]) -> Order:
        """The request of a valid submit: no image, a first, or a first and a last."""
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
        return f"task-unified-{1_700_000_000 + mark % 99_999_999}-{encode_letters(mark >> 32, LOWERCASE_ALPHABET, 8)}"

    def submit_answer(self, view: TaskView) -> Answer:
        """A short form of the task."""
        return json_answer(
            {
                "created": int(view.task.created),
                "id": view.task.id,
                "model": view.task.model,
                "object": "video.generation.task",
                "progress": 0,
                "status": view.status_override or "pending",
            },
            headers={"x-request-id": f"req-{view.task.mark % 10**12:012d}"},
        )

    def poll_answer(self, view: TaskView) -> Answer:
        """The whole task."""
        return json_answer(self.callback_body(view))

    def callback_body(self, view: TaskView) -> dict[str, Any]:
        """A callback's body is the answer to a poll."""
        task = view.task
        data: dict[str, Any] = {
            "created": int(task.created),
            "id": task.id,
            "model": task.model,
            "object": "video.generation.task",
            "progress": int(100 * view.progress),
            "status": view.status_word(_STATUS_WORDS),
            "error": None,
            "task_info": {"can_cancel": view.phase is Phase.QUEUED},
            "type": "video",
        }
        if view.phase is Phase.DONE:
            data["results"] = [view.link]
            data["usage"] = _usage(float(task.price.amount))
            if task.uses_alternate_form:
                data["result_data"] = [{"video_url": view.link}]
        if view.phase in {Phase.FAILED, Phase.CANCELLED} and task.failure:
            data["error"] = {"code": task.failure.code, "message": task.failure.words, "type": "task_error"}
        return data

    def refusal_answer(self, call: CallKind, refusal: Refusal) -> Answer:  # noqa: ARG002 - all calls refuse alike
        """`error`; its code is the status as a number, or a word on newer pages."""
        status, kind, words = _REFUSALS[refusal.reason]
        status = refusal.status or status
        kind, words = _BUSY.get(status, (kind, words)) if refusal.reason is RefusalReason.INTERNAL else (kind, words)
        error: dict[str, Any] = {"code": refusal.code or status, "message": refusal.words or words, "type": kind}
        if refusal.reason in _HINTS:
            error["fallback_suggestion"] = _HINTS[refusal.reason]
        return json_answer({"error": error}, status)

    def balance_answer(self, account: AccountBalance) -> Answer:
        """Credits of the key and of the account."""
        used = float(account.spent)
        left = 1e9 if account.left is None else float(account.left)
        token = {"remaining_credits": left, "unlimited_credits": account.left is None, "used_credits": used}
        user = {"remaining_credits": left, "used_credits": used}
        return json_answer({"success": True, "message": "", "data": {"token": token, "user": user}})

    def list_answer(self, views: Sequence[TaskView], query: Mapping[str, str]) -> Answer:
        """One page of rows, newest first, without links."""
        rows = [_list_row(view) for view in reversed(views)]
        for name in ("status", "type", "model"):
            if name in query:
                rows = [row for row in rows if row[name] == query[name]]
        page, size = int(query.get("page", "1")), int(query.get("page_size", "20"))
        cut = rows[(page - 1) * size : page * size]
        return json_answer({"data": cut, "total": len(rows), "page": page, "page_size": size})

    def batch_answer(self, views: Sequence[TaskView]) -> Answer:
        """Those that were found."""
        return json_answer({"data": [self.callback_body(view) for view in views]})


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


def _list_row(view: TaskView) -> dict[str, Any]:
    task = view.task
    failed = view.phase in {Phase.FAILED, Phase.CANCELLED}
    return {
        "id": task.id,
        "model": task.model,
        "type": "video",
        "status": _STATUS_WORDS[view.phase],
        "progress": int(100 * view.progress),
        "created_at": int(task.created),
        "has_results": view.phase is Phase.DONE,
        "has_error": failed,
        "credits_used": 0 if failed else float(task.price.amount),
    }
