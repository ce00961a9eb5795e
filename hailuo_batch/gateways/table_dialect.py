"""The dialect of gateways that differ only in places and words: everything is read from the gateway's table.

Two calls, a submit and a read; the same answers are read leniently for all of them. Gateways that compute more have a
module of their own, which builds on this one.
"""

from collections.abc import Mapping

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.money import Money
from hailuo_batch.gateways import account
from hailuo_batch.gateways.classify import ErrorClassifier, find_request_id
from hailuo_batch.gateways.coerce import (
    find_link,
    parse_fraction,
    parse_money,
    parse_seconds,
    parse_task_id,
    parse_text,
)
from hailuo_batch.gateways.dialect import (
    Balance,
    Call,
    ClipReady,
    Conversation,
    FoundTask,
    GatewayRequest,
    Reply,
    SubmitAccepted,
    TaskRunning,
)
from hailuo_batch.gateways.error_classes import ErrorContext, ErrorMeaning
from hailuo_batch.gateways.json_paths import encode_segment, find_first, find_values
from hailuo_batch.gateways.redact import redact
from hailuo_batch.gateways.submit_call import build_submit
from hailuo_batch.gateways.table import AmountPath, Endpoint, GatewayTable, JsonPaths


class TableDialect:
    """Talks as a table says."""

    def __init__(self, table: GatewayTable) -> None:
        self.table = table
        self.classifier = ErrorClassifier(table=table)

    def format_prompt(self, prompt: str) -> str:
        """A prompt as the gateway is sent it."""
        return self.table.submit.camera.spell(prompt)

    def submit(self, gateway_request: GatewayRequest) -> Conversation[SubmitAccepted | Failure]:
        """The one call that may cost money."""
        call = build_submit(gateway_request, self.table)
        if isinstance(call, Failure):
            return call
        reply = yield call
        failure = self.classifier.classify_reply(reply, ErrorContext.SUBMIT)
        task = parse_task_id(find_first(reply.body, self.table.submit.task))
        if failure is not None:
            # Money: a refusal that comes with a task's id contradicts itself; a person has to check.
            doubtful = bool(task) and 200 <= reply.status < 300
            return (
                self.classifier.make_failure(ErrorMeaning.UNKNOWN_OUTCOME, ErrorContext.SUBMIT, reply)
                if doubtful
                else failure
            )
        if not task:
            return self.classifier.classify_incomplete(reply, ErrorContext.SUBMIT, ErrorMeaning.UNREADABLE)
        return SubmitAccepted(
            task=task,
            estimate=find_amount(reply.body, self.table.submit.estimate),
            request_id=find_request_id(reply),
        )

    def poll(self, task: str) -> Conversation[TaskRunning | ClipReady | Failure]:
        """Reads a task; a fresh link is had by polling again."""
        reply = yield self.build_read_call(self.table.poll.endpoint, task=task)
        if self.is_mismatch(reply, self.table.poll.task, task):
            return self.classifier.make_failure(ErrorMeaning.MISMATCH, ErrorContext.READ, reply)
        return self.parse_state(reply) or (yield from self.read_link(reply))

    def parse_state(self, reply: Reply) -> TaskRunning | Failure | None:
        """What an answer says of a task; None: it is made. A word that no table lists is one of a task that runs."""
        poll = self.table.poll
        status = parse_text(find_first(reply.body, poll.status))
        means = poll.status_words.get(status.casefold(), "running")
        over = 200 <= reply.status < 300 and means in {"failed", "cancelled"}
        failure = None if over else self.classifier.classify_reply(reply, ErrorContext.READ)
        if failure is not None:
            return failure
        if over:
            return self.classifier.classify_task(reply, cancelled=means == "cancelled")
        if not status:
            return self.classifier.classify_incomplete(reply, ErrorContext.READ, ErrorMeaning.UNREADABLE)
        if means == "made":
            return None
        return TaskRunning(
            status=redact(status), progress=parse_fraction(find_first(reply.body, poll.progress), poll.full_progress)
        )

    def tasks(self) -> Conversation[tuple[FoundTask, ...] | Failure] | None:
        """The gateway's list of tasks, or None when it has none."""
        listing = self.table.task_list
        return None if listing is None else account.list_tasks(listing, self.classifier)

    def balance(self) -> Conversation[Balance | Failure] | None:
        """What is left on the account, or None when it does not report it."""
        row = self.table.account
        return None if row is None else account.read_balance(row, self.classifier)

    def events(self, task: str) -> Conversation[tuple[Mapping[str, object], ...] | Failure] | None:
        """A task's events for people to read, or None when there are none."""
        row = self.table.events
        return (
            None
            if row is None
            else account.list_events(row, self.build_read_call(row.endpoint, task=task), self.classifier)
        )

    def parse_callback(self, body: object) -> str:
        """The task that a callback's body speaks of, or an empty text."""
        return parse_task_id(find_first(body, self.table.callback_task))

    def read_link(self, reply: Reply) -> Conversation[ClipReady | Failure]:
        """The link to a clip that is made, from the answer that says so."""
        yield from ()
        poll = self.table.poll
        link = find_link(value for place in poll.link for value in find_values(reply.body, place))
        if not link:
            return self.classifier.classify_incomplete(reply, ErrorContext.READ, ErrorMeaning.NO_LINK)
        life = parse_seconds(find_first(reply.body, poll.link_life)) or poll.link_seconds
        return ClipReady(link=link, link_seconds=life, cost=find_amount(reply.body, poll.cost))

    def is_mismatch(self, reply: Reply, paths: JsonPaths, expected: str) -> bool:
        """Whether an answer names another task or file than the call did: its clip belongs to another request."""
        named = parse_text(find_first(reply.body, paths))
        return 200 <= reply.status < 300 and bool(named) and named != expected

    def build_read_call(self, endpoint: Endpoint, **names: str) -> Call:
        """A call that only reads, with a task's or a file's id filled in."""
        return Call(
            method="GET",
            path=endpoint.path.format(**{name: encode_segment(value) for name, value in names.items()}),
            query={key: value.format(**names) for key, value in endpoint.query.items()},
        )


def find_amount(body: object, amounts: tuple[AmountPath, ...]) -> Money | None:
    """The first amount that an answer has."""
    found = (parse_money(value, amount.unit) for amount in amounts for value in find_values(body, amount.path))
    return next((money for money in found if money is not None), None)
