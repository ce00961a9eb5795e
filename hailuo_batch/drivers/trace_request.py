"""Logs one HTTP request and its reply, without secrets; without a listener, nothing is prepared.

A trace must never change what a run does: every error in here is swallowed.
"""

import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Self

import aiohttp
from yarl import URL

from hailuo_batch.core.redaction import redact_body, redact_text
from hailuo_batch.core.trace import RequestLine
from hailuo_batch.gateways.dialect import Call, Reply

_LOG = logging.getLogger("hailuo_batch.http")
# What a gateway's support asks for, and what explains a reply; every other header may be a secret.
_HEADERS = ("content-type", "content-length", "content-range", "retry-after", "trace-id", "x-request-id", "x-trace-id")


class RequestTrace:
    """One request: entered before it is sent, left when its reply has come or will not come.

    Without a `call` it goes to a link from outside, which is a secret behind its host. `why` says why no reply came.
    """

    def __init__(
        self, kind: str, url: URL, *, method: str = "GET", gateway: str = "", call: Call | None = None
    ) -> None:
        self.why = ""
        self._kind, self._url, self._method, self._gateway, self._call = kind, url, method, gateway, call
        self._is_on = _LOG.isEnabledFor(logging.INFO)
        self._begin = time.monotonic() if self._is_on else 0.0
        self._status: int | None = None
        self._headers: Mapping[str, str] = {}
        self._reply: object = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if self._is_on:
            with suppress(Exception):
                self._log(self.why or (type(error).__name__ if error is not None else ""))

    def record_reply(self, reply: Reply) -> None:
        """What a gateway answered; its key is no longer in it."""
        self._status, self._headers = reply.status, reply.headers
        self._reply = reply.text if reply.body is None else reply.body

    def record_response(self, response: aiohttp.ClientResponse) -> None:
        """What the host behind a link answered; its body is a file."""
        self._status = response.status
        if self._is_on:
            self._headers = {name.lower(): value for name, value in response.headers.items()}

    def _log(self, failure: str) -> None:
        call = self._call
        is_news = call is None or call.paid or self._status is None or self._status >= 400
        port = f":{self._url.explicit_port}" if self._url.explicit_port else ""
        line = RequestLine(
            method=self._method,
            host=f"{self._url.host}{port}",
            path=redact_text(self._url.raw_path) if call is not None else "/…",
            gateway=self._gateway,
            call=self._kind,
            key=call is not None,
            status=self._status,
            ms=round((time.monotonic() - self._begin) * 1000),
            query=_redact_members(call.query if call is not None else {}),
            body=redact_body(call.body) if call is not None else None,
            headers=_redact_members({name: self._headers[name] for name in _HEADERS if name in self._headers}),
            reply=redact_body(self._reply),
            failure=redact_text(failure),
        )
        _LOG.log(logging.INFO if is_news else logging.DEBUG, line)


def _redact_members(members: Mapping[str, object]) -> Mapping[str, object]:
    shown = redact_body(members)
    return shown if isinstance(shown, Mapping) else {}
