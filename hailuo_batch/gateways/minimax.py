"""MiniMax's own shape: a code in the body decides inside a 200, and the link takes a second call.

Pages: https://platform.minimax.io/docs/api-reference/video-generation-query.md and
https://platform.minimax.io/docs/api-reference/video-generation-download, read 2026-11-20.
"""

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.gateways.coerce import link_of, task_of
from hailuo_batch.gateways.dialect import Conversation, Made, Reply
from hailuo_batch.gateways.error_classes import Meaning, Moment
from hailuo_batch.gateways.json_paths import first_of, gather
from hailuo_batch.gateways.table_dialect import TabledDialect


class MiniMaxDialect(TabledDialect):
    """A tabled dialect that trades a file's id for its link; the code in a 200 is `errors.accepted` of the table."""

    def made(self, reply: Reply) -> Conversation[Made | Failure]:
        """The link, which takes a second call; asking again gives a fresh one."""
        row = self.table.link_call
        file = task_of(first_of(reply.body, row.file)) if row else ""
        if row is None or not file:
            return self.refusals.of_answer_without(reply, Moment.READ, Meaning.LINKLESS)
        answer = yield self.reading(row.address, file=file)
        failure = self.refusals.of_reply(answer, Moment.READ)
        if failure is not None:
            return failure
        if self.is_strange(answer, row.named, file):
            return self.refusals.plain(Meaning.STRANGE, Moment.READ, answer)
        link = link_of(value for place in row.link for value in gather(answer.body, place))
        if not link:
            return self.refusals.of_answer_without(answer, Moment.READ, Meaning.LINKLESS)
        return Made(link=link, link_seconds=self.table.poll.life_seconds)
