"""The review page's server: pages, clips by digest with byte ranges, news as server-sent events, and decisions.

Each request is checked by `review_access` before anything is done. What is shown and what a decision does is of
`ReviewContent`; this file knows HTTP only.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import parse_qsl

from aiohttp import web

from hailuo_batch.drivers.review_access import ReviewAccess, is_own_host, is_own_origin, reachable_address
from hailuo_batch.drivers.small_server import ListenAddress, SmallServer, read_body
from hailuo_batch.errors import HailuoError
from hailuo_batch.values import dataclass

HEARTBEAT_SECONDS = 15.0  # between signs of life, by which a client that has left is noticed
SLOW_SECONDS = 30.0  # for a client to take one piece of news
_MOST_ANSWERS = 500  # decisions whose answer is kept, for a request that comes twice
_ONCE = re.compile(r"[A-Za-z0-9_-]{8,64}")
_CLIP = re.compile(r"/clips/([0-9a-f]{64})\.mp4")
_STILL = re.compile(r"/stills/([0-9a-f]{64})(|_middle|_last)\.jpg")
_FROM_US = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with none, a browser sends forms without an origin
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_NOT_KEPT = {"Cache-Control": "no-store"}
_KEPT_AN_HOUR = {"Cache-Control": "private, max-age=3600"}  # a digest is always the same bytes
_CLOSED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# Once the cookie is there, the page's own address has no token. Our own page leads there, so that the cookie is sent
# also where the address was opened from another site.
_ENTERED = '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><title>Review</title>'


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPage:
    """A page as HTML, with the policy that it is sent with."""

    html: str
    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What changed since an earlier moment; `id` is the moment that it leads to."""

    id: str
    data: Mapping[str, object] = field(default_factory=dict)


class ReviewContent(Protocol):
    """What the server shows, and what carries decisions out."""

    async def draw_page(self, form_key: str) -> DrawnPage:
        """The whole page."""

    def draw_entrance(self, message: str) -> DrawnPage:
        """The page on which a password is written."""

    async def draw_shot(self, shot: str) -> str | None:
        """One shot as HTML; None where there is no such shot."""

    async def next_news(self, since: str) -> News:
        """What changed since a moment; waits until something did."""

    async def find_clip(self, digest: str) -> Path | None:
        """The file of a clip that the page shows; None for any other."""

    async def find_still(self, digest: str, at: str) -> Path | None:
        """The file of a still of such a clip."""

    async def decide(self, decision: Mapping[str, Any]) -> Mapping[str, object]:
        """Writes a decision down; an error of ours says why it cannot be."""


