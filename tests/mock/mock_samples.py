"""What the tests of the mock share: valid calls at each gateway, and a plain client that tells what arrives."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from hailuo_batch.mock.contracts.registry import contracts
from hailuo_batch.mock.rule import Rule, Script
from hailuo_batch.mock.script import parse_rule
from hailuo_batch.mock.server import Mock
from hailuo_batch.testing.clips import CLIP

GATEWAYS = tuple(contracts())
KEY = "mv_live_secret"
FRAME = "https://example.com/first.png"
_LINK = re.compile(r"http://(?:127\.0\.0\.1|localhost):[0-9]+/[^\"]*\.mp4[^\"]*")
_SUBMITS: dict[str, tuple[str, dict[str, Any]]] = {
    "gccai": ("/v1/videos/generations", {"model": "MiniMax-Hailuo-02"}),
    "odkkk": ("/v1/videos/generations", {"model": "MiniMax-Hailuo-02"}),
    "mindvideo": ("/api/v1/tasks", {"model": "minimax-hailuo-02"}),
    "vtrix": ("/model/v1/generation", {"model": "minimax_hailuo_02_i2v"}),
    "highwayapi": ("/v3/async/minimax-hailuo-02", {}),
    "minimax": ("/v1/video_generation", {"model": "MiniMax-Hailuo-02"}),
}
_POLLS = {
    "gccai": "/v1/tasks/{}",
    "odkkk": "/v1/tasks/{}",
    "mindvideo": "/api/v1/tasks/{}",
    "vtrix": "/model/v1/generation/task/{}",
    "highwayapi": "/v3/async/task-result?task_id={}",
    "minimax": "/v1/query/video_generation?task_id={}",
}
UNDER = {"gccai": "data.0.task_id", "odkkk": "id", "mindvideo": "task_id", "vtrix": "id"}
STATUS = {
    "gccai": "data.status",
    "odkkk": "status",
    "mindvideo": "status",
    "vtrix": "status",
    "highwayapi": "task.status",
}


def submit_path(gateway: str) -> str:
    return _SUBMITS[gateway][0]


def poll_path(gateway: str, task: str) -> str:
    return _POLLS[gateway].format(task)


def body_of(gateway: str, prompt: str = "A kite over a salt flat", **more: Any) -> dict[str, Any]:
    """A valid submit; `more` are parameters in the gateway's own words."""
    body = _SUBMITS[gateway][1]
    wanted = {"prompt": prompt, **more}
    if gateway == "mindvideo":
        return {**body, "input": wanted}
    if gateway == "vtrix":
        return {**body, "input": [{"params": {"first_frame_image": FRAME, **wanted}}]}
    return {**body, **wanted}


def at(value: Any, place: str) -> Any:
    """The value at a dotted place."""
    for step in place.split("."):
        value = value[int(step)] if step.isdecimal() else value[step]
    return value


def task_in(gateway: str, answer: Any) -> str:
    return str(at(answer, UNDER.get(gateway, "task_id")))


def status_in(gateway: str, answer: Any) -> str:
    return str(at(answer, STATUS.get(gateway, "status")))


def link_in(answer: Any) -> str:
    found = _LINK.search(json.dumps(answer))
    assert found, answer
    return found.group()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """What a client saw: `trouble` instead of a whole answer, or the answer."""

    status: int = 0
    trouble: str = ""
    type: str = ""
    data: bytes = b""
    headers: Mapping[str, str] | None = None

    @property
    def json(self) -> Any:
        return json.loads(self.data)

    @property
    def words(self) -> str:
        """In a line: `200 json`, `429 json, after 2`, `200 code 1002`, `reset`, `cut`, `nothing`."""
        if self.trouble:
            return self.trouble
        after = (self.headers or {}).get("Retry-After")
        return f"{self.status} {self._kind()}" + (f", after {after}" if after else "")

    def _kind(self) -> str:
        if self.type != "application/json":
            return self.type.split("/")[1]
        try:
            body = self.json
        except ValueError:
            return "no json"
        code = body.get("base_resp", {}).get("status_code", 0) if isinstance(body, dict) else 0
        return f"code {code}" if code else "json"


class Client:
    """A plain aiohttp client at one mock."""

    def __init__(self, mock: Mock, session: aiohttp.ClientSession) -> None:
        self.mock, self.session = mock, session

    async def ask(self, method: str, url: str, patience: float = 30.0, key: str | None = KEY, **more: Any) -> Arrived:
        headers = {**({"Authorization": f"Bearer {key}"} if key is not None else {}), **more.pop("headers", {})}
        timeout = aiohttp.ClientTimeout(total=patience)
        try:
            async with self.session.request(
                method, url, headers=headers, timeout=timeout, allow_redirects=False, **more
            ) as response:
                data = await response.read()
        except TimeoutError:
            return Arrived(trouble="nothing")
        except aiohttp.ClientPayloadError:
            return Arrived(trouble="cut")
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            return Arrived(trouble="reset")
        return Arrived(status=response.status, type=response.content_type, data=data, headers=response.headers)

    async def submit(self, gateway: str, body: Any = None, **more: Any) -> Arrived:
        body = body_of(gateway) if body is None else body
        return await self.ask("POST", self.mock.url(gateway) + submit_path(gateway), json=body, **more)

    async def poll(self, gateway: str, task: str, **more: Any) -> Arrived:
        return await self.ask("GET", self.mock.url(gateway) + poll_path(gateway, task), **more)

    async def file(self, answer: Any, **more: Any) -> Arrived:
        url = self.mock.url("minimax") + f"/v1/files/retrieve?file_id={answer['file_id']}"
        return await self.ask("GET", url, **more)

    async def ordered(self, gateway: str, body: Any = None) -> str:
        """The id of a new task."""
        arrived = await self.submit(gateway, body)
        assert arrived.status == 200, arrived
        return task_in(gateway, arrived.json)

    async def link(self, gateway: str, task: str) -> str:
        """The link of a task that is done."""
        answer = (await self.poll(gateway, task)).json
        return link_in((await self.file(answer)).json if gateway == "minimax" else answer)

    async def download(self, link: str, **more: Any) -> Arrived:
        return await self.ask("GET", link, key=None, **more)

    async def call(self, kind: str, gateway: str, patience: float = 30.0) -> Arrived:
        """One call of a kind, after those that have to come before it."""
        if kind == "submit":
            return await self.submit(gateway, patience=patience)
        task = await self.ordered(gateway)
        if kind == "poll":
            return await self.poll(gateway, task, patience=patience)
        if kind == "file":
            return await self.file((await self.poll(gateway, task)).json, patience=patience)
        return await self.download(await self.link(gateway, task), patience=patience)


@asynccontextmanager
async def client_of(script: Script | None = None, **more: Any) -> AsyncIterator[Client]:
    """A mock whose tasks are done at once, with a tiny clip, and its client."""
    more = {"clip": CLIP, **more}
    script = script or Script(queued=0.0, running=0.0)
    async with Mock(script, **more) as mock, aiohttp.ClientSession() as session:
        session._retry_connection = False  # else aiohttp asks a GET again when it was reset, without a word
        yield Client(mock, session)


def at_once(*rules: Rule, **more: Any) -> Script:
    """A script whose tasks are done at once."""
    return Script(**{"queued": 0.0, "running": 0.0, "rules": rules, **more})


def one(fault: str, **row: Any) -> Script:
    """A script with one fault, tasks done at once."""
    return at_once(parse_rule(fault=fault, **row))
