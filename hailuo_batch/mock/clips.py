"""The files behind the links: real MP4s, a quiet card drawn once for each size and length, then told apart by a mark.

The mark is a box that players pass over, so that two tasks never deliver the same bytes, as no two renderings are.
"""

import asyncio
import struct
import zlib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hailuo_batch.media.animatic.draw import draw
from hailuo_batch.media.animatic.values import Sketch, Still
from hailuo_batch.mock.task import Footage, Task


class Clips:
    """Draws in a thread, each size, length and shape once; `clip` is served instead of all drawings."""

    def __init__(self, clip: bytes | None = None) -> None:
        self._clip = clip
        self._drawings: dict[Footage, asyncio.Task[bytes]] = {}

    def begin(self, task: Task) -> None:
        """Starts to draw what the task will deliver, if nobody has."""
        if self._clip is None:
            self._drawing(task)

    async def of(self, task: Task) -> bytes:
        """The whole file of a task."""
        base = self._clip if self._clip is not None else await asyncio.shield(self._drawing(task))
        return base + _mark(task.id)

    async def close(self) -> None:
        """Waits for drawings that are being made: a thread cannot be ended."""
        await asyncio.gather(*self._drawings.values(), return_exceptions=True)

    def _drawing(self, task: Task) -> "asyncio.Task[bytes]":
        footage = task.footage
        if footage not in self._drawings:
            self._drawings[footage] = asyncio.create_task(asyncio.to_thread(_drawn, footage))
        return self._drawings[footage]


@cache
def _drawn(footage: Footage) -> bytes:
    with TemporaryDirectory(prefix="hailuo-mock-") as folder:
        target = Path(folder) / "clip.mp4"
        first = None
        if footage.shape != (16, 9):
            first = Still(path=_paper(Path(folder), footage.shape))
        sketch = Sketch(
            campaign="mock",
            shot="mock",
            take=1,
            prompt="A clip of the mock gateways [Static shot]",
            seconds=footage.seconds,
            resolution=footage.resolution,
            first=first,
        )
        draw(sketch, target)
        return target.read_bytes()


def _paper(folder: Path, shape: tuple[int, int]) -> Path:
    """A grey picture of this shape, as a PNG made by hand."""
    scale = max(1, 320 // min(shape))
    width, height = shape[0] * scale, shape[1] * scale
    rows = (b"\0" + b"\x60" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = (_chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(rows)), _chunk(b"IEND", b""))
    path = folder / "paper.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    return path


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _mark(text: str) -> bytes:
    data = text.encode()
    return (len(data) + 8).to_bytes(4, "big") + b"free" + data
