"""The dialect of gateways that differ only in places and words: everything is read from the gateway's table.

Two calls, a submit and a read; the same answers are read leniently for all of them. Gateways that compute more have a
module of their own, which builds on this one.
"""

from collections.abc import Mapping

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.money import Money
from hailuo_batch.gateways import account
from hailuo_batch.gateways.classify import Refusals
from hailuo_batch.gateways.coerce import fraction_of, link_of, money_of, seconds_of, task_of, text_of
from hailuo_batch.gateways.dialect import Accepted, Balance, Call, Conversation, Found, Made, Question, Reply, Running
from hailuo_batch.gateways.error_classes import Meaning, Moment
from hailuo_batch.gateways.json_paths import first_of, gather, segment
from hailuo_batch.gateways.redact import shown
from hailuo_batch.gateways.submit_call import order
from hailuo_batch.gateways.table import Address, Amount, GatewayTable, Places


class TabledDialect:
    """Talks as a table says."""

    def __init__(self, table: GatewayTable) -> None:
        self.table = table
        self.refusals = Refusals(table=table)

    def as_sent(self, prompt: str) -> str:
        """A prompt as the gateway is sent it."""
        return self.table.submit.camera.spell(prompt)

    def submit(self, question: Question) -> Conversation[Accepted | Failure]:
        """The one call that may cost money."""
        call = order(question, self.table)
        if isinstance(call, Failure):
            return call
        reply = yield call
        failure = self.refusals.of_reply(reply, Moment.SUBMIT)
        task = task_of(first_of(reply.body, self.table.submit.task))
        if failure is not None:
            # Money: a refusal that comes with a task's id contradicts itself; a person has to look.
            doubtful = bool(task) and 200 <= reply.status < 300
            return self.refusals.plain(Meaning.UNSURE, Moment.SUBMIT, reply) if doubtful else failure
        if not task:
            return self.refusals.of_answer_without(reply, Moment.SUBMIT, Meaning.UNREADABLE)
        return Accepted(task=task, estimate=money_at(reply.body, self.table.submit.estimate))

    def poll(self, task: str) -> Conversation[Running | Made | Failure]:
        """Reads a task; a fresh link is had by polling again."""
        reply = yield self.reading(self.table.poll.address, task=task)
        if self.is_strange(reply, self.table.poll.task, task):
            return self.refusals.plain(Meaning.STRANGE, Moment.READ, reply)
        return self.state(reply) or (yield from self.made(reply))

    def state(self, reply: Reply) -> Running | Failure | None:
        """What an answer says of a task; None: it is made. A word that no table lists is one of a task that runs."""
        poll = self.table.poll
        status = text_of(first_of(reply.body, poll.status))
        means = poll.words.get(status.casefold(), "running")
        over = 200 <= reply.status < 300 and means in {"failed", "cancelled"}
        failure = None if over else self.refusals.of_reply(reply, Moment.READ)
        if failure is not None:
            return failure
        if over:
            return self.refusals.of_task(reply, cancelled=means == "cancelled")
        if not status:
            return self.refusals.of_answer_without(reply, Moment.READ, Meaning.UNREADABLE)
        if means == "made":
            return None
        return Running(status=shown(status), progress=fraction_of(first_of(reply.body, poll.progress), poll.full))

    def tasks(self) -> Conversation[tuple[Found, ...] | Failure] | None:
        """The gateway's list of tasks, or None when it has none."""
        listing = self.table.listing
        return None if listing is None else account.tasks(listing, self.refusals)

    def balance(self) -> Conversation[Balance | Failure] | None:
        """What is left on the account, or None when it does not tell."""
        row = self.table.account
        return None if row is None else account.balance(row, self.refusals)

    def events(self, task: str) -> Conversation[tuple[Mapping[str, object], ...] | Failure] | None:
        """A task's events for people to read, or None when there are none."""
        row = self.table.events
        return None if row is None else account.events(row, self.reading(row.address, task=task), self.refusals)

    def called_back(self, body: object) -> str:
        """The task that a callback's body speaks of, or an empty text."""
        return task_of(first_of(body, self.table.callback_task))

    def made(self, reply: Reply) -> Conversation[Made | Failure]:
        """The link to a clip that is made, from the answer that says so."""
        yield from ()
        poll = self.table.poll
        link = link_of(value for place in poll.link for value in gather(reply.body, place))
        if not link:
            return self.refusals.of_answer_without(reply, Moment.READ, Meaning.LINKLESS)
        life = seconds_of(first_of(reply.body, poll.life)) or poll.life_seconds
        return Made(link=link, link_seconds=life, cost=money_at(reply.body, poll.cost))

    def is_strange(self, reply: Reply, places: Places, asked: str) -> bool:
        """Whether an answer names another task or file than the one that was asked for: its clip is somebody else's."""
        named = text_of(first_of(reply.body, places))
        return 200 <= reply.status < 300 and bool(named) and named != asked

    def reading(self, address: Address, **names: str) -> Call:
        """A call that only asks, with a task's or a file's id filled in."""
        return Call(
            method="GET",
            path=address.path.format(**{name: segment(value) for name, value in names.items()}),
            query={key: value.format(**names) for key, value in address.query.items()},
        )


def money_at(body: object, amounts: tuple[Amount, ...]) -> Money | None:
    """The first amount that an answer tells."""
    found = (money_of(value, amount.unit) for amount in amounts for value in gather(body, amount.place))
    return next((money for money in found if money is not None), None)
