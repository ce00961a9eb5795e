"""The conversations beside a clip: what is left on the account, the gateway's own list of tasks, a task's events."""

import json
from collections.abc import Mapping
from decimal import Decimal

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.money import Money
from hailuo_batch.gateways.classify import ErrorClassifier
from hailuo_batch.gateways.coerce import parse_number, parse_seconds, parse_task_id, parse_text
from hailuo_batch.gateways.dialect import Balance, Call, Conversation, FoundTask, Reply
from hailuo_batch.gateways.error_classes import ErrorContext, ErrorMeaning
from hailuo_batch.gateways.json_paths import find_first, find_values
from hailuo_batch.gateways.redact import redact
from hailuo_batch.gateways.table import AccountTable, EventTable, TaskListTable

_MAX_EVENTS = 1000


def read_balance(row: AccountTable, classifier: ErrorClassifier) -> Conversation[Balance | Failure]:
    """What is left: the least of what may run out."""
    reply = yield Call(method="GET", path=row.endpoint.path, query=row.endpoint.query)
    failure = classifier.classify_reply(reply, ErrorContext.READ)
    if failure is not None:
        return failure
    if row.success and find_first(reply.body, row.success) is False:  # a look-up that missed, inside a 200
        return classifier.classify_incomplete(reply, ErrorContext.READ, ErrorMeaning.NOT_FOUND)
    amounts, unlimited = _balance_amounts(row, reply.body)
    if amounts:
        return Balance(remaining=Money(amount=min(amounts), currency=row.unit))
    if unlimited:
        return Balance(remaining=None, unlimited=True)
    return classifier.classify_incomplete(reply, ErrorContext.READ, ErrorMeaning.UNREADABLE)


def _balance_amounts(row: AccountTable, body: object) -> tuple[list[Decimal], bool]:
    """The amounts that may run out, and whether one of them cannot: a flag says so, or -1 in a place that has one."""
    amounts, unlimited = [], False
    for balance in row.balances:
        amount = parse_number(find_first(body, (balance.path,)))
        if balance.unlimited and (find_first(body, (balance.unlimited,)) is True or amount == -1):
            unlimited = True
        elif amount is not None:
            amounts.append(amount)
    return amounts, unlimited


def list_tasks(row: TaskListTable, classifier: ErrorClassifier) -> Conversation[tuple[FoundTask, ...] | Failure]:
    """The tasks of the first pages, as far as the gateway lists them."""
    found: dict[str, FoundTask] = {}
    for page in range(1, row.max_pages + 1):
        number = {row.page_parameter: str(page)} if row.page_parameter else {}
        reply = yield Call(method="GET", path=row.endpoint.path, query={**row.endpoint.query, **number})
        failure = classifier.classify_reply(reply, ErrorContext.READ)
        if failure is not None:
            return failure
        before = len(found)
        found |= {each.task: each for each in _parse_tasks(row, reply.body)}
        total = parse_number(find_first(reply.body, row.total))
        if len(found) == before or (total is not None and len(found) >= total):
            break
    return tuple(found.values())


def _parse_tasks(row: TaskListTable, body: object) -> list[FoundTask]:
    listed = []
    for member in find_values(body, row.rows):
        task = parse_task_id(find_first(member, row.task))
        if task:
            listed.append(
                FoundTask(
                    task=task,
                    status=redact(parse_text(find_first(member, row.status))),
                    model=parse_text(find_first(member, row.model)) or None,
                    created=parse_seconds(find_first(member, row.created)),
                )
            )
    return listed


def list_events(
    row: EventTable, call: Call, classifier: ErrorClassifier
) -> Conversation[tuple[Mapping[str, object], ...] | Failure]:
    """A task's events: a list, an object around one, or a stream of `data:` lines, since no page says which."""
    reply = yield call
    streamed = _parse_stream(reply)
    if streamed:
        return streamed
    failure = classifier.classify_reply(reply, ErrorContext.READ)
    if failure is not None:
        return failure
    body = reply.body
    members = body if isinstance(body, list) else [*find_values(body, row.rows)] or [body]
    return tuple(each if isinstance(each, dict) else {"event": each} for each in members[:_MAX_EVENTS])


def _parse_stream(reply: Reply) -> tuple[Mapping[str, object], ...]:
    """The events of a stream as WHATWG HTML, section 9.2, has them; read 2026-11-20."""
    if reply.body is not None or not 200 <= reply.status < 300:
        return ()
    lines = [line[5:].strip() for line in reply.text.splitlines() if line.startswith("data:")]
    return tuple(_parse_event(line) for line in lines[:_MAX_EVENTS])


def _parse_event(line: str) -> Mapping[str, object]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        event = line
    return event if isinstance(event, dict) else {"event": event}
