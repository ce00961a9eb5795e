"""The conversations beside a clip: what is left on the account, the gateway's own list of tasks, a task's events."""

import json
from collections.abc import Mapping
from decimal import Decimal

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.money import Money
from hailuo_batch.gateways.classify import Refusals
from hailuo_batch.gateways.coerce import number_of, seconds_of, task_of, text_of
from hailuo_batch.gateways.dialect import Balance, Call, Conversation, Found, Reply
from hailuo_batch.gateways.error_classes import Meaning, Moment
from hailuo_batch.gateways.json_paths import first_of, gather
from hailuo_batch.gateways.redact import shown
from hailuo_batch.gateways.table import Account, Events, Listing

_MOST_EVENTS = 1000


def balance(row: Account, refusals: Refusals) -> Conversation[Balance | Failure]:
    """What is left: the least of what may run out."""
    reply = yield Call(method="GET", path=row.address.path, query=row.address.query)
    failure = refusals.of_reply(reply, Moment.READ)
    if failure is not None:
        return failure
    if row.success and first_of(reply.body, row.success) is False:  # a look-up that missed, inside a 200
        return refusals.of_answer_without(reply, Moment.READ, Meaning.GONE)
    amounts, unlimited = _left(row, reply.body)
    if amounts:
        return Balance(left=Money(amount=min(amounts), currency=row.unit))
    if unlimited:
        return Balance(left=None, unlimited=True)
    return refusals.of_answer_without(reply, Moment.READ, Meaning.UNREADABLE)


def _left(row: Account, body: object) -> tuple[list[Decimal], bool]:
    """The amounts that may run out, and whether one of them cannot: a flag says so, or -1 in a place that has one."""
    amounts, unlimited = [], False
    for purse in row.purses:
        amount = number_of(first_of(body, (purse.place,)))
        if purse.unlimited and (first_of(body, (purse.unlimited,)) is True or amount == -1):
            unlimited = True
        elif amount is not None:
            amounts.append(amount)
    return amounts, unlimited


def tasks(row: Listing, refusals: Refusals) -> Conversation[tuple[Found, ...] | Failure]:
    """The tasks of the first pages, as far as the gateway lists them."""
    found: dict[str, Found] = {}
    for page in range(1, row.most_pages + 1):
        number = {row.page: str(page)} if row.page else {}
        reply = yield Call(method="GET", path=row.address.path, query={**row.address.query, **number})
        failure = refusals.of_reply(reply, Moment.READ)
        if failure is not None:
            return failure
        before = len(found)
        found |= {each.task: each for each in _listed(row, reply.body)}
        total = number_of(first_of(reply.body, row.total))
        if len(found) == before or (total is not None and len(found) >= total):
            break
    return tuple(found.values())


def _listed(row: Listing, body: object) -> list[Found]:
    listed = []
    for member in gather(body, row.rows):
        task = task_of(first_of(member, row.task))
        if task:
            listed.append(
                Found(
                    task=task,
                    status=shown(text_of(first_of(member, row.status))),
                    model=text_of(first_of(member, row.model)) or None,
                    created=seconds_of(first_of(member, row.created)),
                )
            )
    return listed


def events(row: Events, call: Call, refusals: Refusals) -> Conversation[tuple[Mapping[str, object], ...] | Failure]:
    """A task's events: a list, an object around one, or a stream of `data:` lines, since no page says which."""
    reply = yield call
    streamed = _streamed(reply)
    if streamed:
        return streamed
    failure = refusals.of_reply(reply, Moment.READ)
    if failure is not None:
        return failure
    body = reply.body
    members = body if isinstance(body, list) else [*gather(body, row.rows)] or [body]
    return tuple(each if isinstance(each, dict) else {"event": each} for each in members[:_MOST_EVENTS])


def _streamed(reply: Reply) -> tuple[Mapping[str, object], ...]:
    """The events of a stream as WHATWG HTML, section 9.2, has them; read 2026-11-20."""
    if reply.body is not None or not 200 <= reply.status < 300:
        return ()
    lines = [line[5:].strip() for line in reply.text.splitlines() if line.startswith("data:")]
    return tuple(_event(line) for line in lines[:_MOST_EVENTS])


def _event(line: str) -> Mapping[str, object]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        event = line
    return event if isinstance(event, dict) else {"event": event}
