"""The kinds of failure of an attempt, and what each allows. Code decides by the kind, never by the text."""

from enum import StrEnum

from hailuo_batch.values import dataclass


class FailureKind(StrEnum):
    """Why an attempt did not go on."""

    NOT_SENT = "not_sent"  # proved that nothing was accepted: the same call may go out again
    THROTTLED = "throttled"  # too fast: wait, then the same call
    FLAKY = "flaky"  # a reading call that came to nothing and may simply be repeated
    UNKNOWN_OUTCOME = "unclear"  # it may have been accepted: the submit is left in doubt
    SHARED_TASK = "shared_task"  # the task's id is that of another attempt: whether both were bought is unknown
    REFUSED = "refused"  # a parameter or an image: submitting again is useless
    UNABLE = "unable"  # this provider cannot be sent the request: found on this machine, so nothing was sent
    PROMPT_REFUSED = "prompt_refused"  # moderation of the request
    CLIP_REFUSED = "clip_refused"  # moderation of the clip
    UNPAID = "unpaid"  # no balance at this provider
    UNAUTHORIZED = "unauthorized"  # a missing or rejected key
    BROKEN = "broken"  # the provider's own fault while making the clip
    CORRUPT = "corrupt"  # what arrived is not the clip that was promised
    EXPIRED = "expired"  # the link died before the clip was fetched
    PENDING = "pending"  # the task is running still when patience ends: followed again by the next run
    NO_ROOM = "no_room"  # this machine cannot keep the clip
    UNNAMED = "unnamed"  # the clip is kept; its readable name is taken by another file
    OVER_CAP = "over_cap"  # a cap leaves no room for it: it was not sent
    HELD = "held"  # another machine works on it, or has it: nothing was sent
    CLOSED = "closed"  # the provider gave the same error again and again: it was not sent
    STALE = "stale"  # an image has changed since the plan was made: nothing was sent
    STOPPED = "stopped"  # the run was stopped before it was submitted, or while its task was running
    UNRECORDED = "unrecorded"  # accepted, and the ledger could not write the task's id down
    NEVER_SENT = "never_sent"  # a person says so of an attempt in doubt
    WRITTEN_OFF = "written_off"  # a person gave the clip up; its money counts as spent
    DISCARDED = "discarded"  # a person had the clip removed from the store


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What went wrong: its kind, in whose words, and what to do."""

    kind: FailureKind
    why: str
    remedy: str = ""
    command: tuple[str, ...] = ()  # what to run; a view adds the world and the manifest, and no ledger keeps it
    wait_seconds: float | None = None  # seconds that the other side asks to wait before the next call
    running: bool = False  # for `stopped`: its task is running at the provider


@dataclass(frozen=True, slots=True, kw_only=True)
class FailurePolicy:
    """What a kind allows.

    `resend`: the same call may be made again, free. `stops_run`: no new submits. `ends_task`: the task is over and
    there is no clip; after any other failure, it may be running or finished. `final`: this provider would refuse the
    same request again. `leaves_doubt`: the submit may have been accepted. `next_provider`: nothing was accepted, so
    another may get the request. `stops_provider`: no more submits to this one in this run.
    """

    resend: bool = False
    stops_run: bool = False
    ends_task: bool = False
    final: bool = False
    leaves_doubt: bool = False
    next_provider: bool = False
    stops_provider: bool = False


FAILURE_POLICIES: dict[FailureKind, FailurePolicy] = {
    FailureKind.NOT_SENT: FailurePolicy(resend=True, next_provider=True),
    FailureKind.THROTTLED: FailurePolicy(resend=True, next_provider=True),
    FailureKind.FLAKY: FailurePolicy(resend=True),
    FailureKind.UNKNOWN_OUTCOME: FailurePolicy(leaves_doubt=True),
    FailureKind.SHARED_TASK: FailurePolicy(leaves_doubt=True, stops_provider=True),
    FailureKind.REFUSED: FailurePolicy(ends_task=True, final=True),
    FailureKind.UNABLE: FailurePolicy(next_provider=True),
    FailureKind.PROMPT_REFUSED: FailurePolicy(ends_task=True, final=True),
    FailureKind.CLIP_REFUSED: FailurePolicy(ends_task=True, final=True),
    FailureKind.UNPAID: FailurePolicy(next_provider=True, stops_provider=True),
    FailureKind.UNAUTHORIZED: FailurePolicy(next_provider=True, stops_provider=True),
    FailureKind.BROKEN: FailurePolicy(ends_task=True),
    FailureKind.CORRUPT: FailurePolicy(),
    FailureKind.EXPIRED: FailurePolicy(),
    FailureKind.PENDING: FailurePolicy(),
    FailureKind.NO_ROOM: FailurePolicy(stops_run=True),
    FailureKind.UNNAMED: FailurePolicy(),
    FailureKind.OVER_CAP: FailurePolicy(),
    FailureKind.HELD: FailurePolicy(),
    FailureKind.CLOSED: FailurePolicy(next_provider=True),
    FailureKind.STALE: FailurePolicy(),
    FailureKind.STOPPED: FailurePolicy(),
    FailureKind.UNRECORDED: FailurePolicy(stops_run=True),
    FailureKind.NEVER_SENT: FailurePolicy(),
    FailureKind.WRITTEN_OFF: FailurePolicy(),
    FailureKind.DISCARDED: FailurePolicy(),
}
