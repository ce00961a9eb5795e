"""A clip's way home: from a link that a gateway handed out to a file on this disk.

The link is a secret and the host a stranger: no key goes there, only https is spoken (http on loopback), no private
address is asked unless the project allows it, and what arrives has an end.
"""

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from hailuo_batch.core.failure import Failure, Kind

CHUNK = 256 * 1024
LARGEST = 1024**3  # bytes; a clip of 10 s has some MB
REDIRECTS = 5
TRIES = 4
_GONE = frozenset({401, 403, 404, 410})
_MOVED = frozenset({301, 302, 303, 307, 308})
_PLAIN: Mapping[str, str] = {"Accept-Encoding": "identity"}  # a clip is compressed already, and its length is checked


class Downloads:
    """Fetches clips, a few at once: the buffers of a thousand downloads would fill the memory."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        at_once: int = 16,
        loopback: bool = False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._session, self._hands = session, asyncio.Semaphore(at_once)
        self._loopback, self._sleep = loopback, sleep

    async def fetch(self, link: str, target: Path) -> Failure | None:
        """Brings what is behind a link to `target`; None is success. A connection that breaks is tried again."""
        async with self._hands:
            for times in range(TRIES):
                failure = await self._once(link, target)
                if failure is None or failure.kind is not Kind.FLAKY:
                    return failure
                await self._sleep(2.0**times if times < TRIES - 1 else 0.0)
            return failure

    async def _once(self, link: str, target: Path) -> Failure | None:
        try:
            return await self._followed(_address(link), target)
        except aiohttp.ClientConnectorError as error:
            return _private() if isinstance(error.os_error, PrivateAddressError) else _broke_off()
        except (aiohttp.InvalidURL, ValueError):  # yarl and the codec of names raise the latter
            return Failure(kind=Kind.CORRUPT, why="the gateway's link is no address")
        except (aiohttp.ClientError, TimeoutError):
            return _broke_off()
        except OSError as error:
            kind = Kind.NO_ROOM if error.errno in {errno.ENOSPC, errno.EDQUOT} else Kind.FLAKY
            return Failure(kind=kind, why=f"the clip could not be written: {error.strerror}")

    async def _followed(self, url: URL, target: Path) -> Failure | None:
        for _ in range(REDIRECTS):
            if refused := self._refused(url):
                return refused
            async with self._session.get(url, allow_redirects=False, headers=_PLAIN) as response:
                if response.status not in _MOVED or "Location" not in response.headers:
                    return await _saved(response, target)
                url = url.join(_address(response.headers["Location"]))
        return Failure(kind=Kind.CORRUPT, why="the link leads from one address to the next without end")

    def _refused(self, url: URL) -> Failure | None:
        host = url.host or ""
        if not (url.scheme == "https" or (url.scheme == "http" and self._loopback and _is_loopback(host))):
            return Failure(kind=Kind.CORRUPT, why=f"the gateway's link is not https but {url.scheme or 'nothing'}")
        # A number in the place of a name is never resolved, so the resolver does not see it.
        return None if _is_name(host) or _may_ask(host, loopback=self._loopback) else _private()


def _address(text: str) -> URL:
    """A link as it was written, since a signature may cover each letter; what no request can carry is escaped."""
    written = text.strip()
    return URL(written, encoded=written.isascii() and written.isprintable() and " " not in written)


def _broke_off() -> Failure:
    return Failure(kind=Kind.FLAKY, why="the download broke off")


def _private() -> Failure:
    return Failure(kind=Kind.CORRUPT, why="the gateway's link leads to a private address, which is not asked")


async def _saved(response: aiohttp.ClientResponse, target: Path) -> Failure | None:
    if response.status in _GONE:
        return Failure(kind=Kind.EXPIRED, why=f"the link to the clip is dead ({response.status})")
    if response.status != 200:
        return Failure(kind=Kind.FLAKY, why=f"the clip's host answered {response.status}")
    large = Failure(kind=Kind.CORRUPT, why=f"the clip is said to be, or is, larger than {LARGEST // 1024**2} MB")
    promised = response.content_length if "Content-Encoding" not in response.headers else None
    if promised is not None and promised > LARGEST:
        return large
    size = 0
    with target.open("wb") as file:  # buffered: a raw file may write less than it is given
        async for chunk in response.content.iter_chunked(CHUNK):
            size += len(chunk)
            if size > LARGEST:
                return large
            file.write(chunk)
    if promised is not None and size != promised:
        return Failure(kind=Kind.FLAKY, why=f"{size:,} bytes of {promised:,} arrived")
    return None


class PrivateAddressError(OSError):
    """A name that stands for no public address."""


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses only: a link must not make this machine ask its own network."""

    def __init__(self, *, loopback: bool = False) -> None:
        self._resolver = aiohttp.ThreadedResolver()
        self._loopback = loopback

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The public addresses of a name; an OSError when it has none."""
        found = await self._resolver.resolve(host, port, family)
        allowed = [each for each in found if _may_ask(each["host"], loopback=self._loopback)]
        if not allowed:
            raise PrivateAddressError(None, f"{host} is no public address")
        return allowed

    async def close(self) -> None:
        """Nothing is held."""
        await self._resolver.close()


def _may_ask(address: str, *, loopback: bool) -> bool:
    found = ip_address(address)
    return (found.is_global and not found.is_multicast) or (loopback and found.is_loopback)


def _is_name(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return True
    return False


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
