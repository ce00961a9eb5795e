"""A gateway on loopback that does as little as it can: MindVideo's three calls and its clips, for measuring who asks.

    with gateway(kilobytes=200) as base: ...

A task is running at the first look and made at the second, or as many later as one wants. It runs in a process of its
own, over bare sockets, and forgets nothing; its clips are a real video of 5 s, padded with a box that players pass
over, no two of the same bytes.
"""

import asyncio
import json
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from certificate import serving

from hailuo_batch.core.sketch import Sketch
from hailuo_batch.media.animatic.draw import draw

NEVER = 1_000_000_000


@contextmanager
def gateway(*, kilobytes: int = 200, looks: int = 2, certificate: str = "") -> Iterator[str]:
    """The address of a server that lives until the block is left; a task is made at so many looks.

    It speaks https with the certificate of that folder (`certificate.py`), else http.
    """
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(there, clip(kilobytes), looks, certificate), daemon=True
    )
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


def clip(kilobytes: int) -> bytes:
    """A whole video of 5 s at 768p, of this size."""
    drawn = _drawn()
    return drawn + _box(bytes(kilobytes * 1000 - len(drawn) - _MARK - 8))


_MARK = 40  # bytes at the end that tell one task's clip from another's


@cache
def _drawn() -> bytes:
    card = Sketch(
        campaign="bench", shot="bench", take=1, prompt="A clip [Static shot]", seconds=5, resolution="768p", first=None
    )
    with TemporaryDirectory(prefix="hailuo-bench-") as folder:
        file = Path(folder) / "clip.mp4"
        draw(card, file)
        return file.read_bytes()


def _box(body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + b"free" + body


def _serve(pipe: Connection, film: bytes, looks: int, certificate: str) -> None:
    async def run() -> None:
        shop = _Shop(film, looks)
        server = await asyncio.get_running_loop().create_server(
            lambda: _Line(shop), "127.0.0.1", 0, backlog=2048, ssl=serving(certificate)
        )
        shop.base = f"{'https' if certificate else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        pipe.send(shop.base)
        await server.serve_forever()

    asyncio.run(run())


class _Shop:
    """Tasks, and what is said of them."""

    def __init__(self, film: bytes, wanted: int) -> None:
        self.base, self._film, self._wanted, self._looks = "", film, wanted, dict[str, int]()

    def answer(self, method: str, path: str) -> bytes:
        """The whole answer to a call."""
        name = path.rpartition("/")[2]
        if method == "POST":
            name = f"task_{len(self._looks):08d}"
            self._looks[name] = 0
            return _json({"task_id": name, "status": "queued", "cost_estimate": 0.2})
        if path.startswith("/clips/"):
            body = self._film + _box(name.removesuffix(".mp4").encode().ljust(_MARK - 8))
            return _head(b"video/mp4", len(body)) + body
        if path == "/count":
            return _json({"tasks": len(self._looks), "looks": sum(self._looks.values())})
        self._looks[name] += 1
        if self._looks[name] < self._wanted:
            return _json({"task_id": name, "status": "processing", "cost_estimate": 0.2})
        video = {"url": f"{self.base}/clips/{name}.mp4"}
        return _json({"task_id": name, "status": "succeeded", "cost_actual": 0.2, "output": {"videos": [video]}})


def _json(value: object) -> bytes:
    body = json.dumps(value).encode()
    return _head(b"application/json", len(body)) + body


def _head(kind: bytes, length: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (kind, length)


class _Line(asyncio.Protocol):
    """One connection; its calls come one after another."""

    def __init__(self, shop: _Shop) -> None:
        self._shop, self._came = shop, b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, end, rest = self._came.partition(b"\r\n\r\n")
        lower = head.lower()
        at = lower.find(b"content-length:")
        wanted = int(lower[at + 15 :].partition(b"\r")[0]) if at >= 0 else 0
        if not end or len(rest) < wanted:
            return
        self._came = rest[wanted:]
        method, path, _ = head.split(b" ", 2)
        assert self._transport is not None
        self._transport.write(self._shop.answer(method.decode(), path.decode()))
        if b"connection: close" in lower:
            self._transport.close()
