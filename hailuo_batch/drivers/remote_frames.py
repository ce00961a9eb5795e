"""Images behind web addresses: downloaded once, and from then on only checked for changes.

An address comes from a manifest, perhaps of another author, and its host is not trusted. Only https is used (http on
loopback), no private address is contacted, no key and no cookie is sent, and bytes and seconds are limited. Whether
gateways accept the image is decided elsewhere.
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
from hailuo_batch.core.providers.image_limits import MAX_BYTES
from hailuo_batch.core.request.remote_image import RemoteImage, RemoteImageFailure
from hailuo_batch.drivers.network_errors import describe_network_error
from hailuo_batch.drivers.proxy import UnusableProxyError, find_proxy, find_proxy_host, refuse_private_name
from hailuo_batch.drivers.public_hosts import HostPolicy, PrivateAddressError, PublicResolver, parse_link
from hailuo_batch.drivers.trace_request import RequestTrace
from hailuo_batch.errors import InputError
from hailuo_batch.files.folder import Folder, OpenFolder
from hailuo_batch.media.images import read_image_facts

AT_ONCE = 8
CHUNK = 64 * 1024
REDIRECTS = 5
SECONDS = 60.0  # for one address, from the first contact to the last byte
_LEFTOVER_SECONDS = 3600.0  # a partial image of this age was left by a killed command
_LONGEST_VALIDATOR = 1000  # characters of a validator that is remembered
_MOVED = frozenset({301, 302, 303, 307, 308})
_TRANSIENT_STATUSES = frozenset({408, 425, 429})  # the host may say something else in a minute; so may one with a 5xx
# What is sent must be what a gateway gets: not another kind of image, and no other bytes.
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": f"hailuo-batch/{__version__}"}


class RemoteImageDownloader:
    """Checks addresses, a few at once, and keeps what it downloads in `folder`, each file under its digest.

    Below `trusted`, no link is followed.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        folder: Path,
        trusted: Path | None = None,
        loopback: bool = False,
        seconds: float = SECONDS,
        largest: int = MAX_BYTES,
    ) -> None:
        self._session, self._folder, self._policy = session, Folder(folder, trusted), HostPolicy(loopback=loopback)
        self._seconds, self._largest, self._slots = seconds, largest, asyncio.Semaphore(AT_ONCE)

    async def refresh(self, known: Mapping[str, RemoteImage | None]) -> dict[str, RemoteImage | RemoteImageFailure]:
        """What is behind each address now; what is `known` is only fetched again when it changed."""
        await asyncio.to_thread(_remove_leftovers, self._folder)
        refreshes = [self._refresh_one(address, before) for address, before in known.items()]
        return dict(zip(known, await asyncio.gather(*refreshes), strict=True))

    async def _refresh_one(self, address: str, before: RemoteImage | None) -> RemoteImage | RemoteImageFailure:
        async with self._slots:
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._follow_redirects(parse_link(address), before)
            except TimeoutError:
                return RemoteImageFailure(why=f"no whole image came within {self._seconds:g} s")
            except aiohttp.ClientConnectorError as error:
                return _explain_connection_error(error)
            except (aiohttp.InvalidURL, ValueError) as error:  # yarl and the codec of names raise the latter
                is_proxy = isinstance(error, UnusableProxyError)
                return RemoteImageFailure(why=str(error) if is_proxy else "not a valid URL", gone=not is_proxy)
            except aiohttp.ClientError as error:
                return RemoteImageFailure(why=describe_network_error(error))
            except OSError as error:
                return RemoteImageFailure(why=f"the image cannot be stored on this machine: {error.strerror}")

    async def _follow_redirects(self, url: URL, before: RemoteImage | None) -> RemoteImage | RemoteImageFailure:
        for _ in range(1 + REDIRECTS):
            if self._policy.refusal(url):
                return (
                    _private_address_result()
                    if url.scheme == "https"
                    else RemoteImageFailure(why="it redirects away from https", gone=True)
                )
            proxy = find_proxy(url)
            if await refuse_private_name(url, proxy, self._policy):
                return _private_address_result()
            shown = _conditional_headers(before) if before is not None and before.home == str(url) else {}
            with RequestTrace("image", url) as trace:
                async with self._session.get(
                    url, allow_redirects=False, headers={**_HEADERS, **shown}, proxy=proxy
                ) as response:
                    trace.record_response(response)
                    if response.status not in _MOVED or "Location" not in response.headers:
                        if response.status == HTTPStatus.NOT_MODIFIED and before is not None and shown:
                            return before
                        return await self._save_image(response, url)
            url = url.join(parse_link(response.headers["Location"]))
        return RemoteImageFailure(why="it redirects too often", gone=True)

    async def _save_image(self, response: aiohttp.ClientResponse, url: URL) -> RemoteImage | RemoteImageFailure:
        if response.status != HTTPStatus.OK:
            passing = response.status in _TRANSIENT_STATUSES or response.status >= 500
            return RemoteImageFailure(why=f"its host answered {_status_text(response.status)}", gone=not passing)
        name = f"incoming-{os.getpid()}-{secrets.token_hex(8)}"
        with self._folder.open(make=True, mode=0o700) as folder:
            try:
                digest, length = await self._write_body(response, folder, name)
                facts = await asyncio.to_thread(read_image_facts, folder.path / name)
                folder.move(name, digest)
            except InputError as error:
                return RemoteImageFailure(why=f"{error.why[:1].lower()}{error.why[1:]}".rstrip("."), gone=True)
            finally:
                folder.remove(name)
        etag, modified = _read_validators(response)
        return RemoteImage(
            digest=f"sha256:{digest}",
            kind=facts.kind,
            size=(facts.width, facts.height),
            length=length,
            home=str(url),
            etag=etag,
            modified=modified,
            traits=" ".join(facts.traits),
            at=int(time.time()),
        )

    async def _write_body(self, response: aiohttp.ClientResponse, folder: OpenFolder, name: str) -> tuple[str, int]:
        """Digest and length of what arrived, which is in the file of that name."""
        if (response.content_length or 0) >= self._largest:
            raise self._too_large_error()
        hashed, length = sha256(), 0
        with folder.create(name) as target:
            async for chunk in response.content.iter_chunked(CHUNK):
                length += len(chunk)
                if length >= self._largest:
                    raise self._too_large_error()
                hashed.update(chunk)
                target.write(chunk)
        return hashed.hexdigest(), length

    def _too_large_error(self) -> InputError:
        megabytes = f"{self._largest / 1_000_000:g} MB"
        return InputError("picture too large", why=f"It has {megabytes} or more; gateways take less than that.")


