"""Resolves the names of hosts as a download does, before there is a link. Independent of gateways and runs."""

import asyncio
import socket
from collections.abc import Iterable

from yarl import URL

from hailuo_batch.drivers.proxy import find_proxy
from hailuo_batch.drivers.public_hosts import PrivateAddressError, PublicResolver, is_loopback_host

_SECONDS = 5.0  # for all names together


async def find_refused_host(
    hosts: Iterable[str], *, allow_fake: bool, only_fake: bool = False
) -> tuple[str, str] | None:
    """The first of these hosts that no link may lead to, and the address that a proxy made up for it, or "".

    With `only_fake`, private addresses are no reason. A name that is not resolved in time is none either, nor one
    that a proxy of the environment resolves.
    """
    resolver = PublicResolver(allow_fake=allow_fake)

    async def refuse(host: str) -> tuple[str, str] | None:
        try:
            if is_loopback_host(host) or find_proxy(URL.build(scheme="https", host=host)) is not None:
                return None
            async with asyncio.timeout(_SECONDS):
                await resolver.resolve(host, 443, socket.AF_UNSPEC)
        except PrivateAddressError as error:
            return (host, error.fake) if error.fake or not only_fake else None
        except (OSError, TimeoutError, ValueError):
            return None
        return None

    found = await asyncio.gather(*map(refuse, dict.fromkeys(filter(None, hosts))))
    return next((each for each in found if each is not None), None)
