"""Request → fingerprint: the same question has the same fingerprint, for ever.

The rules of the pre-image, version 1:

- It is canonical JSON (RFC 8785: keys sorted, no blanks, UTF-8, integers only) of one object.
- `hailuo_batch.request` holds the version of these rules, 1.
- In it: `model`, `prompt` (composed, trimmed, camera commands in the vendor's spelling), `duration` (a whole number of
  seconds, or `short` or `long`; a sketch may also have a part of a second, as text: `6400ms`), `resolution`, `first`
  and `last` (a file as `sha256:…`, a chained frame as `{"artifact": "sha256:…", "frame": "last"}`), the switches of
  `core/switches.py`, `take`.
- A member that is absent in the request (no frame, a switch that the model does not have) is absent in the pre-image.
- Never in it: provider, host, key, price, shot id, campaign, file names, tags, notes, cut, rights, the user's own
  columns, tool version, time.

The fingerprint is `v1-` and the SHA-256 of the pre-image in hex. Golden vectors in the tests hold all this. A change of
the rules is a new version beside this one: old fingerprints stay readable, so that an upgrade bills nothing.
"""

import json
from functools import lru_cache
from hashlib import sha256

from hailuo_batch.core.manifest.document import Duration, FrameRole
from hailuo_batch.core.request.request import ImageRef, Request
from hailuo_batch.core.switches import SwitchValues, pick_switches

VERSION = 1
_TAG = "hailuo_batch.request"
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def preimage(request: Request) -> bytes:
    """The bytes that are hashed."""
    if request.first is None and request.last is None:
        parts = _frameless_parts(request.model, request.duration, request.resolution, request.switches)
        return f"{parts[0]}{_canonical(request.prompt)}{parts[1]}{request.take}{parts[2]}".encode()
    return _canonical(_list_members(request)).encode()


@lru_cache(maxsize=1024, typed=True)  # of 100,000 requests, most differ in prompt and take alone
def _frameless_parts(model: str, duration: Duration, resolution: str, switches: SwitchValues) -> tuple[str, str, str]:
    """The pre-image of a request without frames, as it is before its prompt, before its take, and behind that."""
    request = Request(
        model=model, prompt="", duration=duration, resolution=resolution, first=None, last=None,
        switches=switches, take=0,
    )  # fmt: skip
    # Quotes in a text are escaped, so these are members and nothing else.
    before, _, behind = _canonical(_list_members(request)).partition('"prompt":""')
    middle, _, end = behind.partition('"take":0')
    return f'{before}"prompt":', f'{middle}"take":', end


def _list_members(request: Request) -> dict[str, object]:
    members: dict[str, object] = {
        _TAG: VERSION,
        "model": request.model,
        "prompt": request.prompt,
        "duration": request.duration,
        "resolution": request.resolution,
        "take": request.take,
    }
    if request.first is not None:
        members["first"] = _image_member(request.first)
    if request.last is not None:
        members["last"] = _image_member(request.last)
    members.update(request.switches)
    return members


def fingerprint(request: Request) -> str:
    """`v1-` and 64 hex digits."""
    return f"v{VERSION}-{sha256(preimage(request)).hexdigest()}"


def parse_preimage(text: bytes | str) -> Request:
    """The request behind a stored pre-image of any version."""
    members = json.loads(text)
    return Request(
        model=members["model"],
        prompt=members["prompt"],
        duration=members["duration"],
        resolution=members["resolution"],
        first=_parse_image(members.get("first")),
        last=_parse_image(members.get("last")),
        switches=pick_switches(members),
        take=members["take"],
    )


def diff_requests(old: Request, new: Request) -> tuple[tuple[str, object, object], ...]:
    """Which members differ: name, old value, new value; the take number is not a change."""
    before, now = old.members, new.members
    return tuple((name, before[name], now[name]) for name in now if name != "take" and before[name] != now[name])


def _image_member(image: ImageRef) -> object:
    if image.frame is None:
        return image.digest
    return {"artifact": image.digest, "frame": str(image.frame)}


def _parse_image(member: object) -> ImageRef | None:
    match member:
        case str():
            return ImageRef(digest=member)
        case {"artifact": str(digest), "frame": str(frame)}:
            return ImageRef(digest=digest, frame=FrameRole(frame))
    return None
