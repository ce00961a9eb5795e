"""A gateway's table as values: where things stand in its calls and answers, and which of its words mean what.

`load/provider_tables.py` reads the YAML and holds it against `schemas/provider.schema.json`; what comes here is known
to fit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from hailuo_batch.core.manifest.camera import CameraCommand
from hailuo_batch.gateways.camera import CameraSpelling
from hailuo_batch.gateways.coerce import normalize_code
from hailuo_batch.gateways.error_classes import ErrorMeaning, ErrorRule
from hailuo_batch.values import dataclass

JsonPaths = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountPath:
    """Where an amount of money stands, and its unit."""

    path: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A path below the base address and a query; `{task}`, `{model}` and `{file}` are filled in."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitTable:
    """How a request is submitted: the place of each field, and where the answer has the task's id."""

    endpoint: Endpoint
    fields: Mapping[str, str]  # our name → place in the body; what is missing here cannot be said to this gateway
    takes_addresses: bool  # whether a frame may be a web address
    takes_data: bool  # and whether it may be a data URI
    required_frames: frozenset[str]  # frames without which it takes nothing
    only_when_true: frozenset[str]  # switches that are written only when they are on
    resolutions: Mapping[str, str]
    camera: CameraSpelling
    max_prompt_lengths: Mapping[str, int]  # by our name of the model
    task: JsonPaths
    estimate: tuple[AmountPath, ...]
    idempotency_header: str  # where an idempotency key goes; empty: nowhere
    is_idempotent: bool  # and whether the gateway promises to take such a call once


