"""MiniMax's own shape: a code in the body decides inside a 200, and the link takes a second call.

Pages: https://platform.minimax.io/docs/api-reference/video-generation-query.md and
https://platform.minimax.io/docs/api-reference/video-generation-download, read 2026-11-20.
"""

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.gateways.coerce import find_link, parse_task_id
from hailuo_batch.gateways.dialect import ClipReady, Conversation, Reply
from hailuo_batch.gateways.error_classes import ErrorContext, ErrorMeaning
from hailuo_batch.gateways.json_paths import find_first, find_values
from hailuo_batch.gateways.table_dialect import TableDialect


class MiniMaxDialect(TableDialect):
    """A tabled dialect that trades a file's id for its link; the code in a 200 is `errors.accepted` of the table."""

    def read_link(self, reply: Reply) -> Conversation[ClipReady | Failure]:
        """The link, which takes a second call; another call gives a fresh one."""
        row = self.table.link
        file = parse_task_id(find_first(reply.body, row.file)) if row else ""
        if row is None or not file:
            return self.classifier.classify_incomplete(reply, ErrorContext.READ, ErrorMeaning.NO_LINK)
        answer = yield self.build_read_call(row.endpoint, file=file)
        failure = self.classifier.classify_reply(answer, ErrorContext.READ)
        if failure is not None:
            return failure
        if self.is_mismatch(answer, row.reply_file, file):
            return self.classifier.make_failure(ErrorMeaning.MISMATCH, ErrorContext.READ, answer)
        link = find_link(value for place in row.link for value in find_values(answer.body, place))
        if not link:
            return self.classifier.classify_incomplete(answer, ErrorContext.READ, ErrorMeaning.NO_LINK)
        return ClipReady(link=link, link_seconds=self.table.poll.link_seconds)
