"""The server for gateways' callbacks, so that a clip is downloaded when it is ready and not at the next poll.

No message is trusted: it names a task, which is then polled over our own connection. A secret in the path identifies
the caller; each provider has a new one in each run. The dialect knows how a message names its task, and `wakeups.py`
what a callback does.
"""

import asyncio
import hmac
import json
import logging
import secrets
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Self

from aiohttp import web
from yarl import URL

from hailuo_batch.core.trace import CallbackLine
from hailuo_batch.drivers.small_server import ListenAddress, SmallServer, parse_listen_address, read_body
from hailuo_batch.drivers.wakeups import Sleep, TaskWakeups
from hailuo_batch.errors import InputError
from hailuo_batch.gateways.coerce import parse_text
from hailuo_batch.gateways.dialect import Dialect

_LOG = logging.getLogger("hailuo_batch.http")
_LONGEST_CHALLENGE = 256  # characters; nothing longer is given back
_LONGEST_ADDRESS = 1900  # characters; odkkk takes 2048, with the provider's name and the secret


class WebhookReceiver:
    """Listens for gateways while it is open, and is what drivers wait with (`rings.Bell`).

    `public` is the address by which gateways reach `listen` (HOST:PORT), as a rule through a proxy that adds TLS; it
    may have a path, which the proxy may keep or leave out. Raises InputError for addresses that cannot be used.
    """

    def __init__(
        self, *, listen: str, public: str, dialects: Mapping[str, Dialect], sleep: Sleep = asyncio.sleep
    ) -> None:
        self._public = _parse_public_url(public)
        self._server = SmallServer(self._handle, parse_listen_address(listen))
        self._dialects, self._sleep = dialects, sleep
        self._secrets = {name: secrets.token_hex(16) for name in dialects}
        self._wakeups = {name: TaskWakeups(sleep) for name in dialects}

    async def __aenter__(self) -> Self:
        """Listens from here on; an InputError when the address cannot be had."""
        await self._server.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stops listening."""
        await self._server.__aexit__()

    @property
    def address(self) -> ListenAddress:
        """Where it listens; with the port that it was given, when it requested any."""
        return self._server.address

    def url(self, provider: str) -> str | None:
        """The address to give a provider with a submit; it is a secret. None: this one is not listened to."""
        secret = self._secrets.get(provider)
        return None if secret is None else f"{self._public}/{provider}/{secret}"

    async def pause(self, provider: str, task: str, seconds: float) -> float:
        """Waits so long, or until the task is rung; how many of the seconds count as waited."""
        if rings := self._wakeups.get(provider):
            return await rings.pause(task, seconds)
        await self._sleep(seconds)
        return seconds

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        provider = self._match_provider(request.path)
        if provider is None:
            return web.Response(status=404)
        if request.method != "POST":
            return web.Response(status=405, headers={"Allow": "POST"})
        try:
            body = json.loads(await read_body(request))
        except (ValueError, RecursionError):
            return web.Response(status=400)
        challenge = body.get("challenge") if isinstance(body, Mapping) else None
        if 0 < len(parse_text(challenge)) <= _LONGEST_CHALLENGE:
            return web.json_response({"challenge": challenge})
        if task := self._dialects[provider].parse_callback(body):
            _LOG.info(CallbackLine(gateway=provider, task=task))
            self._wakeups[provider].wake(task)
        return web.Response(status=200)

    def _match_provider(self, path: str) -> str | None:
        """The provider whose address ends as the path does."""
        *_, provider, secret = ("", *path.split("/"))
        wanted = self._secrets.get(provider)
        fits = wanted is not None and hmac.compare_digest(secret.encode(errors="replace"), wanted.encode())
        return provider if fits else None


def _parse_public_url(public: str) -> str:
    """The public address without a slash at its end; an InputError, which does not repeat it, if none can call it."""
    try:
        url = URL(public.strip())
        wrong = _explain_bad_url(url)
    except ValueError:
        wrong = "It is not a valid URL."
    if wrong:
        raise InputError(
            "the callback URL cannot be used",
            why=wrong,
            remedy="Give the public address that leads to this machine, such as https://render.example.com/hooks.",
        )
    return str(url).rstrip("/")


def _explain_bad_url(url: URL) -> str:
    host = url.host or ""
    own = host == "localhost" or _has_ip_property(host, "is_loopback")
    if not host or url.scheme not in ({"https", "http"} if own else {"https"}):
        return "It does not begin with https:// and a host."
    if url.raw_query_string or url.raw_fragment or url.user or url.password:
        return "It has more than a host, a port and a path."
    if len(str(url)) > _LONGEST_ADDRESS:
        return "It is too long."
    return (
        ""
        if own or not _has_ip_property(host, "is_private")
        else "It is in a private network, which no gateway reaches."
    )


def _has_ip_property(host: str, what: str) -> bool:
    try:
        return bool(getattr(ip_address(host), what))
    except ValueError:
        return False
