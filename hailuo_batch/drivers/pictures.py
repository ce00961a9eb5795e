"""A request's picture as a gateway is told of it: its web address, or its bytes as a data URI."""

import asyncio
from base64 import b64encode
from pathlib import Path
from tempfile import TemporaryDirectory

from hailuo_batch.core.failure import Failure, Kind
from hailuo_batch.core.request import Input
from hailuo_batch.errors import HailuoError
from hailuo_batch.media.frames import frame_png, picture_facts
from hailuo_batch.ports import Order


async def picture_for(picture: Input | None, order: Order) -> str | Failure | None:
    """The address or data URI of a picture; None when there is none."""
    if picture is None:
        return None
    if picture.frame is None and picture.digest in order.addresses:
        return order.addresses[picture.digest]
    file = order.pictures.get(picture.digest)
    if file is None:
        return Failure(kind=Kind.REFUSED, why="a picture of the request is not on this machine")
    return await asyncio.to_thread(_data_uri, file, str(picture.frame or ""))


def _data_uri(file: Path, frame: str) -> str | Failure:
    try:
        if not frame:
            return f"data:image/{picture_facts(file).kind};base64,{b64encode(file.read_bytes()).decode()}"
        with TemporaryDirectory() as folder:
            still = Path(folder) / "frame.png"
            frame_png(file, frame, still)
            return f"data:image/png;base64,{b64encode(still.read_bytes()).decode()}"
    except HailuoError as error:
        return Failure(kind=Kind.REFUSED, why=f"{error.summary}: {error.why}", remedy=error.remedy)
    except OSError as error:
        return Failure(kind=Kind.REFUSED, why=f"the picture {file.name} cannot be read: {error.strerror}")
