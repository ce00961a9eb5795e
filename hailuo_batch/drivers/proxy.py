"""The proxy of this machine, as HTTPS_PROXY and NO_PROXY name it. Loopback, and so a rehearsal, never goes through one.

aiohttp's own `trust_env` is not used: it also reads passwords of `.netrc`, which would stand where our key does.
"""

import socket
from collections.abc import Mapping
from contextlib import suppress
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

import aiohttp
from yarl import URL

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.drivers.public_hosts import HostPolicy, is_loopback_host, private_address_failure

VARIABLE = "HTTPS_PROXY"
_LOOKUP_SECONDS = 5.0
# Names that a proxy would look for in its own network: RFC 6761, 6762, 8375, and what offices use.
_PRIVATE_ENDINGS = (".localhost", ".local", ".internal", ".intranet", ".lan", ".corp", ".home", ".home.arpa")


class UnusableProxyError(ValueError):
    """The proxy that is named here is of a kind that cannot be used."""


def read_proxies() -> Mapping[str, str]:
    """The proxies that the environment names, by scheme; `no` has the hosts that are reached without one."""
    found: Mapping[str, str] = getproxies_environment()
    return found


def find_proxy(url: URL, proxies: Mapping[str, str] | None = None) -> URL | None:
    """The proxy through which an address is reached; None when it is contacted directly.

    Only https: the proxy sees the host's name, and neither key nor content. Who calls often reads `proxies` once.
    """
    host = url.host or ""
    if url.scheme != "https" or is_loopback_host(host):
        return None
    proxies = read_proxies() if proxies is None else proxies
    if not (written := proxies.get("https") or proxies.get("all")):
        return None
    if proxy_bypass_environment(f"{host}:{url.port}", proxies) or proxy_bypass_environment(host, proxies):
        return None
    return _parse_proxy(written)


def find_proxy_host() -> str:
    """The name of the proxy's host; "" when there is none, or none that can be used."""
    proxies = read_proxies()
    written = proxies.get("https") or proxies.get("all") or ""
    with suppress(UnusableProxyError):
        return _parse_proxy(written).host or "" if written else ""
    return ""


def describe_proxy() -> str:
    """The proxy's address without its password, and the hosts that are reached without it; "" when there is none."""
    proxies = read_proxies()
    if not (written := proxies.get("https") or proxies.get("all")):
        return ""
    proxy = _parse_proxy(written)
    direct = f", except for {proxies['no']} (NO_PROXY)" if proxies.get("no") else ""
    return f"{proxy.origin()} ({VARIABLE}){direct}"


async def refuse_private_name(url: URL, proxy: URL | None, policy: HostPolicy) -> Failure | None:
    """Why a link is not opened through the proxy, which resolves names itself; None when it may be.

    A name is judged by its ending, and by its addresses where this machine can resolve it.
    """
    if proxy is None or policy.private:
        return None
    host = (url.host or "").rstrip(".").lower()
    if host == proxy.host or ("." not in host and ":" not in host) or host.endswith(_PRIVATE_ENDINGS):
        return private_address_failure()
    addresses = await _resolve_here(host)
    return None if not addresses or any(map(policy.may_connect, addresses)) else private_address_failure()


async def _resolve_here(host: str) -> list[str]:
    """The addresses of a name on this machine; none where only the proxy knows names."""
    import asyncio

    try:
        async with asyncio.timeout(_LOOKUP_SECONDS):
            found = await aiohttp.ThreadedResolver().resolve(host, 443, socket.AF_UNSPEC)
    except (OSError, TimeoutError):
        return []
    return [each["host"] for each in found]


def unusable_proxy_failure(error: UnusableProxyError) -> Failure:
    """What is said of a call that was not sent, as its proxy cannot be used."""
    return Failure(kind=FailureKind.NOT_SENT, why=str(error), remedy=f"Set {VARIABLE} to an http:// address.")


def _parse_proxy(written: str) -> URL:
    try:
        proxy = URL(written if "://" in written else f"http://{written}")
    except ValueError:
        raise UnusableProxyError(f"{VARIABLE} is not a valid URL") from None
    if proxy.scheme not in ("http", "https") or not proxy.host:
        kind = f"of the kind {proxy.scheme}, which is not supported" if proxy.host else "not a valid URL"
        raise UnusableProxyError(f"{VARIABLE} is {kind}")
    return proxy
