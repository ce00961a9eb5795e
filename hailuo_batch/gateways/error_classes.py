"""What an answer of a gateway can mean besides "yes", and what follows from it for a submit, a read and a task.

Tables say which status, code or word means what; here stands once what each meaning is worth. A submit that may have
been accepted is unclear, a read that failed may be repeated, a task that ended is over.
"""

import re
from enum import StrEnum

from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.values import dataclass


class ErrorContext(StrEnum):
    """When something went wrong."""

    SUBMIT = "submit"  # the call that may cost money
    READ = "read"  # a call that only reads
    TASK = "task"  # the gateway says that the task itself ended without a clip


class ErrorMeaning(StrEnum):
    """What a gateway wants to say; the words stand in the tables."""

    PARAMETER = "parameter"  # a parameter, or how it was written
    IMAGE = "picture"  # a frame that it cannot use
    PROMPT = "prompt"  # moderation of the request
    CLIP = "clip"  # moderation of what was made
    KEY = "key"  # missing, wrong, or of another region
    MONEY = "money"  # no balance, or the plan used up
    PERMISSION = "permission"  # the key may not do this
    THROTTLED = "throttled"  # too fast
    NOT_FOUND = "gone"  # no such task, model or address
    CONFLICT = "conflict"  # the idempotency key was used for another payload
    UNKNOWN_OUTCOME = "unsure"  # the answer leaves open whether the call was accepted
    INTERNAL = "internal"  # its own fault, or one behind it
    FAILED = "failed"  # the task came to nothing, and it says no more than that
    CANCELLED = "cancelled"  # somebody ended the task
    REDIRECT = "moved"  # a redirect, which is not followed with a key
    UNREADABLE = "unreadable"  # an answer that is none
    NO_LINK = "linkless"  # the clip is made, and no link came
    MISMATCH = "strange"  # an answer about another task or file than the one of the call


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRule:
    """What one code of one gateway means, in its own words where the general ones would say less."""

    means: ErrorMeaning
    why: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorConsequence:
    """A meaning's kind at each moment, and its words; the gateway's title stands before `why`."""

    submit: FailureKind
    read: FailureKind
    task: FailureKind
    why: str
    remedy: str

    def kind(self, context: ErrorContext) -> FailureKind:
        """The kind of failure at a moment."""
        return {ErrorContext.SUBMIT: self.submit, ErrorContext.READ: self.read, ErrorContext.TASK: self.task}[context]


def _consequence(kinds: tuple[FailureKind, FailureKind, FailureKind], why: str, remedy: str) -> ErrorConsequence:
    return ErrorConsequence(submit=kinds[0], read=kinds[1], task=kinds[2], why=why, remedy=remedy)


# Money: a read that is refused says nothing about its task, which may be running or made. So no meaning gives a read
# one of the kinds that end a task (refused, prompt_refused, clip_refused, broken), and every meaning gives a task one.
_REFUSED_KINDS = (FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME, FailureKind.REFUSED)
_RESEND_KINDS = (FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY, FailureKind.BROKEN)
_CHECK_ACCOUNT = "It may be making the clip and may charge for it. Check your account before you buy it again."
CONSEQUENCES = {
    ErrorMeaning.PARAMETER: _consequence(
        _REFUSED_KINDS,
        "did not accept a parameter",
        "Change what it names. If the shot has no such value, this may be a bug in hailuo_batch.",
    ),
    ErrorMeaning.IMAGE: _consequence(
        _REFUSED_KINDS,
        "cannot use a frame",
        "Frames are JPG, PNG or WebP below 20 MB, over 300 px at the shorter side, between 2:5 and 5:2.",
    ),
    ErrorMeaning.PROMPT: _consequence(
        (FailureKind.PROMPT_REFUSED, FailureKind.UNKNOWN_OUTCOME, FailureKind.PROMPT_REFUSED),
        "refused the prompt or a frame (moderation)",
        "Change the prompt or the image; the same request is refused again.",
    ),
    ErrorMeaning.CLIP: _consequence(
        (FailureKind.CLIP_REFUSED, FailureKind.UNKNOWN_OUTCOME, FailureKind.CLIP_REFUSED),
        "made a clip and holds it back (moderation)",
        "Change the prompt, or request another take, which is a new purchase.",
    ),
    ErrorMeaning.KEY: _consequence(
        (FailureKind.UNAUTHORIZED, FailureKind.UNAUTHORIZED, FailureKind.REFUSED),
        "does not accept the key",
        "Set {key} to a key that is valid there.",
    ),
    ErrorMeaning.MONEY: _consequence(
        (FailureKind.UNPAID, FailureKind.UNPAID, FailureKind.REFUSED),
        "says that the balance or the plan is used up",
        "Top up the account, or choose another provider.",
    ),
    ErrorMeaning.PERMISSION: _consequence(
        (FailureKind.UNAUTHORIZED, FailureKind.UNAUTHORIZED, FailureKind.REFUSED),
        "does not allow this with the key in use",
        "Check the rights of {key} and the balance of the account.",
    ),
    ErrorMeaning.THROTTLED: _consequence(
        (FailureKind.THROTTLED, FailureKind.THROTTLED, FailureKind.BROKEN),
        "asks to go slower",
        "The same call goes out again after a pause; with a smaller -j it happens less.",
    ),
    ErrorMeaning.NOT_FOUND: _consequence(
        (FailureKind.REFUSED, FailureKind.UNKNOWN_OUTCOME, FailureKind.REFUSED),
        "does not know the address, the model or the task",
        "Check the base address and the account.",
    ),
    ErrorMeaning.CONFLICT: _consequence(
        _REFUSED_KINDS,
        "got one idempotency key with two different payloads",
        "Nothing was bought. This is a bug in hailuo_batch.",
    ),
    ErrorMeaning.UNKNOWN_OUTCOME: _consequence(
        (FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY, FailureKind.BROKEN),
        "leaves open whether the call was accepted",
        _CHECK_ACCOUNT,
    ),
    ErrorMeaning.INTERNAL: _consequence(_RESEND_KINDS, "had an error of its own", _CHECK_ACCOUNT),
    ErrorMeaning.FAILED: _consequence(_RESEND_KINDS, "could not make the clip", _CHECK_ACCOUNT),
    ErrorMeaning.CANCELLED: _consequence(
        _REFUSED_KINDS, "cancelled the task", "If you did not cancel it, check your account for who did."
    ),
    ErrorMeaning.MISMATCH: _consequence(_RESEND_KINDS, "answered about another task or file", _CHECK_ACCOUNT),
    ErrorMeaning.REDIRECT: _consequence(
        (FailureKind.UNKNOWN_OUTCOME, FailureKind.UNKNOWN_OUTCOME, FailureKind.BROKEN),
        "answered with a redirect, which is not followed",
        "Check the base address of this provider.",
    ),
    ErrorMeaning.UNREADABLE: _consequence(_RESEND_KINDS, "sent an answer that cannot be read", _CHECK_ACCOUNT),
    ErrorMeaning.NO_LINK: _consequence(
        (FailureKind.UNKNOWN_OUTCOME, FailureKind.FLAKY, FailureKind.BROKEN),
        "says that the clip is made, and gives no link to it",
        "It is polled again. If that goes on, check your account.",
    ),
}
# Where a repeated call is free, or the task may still be there, that is what a person should know first.
_READ_REMEDIES = {
    FailureKind.FLAKY: "Another call is free.",
    FailureKind.UNKNOWN_OUTCOME: "The task itself may be running or rendered. The next run polls it again, free.",
}
_SAME_READ_REMEDY = frozenset({ErrorMeaning.NOT_FOUND, ErrorMeaning.REDIRECT})