Route = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class ReviewServer:
    """Serves a review while it is open. Without `writes`, decisions are refused."""

    def __init__(self, content: ReviewContent, access: ReviewAccess, listen: ListenAddress, *, writes: bool) -> None:
        self._content, self._access, self._writes = content, access, writes
        self._server = SmallServer(
            self._handle, listen, purpose="the review page", remedy="Name another address with --listen."
        )
        self._streams: set[asyncio.Task[None]] = set()
        self._answers: dict[str, asyncio.Task[web.Response]] = {}
        self._deciding = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Listens from here on; an InputError when the address cannot be had."""
        await self._server.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stops listening; a decision that is being written is finished."""
        for stream in self._streams:  # they would wait for news for ever
            stream.cancel()
        await asyncio.gather(*self._answers.values(), return_exceptions=True)
        await self._server.__aexit__()

    @property
    def address(self) -> ListenAddress:
        """Where it listens."""
        return self._server.address

    @property
    def url(self) -> str:
        """The address to open; it has the token, where a token opens the page."""
        token = f"?token={self._access.token}" if self._access.token else ""
        return f"http://{reachable_address(self.address)}/{token}"

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if not is_own_host(request.headers.get("Host", ""), self.address):
            return _refusal(421, "This address is not the one that the command printed.")
        if not is_own_origin(request.headers, writes=request.method != "GET"):
            return _refusal(403, "The request comes from another page.")
        if entering := self._find_entrance(request):
            return await entering(request)
        if not self._access.matches_session(request.cookies.get(self._cookie, "")):
            return self._refuse_stranger(request)
        route = self._find_route(request)
        return await route(request) if route else _refusal(404, "There is no such page.")

    def _find_entrance(self, request: web.BaseRequest) -> Route | None:
        """What is answered without a session."""
        if request.path == "/" and "token" in request.query:
            return self._enter_by_token
        if request.path == "/enter" and request.method == "POST" and self._access.by_password:
            return self._enter_by_password
        return _send_no_icon if request.path == "/favicon.ico" else None

    def _find_route(self, request: web.BaseRequest) -> Route | None:
        if request.method == "POST":
            return self._take_decision if request.path == "/decide" else None
        if request.method != "GET":
            return None
        pages: dict[str, Route] = {"/": self._send_page, "/shot": self._send_shot, "/events": self._send_news}
        begins = {"clips": self._send_clip, "stills": self._send_still}
        return pages.get(request.path) or begins.get(request.path.split("/")[1])

    # Who enters.

    @property
    def _cookie(self) -> str:
        """The name has the port: all servers of a host share their cookies."""
        return f"hailuo_review_{self.address.port}"

    async def _enter_by_token(self, request: web.BaseRequest) -> web.Response:
        if not self._access.matches_token(request.query["token"]):
            return _refusal(403, "The token is not right. Open the address that the command printed.")
        return self._open_session(web.Response(text=_ENTERED, content_type="text/html", headers=_headers()))

    async def _enter_by_password(self, request: web.BaseRequest) -> web.Response:
        caller = request.remote or ""
        if (wait := self._access.wait_seconds(caller)) > 0:
            text = f"Too many wrong passwords. Try again in {int(wait // 60) + 1} minutes."
            return self._send_entrance(text, status=429, more={"Retry-After": str(int(wait) + 1)})
        if not self._access.try_password(_form_value(await read_body(request), "password"), caller):
            return self._send_entrance("The password is not right.", status=403)
        return self._open_session(web.Response(status=303, headers={**_headers(), "Location": "/"}))

    def _open_session(self, response: web.Response) -> web.Response:
        response.set_cookie(self._cookie, self._access.session, httponly=True, samesite="Strict", path="/")
        return response

    def _refuse_stranger(self, request: web.BaseRequest) -> web.Response:
        if self._access.by_password and request.method == "GET" and request.path == "/":
            return self._send_entrance("", status=200)
        return _refusal(403, "Open the address that the command printed: it has a token.")

    def _send_entrance(self, message: str, *, status: int, more: Mapping[str, str] = {}) -> web.Response:
        return _page_response(self._content.draw_entrance(message), status=status, more=more)

    # What is shown.

    async def _send_page(self, _: web.BaseRequest) -> web.Response:
        return _page_response(await self._content.draw_page(self._access.form_key if self._writes else ""))

    async def _send_shot(self, request: web.BaseRequest) -> web.Response:
        drawn = await self._content.draw_shot(request.query.get("id", ""))
        if drawn is None:
            return _refusal(404, "There is no such shot.")
        return web.Response(text=drawn, content_type="text/html", headers=_headers())

    async def _send_clip(self, request: web.BaseRequest) -> web.StreamResponse:
        match = _CLIP.fullmatch(request.path)
        file = None if match is None else await self._content.find_clip(f"sha256:{match[1]}")
        return _file_response(file, "video/mp4")

    async def _send_still(self, request: web.BaseRequest) -> web.StreamResponse:
        match = _STILL.fullmatch(request.path)
        file = None if match is None else await self._content.find_still(f"sha256:{match[1]}", match[2])
        return _file_response(file, "image/jpeg")

    async def _send_news(self, request: web.BaseRequest) -> web.StreamResponse:
        """News for as long as the client stays. Each client waits for itself, so a slow one holds nobody up."""
        since = request.headers.get("Last-Event-ID") or request.query.get("since", "")
        response = web.StreamResponse(headers={**_headers(), "Content-Type": "text/event-stream"})
        await response.prepare(request)
        stream = asyncio.create_task(self._write_news(response, since))
        self._streams.add(stream)
        try:
            with suppress(ConnectionError, TimeoutError, asyncio.CancelledError):
                await stream
        finally:
            self._streams.discard(stream)
        response.force_close()
        return response

    async def _write_news(self, response: web.StreamResponse, since: str) -> None:
        await response.write(b"retry: 2000\n\n")
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    news = await self._content.next_news(since)
            except TimeoutError:
                text = ": still here\n\n"
            else:
                since, text = news.id, f"id: {news.id}\ndata: {json.dumps(news.data)}\n\n"
            async with asyncio.timeout(SLOW_SECONDS):
                await response.write(text.encode())

    # What is decided.

    async def _take_decision(self, request: web.BaseRequest) -> web.Response:
        if not self._writes:
            return _refusal(403, "This page is read-only.")
        if not self._access.matches_form_key(request.headers.get("X-Review", "")):
            return _refusal(403, "The request comes from another page.")
        if request.content_type != "application/json":
            return _refusal(415, "A decision is JSON.")
        try:
            decision = json.loads(await read_body(request))
        except (ValueError, RecursionError):
            decision = None
        once = decision.get("once") if isinstance(decision, dict) else None
        if not isinstance(once, str) or not _ONCE.fullmatch(once):
            return _refusal(400, "This is not a decision.")
        return _copy_response(await asyncio.shield(self._decide_once(once, decision)))

    def _decide_once(self, once: str, decision: Mapping[str, Any]) -> asyncio.Task[web.Response]:
        """The answer to a decision. Money: one that is sent twice, a retake for example, is carried out once."""
        if once not in self._answers:
            self._answers[once] = asyncio.create_task(self._decide(decision))
            while len(self._answers) > _MOST_ANSWERS:
                del self._answers[next(iter(self._answers))]
        return self._answers[once]

    async def _decide(self, decision: Mapping[str, Any]) -> web.Response:
        async with self._deciding:
            try:
                said = await self._content.decide(decision)
            except HailuoError as error:
                said = {"error": error.summary, "why": error.why, "remedy": error.remedy}
            except OSError as error:
                said = {"error": "the decision was not written", "why": f"The system says: {error.strerror}."}
        return web.json_response(said, status=409 if "error" in said else 200)


