"""What can go wrong between a client and a gateway, as values: a kind, where it may stand, and what can be said of it.

Nothing here makes anything go wrong; that is done by `state.py` (what is refused, how a task ends) and `responder.py`
(what becomes of the bytes).
"""

from enum import StrEnum

from hailuo_batch.mock.messages import CallKind, RefusalReason
from hailuo_batch.values import dataclass


class FaultKind(StrEnum):
    """The name of a fault in a script."""

    THROTTLED = "throttled"  # too many requests
    SERVER_ERROR = "server_error"  # 500, 502, 503 or 504, see `status`
    RESET = "reset"  # the connection is reset
    HANG = "hang"  # no answer, and the connection stays
    SLOW = "slow"  # the right answer, late; a file comes in pieces
    TRICKLE = "trickle"  # some bytes now and then, and never the last
    BAD_PARAMETER = "bad_parameter"  # refused as if something in it were wrong
    BAD_KEY = "bad_key"
    NOT_ALLOWED = "not_allowed"  # this account may not
    NO_BALANCE = "no_balance"
    INPUT_REFUSED = "input_refused"  # moderation of the request
    OUTPUT_REFUSED = "output_refused"  # moderation of what was made
    TASK_FAILED = "task_failed"  # accepted, and then it fails; see `code`
    CANCELLED = "cancelled"  # accepted, and then cancelled, where the gateway has that word
    STUCK = "stuck"  # accepted, and never done
    OTHER_CLIP_LENGTH = "other_clip_length"  # the clip is shorter than what was bought
    OTHER_CLIP_SIZE = "other_clip_size"  # its picture has another size
    EXPIRED_LINK = "expired_link"
    CUT = "cut"  # the connection ends in the middle of the body
    LENGTH_TOO_LONG = "length_too_long"  # Content-Length promises more than comes
    LENGTH_TOO_SHORT = "length_too_short"  # Content-Length promises less than comes
    WRONG_TYPE = "wrong_type"  # a page of HTML with status 200
    HUGE = "huge"  # a body without an end in sight
    REDIRECT = "redirect"  # to another host
    MALFORMED_JSON = "malformed_json"
    TRUNCATED_JSON = "truncated_json"
    UNKNOWN_STATUS = "unknown_status"  # a word that no page lists
    OTHER_TASK = "other_task"  # the answer is about another task


_ALL_CALLS = tuple(CallKind)
_API_CALLS = tuple(kind for kind in CallKind if kind is not CallKind.DOWNLOAD)
_SUBMIT = (CallKind.SUBMIT,)
_DOWNLOAD = (CallKind.DOWNLOAD,)

# Where each fault may stand; the first is where it stands when a rule names no call.
ALLOWED_CALLS: dict[FaultKind, tuple[CallKind, ...]] = {
    FaultKind.THROTTLED: _ALL_CALLS,
    FaultKind.SERVER_ERROR: _ALL_CALLS,
    FaultKind.RESET: _ALL_CALLS,
    FaultKind.HANG: _ALL_CALLS,
    FaultKind.SLOW: _ALL_CALLS,
    FaultKind.TRICKLE: (CallKind.DOWNLOAD, *_API_CALLS),
    FaultKind.BAD_PARAMETER: _API_CALLS,
    FaultKind.BAD_KEY: _API_CALLS,
    FaultKind.NOT_ALLOWED: _API_CALLS,
    FaultKind.NO_BALANCE: _SUBMIT,
    FaultKind.INPUT_REFUSED: _SUBMIT,
    FaultKind.OUTPUT_REFUSED: _SUBMIT,
    FaultKind.TASK_FAILED: _SUBMIT,
    FaultKind.CANCELLED: _SUBMIT,
    FaultKind.STUCK: _SUBMIT,
    FaultKind.OTHER_CLIP_LENGTH: _SUBMIT,
    FaultKind.OTHER_CLIP_SIZE: _SUBMIT,
    FaultKind.EXPIRED_LINK: _DOWNLOAD,
    FaultKind.CUT: (CallKind.DOWNLOAD, *_API_CALLS),
    FaultKind.LENGTH_TOO_LONG: (CallKind.DOWNLOAD, *_API_CALLS),
    FaultKind.LENGTH_TOO_SHORT: (CallKind.DOWNLOAD, *_API_CALLS),
    FaultKind.WRONG_TYPE: (CallKind.DOWNLOAD, *_API_CALLS),
    FaultKind.HUGE: (CallKind.DOWNLOAD, *_API_CALLS),
    FaultKind.REDIRECT: (CallKind.DOWNLOAD, *_API_CALLS),
    FaultKind.MALFORMED_JSON: _API_CALLS,
    FaultKind.TRUNCATED_JSON: _API_CALLS,
    FaultKind.UNKNOWN_STATUS: (CallKind.POLL, CallKind.SUBMIT),
    FaultKind.OTHER_TASK: (CallKind.POLL, CallKind.FILE),
}

# The gateway says no, in its own shape.
REFUSAL_REASONS: dict[FaultKind, RefusalReason] = {
    FaultKind.THROTTLED: RefusalReason.THROTTLED,
    FaultKind.SERVER_ERROR: RefusalReason.INTERNAL,
    FaultKind.BAD_PARAMETER: RefusalReason.BAD_PARAMETER,
    FaultKind.BAD_KEY: RefusalReason.BAD_KEY,
    FaultKind.NOT_ALLOWED: RefusalReason.NOT_ALLOWED,
    FaultKind.NO_BALANCE: RefusalReason.NO_BALANCE,
}

# The order is taken, and its task comes to nothing.
TASK_FAILURES = frozenset(
    {FaultKind.OUTPUT_REFUSED, FaultKind.TASK_FAILED, FaultKind.CANCELLED, FaultKind.STUCK, FaultKind.INPUT_REFUSED}
)

# What these change is the answer about a task, so there has to be one.
TASK_FAULTS = TASK_FAILURES | {
    FaultKind.UNKNOWN_STATUS,
    FaultKind.OTHER_TASK,
    FaultKind.OTHER_CLIP_LENGTH,
    FaultKind.OTHER_CLIP_SIZE,
}

# The call is served first, so a submit is booked unless `accepted` says no.
_AFTER_SERVING = frozenset(
    {
        FaultKind.SLOW,
        FaultKind.TRICKLE,
        FaultKind.CUT,
        FaultKind.LENGTH_TOO_LONG,
        FaultKind.LENGTH_TOO_SHORT,
        FaultKind.MALFORMED_JSON,
        FaultKind.TRUNCATED_JSON,
        *TASK_FAULTS,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. `accepted`: a submit is taken and charged before it goes wrong; None is what is usual for its kind."""

    kind: FaultKind
    accepted: bool | None = None
    status: int | None = None  # of HTTP
    code: str = ""  # of the gateway
    text: str = ""  # words of a refusal, or an unlisted status
    retry_after: str | None = None  # a header: seconds, or a date of HTTP
    seconds: float = 30.0  # how slow, by the mock's clock; how much shorter a clip is
    part: float = 0.5  # how much of a body comes before it is cut
    bytes: int = 1000  # by how much a length lies; how many trickle at a time
    to: str = ""  # where a redirect leads

    @property
    def charges_submit(self) -> bool:
        """Whether a submit that meets it is taken and charged."""
        return self.kind in _AFTER_SERVING if self.accepted is None else self.accepted
