"""Makes one HTTP call: returns a reply, or a failure whose kind says what the silence proves.

The caller decides whether a call may be repeated (`http.py`), and the dialect what a reply means. The key goes only to
the gateway's own host and scheme: redirects are not followed.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import aiohttp
from yarl import URL

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.redaction import redact_key
from hailuo_batch.core.trace import WaitLine, WaitReason
from hailuo_batch.drivers.answer_deadline import AnswerDeadline
from hailuo_batch.drivers.departure import Departure, make_departure_trace
from hailuo_batch.drivers.download import CHUNK
from hailuo_batch.drivers.network_errors import CERTIFICATE_REMEDY, describe_network_error
from hailuo_batch.drivers.proxy import (
    UnusableProxyError,
    find_proxy,
    find_proxy_host,
    read_proxies,
    unusable_proxy_failure,
)
from hailuo_batch.drivers.public_hosts import PublicResolver
from hailuo_batch.drivers.trace_request import RequestTrace
from hailuo_batch.gateways.dialect import Call, Conversation, Reply
from hailuo_batch.gateways.retry_after import parse_retry_after
from hailuo_batch.ports import NEVER_LEFT

CONNECT_SECONDS = 20
ANSWER_SECONDS = 120  # EvoLink's client waits so long for a submit; the others say nothing
STALLED_SECONDS = 60  # a download from which nothing arrives for so long is broken
AT_ONCE = 200  # calls under way, of those that cost and of those that do not: each holds a socket, and those are few
LARGEST_REPLY = 4 * 1024 * 1024  # bytes; a task's description is some kB

_CONNECT_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
_UTF_8 = ("utf-8", "utf-8-sig")
Value = TypeVar("Value")
_LOG = logging.getLogger("hailuo_batch.wait")


class Transport:
    """The way to one gateway."""

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        paying: aiohttp.ClientSession,
        base_url: str,
        key: str,
        seconds: float,
        gateway: str = "",
    ) -> None:
        self._session, self._paying, self._gateway = session, paying, gateway
        self._base, self._key = base_url.rstrip("/"), key.strip()
        self._seconds, self._proxies = seconds, read_proxies()
        self._proxy: URL | None = None
        self._is_proxy_known = False
        self._slots, self._paid_slots = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(AT_ONCE)

    async def run_conversation(self, conversation: Conversation[Value]) -> Value | Failure:
        """Carries a conversation to its end; a call that fails ends it."""
        try:
            call = next(conversation)
            while True:
                reply = await self.send_call(call)
                if isinstance(reply, Failure):
                    conversation.close()
                    return reply
                call = conversation.send(reply)
        except StopIteration as end:
            value: Value = end.value
            return value

    async def send_call(self, call: Call) -> Reply | Failure:
        """One call and its reply, whatever its status; it may wait for others to end, before its own time begins.

        A paid call that is cancelled before any of it can have left says so: `NEVER_LEFT`.
        """
        departure = Departure()
        try:
            return await self._send_in_turn(call, departure)
        except asyncio.CancelledError:
            if call.paid and departure.is_held:
                raise asyncio.CancelledError(NEVER_LEFT) from None
            raise

    async def _send_in_turn(self, call: Call, departure: Departure) -> Reply | Failure:
        slots = self._paid_slots if call.paid else self._slots
        if slots.locked():
            _LOG.debug(WaitLine(reason=WaitReason.SLOT, seconds=None, gateway=self._gateway))
        async with slots:
            url = URL(self._base + call.path, encoded=True)
            if call.query:
                url = url.update_query(call.query)
            kind = "submit" if call.paid else "read"
            with RequestTrace(kind, url, method=call.method, gateway=self._gateway, call=call) as trace:
                answer = await self._send_now(call, url, departure)
                if isinstance(answer, Reply):
                    trace.record_reply(answer)
                else:
                    trace.why = answer.why
            return answer

    async def _send_now(self, call: Call, url: URL, departure: Departure) -> Reply | Failure:
        # Money: a paid call never goes over a connection that was used before: one that the gateway closed meanwhile
        # would leave a doubt that need not be.
        session = self._paying if call.paid else self._session
        headers = {**call.headers, "Authorization": f"Bearer {self._key}"}
        try:
            proxy = self._find_proxy(url)
        except UnusableProxyError as error:
            return unusable_proxy_failure(error)
        departure.hand_over()
        try:
            async with (
                AnswerDeadline(self._seconds),
                session.request(
                    call.method,
                    url,
                    json=call.body,
                    headers=headers,
                    timeout=_CONNECT_TIMEOUT,
                    allow_redirects=False,
                    proxy=proxy,
                    trace_request_ctx=departure,
                ) as response,
            ):
                return await _read_reply(response, self._key)
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            return Failure(kind=FailureKind.NOT_SENT, why="the gateway's base address is not a valid URL")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return _unreachable_failure(url, error)
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError) as error:
            if call.paid and departure.is_held:
                return _unreachable_failure(url, error)
            kind = FailureKind.UNKNOWN_OUTCOME if call.paid else FailureKind.FLAKY
            return Failure(kind=kind, why=f"no whole answer came from {url.host}: {describe_network_error(error)}")

    def _find_proxy(self, url: URL) -> URL | None:
        """The proxy on the way to this gateway, the same for all calls."""
        if not self._is_proxy_known:
            self._proxy, self._is_proxy_known = find_proxy(url, self._proxies), True
        return self._proxy


def _unreachable_failure(url: URL, error: BaseException) -> Failure:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):  # it stays so until a person does something
        why = f"{url.host} cannot be reached: its certificate cannot be trusted"
        return Failure(kind=FailureKind.CLOSED, why=why, remedy=CERTIFICATE_REMEDY)
    return Failure(kind=FailureKind.NOT_SENT, why=f"{url.host} cannot be reached: {describe_network_error(error)}")


async def _read_reply(response: aiohttp.ClientResponse, key: str) -> Reply:
    data = bytearray()
    async for chunk in response.content.iter_any():
        data += chunk
        if len(data) > LARGEST_REPLY:
            break
    # A gateway may repeat the key in an error's words, which go on to reports: it is blotted out here.
    text = redact_key(key, _decode_text(bytes(data), response.charset))
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    headers = {name.lower(): redact_key(key, value) for name, value in response.headers.items()}
    # Dialects have no clock: a date becomes seconds here.
    if (wait := parse_retry_after(headers.get("retry-after"), now=time.time())) is not None:
        headers["retry-after"] = f"{wait:.3f}"
    return Reply(status=response.status, body=body, text=text, headers=headers)


def _decode_text(data: bytes, charset: str | None) -> str:
    """The text in its own charset, else in UTF-8; bytes that are in neither are shown escaped, as JSON writes them."""
    if charset is not None and charset.lower() not in _UTF_8:
        # Gateways say gb2312 and send what only its superset has.
        with suppress(LookupError, ValueError):
            return data.decode({"gb2312": "gb18030", "gbk": "gb18030"}.get(charset.lower(), charset))
    with suppress(ValueError):
        return data.decode().removeprefix("\ufeff")
    # Money: it stays JSON, since the id of a task that was accepted may be in it.
    return data.decode("utf-8-sig", "backslashreplace").replace("\\x", "\\u00")


@asynccontextmanager
async def open_sessions(
    *, loopback: bool = False, allow_private: bool = False, allow_fake: bool = False
) -> AsyncIterator[tuple[aiohttp.ClientSession, ...]]:
    """Three sessions: for reading calls, for the paid one, and for clips; none of them keeps cookies.

    Their callers decide how many are under way at once, so the connectors do not limit it: a call that
    waited in one would use up the time for its answer.
    """
    jar = aiohttp.DummyCookieJar
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), cookie_jar=jar()) as reading,
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            cookie_jar=jar(),
            trace_configs=[make_departure_trace()],
        ) as paying,
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                resolver=PublicResolver(
                    loopback=loopback, allow_private=allow_private, allow_fake=allow_fake, proxy=find_proxy_host()
                ),
            ),
            cookie_jar=jar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=STALLED_SECONDS),
            read_bufsize=CHUNK,
        ) as fetching,
    ):
        yield reading, paying, fetching