@dataclass(frozen=True, slots=True, kw_only=True)
class PollTable:
    """How a task is read: its status words, and where progress, link and cost stand."""

    endpoint: Endpoint
    task: JsonPaths  # where the answer names its task
    status: JsonPaths
    status_words: Mapping[str, str]  # lower case → running, made, failed, cancelled
    progress: JsonPaths
    full_progress: int  # the gateway's number for done: 100 or 1
    link: JsonPaths
    link_life: JsonPaths
    link_seconds: float | None  # where the answer does not say it
    cost: tuple[AmountPath, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTable:
    """The second call for a link: by which file id, at which place."""

    endpoint: Endpoint
    file: JsonPaths
    reply_file: JsonPaths  # where the answer names its file
    link: JsonPaths


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorTable:
    """Where a refusal says why, and what its codes mean: for a call, and for a task that ended."""

    code: JsonPaths
    message: JsonPaths
    codes: Mapping[str, ErrorRule]
    task_codes: Mapping[str, ErrorRule]
    statuses: Mapping[int, ErrorRule]
    success_code: str = ""  # the place of a code that is 0 when a 200 is a yes


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancePath:
    """One amount that may run out, and the flag that says it cannot."""

    path: str
    unlimited: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTable:
    """How the balance is read."""

    endpoint: Endpoint
    success: JsonPaths
    balances: tuple[BalancePath, ...]
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskListTable:
    """How the gateway's own list of tasks is read, page by page."""

    endpoint: Endpoint
    rows: str
    task: JsonPaths
    status: JsonPaths
    model: JsonPaths
    created: JsonPaths
    total: JsonPaths
    page_parameter: str  # the name of the page's number in the query
    max_pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTable:
    """How a task's events are read."""

    endpoint: Endpoint
    rows: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayTable:
    """All that a dialect knows of one gateway."""

    name: str
    title: str
    key: str
    models: Mapping[str, str]  # ours → the gateway's id
    remedies: Mapping[ErrorMeaning, str]
    submit: SubmitTable
    poll: PollTable
    errors: ErrorTable
    link: LinkTable | None
    account: AccountTable | None
    task_list: TaskListTable | None
    events: EventTable | None
    callback_task: JsonPaths


def parse_gateway_table(tree: Mapping[str, Any]) -> GatewayTable:
    """The values of a table that fits its schema."""
    calls = tree["wire"]
    return GatewayTable(
        name=tree["name"],
        title=tree["title"],
        key=tree["key"],
        models={ours: row["id"] for ours, row in tree["models"].items() if "id" in row},
        remedies={ErrorMeaning(word): text for word, text in tree.get("remedies", {}).items()},
        submit=_submit_table(calls["submit"], tree),
        poll=_poll_table(calls["poll"], tree),
        errors=_error_table(calls["errors"]),
        link=_link_table(calls.get("link")),
        account=_account_table(calls.get("balance")),
        task_list=_task_list_table(calls.get("tasks")),
        events=_event_table(calls.get("events")),
        callback_task=_json_paths(calls.get("callback", {}).get("task")),
    )


def _json_paths(row: str | list[str] | None) -> JsonPaths:
    return (row,) if isinstance(row, str) else tuple(row or ())


def _endpoint(row: Mapping[str, Any]) -> Endpoint:
    return Endpoint(path=row["path"], query=dict(row.get("query", {})))


def _amount_paths(rows: Iterable[Mapping[str, str]]) -> tuple[AmountPath, ...]:
    return tuple(AmountPath(path=row["place"], unit=row["unit"]) for row in rows)


def _submit_table(row: Mapping[str, Any], tree: Mapping[str, Any]) -> SubmitTable:
    camera = tree.get("camera", {})
    words = {CameraCommand(command): word for command, word in camera.get("words", {}).items()}
    key = row.get("idempotency", {})
    return SubmitTable(
        endpoint=_endpoint(row),
        fields=dict(row["fields"]),
        takes_addresses=tree.get("images", {}).get("address", True),
        takes_data=tree.get("images", {}).get("data_uri", True),
        required_frames=frozenset(row.get("needed", ())),
        only_when_true=frozenset(row.get("only_true", ())),
        resolutions=dict(row["resolutions"]),
        camera=CameraSpelling(
            words=words, plain=frozenset(CameraCommand(command) for command in camera.get("plain", ()))
        ),
        max_prompt_lengths={
            name: model["prompt"]["longest"]
            for name, model in tree["models"].items()
            if "longest" in model.get("prompt", {})
        },
        task=_json_paths(row["task"]),
        estimate=_amount_paths(row.get("estimate", ())),
        idempotency_header=key.get("header", ""),
        is_idempotent=key.get("honoured", False),
    )


def _poll_table(row: Mapping[str, Any], tree: Mapping[str, Any]) -> PollTable:
    words = {word.casefold(): meaning for meaning, listed in row["statuses"].items() for word in listed}
    progress = row.get("progress", {})
    return PollTable(
        endpoint=_endpoint(row),
        task=_json_paths(row.get("task")),
        status=_json_paths(row["status"]),
        status_words=words,
        progress=_json_paths(progress.get("place")),
        full_progress=progress.get("full", 100),
        link=_json_paths(row.get("link")),
        link_life=_json_paths(row.get("life")),
        link_seconds=tree.get("limits", {}).get("link_seconds", {}).get("is"),
        cost=_amount_paths(row.get("cost", ())),
    )


def _error_table(row: Mapping[str, Any]) -> ErrorTable:
    return ErrorTable(
        code=_json_paths(row["code"]),
        message=_json_paths(row["message"]),
        codes=_error_rules(row.get("codes", {})),
        task_codes=_error_rules(row.get("task_codes", {})),
        statuses={int(status): _error_rule(ruling) for status, ruling in row.get("statuses", {}).items()},
        success_code=row.get("accepted", ""),
    )


def _error_rules(rows: Mapping[str, Any]) -> dict[str, ErrorRule]:
    return {normalize_code(code): _error_rule(row) for code, row in rows.items()}


def _error_rule(row: str | Mapping[str, str]) -> ErrorRule:
    if isinstance(row, str):
        return ErrorRule(means=ErrorMeaning(row))
    return ErrorRule(means=ErrorMeaning(row["means"]), why=row.get("why", ""), remedy=row.get("remedy", ""))


def _link_table(row: Mapping[str, Any] | None) -> LinkTable | None:
    if row is None:
        return None
    return LinkTable(
        endpoint=_endpoint(row),
        file=_json_paths(row["file"]),
        reply_file=_json_paths(row.get("named")),
        link=_json_paths(row["link"]),
    )


def _account_table(row: Mapping[str, Any] | None) -> AccountTable | None:
    if row is None:
        return None
    balances = tuple(BalancePath(path=each["place"], unlimited=each.get("unlimited", "")) for each in row["left"])
    return AccountTable(
        endpoint=_endpoint(row), success=_json_paths(row.get("success")), balances=balances, unit=row["unit"]
    )


def _task_list_table(row: Mapping[str, Any] | None) -> TaskListTable | None:
    if row is None:
        return None
    return TaskListTable(
        endpoint=_endpoint(row),
        rows=row["rows"],
        task=_json_paths(row["task"]),
        status=_json_paths(row["status"]),
        model=_json_paths(row.get("model")),
        created=_json_paths(row.get("created")),
        total=_json_paths(row.get("total")),
        page_parameter=row.get("page", ""),
        max_pages=row.get("most_pages", 1),
    )


def _event_table(row: Mapping[str, Any] | None) -> EventTable | None:
    return None if row is None else EventTable(endpoint=_endpoint(row), rows=row["rows"])
