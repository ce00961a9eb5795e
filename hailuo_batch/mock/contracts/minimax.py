"""MiniMax itself: refusals are an HTTP 200 with a code inside, and the link takes a second call."""

from collections.abc import Mapping
from typing import Any, ClassVar

from hailuo_batch.core.money import Money, find_price
from hailuo_batch.core.request.frame_size import frame_size
from hailuo_batch.load.provider_tables import read_provider, read_provider_table
from hailuo_batch.mock.contract import HOUR, SIGNATURE_EXPIRED, DeadLink, GatewayContract, failure_table
from hailuo_batch.mock.messages import Answer, CallKind, IncomingCall, Refusal, RefusalReason, json_answer
from hailuo_batch.mock.task import END_PHASES, Order, Phase, TaskFailure, TaskView

_STATUS_WORDS = {
    Phase.QUEUED: "Queueing",
    Phase.RUNNING: "Processing",
    Phase.DONE: "Success",
    Phase.FAILED: "Fail",
    Phase.CANCELLED: "Fail",  # it has no word for it
}
_CALLBACK_WORDS = {
    Phase.RUNNING: "processing",
    Phase.DONE: "success",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "failed",
}  # a callback spells them in its own way
_CODES = {
    0: "success",
    1000: "unknown error",
    1001: "timeout",
    1002: "rate limit",
    1004: "not authorized",
    1008: "insufficient balance",
    1024: "internal error",
    1026: "input content is sensitive",
    1027: "output content is sensitive",
    1028: "quota is used up",
    1030: "quota is used up",
    1033: "system error",
    1039: "token limit",
    1041: "connection limit",
    1042: "invisible character ratio limit",
    2013: "invalid params",
    2045: "rate growth limit",
    2049: "invalid api key",
    2056: "usage limit exceeded",
    2061: "your current plan does not support this model",
}
_DEFAULT_CODES = {
    RefusalReason.BAD_PARAMETER: 2013,
    RefusalReason.MISSING: 2013,
    RefusalReason.CONFLICT: 2013,
    RefusalReason.MODERATION: 1026,
    RefusalReason.BAD_KEY: 1004,
    RefusalReason.NO_BALANCE: 1008,
    RefusalReason.NOT_ALLOWED: 2061,
    RefusalReason.THROTTLED: 1002,
    RefusalReason.INTERNAL: 1024,
}
_BAD_KEY = 2049
_FILE_ID_OFFSET = 98_342_000_000_000  # from a task's number to its file's


