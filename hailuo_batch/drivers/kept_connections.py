"""Connections for paid calls that may be used again while their last whole answer is less than a second old.

A connection that the gateway closes while a submit is on its way leaves a doubt. So one is used again only if nothing
can be read from it, not even its end, and if the machine did not sleep since. What closes in the moment of the submit
itself is in doubt all the same: only a new connection excludes that. A gateway that was once seen to close one within
that second may do so at any moment: its paid calls have new connections from then on.
"""

import asyncio
import selectors
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from hailuo_batch.drivers.departure import make_departure_trace

KEPT_SECONDS = 1.0  # gateways close idle connections after 5 s and more
_JUMP_SECONDS = 0.5  # by so much a clock that sleep stops lags behind one that goes on
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)  # takes any number of sockets; not on Windows


class KeptConnector(aiohttp.TCPConnector):
    """Hands out a connection that was used before only where nothing speaks against it."""

    def __init__(self, *, seconds: float = KEPT_SECONDS) -> None:
        super().__init__(limit=0, keepalive_timeout=seconds)
        self._seconds = seconds
        self._hasty: set[object] = set()  # hosts that close connections within these seconds
        self._idle_since: WeakKeyDictionary[ResponseHandler, float] = WeakKeyDictionary()
        # What the two clocks differed by at each connection's last use.
        self._differences: WeakKeyDictionary[ResponseHandler, float] = WeakKeyDictionary()

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        """A connection: an old one that is idle, or a new one."""
        host = req.connection_key
        difference = time.time() - time.monotonic()
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            before = self._differences.get(protocol, difference) if protocol is not None else difference
            is_new = protocol not in self._differences
            if is_new:
                break
            if not _is_silent(connection):
                self._hasty.add(host)
            elif host not in self._hasty and abs(difference - before) < _JUMP_SECONDS:
                break
            connection.close()
            for trace in traces:  # nothing was sent over it: the call waits for its connection again
                await trace.send_connection_queued_start()
        if protocol is not None:
            self._differences[protocol] = difference
            self._idle_since.pop(protocol, None)
            connection.add_callback(partial(self._begin_idle, protocol))
            if is_new and (closed := protocol.closed) is not None:
                closed.add_done_callback(partial(self._end, host, protocol))
        return connection

    def _begin_idle(self, protocol: ResponseHandler) -> None:
        self._idle_since[protocol] = time.monotonic()

    def _end(self, host: object, protocol: ResponseHandler, closed: asyncio.Future[None]) -> None:
        """A connection was closed. Money: unless it was idle for long, the next one might break under a submit."""
        if not closed.cancelled():
            closed.exception()  # whoever sends over it learns of that
        idle_since = self._idle_since.pop(protocol, None)
        if idle_since is None or time.monotonic() - idle_since < self._seconds:
            self._hasty.add(host)


@asynccontextmanager
async def open_kept_session() -> AsyncIterator[aiohttp.ClientSession]:
    """A session for the paid calls of gateways that allow it; it keeps no cookies."""
    async with aiohttp.ClientSession(
        connector=KeptConnector(), cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[make_departure_trace()]
    ) as session:
        yield session


def _is_silent(connection: Connection) -> bool:
    """Whether nothing can be read: neither the end of the connection, nor what nobody requested."""
    socket = None if connection.transport is None else connection.transport.get_extra_info("socket")
    if socket is None:
        return False
    with _Selector() as selector:
        selector.register(socket.fileno(), selectors.EVENT_READ)
        return not selector.select(0)