def _page_response(page: DrawnPage, *, status: int = 200, more: Mapping[str, str] = {}) -> web.Response:
    headers = {**_headers(page.policy), **more}
    return web.Response(status=status, text=page.html, content_type="text/html", headers=headers)


def _file_response(file: Path | None, kind: str) -> web.StreamResponse:
    """A file with all that seeking in it needs (206, If-Range, 416); the library does that."""
    if file is None:
        return _refusal(404, "There is no such file.")
    return web.FileResponse(file, headers={**_FROM_US, **_KEPT_AN_HOUR, "Content-Type": kind})


async def _send_no_icon(_: web.BaseRequest) -> web.Response:
    """A browser always wants an icon."""
    return web.Response(status=204, headers=_headers())


def _refusal(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, headers=_headers())


def _headers(policy: str = _CLOSED) -> dict[str, str]:
    return {**_FROM_US, **_NOT_KEPT, "Content-Security-Policy": policy}


def _copy_response(response: web.Response) -> web.Response:
    """The same answer for another request; a response is sent once."""
    return web.Response(status=response.status, body=response.body, content_type="application/json", headers=_headers())


def _form_value(body: bytes, name: str) -> str:
    fields = dict(parse_qsl(body.decode("utf-8", "replace")))
    return fields.get(name, "")
