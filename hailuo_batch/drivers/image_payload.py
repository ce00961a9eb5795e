"""A request's pictures as a gateway is told of them: by web address, or their bytes as data URIs.

What is sent as data is sent upright, and a last frame with the shape of the first. A file that needs neither is sent
byte for byte.
"""

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from hashlib import file_digest
from pathlib import Path

from hailuo_batch.core.attempt.failure import Failure, Kind
from hailuo_batch.core.providers.image_limits import Size
from hailuo_batch.core.request.request import Input
from hailuo_batch.errors import HailuoError
from hailuo_batch.media.images import picture_facts
from hailuo_batch.media.reencode import frame_upright, picture_upright, size_of_frame
from hailuo_batch.ports import Order

Told = str | None | Failure  # an address or a data URI; None for a frame that there is not


async def pictures_for(order: Order, *, addresses: bool = True) -> tuple[Told, Told]:
    """How a gateway is told of the first and the last frame; without `addresses` it is told of none."""
    return await asyncio.to_thread(_pictures, order, order.addresses if addresses else {})


def _pictures(order: Order, hosted: Mapping[str, str]) -> tuple[Told, Told]:
    first, last = order.request.first, order.request.last
    return _told(first, order, hosted), _told(last, order, hosted, beside=first)


def _told(picture: Input | None, order: Order, hosted: Mapping[str, str], *, beside: Input | None = None) -> Told:
    """A picture in the gateway's way; what is sent as data has the shape of the one `beside` it."""
    if picture is None:
        return None
    if picture.frame is None and picture.digest in hosted:
        return hosted[picture.digest]
    return _sent(picture, order, beside)


def _sent(picture: Input, order: Order, beside: Input | None) -> str | Failure:
    file = order.pictures.get(picture.digest)
    if file is None:
        return Failure(kind=Kind.REFUSED, why="a picture of the request is not on this machine")
    try:
        return _data_uri(picture, file, _size(beside, order))
    except HailuoError as error:
        return Failure(kind=Kind.REFUSED, why=f"{error.summary}: {error.why}", remedy=error.remedy)
    except OSError as error:
        return Failure(kind=Kind.REFUSED, why=f"the picture {file.name} cannot be read: {error.strerror}")


def _data_uri(picture: Input, file: Path, shape: Size | None) -> str | Failure:
    if picture.frame is not None:
        kind, content = frame_upright(file, picture.frame, shape)
    elif _is(file, picture.digest):
        kind, content = picture_upright(file, shape)
    else:
        # Money: the clip would be kept as an answer to another question.
        why = f"the picture {file.name} changed since the plan was made"
        return Failure(kind=Kind.STALE, why=why, remedy="Run again: it is planned anew.")
    return f"data:image/{kind};base64,{b64encode(content).decode()}"


def _size(picture: Input | None, order: Order) -> Size | None:
    """Width and height of a picture that is on this machine."""
    file = None if picture is None else order.pictures.get(picture.digest)
    if picture is None or file is None:
        return None
    if picture.frame is not None:
        return size_of_frame(file, picture.frame)
    facts = picture_facts(file)
    return facts.width, facts.height


def _is(file: Path, digest: str) -> bool:
    with file.open("rb") as content:
        return f"sha256:{file_digest(content, 'sha256').hexdigest()}" == digest
