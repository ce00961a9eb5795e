"""What an answer of a gateway can mean besides "yes", and what follows from it for a submit, a read and a task.

Tables say which status, code or word means what; here stands once what each meaning is worth. A submit that may have
been accepted is unclear, a read that failed may be repeated, a task that ended is over.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from hailuo_batch.core.attempt.failure import Kind


class Moment(StrEnum):
    """When something went wrong."""

    SUBMIT = "submit"  # the call that may cost money
    READ = "read"  # a call that only asks
    TASK = "task"  # the gateway says that the task itself ended without a clip


class Meaning(StrEnum):
    """What a gateway wants to say; the words stand in the tables."""

    PARAMETER = "parameter"  # something that was asked for, or how it was written
    PICTURE = "picture"  # a frame that it cannot use
    PROMPT = "prompt"  # moderation of what was asked
    CLIP = "clip"  # moderation of what was made
    KEY = "key"  # missing, wrong, or of another region
    MONEY = "money"  # no balance, or the plan used up
    PERMISSION = "permission"  # the key may not do this
    THROTTLED = "throttled"  # too fast
    GONE = "gone"  # no such task, model or address
    CONFLICT = "conflict"  # the idempotency key was used for another payload
    UNSURE = "unsure"  # the answer leaves open whether the call was accepted
    INTERNAL = "internal"  # its own fault, or one behind it
    FAILED = "failed"  # the task came to nothing, and it says no more than that
    CANCELLED = "cancelled"  # somebody ended the task
    MOVED = "moved"  # a redirect, which is not followed with a key
    UNREADABLE = "unreadable"  # an answer that is none
    LINKLESS = "linkless"  # the clip is made, and no link came
    STRANGE = "strange"  # an answer about another task or file than the one that was asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What one code of one gateway means, in its own words where the general ones would say less."""

    means: Meaning
    why: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """A meaning's kind at each moment, and its words; the gateway's title stands before `why`."""

    submit: Kind
    read: Kind
    task: Kind
    why: str
    remedy: str

    def kind(self, moment: Moment) -> Kind:
        """The kind of failure at a moment."""
        return {Moment.SUBMIT: self.submit, Moment.READ: self.read, Moment.TASK: self.task}[moment]


def _worth(kinds: tuple[Kind, Kind, Kind], why: str, remedy: str) -> Worth:
    return Worth(submit=kinds[0], read=kinds[1], task=kinds[2], why=why, remedy=remedy)


# Money: a read that is refused says nothing about its task, which may be running or made. So no meaning gives a read
# one of the kinds that end a task (refused, prompt_refused, clip_refused, broken), and every meaning gives a task one.
_REFUSED = (Kind.REFUSED, Kind.UNCLEAR, Kind.REFUSED)
_REPEATED = (Kind.UNCLEAR, Kind.FLAKY, Kind.BROKEN)
_LOOK = "It may be making the clip and may charge for it. Look in your account before asking again."
WORTH = {
    Meaning.PARAMETER: _worth(
        _REFUSED,
        "did not accept what was asked",
        "Change what it names; if that is nothing of the shot, it may be a bug here.",
    ),
    Meaning.PICTURE: _worth(
        _REFUSED,
        "cannot use a frame",
        "Frames are JPG, PNG or WebP below 20 MB, over 300 px at the shorter side, between 2:5 and 5:2.",
    ),
    Meaning.PROMPT: _worth(
        (Kind.PROMPT_REFUSED, Kind.UNCLEAR, Kind.PROMPT_REFUSED),
        "refused the prompt or a frame (moderation)",
        "Change the words or the picture; the same question is refused again.",
    ),
    Meaning.CLIP: _worth(
        (Kind.CLIP_REFUSED, Kind.UNCLEAR, Kind.CLIP_REFUSED),
        "made a clip and holds it back (moderation)",
        "Change the prompt, or ask for another take, which is a new purchase.",
    ),
    Meaning.KEY: _worth(
        (Kind.UNAUTHORIZED, Kind.UNAUTHORIZED, Kind.REFUSED),
        "does not accept the key",
        "Set {key} to a key that is valid there.",
    ),
    Meaning.MONEY: _worth(
        (Kind.UNPAID, Kind.UNPAID, Kind.REFUSED),
        "says that the balance or the plan is used up",
        "Top up the account, or choose another provider.",
    ),
    Meaning.PERMISSION: _worth(
        (Kind.UNAUTHORIZED, Kind.UNAUTHORIZED, Kind.REFUSED),
        "does not allow this with the key in use",
        "Look at the rights of {key} and at the balance of the account.",
    ),
    Meaning.THROTTLED: _worth(
        (Kind.THROTTLED, Kind.THROTTLED, Kind.BROKEN),
        "asks to go slower",
        "The same call goes out again after a pause; with a smaller -j it happens less.",
    ),
    Meaning.GONE: _worth(
        (Kind.REFUSED, Kind.UNCLEAR, Kind.REFUSED),
        "does not know what was asked for",
        "Look whether the base address and the account are the right ones.",
    ),
    Meaning.CONFLICT: _worth(
        _REFUSED,
        "got one idempotency key with two different payloads",
        "Nothing was bought. This is a bug in hailuo_batch.",
    ),
    Meaning.UNSURE: _worth((Kind.UNCLEAR, Kind.FLAKY, Kind.BROKEN), "leaves open whether the call was accepted", _LOOK),
    Meaning.INTERNAL: _worth(_REPEATED, "had an error of its own", _LOOK),
    Meaning.FAILED: _worth(_REPEATED, "could not make the clip", _LOOK),
    Meaning.CANCELLED: _worth(
        _REFUSED, "cancelled the task", "If nobody here meant that, look in your account who did."
    ),
    Meaning.STRANGE: _worth(_REPEATED, "answered about something else than was asked", _LOOK),
    Meaning.MOVED: _worth(
        (Kind.UNCLEAR, Kind.UNCLEAR, Kind.BROKEN),
        "answered with a redirect, which is not followed",
        "Look at the base address of this provider.",
    ),
    Meaning.UNREADABLE: _worth(_REPEATED, "sent an answer that cannot be read", _LOOK),
    Meaning.LINKLESS: _worth(
        (Kind.UNCLEAR, Kind.FLAKY, Kind.BROKEN),
        "says that the clip is made, and gives no link to it",
        "It is asked again; if that goes on, look in your account.",
    ),
}
# Where asking again is free, or the task may still be there, that is what a person should know first.
_AT_A_READ = {
    Kind.FLAKY: "Asking again costs nothing.",
    Kind.UNCLEAR: "The task itself may be running or made; the next run looks again, for nothing.",
}
_OWN_WORDS = frozenset({Meaning.GONE, Meaning.MOVED})


