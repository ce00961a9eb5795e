"""Pictures behind web addresses: fetched once, and from then on only asked for whether they are still the same.

An address comes from a manifest, which may be somebody else's, and the host is a stranger: only https is spoken (http
on loopback), no private address is asked, no key and no cookie goes there, and what arrives has an end in bytes and in
seconds. What of the fetched is fit for gateways is decided elsewhere.
"""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from email.utils import parsedate_to_datetime
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path

import aiohttp
from yarl import URL

from hailuo_batch import __version__
from hailuo_batch.core.providers.image_limits import LARGEST
from hailuo_batch.core.request.remote_image import Unfetched, WebPicture
from hailuo_batch.drivers.public_hosts import PrivateAddressError, PublicResolver, Reach, address_of
from hailuo_batch.errors import InputError
from hailuo_batch.media.images import picture_facts

AT_ONCE = 8
CHUNK = 64 * 1024
REDIRECTS = 5
SECONDS = 60.0  # for one address, from the first look to the last byte
_LEFT_SECONDS = 3600.0  # a half picture that is so old was left by a command that was killed
_LONGEST_WORD = 1000  # characters of a validator that is remembered
_MOVED = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 425, 429})  # the host may say something else in a minute; so may one with a 5xx
# What is sent must be what a gateway gets: not another kind of picture, not other bytes on the way.
_PLAIN = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": f"hailuo-batch/{__version__}"}


class WebFrames:
    """Looks at addresses, a few at once, and keeps what it fetches in `folder`, each file under its digest."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        folder: Path,
        loopback: bool = False,
        seconds: float = SECONDS,
        largest: int = LARGEST,
    ) -> None:
        self._session, self._folder, self._reach = session, folder, Reach(loopback=loopback)
        self._seconds, self._largest, self._hands = seconds, largest, asyncio.Semaphore(AT_ONCE)

    async def look(self, known: Mapping[str, WebPicture | None]) -> dict[str, WebPicture | Unfetched]:
        """What is behind each address now; what is `known` is only fetched again when it changed."""
        await asyncio.to_thread(_sweep, self._folder)
        looks = [self._seen(address, before) for address, before in known.items()]
        return dict(zip(known, await asyncio.gather(*looks), strict=True))

    async def _seen(self, address: str, before: WebPicture | None) -> WebPicture | Unfetched:
        async with self._hands:
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._followed(address_of(address), before)
            except TimeoutError:
                return Unfetched(why=f"no whole picture came within {self._seconds:g} s")
            except aiohttp.ClientConnectorError as error:
                return _unreached(error)
            except (aiohttp.InvalidURL, ValueError):  # yarl and the codec of names raise the latter
                return Unfetched(why="it is no web address, or leads to none", gone=True)
            except aiohttp.ClientError:
                return Unfetched(why="the connection broke off")
            except OSError as error:
                return Unfetched(why=f"the picture cannot be kept on this machine: {error.strerror}")

    async def _followed(self, url: URL, before: WebPicture | None) -> WebPicture | Unfetched:
        for _ in range(1 + REDIRECTS):
            if self._reach.refusal(url):
                return _private() if url.scheme == "https" else Unfetched(why="it leads away from https", gone=True)
            shown = _validators(before) if before is not None and before.home == str(url) else {}
            async with self._session.get(url, allow_redirects=False, headers={**_PLAIN, **shown}) as response:
                if response.status not in _MOVED or "Location" not in response.headers:
                    if response.status == HTTPStatus.NOT_MODIFIED and before is not None and shown:
                        return before
                    return await self._heard(response, url)
                url = url.join(address_of(response.headers["Location"]))
        return Unfetched(why="it leads from one address to the next without end", gone=True)

    async def _heard(self, response: aiohttp.ClientResponse, url: URL) -> WebPicture | Unfetched:
        if response.status != HTTPStatus.OK:
            passing = response.status in _PASSING or response.status >= 500
            return Unfetched(why=f"its host answered {_status(response.status)}", gone=not passing)
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"incoming-{os.getpid()}-{secrets.token_hex(8)}"
        try:
            digest, length = await self._written(response, file)
            facts = await asyncio.to_thread(picture_facts, file)
            file.replace(self._folder / digest)
        except InputError as error:
            return Unfetched(why=f"{error.why[:1].lower()}{error.why[1:]}".rstrip("."), gone=True)
        finally:
            file.unlink(missing_ok=True)
        etag, modified = _words_of(response)
        return WebPicture(
            digest=f"sha256:{digest}",
            kind=facts.kind,
            size=(facts.width, facts.height),
            length=length,
            home=str(url),
            etag=etag,
            modified=modified,
            at=int(time.time()),
        )

    async def _written(self, response: aiohttp.ClientResponse, file: Path) -> tuple[str, int]:
        """Digest and length of what arrived, which is in `file`."""
        if (response.content_length or 0) >= self._largest:
            raise self._too_large()
        hashed, length = sha256(), 0
        with file.open("wb") as target:
            async for chunk in response.content.iter_chunked(CHUNK):
                length += len(chunk)
                if length >= self._largest:
                    raise self._too_large()
                hashed.update(chunk)
                target.write(chunk)
        return hashed.hexdigest(), length

    def _too_large(self) -> InputError:
        megabytes = f"{self._largest / 1024**2:g} MB"
        return InputError("picture too large", why=f"It has {megabytes} or more; gateways take less than that.")


@asynccontextmanager
async def web_frames(folder: Path) -> AsyncIterator[WebFrames]:
    """Looks at addresses from a session of their own, which knows no key and keeps no cookie."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, resolver=PublicResolver()), cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        yield WebFrames(session, folder=folder)


def _validators(before: WebPicture) -> dict[str, str]:
    words = {"If-None-Match": before.etag, "If-Modified-Since": before.modified}
    return {name: word for name, word in words.items() if word}


def _words_of(response: aiohttp.ClientResponse) -> tuple[str, str]:
    """What the host wants to be shown the next time: the picture's tag, and when it was last changed."""
    modified = _word(response, "Last-Modified")
    return _word(response, "ETag"), modified if _settled(modified, _word(response, "Date")) else ""


def _word(response: aiohttp.ClientResponse, name: str) -> str:
    word = response.headers.get(name, "")
    return word if word.isascii() and word.isprintable() and len(word) <= _LONGEST_WORD else ""


def _settled(modified: str, now: str) -> bool:
    """Whether the picture was changed long enough before it was sent: dates count seconds, and it may change twice in
    one.
    """
    try:
        return (parsedate_to_datetime(now) - parsedate_to_datetime(modified)).total_seconds() >= 2.0
    except (ValueError, TypeError):
        return False


def _status(number: int) -> str:
    try:
        return f"{number} ({HTTPStatus(number).phrase})"
    except ValueError:
        return str(number)


def _unreached(error: aiohttp.ClientConnectorError) -> Unfetched:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Unfetched(why="the certificate of its host is not good")
    if isinstance(error.os_error, PrivateAddressError):
        return _private()
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Unfetched(why="the name of its host is not known, or there is no network")
    return Unfetched(why=f"its host cannot be reached: {error.os_error.strerror or type(error.os_error).__name__}")


def _private() -> Unfetched:
    return Unfetched(why="it leads to a private address, which is not asked", gone=True)


def _sweep(folder: Path) -> None:
    with suppress(OSError):
        for file in folder.glob("incoming-*"):
            if file.stat().st_mtime < time.time() - _LEFT_SECONDS:
                file.unlink(missing_ok=True)
