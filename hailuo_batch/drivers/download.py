"""Downloads a clip from a gateway's link to a file on this disk.

The link is a secret and the host is not trusted. No key is sent there, `public_hosts.py` decides whether it may be
contacted, and bytes and time are limited. A broken download resumes where it broke, if the host says that the file is
still the same. Whether the file is a video is not decided here.
"""

import asyncio
import errno
import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from io import BufferedWriter
from pathlib import Path

import aiohttp

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.trace import WaitLine, WaitReason
from hailuo_batch.drivers.network_errors import BROKE_OFF, CERTIFICATE_REMEDY, describe_network_error
from hailuo_batch.drivers.partial import PartialDownload
from hailuo_batch.drivers.proxy import (
    UnusableProxyError,
    find_proxy,
    read_proxies,
    refuse_private_name,
    unusable_proxy_failure,
)
from hailuo_batch.drivers.public_hosts import HostPolicy, PrivateAddressError, parse_link, private_address_failure
from hailuo_batch.drivers.stall_guard import StallGuard
from hailuo_batch.drivers.trace_request import RequestTrace
from hailuo_batch.files.regular import open_regular
from hailuo_batch.gateways.retry_after import parse_retry_after

CHUNK = 256 * 1024
LARGEST = 1024**3  # bytes; a clip of 10 s has some MB
REDIRECTS = 5
TRIES = 4
LONGEST_PAUSE = 30.0  # seconds; for a host of clips that asks for more, the next run downloads
_UPDATE = os.O_RDWR | os.O_CREAT
_GONE = frozenset({401, 403, 404, 410})
_MOVED = frozenset({301, 302, 303, 307, 308})
_HEADERS: Mapping[str, str] = {"Accept-Encoding": "identity"}  # a clip is compressed already, and its length is checked
_PAGE_TYPES = ("text/", "application/json", "application/xml", "application/xhtml")
_PERMANENT_ERRORS: Mapping[int, str] = {  # errors of this machine that another try does not mend
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your disk quota is used up",
    errno.EFBIG: "the file is too large for this disk",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "no permission to write here",
    errno.EPERM: "no permission to write here",
}
_LOG = logging.getLogger("hailuo_batch.wait")


