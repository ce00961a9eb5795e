"""Where a clip comes from, as the JSON that lies beside its readable name.

Without addresses and paths outside the project. What was bought also has its times and its task, as the ledger has
them; a sketch has neither, so the same sketch has the same bytes wherever it was drawn.
"""

from collections.abc import Mapping

from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.days import utc_time
from hailuo_batch.core.manifest.document import NO_FRAMES, FileFrame, Frame, Rights, ShotFrame
from hailuo_batch.core.manifest.image_rights import list_rights
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.models import is_local
from hailuo_batch.core.money import Money, money_tree
from hailuo_batch.core.origin import OriginMarks, origin_members
from hailuo_batch.core.plan.plan import Use
from hailuo_batch.core.plan.render_names import render_name
from hailuo_batch.core.request.request import ImageRef, Request
from hailuo_batch.core.signatures import hide_signatures
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipOrigin:
    """What is known of how a bought clip came: its attempt, by which version of the tool, and the marks in its file."""

    attempt: AttemptRecord | None
    tool: str
    marks: OriginMarks
    request_id: str = ""  # the provider's id of the submit; the ledger's events have it too


def make_provenance(
    *,
    campaign: str,
    use: Use,
    request: Request | None,
    fingerprint: str,
    clip: Clip,
    provider: str,
    cost: Money | None,
    sketch: bool,
    rehearsal: bool = False,
    origin: ClipOrigin | None = None,
) -> dict[str, object]:
    """The request (None: no longer known), the provider, and the bytes that came."""
    return {
        "version": 1,
        "file": render_name(campaign, use, sketch=sketch),
        "campaign": campaign,
        "shot": use.shot.id,
        "shot_version": use.version,
        "take": use.take,
        "tags": list(use.shot.tags),
        "notes": hide_signatures(use.shot.notes),
        **_own_members(use.shot),
        "sketch": sketch,
        **({"rehearsal": True} if rehearsal else {}),  # a real clip's provenance keeps its bytes
        "fingerprint": fingerprint,
        "request": None if request is None else _shown_members(request),
        **({"sources": sources} if (sources := source_names(use.shot)) else {}),
        "provider": provider,
        "cost": None if cost is None else money_tree(cost),
        **({} if origin is None else _origin_members(origin)),
        "artifact": {
            "digest": clip.digest,
            "bytes": clip.size,
            "width": clip.width,
            "height": clip.height,
            "seconds": clip.seconds,
            "frames": clip.frames,
            "codec": clip.codec,
            **({"trailing_bytes": clip.trailing} if clip.trailing else {}),
        },
        "made_by_ai": not (rehearsal or is_local(provider if request is None else request.model)),
    }


def _origin_members(origin: ClipOrigin) -> dict[str, object]:
    marks = {"origin_marks": origin_members(origin.marks)} if origin.marks else {}
    if (attempt := origin.attempt) is None:  # the ledger that bought it is gone
        return {"tool": origin.tool, **marks}
    return {
        "tool": origin.tool,
        "task": attempt.task,
        **({"request_id": origin.request_id} if origin.request_id else {}),
        "submitted_at": utc_time(attempt.intended_at),
        "stored_at": utc_time(attempt.changed_at),
        "estimate": None if attempt.estimate is None else money_tree(attempt.estimate),
        **({"quote": money_tree(attempt.quote)} if attempt.quote is not None else {}),
        **marks,
    }


def source_names(shot: Shot) -> Mapping[str, str]:
    """What the frames of a shot were taken from, by end: the name of a file without its folder, or a shot's id."""
    if shot.frames is NO_FRAMES:
        return {}
    ends = {"first": shot.frames.first, "last": shot.frames.last}
    return {end: _source_name(frame) for end, frame in ends.items() if frame is not None}


def _source_name(frame: Frame) -> str:
    if isinstance(frame, ShotFrame):
        return frame.shot
    path = frame.path if isinstance(frame, FileFrame) else frame.url.partition("?")[0]
    return path.replace("\\", "/").rpartition("/")[2]


def _shown_members(request: Request) -> dict[str, object]:
    members = request_members(request)
    return {name: hide_signatures(value) if isinstance(value, str) else value for name, value in members.items()}


def _own_members(shot: Shot) -> dict[str, object]:
    """The user's own columns and the rights of images; a shot without them keeps the bytes of its provenance."""
    rights = {each.frame: rights_members(each.rights) for each in list_rights(shot)}
    return {**({"meta": dict(shot.meta)} if shot.meta else {}), **({"rights": rights} if rights else {})}


def rights_members(rights: Rights) -> dict[str, str]:
    """What is written of an image's rights."""
    written = {"owner": rights.owner, "licence": rights.licence, "expires": rights.expires}
    return {name: words for name, words in written.items() if words}


def request_members(request: Request) -> dict[str, object]:
    """A request as plain data for JSON; what the model does not have is left out."""
    return {name: member_value(value) for name, value in request.members.items() if value is not None}


def member_value(value: object) -> object:
    """A member of a request as plain data: an image by its digest, or by the clip and which of its frames."""
    if isinstance(value, ImageRef):
        return value.digest if value.frame is None else {"artifact": value.digest, "frame": str(value.frame)}
    return value
