"""The files behind the links: real MP4s, a quiet card drawn once for each size and length, then made unique by a mark.

The mark is a box that players pass over, so that two tasks never deliver the same bytes, as no two renderings are.
"""

import asyncio
import struct
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hailuo_batch.core.sketch import Sketch, Still
from hailuo_batch.media.animatic.draw import draw
from hailuo_batch.mock.task import ClipSpec, Task

ClipFinder = Callable[[Task], Path | None]


class ClipRenderer:
    """Draws in a thread, each size, length and shape once; `clip` is served instead of all drawings.

    A file that `find_clip` has for a task is served instead of both; then nothing is drawn before it is read.
    """

    def __init__(self, clip: bytes | None = None, find_clip: ClipFinder | None = None) -> None:
        self._clip, self._find_clip = clip, find_clip
        self._drawings: dict[ClipSpec, asyncio.Task[bytes]] = {}

    def start(self, task: Task) -> None:
        """Starts to draw what the task will deliver, if nobody has."""
        if self._clip is None and self._find_clip is None:
            self._start_drawing(task)

    async def read(self, task: Task) -> bytes:
        """The whole file of a task."""
        return await self._read_unmarked(task) + _mark_box(task.id)

    async def _read_unmarked(self, task: Task) -> bytes:
        found = self._find_clip(task) if self._find_clip is not None else None
        if found is not None:
            return await asyncio.to_thread(found.read_bytes)
        return self._clip if self._clip is not None else await asyncio.shield(self._start_drawing(task))

    async def close(self) -> None:
        """Waits for drawings that are being made: a thread cannot be ended."""
        await asyncio.gather(*self._drawings.values(), return_exceptions=True)

    def _start_drawing(self, task: Task) -> "asyncio.Task[bytes]":
        clip = task.clip
        if clip not in self._drawings:
            self._drawings[clip] = asyncio.create_task(asyncio.to_thread(_draw_clip, clip))
        return self._drawings[clip]


@cache
def _draw_clip(spec: ClipSpec) -> bytes:
    with TemporaryDirectory(prefix="hailuo-mock-") as folder:
        target = Path(folder) / "clip.mp4"
        first = None
        if spec.shape != (16, 9):
            first = Still(path=str(_write_grey_png(Path(folder), spec.shape)))
        sketch = Sketch(
            campaign="mock",
            shot="mock",
            take=1,
            prompt="A clip of the mock gateways [Static shot]",
            seconds=spec.seconds,
            resolution=spec.resolution,
            first=first,
        )
        draw(sketch, target)
        return target.read_bytes()


def _write_grey_png(folder: Path, shape: tuple[int, int]) -> Path:
    """A grey picture of this shape, as a PNG made by hand."""
    scale = max(1, 320 // min(shape))
    width, height = shape[0] * scale, shape[1] * scale
    rows = (b"\0" + b"\x60" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = (_png_chunk(b"IHDR", head), _png_chunk(b"IDAT", zlib.compress(rows)), _png_chunk(b"IEND", b""))
    path = folder / "paper.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    return path


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _mark_box(text: str) -> bytes:
    data = text.encode()
    return (len(data) + 8).to_bytes(4, "big") + b"free" + data