def choose_remedy(means: ErrorMeaning, context: ErrorContext) -> str:
    """What to do about a meaning at a moment, in general words; `{key}` is the key's variable."""
    worth = CONSEQUENCES[means]
    if context is ErrorContext.READ and means not in _SAME_READ_REMEDY:
        return _READ_REMEDIES.get(worth.read, worth.remedy)
    broken = context is ErrorContext.TASK and worth.task is FailureKind.BROKEN
    return "The next run submits it again, at its price; a new attempt may pass." if broken else worth.remedy


# What HTTP itself says (RFC 9110); a gateway's table adds what is its own.
HTTP_STATUS_MEANINGS = {
    400: ErrorMeaning.PARAMETER,
    401: ErrorMeaning.KEY,
    402: ErrorMeaning.MONEY,
    403: ErrorMeaning.PERMISSION,
    404: ErrorMeaning.NOT_FOUND,
    408: ErrorMeaning.INTERNAL,
    410: ErrorMeaning.NOT_FOUND,
    413: ErrorMeaning.IMAGE,
    415: ErrorMeaning.PARAMETER,
    422: ErrorMeaning.PARAMETER,
    425: ErrorMeaning.INTERNAL,
    429: ErrorMeaning.THROTTLED,
}

_MODERATION = re.compile(
    r"sensitive|moderat|nsfw|inappropriate|prohibited content|unsafe|content.{0,20}(?:polic|reject|violat|block|refus)"
    r"|polic\w+.{0,20}violat|violat\w+.{0,30}(?:polic|guideline|terms)|审核|敏感|违规",
    re.IGNORECASE,
)
_ABOUT_RESULT = re.compile(r"\boutput|generated (?:video|clip|content)|\bresult|输出|生成的", re.IGNORECASE)
_ABOUT_INPUT = re.compile(r"\binput|prompt|description|输入|提示", re.IGNORECASE)
_NO_MONEY = re.compile(
    r"balance|insufficient.{0,20}(?:fund|credit|quota)|(?:credit|quota).{0,20}(?:exhaust|exceed|insufficient|used up)"
    r"|top.?up|recharge|arrears|payment required|余额|欠费",
    re.IGNORECASE,
)
_TOO_FAST = re.compile(r"rate.?limit|too many requests|too fast|slow down|频繁|限流", re.IGNORECASE)


def detect_moderation(text: str) -> ErrorMeaning | None:
    """Moderation of the request or of the clip, where a text says so; gateways without codes only say it."""
    if not _MODERATION.search(text):
        return None
    return ErrorMeaning.CLIP if _ABOUT_RESULT.search(text) and not _ABOUT_INPUT.search(text) else ErrorMeaning.PROMPT


def detect_no_balance(text: str) -> ErrorMeaning | None:
    """No money, where a text says so."""
    return ErrorMeaning.MONEY if _NO_MONEY.search(text) else None


def detect_throttling(text: str) -> ErrorMeaning | None:
    """Throttling, where a text says so."""
    return ErrorMeaning.THROTTLED if _TOO_FAST.search(text) else None
