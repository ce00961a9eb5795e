"""Why a call came to nothing is said in words that mean something to whoever reads a report."""

import asyncio
import errno
import ssl
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from hailuo_batch.drivers.network_errors import BROKE_OFF, describe_network_error

ASKED: Any = None
PLACE: Any = SimpleNamespace(host="gateway.example", port=443, is_ssl=True, ssl=True)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (aiohttp.ClientOSError(errno.ECONNRESET, "Cannot write to https://gateway.example/?key=1"), "reset"),
        (aiohttp.ClientConnectionResetError("Cannot write to closing transport"), "reset"),
        (aiohttp.ClientOSError(errno.EPIPE, "Broken pipe"), BROKE_OFF),
        (aiohttp.ClientOSError("odd"), BROKE_OFF),
        (aiohttp.ClientOSError(99_999, "odd"), BROKE_OFF),
        (aiohttp.ClientOSError(errno.EMFILE, "odd"), "too many open files"),
        (aiohttp.ServerDisconnectedError(), "it closed the connection"),
        (aiohttp.ServerTimeoutError(), "timed out"),
        (TimeoutError(), "timed out"),
        (aiohttp.ClientPayloadError("Response payload is not completed"), BROKE_OFF),
        (asyncio.IncompleteReadError(b"", 7), BROKE_OFF),
        (aiohttp.ClientResponseError(ASKED, (), message="bad https://gateway.example/?key=1"), "not HTTP"),
        (aiohttp.ClientConnectorError(PLACE, ConnectionRefusedError(errno.ECONNREFUSED, "no")), "was refused"),
        (aiohttp.ClientConnectorError(PLACE, OSError(errno.ECONNREFUSED, "Connect call failed")), "was refused"),
        (aiohttp.ClientConnectorError(PLACE, OSError(errno.ENETUNREACH, "no")), "network is unreachable"),
        (aiohttp.ClientConnectorError(PLACE, OSError("Multiple exceptions")), BROKE_OFF),
        (aiohttp.ClientConnectorDNSError(PLACE, OSError(-2, "no")), "cannot resolve host"),
        (aiohttp.ClientConnectorCertificateError(PLACE, ssl.SSLCertVerificationError(1, "no")), "certificate"),
        (aiohttp.ClientConnectorSSLError(PLACE, ssl.SSLError(1, "no")), "no secure connection"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_an_error_is_said_in_plain_words(error: BaseException, words: str):
    said = describe_network_error(error)
    assert words in said
    assert "Error" not in said
    assert "key=1" not in said
