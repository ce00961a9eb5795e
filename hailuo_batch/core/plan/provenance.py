"""Where a clip comes from, as the JSON that lies beside its readable name.

Without times, addresses and paths: the same take has the same bytes wherever it was rendered.
"""

from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.manifest.document import Rights
from hailuo_batch.core.manifest.image_rights import list_rights
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.models import is_local
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import Use
from hailuo_batch.core.plan.render_names import render_name
from hailuo_batch.core.request.request import ImageRef, Request
from hailuo_batch.core.signatures import hide_signatures


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
        "provider": provider,
        "cost": None if cost is None else {"amount": str(cost.amount), "currency": cost.currency},
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
