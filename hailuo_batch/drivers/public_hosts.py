"""Which hosts a link from outside may lead to: public addresses over https. Independent of what is fetched.

A link must not make this machine contact its own network. A name is judged by its addresses: the resolver returns only
allowed ones, and the connection goes to exactly these. So a name that changes between check and call gains nothing.
"""

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.world import command_line
from hailuo_batch.values import dataclass

FAKE_SETTING = "allow_fake_ip_downloads"
_FAKE_NETWORK = IPv4Network("198.18.0.0/15")  # RFC 2544, for tests of networks: no host of the web has such an address
_NAT64_PREFIX = IPv6Network("64:ff9b::/96")  # RFC 6052: the last four bytes are an IPv4 address


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPolicy:
    """How far a link may lead. `loopback`: to this machine, where http is spoken too; `private`: that, and to the
    network it is in.
    """

    loopback: bool = False
    private: bool = False

    def refusal(self, url: URL) -> Failure | None:
        """Why this address is not contacted; None when it may be, as far as is known before its name is resolved."""
        host = url.host or ""
        if url.scheme != "https" and not (url.scheme == "http" and self._is_loopback(host)):
            return Failure(
                kind=FailureKind.CORRUPT, why=f"the gateway's link is not https but {url.scheme or 'nothing'}"
            )
        # A number in the place of a name is never resolved, so the resolver does not see it.
        return None if _parse_ip(host) is None or self.may_connect(host) else private_address_failure()

    def may_connect(self, address: str) -> bool:
        """Whether this number may be connected to."""
        found = _parse_ip(address)
        if found is None or found.is_multicast or found.is_unspecified:
            return False
        if self.private or (self.loopback and found.is_loopback):
            return True
        inner = _embedded_ipv4(found)
        return found.is_global and (inner is None or (inner.is_global and not inner.is_multicast))

    def _is_loopback(self, host: str) -> bool:
        if not (self.loopback or self.private):
            return False
        return is_loopback_host(host)


class PrivateAddressError(OSError):
    """A name without an address that may be contacted; `fake` is one that a proxy on this machine made up."""

    fake = ""


class PublicResolver(AbstractResolver):
    """Resolves names to addresses that may be called."""

    def __init__(
        self, *, loopback: bool = False, allow_private: bool = False, allow_fake: bool = False, proxy: str = ""
    ) -> None:
        self._resolver, self._proxy = aiohttp.ThreadedResolver(), proxy
        self._policy, self._allows_fake = HostPolicy(loopback=loopback, private=allow_private), allow_fake

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name; an OSError when none of them may be called."""
        found = await self._resolver.resolve(host, port, family)
        if self._proxy and host == self._proxy:  # the user named it; no link leads there, see `refuse_private_name`
            return found
        fake = [each for each in found if _is_fake(each["host"])]
        allowed = [each for each in found if self._policy.may_connect(each["host"])]
        allowed += [each for each in fake if self._allows_fake and each not in allowed]
        if not allowed:
            error = PrivateAddressError(None, f"{host} is not a public address")
            error.fake = fake[0]["host"] if fake else ""
            raise error
        return allowed

    async def close(self) -> None:
        """Nothing is held."""
        await self._resolver.close()


def parse_link(link: str) -> URL:
    """A link as it was written, since a signature may cover each letter; what no request can carry is escaped.

    A ValueError for what is no address.
    """
    written = link.strip()
    return URL(written, encoded=written.isascii() and written.isprintable() and " " not in written)


def find_link_host(link: str) -> str:
    """The name of the host that a link leads to; "" for what is no address."""
    try:
        return parse_link(link).host or ""
    except ValueError:
        return ""


def private_address_failure(fake: str = "") -> Failure:
    """What is said of a link into a private network, or to an address that a proxy on this machine made up."""
    if fake:
        why = f"the gateway's link leads to {fake}, an address that proxies such as Clash, sing-box and Surge make up"
        remedy = (
            f"If such a proxy runs here, add to hailuo.yaml:\n    {FAKE_SETTING}: true\n"
            f"Then trust it, and run again; the clip is downloaded, not bought again:\n    {command_line('trust')}"
        )
        return Failure(kind=FailureKind.CORRUPT, why=why, remedy=remedy)
    why = "the gateway's link leads to a private address, which is not opened"
    return Failure(kind=FailureKind.CORRUPT, why=why)


def is_loopback_host(host: str) -> bool:
    """Whether a name or a number is this machine."""
    found = _parse_ip(host)
    return host.rstrip(".").lower() == "localhost" if found is None else found.is_loopback


def _parse_ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_fake(address: str) -> bool:
    found = _parse_ip(address)
    return isinstance(found, IPv4Address) and found in _FAKE_NETWORK


def _embedded_ipv4(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a tunnel or a translator would carry this one to."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64_PREFIX:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
