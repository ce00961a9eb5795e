"""A small server on one port for unknown callers: it reveals nothing, logs nothing, and limits everything.

A caller's message could contain a secret, so it goes into no log, and into an answer only where the handler returns it.
Independent of what a message means.
"""

import asyncio
import errno
import logging
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Self

from aiohttp import web

from hailuo_batch.core.trace import CallersLine
from hailuo_batch.errors import InputError
from hailuo_batch.values import dataclass

_LOG = logging.getLogger("hailuo_batch.http")
LARGEST_BODY = 64 * 1024  # bytes; a gateway's message has one or two kB
BODY_SECONDS = 10.0  # for a body to arrive
IDLE_SECONDS = 30.0  # for a request to begin, or the next one
AT_ONCE = 200  # connections; more than that would take the files that clips are written to
_ACCEPT_PAUSE = 1.0  # seconds, while this machine has no file left for a connection
_CLOSING_SECONDS = 1.0  # for answers on their way when the server ends

CALLBACKS = "callbacks"  # what is mostly listened for
_LEAVE_OUT = "Listen on another address, or leave out callbacks: tasks are then polled only."

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenAddress:
    """Where to listen; port 0 is any that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        """HOST:PORT, as `parse_listen_address` reads it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_listen_address(text: str, *, purpose: str = CALLBACKS) -> ListenAddress:
    """The address that a user wrote as HOST:PORT; anything else is an InputError."""
    host, _, port = text.strip().rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    fits = bool(bare) and (":" not in bare or bare != host) and port.isascii() and port.isdecimal()
    if not fits or int(port[:6]) > 65535:
        raise InputError(
            f"cannot listen for {purpose} on {text!r}",
            why="It is not HOST:PORT.",
            remedy="For example 127.0.0.1:8089, or 0.0.0.0:8089 for every network of this machine.",
        )
    return ListenAddress(host=bare, port=int(port))


class SmallServer:
    """Listens on an address while it is open, and has each request answered by `handle`.

    Connections are accepted here and not by asyncio, which prints a traceback for each that no file is left for.
    """

    def __init__(
        self, handle: Handler, address: ListenAddress, *, purpose: str = CALLBACKS, remedy: str = _LEAVE_OUT
    ) -> None:
        self.address = address  # once it listens, with the port that it has
        self._purpose, self._remedy = purpose, remedy
        self._refused: Counter[str] = Counter()
        self._handle = handle
        self._runner: web.ServerRunner | None = None
        self._sockets: list[socket.socket] = []
        self._accepting: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Listens from here on; an InputError when the address cannot be had."""
        server = _SilentServer(self._handle, self._refused)
        self._runner = web.ServerRunner(server, shutdown_timeout=_CLOSING_SECONDS)
        await self._runner.setup()
        try:
            await self._listen()
        except (OSError, UnicodeError) as error:  # the latter: a name that no name server could know
            await self.__aexit__()
            raise InputError(
                f"cannot listen for {self._purpose} on {self.address}",
                why=_listen_error_reason(error),
                remedy=self._remedy,
            ) from None
        self.address = ListenAddress(host=self.address.host, port=self._sockets[0].getsockname()[1])
        self._accepting = [asyncio.create_task(self._accept_callers(each, server)) for each in self._sockets]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ends every connection."""
        for each in self._sockets:
            with suppress(NotImplementedError):  # Windows
                # A caller that comes at this very moment would be accepted for a task that is cancelled.
                asyncio.get_running_loop().remove_reader(each)
        for task in self._accepting:
            task.cancel()
        await asyncio.gather(*self._accepting, return_exceptions=True)
        while self._sockets:
            self._sockets.pop().close()
        if self._runner:
            await self._runner.cleanup()
        if self._refused:
            _LOG.info(CallersLine(refused=dict(self._refused)))

    async def _listen(self) -> None:
        loop, address = asyncio.get_running_loop(), self.address
        found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, place in dict.fromkeys((each[0], each[4]) for each in found):
            self._sockets.append(socket.create_server(place, family=family, backlog=128))
            self._sockets[-1].settimeout(0)

    async def _accept_callers(self, listener: socket.socket, server: web.Server) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                caller, _ = await loop.sock_accept(listener)
            except ConnectionError:
                continue  # it left before it was accepted
            except OSError:  # no file or no memory is left for it; it waits in the queue of the system
                self._refused["no file left"] += 1
                await asyncio.sleep(_ACCEPT_PAUSE)
                continue
            await self._take_caller(caller, server)

    async def _take_caller(self, caller: socket.socket, server: web.Server) -> None:
        if len(server.connections) >= _most_callers():
            self._refused["too many at once"] += 1
            caller.close()
            return
        with suppress(OSError):
            await asyncio.get_running_loop().connect_accepted_socket(server, caller)


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


def _most_callers() -> int:
    """How many may be connected: a part of the files that this process may open. macOS begins with 256."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return AT_ONCE
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return AT_ONCE if files == resource.RLIM_INFINITY else max(1, min(AT_ONCE, files // 4))


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


class _SilentServer(web.Server):
    """Has callers' mistakes answered without a word."""

    def __init__(self, handle: Handler, refused: Counter[str]) -> None:
        super().__init__(handle)
        self.refused = refused

    def __call__(self) -> web.RequestHandler:
        return _SilentHandler(
            self,
            loop=asyncio.get_running_loop(),
            access_log=None,  # no log, as aiohttp's own docs write it
            keepalive_timeout=IDLE_SECONDS,
        )


class _SilentHandler(web.RequestHandler):
    """aiohttp would log what a broken request says, and send it back."""

    __slots__ = ("_refused",)

    def __init__(self, server: _SilentServer, **how: Any) -> None:
        super().__init__(server, **how)
        self._refused = server.refused

    async def start(self) -> None:
        """Answers a caller until it leaves. Whatever aiohttp stumbles over is counted and not printed."""
        try:
            await super().start()
        except Exception:  # noqa: BLE001 - a caller may have left at any moment, and may have sent anything
            self._refused["broken off"] += 1
            self.force_close()

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