class Minimax(GatewayContract):
    """MiniMax."""

    name: ClassVar[str] = "minimax"
    calls: ClassVar[Mapping[str, CallKind]] = {
        "submitVideo": CallKind.SUBMIT,
        "queryVideo": CallKind.POLL,
        "retrieveFile": CallKind.FILE,
    }
    failures: ClassVar[Mapping[str, TaskFailure]] = failure_table(
        {str(code): _CODES[code] for code in (1033, 1000, 1001, 1024, 1026, 1027, 1042, 2013)}
    )
    moderation_codes: ClassVar[tuple[str, str]] = ("1026", "1027")
    refuses_early: ClassVar[bool] = True
    fresh_links: ClassVar[bool] = True
    link_seconds: ClassVar[float] = HOUR
    dead_link: ClassVar[DeadLink] = SIGNATURE_EXPIRED
    checks_frames: ClassVar[bool] = True
    callback_phases: ClassVar[frozenset[Phase]] = END_PHASES | {Phase.RUNNING}
    challenges_callbacks: ClassVar[bool] = True

    def price(self, resolution: str, seconds: int, model: str = "") -> Money:
        """By the list that MiniMax publishes for each model."""
        rows = read_provider_table(self.name)["models"].items()
        ours = next((name for name, row in rows if row["id"] == model), "")
        published = find_price(read_provider(self.name, ours).prices, resolution=resolution, seconds=seconds)
        return published or super().price(resolution, seconds, model)

    def parse_order(self, body: Mapping[str, Any]) -> Order:
        """The request of a valid submit."""
        return Order(
            model=body["model"],
            prompt=body.get("prompt", ""),
            resolution=body.get("resolution", "768P").lower(),
            seconds=body.get("duration", 6),
            first=body.get("first_frame_image", ""),
            last=body.get("last_frame_image", ""),
            callback_url=body.get("callback_url", ""),
        )

    def new_id(self, mark: int) -> str:
        """Fifteen digits."""
        return str(100_000_000_000_000 + mark % 800_000_000_000_000)

    def target_task_id(self, received: IncomingCall) -> str:
        """A file has a number of its own, from which the task's number follows."""
        if received.kind is not CallKind.FILE:
            return received.parts.get("task_id", "")
        number = received.parts.get("file_id", "")
        return str(int(number) - _FILE_ID_OFFSET) if number.isdecimal() and len(number) < 20 else ""

    def submit_answer(self, view: TaskView) -> Answer:
        """Code 0 and a task's id."""
        return json_answer({"task_id": view.task.id, "base_resp": _base_resp(0)}, headers=_trace_header(view))

    def poll_answer(self, view: TaskView) -> Answer:
        """No link: only the number of a file."""
        task = view.task
        body: dict[str, Any] = {
            "task_id": task.id,
            "status": view.status_word(_status_words(view)),
            "file_id": _file_id(view) if view.phase is Phase.DONE else "",
            "base_resp": _outcome_resp(view),
        }
        if view.phase is Phase.DONE:
            body["video_width"], body["video_height"] = frame_size(task.resolution, *task.shape)
        return json_answer(body, headers=_trace_header(view))

    def file_answer(self, view: TaskView) -> Answer:
        """The link; here the number is a number, and the size is not reported."""
        file = {
            "file_id": int(_file_id(view)),
            "bytes": 0,
            "created_at": int(view.task.end_time),
            "filename": "output.mp4",
            "purpose": "video_generation",
            "download_url": view.link,
        }
        return json_answer({"file": file, "base_resp": _base_resp(0)}, headers=_trace_header(view))

    def callback_body(self, view: TaskView) -> dict[str, Any]:
        """A callback spells statuses in lower case."""
        return {
            "task_id": view.task.id,
            "status": _CALLBACK_WORDS[view.phase],
            "file_id": _file_id(view) if view.phase is Phase.DONE else "",
            "base_resp": _outcome_resp(view),
        }

    def refusal_answer(self, call: CallKind, refusal: Refusal) -> Answer:
        """A 200 with a code, unless the script sets a status or a header has to be sent."""
        status = refusal.status or (429 if refusal.retry_after is not None else 200)
        usual = _BAD_KEY if status == 401 else _DEFAULT_CODES[refusal.reason]
        code = int(refusal.code) if refusal.code.isdecimal() else usual
        body: dict[str, Any] = {"base_resp": _base_resp(code, refusal.words)}
        if status == 200 and call in {CallKind.SUBMIT, CallKind.POLL}:
            body = {"task_id": "", **body}
        return json_answer(body, status)


def _status_words(view: TaskView) -> dict[Phase, str]:
    """The first half of the queue has a word of its own."""
    early = view.now - view.task.created < view.task.queued / 2
    return {**_STATUS_WORDS, Phase.QUEUED: "Preparing"} if early else _STATUS_WORDS


def _base_resp(code: int, words: str = "") -> dict[str, Any]:
    return {"status_code": code, "status_msg": words or _CODES.get(code, "error")}


def _outcome_resp(view: TaskView) -> dict[str, Any]:
    fate = view.task.failure
    if fate is None or view.phase not in {Phase.FAILED, Phase.CANCELLED}:
        return _base_resp(0)
    return _base_resp(int(fate.code) if fate.code.isdecimal() else 1033, fate.words)


def _file_id(view: TaskView) -> str:
    return str(int(view.task.id) + _FILE_ID_OFFSET)


def _trace_header(view: TaskView) -> dict[str, str]:
    return {"trace-id": f"{view.task.mark % (1 << 64):016x}"}