class Downloader:
    """Fetches clips, a few at once: the buffers of a thousand downloads would fill the memory.

    `loopback` lets links lead to this machine, as the mock's do, `allow_private` into its network too.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        at_once: int = 16,
        loopback: bool = False,
        allow_private: bool = False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session, self._slots = session, asyncio.Semaphore(at_once)
        self._policy = HostPolicy(loopback=loopback, private=allow_private)
        self._sleep, self._elapsed, self._proxies = sleep, elapsed, read_proxies()

    async def download(self, link: str, target: Path) -> Failure | None:
        """Brings what is behind a link to `target`; None is success. A connection that breaks is tried again."""
        part = PartialDownload()
        if self._slots.locked():
            _LOG.debug(WaitLine(reason=WaitReason.SLOT, seconds=None))
        async with self._slots:
            for pause in (*(2.0**times for times in range(TRIES - 1)), None):
                failure = await self._try_once(link, target, part)
                if failure is None or failure.kind is not FailureKind.FLAKY or pause is None:
                    break
                seconds = max(pause, min(failure.wait_seconds or 0.0, LONGEST_PAUSE))
                _LOG.info(WaitLine(reason=WaitReason.RESEND, seconds=seconds, why=failure.why))
                await self._sleep(seconds)
        return failure

    async def _try_once(self, link: str, target: Path, part: PartialDownload) -> Failure | None:
        try:
            return await self._follow_redirects(link, target, part)
        except aiohttp.ClientConnectorError as error:  # before what follows: one of a certificate is a ValueError too
            return _interrupted_failure(error)
        except (aiohttp.InvalidURL, ValueError) as error:  # yarl and the codec of names raise the latter
            return _address_failure(error)
        except (aiohttp.ClientError, TimeoutError) as error:
            return _interrupted_failure(error)
        except OSError as error:
            part.reset()  # it is unknown how much of it was written
            return _write_failure(error)

    async def _follow_redirects(self, link: str, target: Path, part: PartialDownload) -> Failure | None:
        url = parse_link(link)
        for _ in range(REDIRECTS):
            if refused := self._policy.refusal(url):
                return refused
            proxy = find_proxy(url, self._proxies)
            if refused := await refuse_private_name(url, proxy, self._policy):
                return refused
            headers = {**_HEADERS, **part.range_headers()}
            with RequestTrace("download", url) as trace:
                async with self._session.get(url, allow_redirects=False, headers=headers, proxy=proxy) as response:
                    trace.record_response(response)
                    is_unusable = "Range" in headers and not _is_usable(response, part)
                    if not is_unusable and (response.status not in _MOVED or "Location" not in response.headers):
                        failure = await self._save_body(response, target, part)
                        trace.why = failure.why if failure is not None else ""
                        return failure
            if is_unusable:
                part.reset()
                return await self._follow_redirects(link, target, part)  # once: nothing is left to go on with
            url = url.join(parse_link(response.headers["Location"]))
        return Failure(kind=FailureKind.CORRUPT, why="the link redirects too often")

    async def _save_body(self, response: aiohttp.ClientResponse, target: Path, part: PartialDownload) -> Failure | None:
        if failure := _check_response(response, part):
            return failure
        if response.status == 200:
            part.begin(response.headers, None if "Content-Encoding" in response.headers else response.content_length)
        if part.total is not None and part.total > LARGEST:
            return _too_large_failure()
        flow = StallGuard(self._elapsed)
        flags = _UPDATE if part.size else _UPDATE | os.O_TRUNC
        with BufferedWriter(open_regular(target, flags, mode=0o666)) as file:  # a raw one may write less than is given
            if part.size:
                file.seek(part.size)
                file.truncate()
            async for chunk in response.content.iter_chunked(CHUNK):
                if part.size + len(chunk) > LARGEST:
                    return _too_large_failure()
                file.write(chunk)
                part.size += len(chunk)
                slow = flow.check_rate(len(chunk))
                if slow and part.size != part.total:
                    return Failure(kind=FailureKind.FLAKY, why=slow)
        if part.total is not None and part.size != part.total:
            return Failure(kind=FailureKind.FLAKY, why=f"{part.size:,} bytes of {part.total:,} arrived")
        return None


def _is_usable(response: aiohttp.ClientResponse, part: PartialDownload) -> bool:
    """Whether the answer to a request for the rest may be used: it is the rest, the whole file, or a failure."""
    return part.is_continuation(response.headers) if response.status == 206 else response.status != 416


def _check_response(response: aiohttp.ClientResponse, part: PartialDownload) -> Failure | None:
    """Why the body is not a clip, as far as its headers show."""
    if response.status in _GONE:
        return Failure(kind=FailureKind.EXPIRED, why=f"the link to the clip is dead ({response.status})")
    if response.status != 200 and not (response.status == 206 and part.size):
        wait = parse_retry_after(response.headers.get("Retry-After"), now=time.time())
        return Failure(kind=FailureKind.FLAKY, why=f"the clip's host answered {response.status}", wait_seconds=wait)
    if response.content_type.startswith(_PAGE_TYPES) or response.content_type.endswith(("+json", "+xml")):
        why = f"the link leads to a page ({response.content_type}), not to a clip"
        return Failure(kind=FailureKind.CORRUPT, why=why, remedy="The next run gets a fresh link from the gateway.")
    return None


def _too_large_failure() -> Failure:
    return Failure(kind=FailureKind.CORRUPT, why=f"the clip is larger than {LARGEST // 1024**2} MB")


def _address_failure(error: ValueError) -> Failure:
    if isinstance(error, UnusableProxyError):
        return unusable_proxy_failure(error)
    return Failure(kind=FailureKind.CORRUPT, why="the gateway's link is not a valid URL")


def _interrupted_failure(error: BaseException) -> Failure:
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, PrivateAddressError):
        return private_address_failure(error.os_error.fake)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):  # it stays so until a person does something
        why = "the certificate of the clip's host cannot be trusted"
        return Failure(kind=FailureKind.CORRUPT, why=why, remedy=CERTIFICATE_REMEDY)
    words = describe_network_error(error)
    more = "" if words == BROKE_OFF else f": {words}"
    return Failure(kind=FailureKind.FLAKY, why=f"the download broke off{more}")


def _write_failure(error: OSError) -> Failure:
    reason = _PERMANENT_ERRORS.get(error.errno or 0)
    if reason is None:
        return Failure(kind=FailureKind.FLAKY, why=f"the clip could not be written: {error.strerror}")
    remedy = (
        "Free some disk space or make the folder writable, then run again. The clip is downloaded, not bought again."
    )
    return Failure(kind=FailureKind.NO_ROOM, why=f"the clip could not be written: {reason}", remedy=remedy)