@asynccontextmanager
async def open_remote_images(folder: Path, *, trusted: Path | None = None) -> AsyncIterator[RemoteImageDownloader]:
    """Checks addresses from a session of their own, which knows no key and keeps no cookie."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, resolver=PublicResolver(proxy=find_proxy_host())),
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        yield RemoteImageDownloader(session, folder=folder, trusted=trusted)


def _conditional_headers(before: RemoteImage) -> dict[str, str]:
    words = {"If-None-Match": before.etag, "If-Modified-Since": before.modified}
    return {name: word for name, word in words.items() if word}


def _read_validators(response: aiohttp.ClientResponse) -> tuple[str, str]:
    """What to send to the host the next time: the image's tag, and when it was last changed."""
    modified = _safe_header(response, "Last-Modified")
    return _safe_header(response, "ETag"), modified if _is_reliable_date(
        modified, _safe_header(response, "Date")
    ) else ""


def _safe_header(response: aiohttp.ClientResponse, name: str) -> str:
    word = response.headers.get(name, "")
    return word if word.isascii() and word.isprintable() and len(word) <= _LONGEST_VALIDATOR else ""


def _is_reliable_date(modified: str, now: str) -> bool:
    """Whether the image was changed long enough before it was sent: dates count seconds, and it may change twice in
    one.
    """
    try:
        return (parsedate_to_datetime(now) - parsedate_to_datetime(modified)).total_seconds() >= 2.0
    except (ValueError, TypeError):
        return False


def _status_text(number: int) -> str:
    try:
        return f"{number} ({HTTPStatus(number).phrase})"
    except ValueError:
        return str(number)


def _explain_connection_error(error: aiohttp.ClientConnectorError) -> RemoteImageFailure:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return RemoteImageFailure(why="the certificate of its host is not valid")
    if isinstance(error.os_error, PrivateAddressError):
        return _private_address_result()
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return RemoteImageFailure(why="cannot resolve host, or there is no network")
    return RemoteImageFailure(
        why=f"its host cannot be reached: {error.os_error.strerror or type(error.os_error).__name__}"
    )


def _private_address_result() -> RemoteImageFailure:
    return RemoteImageFailure(why="it leads to a private address, which is not opened", gone=True)


def _remove_leftovers(folder: Folder) -> None:
    with suppress(OSError):
        before = time.time() - _LEFTOVER_SECONDS
        folder.sweep(lambda name, found: name.startswith("incoming-") and found.st_mtime < before)
