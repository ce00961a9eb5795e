"""HighwayAPI: the platform of jiekou and Novita.

Why a task failed is text, and each poll of a finished task signs a new link.
"""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from hailuo_batch.mock.contract import HOUR, SIGNATURE_EXPIRED, DeadLink, GatewayContract, failure_table
from hailuo_batch.mock.messages import Answer, CallKind, Refusal, RefusalReason, json_answer
from hailuo_batch.mock.task import END_PHASES, Order, Phase, TaskFailure, TaskView

_STATUS_WORDS = {
    Phase.QUEUED: "TASK_STATUS_QUEUED",
    Phase.RUNNING: "TASK_STATUS_PROCESSING",
    Phase.DONE: "TASK_STATUS_SUCCEED",
    Phase.FAILED: "TASK_STATUS_FAILED",
    Phase.CANCELLED: "TASK_STATUS_FAILED",  # it has no word for it
}
_REFUSALS = {
    RefusalReason.BAD_PARAMETER: (400, "INVALID_REQUEST_BODY", "invalid request body"),
    RefusalReason.MODERATION: (400, "INVALID_REQUEST_BODY", "input content was rejected"),
    RefusalReason.CONFLICT: (400, "INVALID_REQUEST_BODY", "conflict"),
    RefusalReason.BAD_KEY: (401, "UNAUTHORIZED", "invalid api key"),
    RefusalReason.NO_BALANCE: (403, "NOT_ENOUGH_BALANCE", "not enough balance"),
    RefusalReason.NOT_ALLOWED: (403, "FORBIDDEN", "permission denied"),
    RefusalReason.MISSING: (404, "NOT_FOUND", "task not found"),
    RefusalReason.THROTTLED: (429, "RATE_LIMIT_EXCEEDED", "rate limit exceeded"),
    RefusalReason.INTERNAL: (500, "INTERNAL", "internal error"),
}
_BUSY = {503, 504}


class Highwayapi(GatewayContract):
    """HighwayAPI."""

    name: ClassVar[str] = "highwayapi"
    calls: ClassVar[Mapping[str, CallKind]] = {"submitVideo": CallKind.SUBMIT, "getTaskResult": CallKind.POLL}
    failures: ClassVar[Mapping[str, TaskFailure]] = failure_table(
        {
            "failed": "video generation failed",
            "input": "input content was rejected",
            "output": "output content was rejected",
        }
    )
    moderation_codes: ClassVar[tuple[str, str]] = ("input", "output")
    fresh_links: ClassVar[bool] = True
    link_seconds: ClassVar[float] = HOUR
    dead_link: ClassVar[DeadLink] = SIGNATURE_EXPIRED

    def parse_order(self, body: Mapping[str, Any]) -> Order:
        """The request of a valid submit; the model stands in the path."""
        return Order(
            model="minimax-hailuo-02",
            prompt=body["prompt"],
            resolution=body.get("resolution", "768P").lower(),
            seconds=body.get("duration", 6),
            first=body.get("image", ""),
            last=body.get("end_image", ""),
        )

    def new_id(self, mark: int) -> str:
        """A UUID."""
        return str(UUID(int=mark % (1 << 128), version=4))

    def submit_answer(self, view: TaskView) -> Answer:
        """The id and nothing else."""
        return json_answer({"task_id": view.task.id})

    def poll_answer(self, view: TaskView) -> Answer:
        """The task among empty lists of other media."""
        task = view.task
        videos = []
        if view.phase is Phase.DONE:
            life = int(view.link_expires - view.now)
            videos = [
                {
                    "video_url": view.link,
                    "video_url_ttl": life if task.uses_alternate_form else str(life),
                    "video_type": "mp4",
                },
            ]
        done = view.phase in END_PHASES
        return json_answer(
            {
                "extra": {"seed": "", "debug_info": _debug_times(view)},
                "task": {
                    "task_id": task.id,
                    "status": view.status_word(_STATUS_WORDS),
                    "reason": task.failure.words if task.failure and done else "",
                    "task_type": "IMG_TO_VIDEO" if task.frames else "TXT_TO_VIDEO",
                    "eta": 0 if done else 60,
                    "progress_percent": int(100 * view.progress),
                },
                "images": [],
                "videos": videos,
                "audios": [],
            }
        )

    def refusal_answer(self, call: CallKind, refusal: Refusal) -> Answer:  # noqa: ARG002 - all calls refuse alike
        """`reason` is the word a program reads."""
        status, reason, words = _REFUSALS[refusal.reason]
        status = refusal.status or status
        if status in _BUSY:
            reason, words = "SERVICE_OVERLOADED", "service overloaded"
        body = {"code": status, "reason": refusal.code or reason, "message": refusal.words or words, "metadata": {}}
        return json_answer(body, status)


def _debug_times(view: TaskView) -> dict[str, str]:
    """Milliseconds as text, empty for what has not happened."""
    task = view.task
    moments = {
        "submit_time_ms": task.created,
        "execute_time_ms": task.created + task.queued,
        "complete_time_ms": task.end_time,
    }
    times = {name: str(int(at * 1000)) if at <= view.now else "" for name, at in moments.items()}
    return {"request_info": "", **times}
