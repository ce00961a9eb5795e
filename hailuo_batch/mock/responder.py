"""How answers leave: whole and at once, or late, cut, with a lie about their length, without end, or not at all."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from hailuo_batch.mock.clock import Clock
from hailuo_batch.mock.fault import Fault, FaultKind
from hailuo_batch.mock.messages import Answer

_SLOW_PIECES = 20  # of a file that is slow
_MIN_BYTES_TO_HALVE = 2  # bytes that a body has at least to have two
_ENDLESS_LENGTH = 1 << 36  # bytes promised of a body without an end in sight
_ZERO_CHUNK = bytes(1 << 18)
_PAUSE_SECONDS = 0.02  # seconds of the world
UNANSWERED = frozenset({FaultKind.RESET, FaultKind.HANG})


class RawResponse(web.StreamResponse):
    """Bytes as they are, then the end of the connection; `reset` makes it a hard one.

    What comes `after` comes a moment later, when a client has read what it was promised.
    """

    def __init__(self, data: bytes = b"", *, after: bytes = b"", reset: bool = False) -> None:
        super().__init__()
        self._data, self._after = data, after
        self._reset = reset
        self._over = False

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Writes and closes."""
        transport = request.transport
        if transport is None or self._over:
            return None
        self._over = True
        if self._reset:
            sock: socket.socket | None = transport.get_extra_info("socket")
            if sock is not None:
                # Linger for no time: the end is an RST instead of a FIN.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        else:
            transport.write(self._data)
            if self._after:
                await asyncio.sleep(_PAUSE_SECONDS)
                transport.write(self._after)
            transport.close()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to write."""


class Responder:
    """Sends answers; `closing` ends what would wait forever."""

    def __init__(self, clock: Clock, closing: asyncio.Event) -> None:
        self._clock = clock
        self._closing = closing
        self._senders: dict[FaultKind, Callable[[web.BaseRequest, Answer, Fault], Awaitable[web.StreamResponse]]] = {
            FaultKind.RESET: self._reset_connection,
            FaultKind.HANG: self._hang,
            FaultKind.SLOW: self._slow,
            FaultKind.TRICKLE: self._trickle,
            FaultKind.CUT: self._send_cut,
            FaultKind.LENGTH_TOO_LONG: self._send_wrong_length,
            FaultKind.LENGTH_TOO_SHORT: self._send_wrong_length,
            FaultKind.HUGE: self._send_endless,
        }

    async def send(
        self,
        request: web.BaseRequest,
        answer: Answer,
        fault: Fault | None,
        at_half: Callable[[], None] | None = None,
    ) -> web.StreamResponse:
        """The response for the server, which may have been sent already; a whole one in two halves if something is to
        be done in the middle.
        """
        try:
            return await self._respond(request, answer, fault, at_half)
        except ConnectionError:  # the client has gone, which is no error of ours
            return RawResponse(reset=True)

    async def _respond(
        self, request: web.BaseRequest, answer: Answer, fault: Fault | None, at_half: Callable[[], None] | None
    ) -> web.StreamResponse:
        way = self._senders.get(fault.kind) if fault else None
        if way is not None and fault is not None:
            return await way(request, answer, fault)
        if at_half is None or len(answer.body) < _MIN_BYTES_TO_HALVE or request.method == "HEAD":
            return plain_response(answer)
        return await self._send_halves(request, answer, at_half)

    async def _send_halves(
        self, request: web.BaseRequest, answer: Answer, at_half: Callable[[], None]
    ) -> web.StreamResponse:
        middle = len(answer.body) // 2
        response = await _start_response(request, answer, len(answer.body))
        await response.write(answer.body[:middle])
        at_half()
        await response.write(answer.body[middle:])
        await response.write_eof()
        return response

    async def _reset_connection(self, *_: object) -> web.StreamResponse:
        return RawResponse(reset=True)

    async def _hang(self, *_: object) -> web.StreamResponse:
        await self._closing.wait()
        return RawResponse(reset=True)

    async def _slow(self, request: web.BaseRequest, answer: Answer, fault: Fault) -> web.StreamResponse:
        if not answer.type.startswith("video/"):
            await self._wait(fault.seconds)
            return plain_response(answer)
        response = await _start_response(request, answer, len(answer.body))
        size = max(1, -(-len(answer.body) // _SLOW_PIECES))
        for at in range(0, len(answer.body), size):
            await self._wait(fault.seconds / _SLOW_PIECES)
            await response.write(answer.body[at : at + size])
        await response.write_eof()
        return response

    async def _trickle(self, request: web.BaseRequest, answer: Answer, fault: Fault) -> web.StreamResponse:
        response = await _start_response(request, answer, len(answer.body))
        most, step = len(answer.body) - 1, max(1, fault.bytes)
        for at in range(0, most, step):
            await response.write(answer.body[at : min(at + step, most)])
            await self._wait(fault.seconds)
        await self._closing.wait()
        return RawResponse(reset=True)

    async def _send_cut(self, _: web.BaseRequest, answer: Answer, fault: Fault) -> web.StreamResponse:
        kept = min(len(answer.body) - 1, int(len(answer.body) * fault.part))
        return RawResponse(_response_head(answer, len(answer.body)) + answer.body[: max(0, kept)])

    async def _send_wrong_length(self, _: web.BaseRequest, answer: Answer, fault: Fault) -> web.StreamResponse:
        size = len(answer.body)
        if fault.kind is FaultKind.LENGTH_TOO_LONG:
            return RawResponse(_response_head(answer, size + fault.bytes) + answer.body)
        promised = max(0, size - fault.bytes)
        return RawResponse(_response_head(answer, promised) + answer.body[:promised], after=answer.body[promised:])

    async def _send_endless(self, request: web.BaseRequest, answer: Answer, _: Fault) -> web.StreamResponse:
        response = await _start_response(request, answer, _ENDLESS_LENGTH)
        await response.write(answer.body)
        while not self._closing.is_set():
            await response.write(_ZERO_CHUNK)
            await asyncio.sleep(0)  # a fast reader never lets a write wait
        return RawResponse(reset=True)

    async def _wait(self, seconds: float) -> None:
        waits = (asyncio.create_task(self._clock.sleep(seconds)), asyncio.create_task(self._closing.wait()))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def plain_response(answer: Answer) -> web.Response:
    """The answer as it should be."""
    return web.Response(status=answer.status, body=answer.body, content_type=answer.type, headers=answer.headers)


async def _start_response(request: web.BaseRequest, answer: Answer, length: int) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_type = answer.type
    response.content_length = length
    await response.prepare(request)
    return response


def _response_head(answer: Answer, length: int) -> bytes:
    headers = {**answer.headers, "Content-Type": answer.type, "Content-Length": str(length)}
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}", *(f"{n}: {v}" for n, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
