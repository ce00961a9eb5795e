"""Why a network call failed, in plain words and without the address or the query.

An error of aiohttp may contain the address with its query, and its class means nothing to a user: neither is shown.
"""

import os

import aiohttp

CERTIFICATE_REMEDY = (
    "If your network opens secure connections, set SSL_CERT_FILE to a file with its certificates. Check the clock too."
)
BROKE_OFF = "the connection broke off"
# The first class that an error is of decides; subclasses come before their bases.
_DESCRIPTIONS: tuple[tuple[type[BaseException], str], ...] = (
    (aiohttp.ClientProxyConnectionError, "the proxy (HTTPS_PROXY) cannot be reached"),
    (aiohttp.ClientConnectorDNSError, "cannot resolve host"),
    (aiohttp.ClientConnectorCertificateError, "its certificate cannot be trusted"),
    (aiohttp.ClientSSLError, "no secure connection could be made"),
    (TimeoutError, "timed out"),
    (aiohttp.ServerDisconnectedError, "it closed the connection"),
    (ConnectionRefusedError, "the connection was refused"),
    (ConnectionResetError, "the connection was reset"),
    (ConnectionError, BROKE_OFF),
    (aiohttp.ClientResponseError, "its reply is not HTTP"),
)


def describe_network_error(error: BaseException) -> str:
    """Why, in words; what nothing better is known of is a connection that broke off."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy (HTTPS_PROXY) answered {error.status}"
    for kind, words in _DESCRIPTIONS:
        if isinstance(error, kind):
            return words
    if isinstance(error, aiohttp.ClientConnectorError):
        return describe_network_error(error.os_error)
    # aiohttp copies the system's number into an error of its own class, and says what it likes beside it.
    number = error.errno if isinstance(error, OSError) else None
    if number is None:
        return BROKE_OFF
    own = OSError(number, "")  # of the class that Python has for this number
    return (
        describe_network_error(own)
        if type(own) is not OSError and type(own) is not type(error)
        else _system_message(number)
    )


def _system_message(number: int) -> str:
    words = os.strerror(number)
    return words[:1].lower() + words[1:] if number > 0 and "unknown" not in words.lower() else BROKE_OFF
