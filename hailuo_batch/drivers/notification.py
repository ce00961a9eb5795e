"""Posts the end of a run to the address that the user chose: once, without a redirect, and without a key.

The address is a secret behind its host: no failure and no trace repeats it.
"""

import asyncio
from collections.abc import Mapping

import aiohttp

from hailuo_batch.drivers.network_errors import describe_network_error
from hailuo_batch.drivers.proxy import UnusableProxyError, find_proxy, find_proxy_host, refuse_private_name
from hailuo_batch.drivers.public_hosts import HostPolicy, PrivateAddressError, PublicResolver, parse_link
from hailuo_batch.drivers.trace_request import RequestTrace

SECONDS = 10.0  # for all of it: nobody waits longer for a message about a run
_PRIVATE = "its address is a private one, which is not contacted"
_POLICY = HostPolicy(loopback=True)


async def post_notification(url: str, body: Mapping[str, object], *, seconds: float = SECONDS) -> str:
    """Posts the body as JSON; "" when it was taken, else why not."""
    try:
        async with asyncio.timeout(seconds):
            return await _post(url, body)
    except TimeoutError:
        return f"no answer came within {seconds:g} s"
    except (aiohttp.InvalidURL, UnusableProxyError) as error:
        return str(error) if isinstance(error, UnusableProxyError) else "the address is not a valid URL"
    except aiohttp.ClientConnectorError as error:
        is_private = isinstance(error.os_error, PrivateAddressError)
        return _PRIVATE if is_private else describe_network_error(error)
    except aiohttp.ClientError as error:
        return describe_network_error(error)
    except (OSError, ValueError):  # yarl and the codec of names raise the latter
        return "the address cannot be contacted"


async def _post(url: str, body: Mapping[str, object]) -> str:
    address = parse_link(url)
    proxy = find_proxy(address)
    if _POLICY.refusal(address) or await refuse_private_name(address, proxy, _POLICY):
        return _PRIVATE
    resolver = PublicResolver(loopback=True, proxy=find_proxy_host())
    connector = aiohttp.TCPConnector(resolver=resolver, force_close=True)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        with RequestTrace("notify", address, method="POST") as trace:
            async with session.post(address, json=body, allow_redirects=False, proxy=proxy) as response:
                trace.record_response(response)
    return "" if 200 <= response.status < 300 else f"it answered {response.status}"
