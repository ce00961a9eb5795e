"""A review server with content of its own, and clients that do as browsers do, or not."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from hailuo_batch.drivers.review_access import ReviewAccess
from hailuo_batch.drivers.review_server import DrawnPage, News, ReviewServer
from hailuo_batch.drivers.small_server import ListenAddress
from hailuo_batch.errors import InputError

DIGEST = "ab" * 32
CLIP = bytes(range(256)) * 40


@dataclass
class SmallContent:
    """One clip, one shot, and decisions that are only counted."""

    folder: Path
    decided: list[Mapping[str, Any]] = field(default_factory=list)
    moment: int = 0
    waiting: int = 0
    size: int = 10
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    slow: asyncio.Event | None = None

    async def draw_page(self, form_key: str) -> DrawnPage:
        return DrawnPage(html=f"<title>page</title>{form_key}", policy="default-src 'self'")

    def draw_entrance(self, message: str) -> DrawnPage:
        return DrawnPage(html=f"<title>entrance</title>{message}", policy="default-src 'none'; form-action 'self'")

    async def draw_shot(self, shot: str) -> str | None:
        return "<p>open</p>" if shot == "open" else None

    async def next_news(self, since: str) -> News:
        self.waiting += 1
        async with self.changed:
            try:
                await self.changed.wait_for(lambda: str(self.moment) != since)
            finally:
                self.waiting -= 1
        return News(id=str(self.moment), data={"moment": self.moment, "more": "x" * self.size})

    async def tell(self) -> None:
        async with self.changed:
            self.moment += 1
            self.changed.notify_all()

    async def find_clip(self, digest: str) -> Path | None:
        file = self.folder / "clip.mp4"
        file.write_bytes(CLIP)
        return file if digest == f"sha256:{DIGEST}" else None

    async def find_still(self, digest: str, at: str) -> Path | None:
        return None

    async def decide(self, decision: Mapping[str, Any]) -> Mapping[str, object]:
        if self.slow is not None:
            await self.slow.wait()
        self.decided.append(decision)
        if decision.get("do") == "fail":
            raise InputError("no such take", why="It is not there.", remedy="Reload.")
        return {"said": "done"}


class Clock:
    """Seconds that a test moves on."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass(kw_only=True)
class Visit:
    """A server, and a client with a cookie jar."""

    server: ReviewServer
    content: SmallContent
    access: ReviewAccess
    clock: Clock
    client: aiohttp.ClientSession
    answers: AsyncExitStack = field(default_factory=AsyncExitStack)  # streams that a test has opened

    @property
    def base(self) -> str:
        return f"http://{self.server.address}"

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        async with self.client.get(f"{self.base}{path}", headers=_names(headers), allow_redirects=False) as answer:
            return answer.status, await answer.text(errors="replace")

    async def post(self, path: str, data: Any, **headers: str) -> tuple[int, str]:
        sent = {"Origin": self.base, **_names(headers)}
        async with self.client.post(f"{self.base}{path}", headers=sent, allow_redirects=False, **data) as answer:
            return answer.status, await answer.text()

    async def decide(self, once: str = "abcdefgh", do: str = "approve", **headers: str) -> tuple[int, str]:
        own = {"X_Review": self.access.form_key, **headers}
        return await self.post("/decide", {"json": {"once": once, "do": do, "shot": "open"}}, **own)

    async def listen(self, **headers: str) -> aiohttp.ClientResponse:
        opened = self.client.get(f"{self.base}/events", headers=_names(headers))
        answer = await self.answers.enter_async_context(opened)
        assert answer.status == 200
        return answer

    async def enter(self) -> None:
        status, _ = await self.get(f"/?token={self.access.token}")
        assert status == 200


def _names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@asynccontextmanager
async def visiting(
    folder: Path, *, host: str = "127.0.0.1", password: str | None = None, writes: bool = True
) -> AsyncIterator[Visit]:
    clock = Clock()
    content, access = SmallContent(folder), ReviewAccess(now=clock, password=password)
    listen = ListenAddress(host=host, port=0)
    jar = aiohttp.CookieJar(unsafe=True)  # a host that is a number has cookies too
    async with (
        ReviewServer(content, access, listen, writes=writes) as server,
        aiohttp.ClientSession(cookie_jar=jar, timeout=aiohttp.ClientTimeout(30)) as client,
    ):
        visit = Visit(server=server, content=content, access=access, clock=clock, client=client)
        async with visit.answers:
            yield visit
