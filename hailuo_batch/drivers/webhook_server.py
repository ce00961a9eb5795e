"""A small server on one port for unknown callers: it reveals nothing, logs nothing, and limits everything.

A caller's message could contain a secret, so it goes into no log, and into an answer only where the handler returns it.
Independent of what a message means.
"""

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Self

from aiohttp import web

from hailuo_batch.errors import InputError

LARGEST_BODY = 64 * 1024  # bytes; a gateway's message has one or two kB
BODY_SECONDS = 10.0  # for a body to arrive
IDLE_SECONDS = 30.0  # for a request to begin, or the next one
AT_ONCE = 200  # connections; more than that would take the files that clips are written to
_CLOSING_SECONDS = 1.0  # for answers on their way when the server ends

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenAddress:
    """Where to listen; port 0 is any that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        """HOST:PORT, as `parse_listen_address` reads it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_listen_address(text: str) -> ListenAddress:
    """The address that a user wrote as HOST:PORT; anything else is an InputError."""
    host, _, port = text.strip().rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    fits = bool(bare) and (":" not in bare or bare != host) and port.isascii() and port.isdecimal()
    if not fits or int(port[:6]) > 65535:
        raise InputError(
            f"cannot listen for callbacks on {text!r}",
            why="It is not HOST:PORT.",
            remedy="For example 127.0.0.1:8089, or 0.0.0.0:8089 for every network of this machine.",
        )
    return ListenAddress(host=bare, port=int(port))


class WebhookServer:
    """Listens on an address while it is open, and has each request answered by `handle`."""

    def __init__(self, handle: Handler, address: ListenAddress) -> None:
        self.address = address  # once it listens, with the port that it has
        self._handle = handle
        self._runner: web.ServerRunner | None = None

    async def __aenter__(self) -> Self:
        """Listens from here on; an InputError when the address cannot be had."""
        self._runner = web.ServerRunner(_BoundedServer(self._handle), shutdown_timeout=_CLOSING_SECONDS)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self.address.host, self.address.port).start()
        except (OSError, UnicodeError) as error:  # the latter: a name that no name server could know
            await self._runner.cleanup()
            raise InputError(
                f"cannot listen for callbacks on {self.address}",
                why=_listen_error_reason(error),
                remedy="Listen on another address, or leave out callbacks: tasks are then polled only.",
            ) from None
        self.address = ListenAddress(host=self.address.host, port=self._runner.addresses[0][1])
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ends every connection."""
        if self._runner:
            await self._runner.cleanup()


async def read_body(request: web.BaseRequest) -> bytes:
    """The whole body of a request; an aiohttp answer is raised for one that is too large, too slow or broken."""
    data = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.content.iter_any():
                data += chunk
                if len(data) > LARGEST_BODY:
                    raise web.HTTPRequestEntityTooLarge(LARGEST_BODY, len(data), text="")
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="") from None
    except web.RequestPayloadError:
        raise web.HTTPBadRequest(text="") from None
    return bytes(data)


def _listen_error_reason(error: Exception) -> str:
    match error:
        case UnicodeError() | socket.gaierror():
            return "Cannot resolve host."
        case OSError(errno=errno.EADDRINUSE):
            return "The port is taken: another program listens there, perhaps another run."
        case OSError(errno=errno.EADDRNOTAVAIL | None):  # newer versions of asyncio give no number
            return "This machine has no such address."
        case OSError(errno=errno.EACCES):
            return "The system does not allow it; ports below 1024 are often reserved."
    return f"The system says: {error.strerror if isinstance(error, OSError) else type(error).__name__}."


class _BoundedServer(web.Server):
    """Bounds how many are connected, and has their mistakes answered without a word."""

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        if len(self.connections) > AT_ONCE:
            handler.force_close()

    def __call__(self) -> web.RequestHandler:
        return _SilentHandler(
            self,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type] # no log, as aiohttp's own docs write it
            keepalive_timeout=IDLE_SECONDS,
        )


class _SilentHandler(web.RequestHandler):
    """aiohttp would log what a broken request says, and send it back."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002 - the parent's signature
        status: int = 500,
        exc: BaseException | None = None,  # noqa: ARG002
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        response = web.Response(status=status)
        response.force_close()
        return response

    def log_exception(self, *_: object, **__: object) -> None:
        pass
