"""What a refusal means: an answer of a gateway → a `Failure`, or nothing when the answer is none.

The order matters. A server's own fault comes before any code in its body, since on a paid call it proves nothing; then
the gateway's own codes, then what its text says, then what HTTP says.
"""

from dataclasses import dataclass

from hailuo_batch.core.attempt.failure import Failure, Kind
from hailuo_batch.gateways.coerce import code_of, text_of
from hailuo_batch.gateways.dialect import Reply
from hailuo_batch.gateways.error_classes import (
    STATUSES,
    WORTH,
    Meaning,
    Moment,
    Ruling,
    moderated,
    remedy_for,
    too_fast,
    unpaid,
)
from hailuo_batch.gateways.json_paths import gather
from hailuo_batch.gateways.redact import shown
from hailuo_batch.gateways.retry_after import wait_seconds
from hailuo_batch.gateways.table import GatewayTable

_REPEATED = frozenset({Kind.THROTTLED, Kind.FLAKY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """Reads the failures of one gateway."""

    table: GatewayTable

    def of_reply(self, reply: Reply, moment: Moment) -> Failure | None:
        """Why a call came to nothing; None when its status and its form are those of an answer."""
        if 200 <= reply.status < 300:
            return self.of_refused_yes(reply, moment) or self._unreadable(reply, moment)
        means = self._of_status(reply)
        return self._failure(means, moment, reply)

    def of_refused_yes(self, reply: Reply, moment: Moment) -> Failure | None:
        """Why a 200 is a no, at gateways that say so by a code in the body."""
        place = self.table.errors.accepted
        codes = [code_of(value) for value in gather(reply.body, place)] if place else []
        if not codes or codes[0] in {"0", ""}:
            return None
        return self._failure(self._of_code(reply.body) or Ruling(means=Meaning.PARAMETER), moment, reply)

    def of_answer_without(self, reply: Reply, moment: Moment, missing: Meaning) -> Failure:
        """Why an answer lacks what was asked for: what it says itself, else that it is `missing`."""
        known = self._of_code(reply.body)
        # Money: a text beside a missing task may be "success" as well; only an error proves that nothing was accepted.
        if known is None and self._says_no(reply.body):
            refused = Meaning.PARAMETER if moment is Moment.SUBMIT else missing
            known = self._of_text(reply.body, anywhere=True) or Ruling(means=refused)
        return self._failure(known or Ruling(means=missing), moment, reply)

    def of_task(self, reply: Reply, *, cancelled: bool = False) -> Failure:
        """Why a task ended without a clip."""
        codes = self.table.errors.task_codes
        means = next((codes[code] for code in self._codes(reply.body) if code in codes), None)
        text = moderated(self.message(reply.body))
        general = Meaning.CANCELLED if cancelled else text or Meaning.FAILED
        return self._failure(means or Ruling(means=general), Moment.TASK, reply)

    def plain(self, means: Meaning, moment: Moment, reply: Reply) -> Failure:
        """A failure that no code of the gateway stands behind."""
        return self._failure(Ruling(means=means), moment, reply)

    def message(self, body: object) -> str:
        """The gateway's own words about what went wrong, fit to be shown."""
        found = (text_of(value) for place in self.table.errors.message for value in gather(body, place))
        return shown(next((text for text in found if text), ""))

    def _unreadable(self, reply: Reply, moment: Moment) -> Failure | None:
        readable = isinstance(reply.body, dict | list)
        return None if readable else self._failure(Ruling(means=Meaning.UNREADABLE), moment, reply)

    def _of_status(self, reply: Reply) -> Ruling:
        status = reply.status
        # Money: a fault of the server or a time-out proves nothing about a paid call, whatever its body says.
        if status >= 500 or STATUSES.get(status) is Meaning.INTERNAL:
            return Ruling(means=Meaning.INTERNAL)
        if status < 400:
            return Ruling(means=Meaning.MOVED)
        found = self._of_code(reply.body) or self._of_text(reply.body, anywhere=False, status=status)
        return found or self.table.errors.statuses.get(status) or Ruling(means=STATUSES.get(status, Meaning.PARAMETER))

    def _codes(self, body: object) -> list[str]:
        found = (code_of(value) for place in self.table.errors.code for value in gather(body, place))
        return [code for code in found if code and code != "0"]

    def _says_no(self, body: object) -> bool:
        """Whether a body is an error by its form: it has one, or a code that is neither 0 nor a 2xx."""
        codes = (code for code in self._codes(body) if not (len(code) == 3 and code.startswith("2")))
        return any(value for value in gather(body, "error")) or any(codes)

    def _of_code(self, body: object) -> Ruling | None:
        """By the gateway's own codes; else by a status of HTTP that stands in the body."""
        errors, codes = self.table.errors, self._codes(body)
        known = next((errors.codes[code] for code in codes if code in errors.codes), None)
        if known is not None:
            return known
        status = next((int(code) for code in codes if len(code) == 3 and code.isdigit() and code >= "400"), 0)
        if status >= 500:
            return Ruling(means=Meaning.INTERNAL)
        # A bare 400 or 403 says less than the text beside it.
        text = self._of_text(body, anywhere=False, status=status)
        return text or errors.statuses.get(status) or (Ruling(means=STATUSES[status]) if status in STATUSES else None)

    def _of_text(self, body: object, *, anywhere: bool, status: int = 0) -> Ruling | None:
        """By what the text says, for gateways that have one status for several things."""
        text = self.message(body)
        hints = []
        if anywhere or status in {400, 403, 422, 451}:
            hints.append(moderated(text))
        if anywhere or status == 403:
            hints.append(unpaid(text))
        if anywhere:
            hints.append(too_fast(text))
        means = next((hint for hint in hints if hint), None)
        return Ruling(means=means) if means else None

    def _failure(self, ruling: Ruling, moment: Moment, reply: Reply) -> Failure:
        worth = WORTH[ruling.means]
        kind = worth.kind(moment)
        said = self.message(reply.body)
        http = "" if 200 <= reply.status < 300 else f" (HTTP {reply.status})"
        quote = f': "{said}"' if said else ""
        own = ruling.remedy or self.table.remedies.get(ruling.means, "")
        remedy = own or remedy_for(ruling.means, moment)
        return Failure(
            kind=kind,
            why=f"{self.table.title} {ruling.why or worth.why}{http}{quote}",
            remedy=remedy.replace("{key}", self.table.key),
            wait=wait_seconds(reply.headers.get("retry-after")) if kind in _REPEATED else None,
        )