def remedy_for(means: Meaning, moment: Moment) -> str:
    """What to do about a meaning at a moment, in general words; `{key}` is the key's variable."""
    worth = WORTH[means]
    if moment is Moment.READ and means not in _OWN_WORDS:
        return _AT_A_READ.get(worth.read, worth.remedy)
    broken = moment is Moment.TASK and worth.task is Kind.BROKEN
    return "The next run asks for it again, at its price; a new attempt may pass." if broken else worth.remedy


# What HTTP itself says (RFC 9110); a gateway's table adds what is its own.
STATUSES = {
    400: Meaning.PARAMETER,
    401: Meaning.KEY,
    402: Meaning.MONEY,
    403: Meaning.PERMISSION,
    404: Meaning.GONE,
    408: Meaning.INTERNAL,
    410: Meaning.GONE,
    413: Meaning.PICTURE,
    415: Meaning.PARAMETER,
    422: Meaning.PARAMETER,
    425: Meaning.INTERNAL,
    429: Meaning.THROTTLED,
}

_MODERATED = re.compile(
    r"sensitive|moderat|nsfw|inappropriate|prohibited content|unsafe|content.{0,20}(?:polic|reject|violat|block|refus)"
    r"|polic\w+.{0,20}violat|violat\w+.{0,30}(?:polic|guideline|terms)|审核|敏感|违规",
    re.IGNORECASE,
)
_OF_RESULT = re.compile(r"\boutput|generated (?:video|clip|content)|\bresult|输出|生成的", re.IGNORECASE)
_OF_INPUT = re.compile(r"\binput|prompt|description|输入|提示", re.IGNORECASE)
_NO_MONEY = re.compile(
    r"balance|insufficient.{0,20}(?:fund|credit|quota)|(?:credit|quota).{0,20}(?:exhaust|exceed|insufficient|used up)"
    r"|top.?up|recharge|arrears|payment required|余额|欠费",
    re.IGNORECASE,
)
_TOO_FAST = re.compile(r"rate.?limit|too many requests|too fast|slow down|频繁|限流", re.IGNORECASE)


def moderated(text: str) -> Meaning | None:
    """Moderation of what was asked or of what was made, where a text says so; gateways without codes only say it."""
    if not _MODERATED.search(text):
        return None
    return Meaning.CLIP if _OF_RESULT.search(text) and not _OF_INPUT.search(text) else Meaning.PROMPT


def unpaid(text: str) -> Meaning | None:
    """No money, where a text says so."""
    return Meaning.MONEY if _NO_MONEY.search(text) else None


def too_fast(text: str) -> Meaning | None:
    """Throttling, where a text says so."""
    return Meaning.THROTTLED if _TOO_FAST.search(text) else None
