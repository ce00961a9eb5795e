"""What the tests of the HTTP drivers share: a host that does as it is told, a mock to ask, and pauses that are over."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from hailuo_batch.core.models import DEFAULT_MODEL
from hailuo_batch.core.request.fingerprint import fingerprint
from hailuo_batch.core.request.request import ImageRef, Request
from hailuo_batch.drivers.data_plane import LocalDataPlane
from hailuo_batch.drivers.download import Downloader
from hailuo_batch.drivers.http import HttpDriver, Patience
from hailuo_batch.drivers.transport import Transport, open_sessions
from hailuo_batch.load.provider_tables import load_dialect, read_provider
from hailuo_batch.mock.server import Mock
from hailuo_batch.ports import DriverRequest

KEY = "sk-never-to-be-shown"
PICTURE = ImageRef(digest="sha256:" + "1" * 64)
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as a host saw it; `port` is the client's, so that equal ports are one connection."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    port: int


@dataclass(kw_only=True)
class Host:
    """A host on loopback; `url` is its address, `asked` every request."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)


@asynccontextmanager
async def host(handler: Handler) -> AsyncIterator[Host]:
    """A host that answers each request by a function."""
    found = Host()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        port = request.transport.get_extra_info("peername")[1] if request.transport else 0
        found.asked.append(
            Asked(
                method=request.method,
                path=request.raw_path,
                headers=dict(request.headers),
                body=await request.read(),
                port=port,
            )
        )
        return await handler(request)

    runner = web.ServerRunner(web.Server(handle, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield found
    finally:
        await runner.cleanup()


def answering(body: bytes | str, status: int = 200, **headers: str) -> Handler:
    """The same answer to everything; header names are written with underscores."""
    data = body.encode() if isinstance(body, str) else body

    async def handle(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(
            status=status, body=data, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    return handle


@asynccontextmanager
async def raw_host(
    data: bytes = b"", *, reset: bool = False, silent: bool = False, hasty: bool = False
) -> AsyncIterator[str]:
    """A host that reads a request, writes these bytes as they are, and closes.

    `silent`: it keeps the line instead; `hasty`: it reads nothing first.
    """
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not hasty:
            await reader.readuntil(b"\r\n\r\n")
        if silent:
            await over.wait()
        writer.write(data)
        if reset:
            writer.transport.abort()
        else:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        over.set()
        server.close()
        await asyncio.sleep(0)


def nobody() -> str:
    """An address on loopback where nobody listens."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}"


@asynccontextmanager
async def wire(base_url: str, *, key: str = KEY, seconds: float = 5.0) -> AsyncIterator[Transport]:
    async with open_sessions(loopback=True) as (reading, paying, _):
        yield Transport(session=reading, paying=paying, base_url=base_url, key=key, seconds=seconds)


class Pauses(list[float]):
    """A sleep that is over at once and remembers how long it was to be; `then` happens meanwhile."""

    def __init__(self, then: Callable[[float], None] | None = None) -> None:
        super().__init__()
        self._then = then

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)
        if self._then:
            self._then(seconds)


@asynccontextmanager
async def downloads(
    pauses: Pauses | None = None, *, loopback: bool = True, allow_private: bool = False, **how: Any
) -> AsyncIterator[Downloader]:
    """What fetches clips, with pauses that are over at once; `how` as `Downloader` takes it."""
    reach: dict[str, Any] = {"loopback": loopback, "allow_private": allow_private}
    async with open_sessions(**reach) as (_, _, fetching):
        yield Downloader(fetching, sleep=pauses if pauses is not None else Pauses(), **reach, **how)


def session_of(found: Downloader) -> aiohttp.ClientSession:
    return found._session


@asynccontextmanager
async def driver(
    gateway: str,
    mock: Mock,
    *,
    patience: Patience | None = None,
    pauses: Pauses | None = None,
    answer: float = 5.0,
    **how: Any,
) -> AsyncIterator[HttpDriver]:
    """A driver of one gateway of a mock, whose clock every pause turns; `how` as `HttpDriver` takes it."""
    pauses = pauses if pauses is not None else Pauses(mock.clock.advance)
    async with open_sessions(loopback=True) as (reading, paying, fetching):
        yield HttpDriver(
            transport=Transport(session=reading, paying=paying, base_url=mock.url(gateway), key=KEY, seconds=answer),
            dialect=load_dialect(gateway),
            provider=read_provider(gateway, DEFAULT_MODEL),
            data_plane=LocalDataPlane(workers=1).with_downloader(Downloader(fetching, loopback=True, sleep=pauses)),
            patience=patience,
            sleep=pauses,
            **how,
        )


def order(*, pictures: dict[str, Path] | None = None, attempt: int = 1, **members: Any) -> DriverRequest:
    """An order for a clip from text, or as `members` say; `addresses` are web addresses of pictures."""
    addresses = members.pop("addresses", {})
    plain: dict[str, Any] = {
        "model": DEFAULT_MODEL, "prompt": "a kite", "duration": "short", "resolution": "768p", "first": None,
        "last": None, "switches": (), "take": 1,
    }  # fmt: skip
    request = Request(**{**plain, **members})
    return DriverRequest(
        request=request,
        fingerprint=fingerprint(request),
        campaign="film",
        shot="open",
        images=pictures or {},
        image_urls=addresses,
        attempt=attempt,
    )
