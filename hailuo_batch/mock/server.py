"""The mock: a server on loopback that is all gateways and the host of their clips.

    async with Mock(script, speed=1000) as mock:
        mock.url("minimax")        # the base address to give a driver
        mock.charges, mock.log     # what was booked, and every request

It prints nothing and reads no environment.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.mock.clips import ClipFinder, ClipRenderer
from hailuo_batch.mock.clock import Clock
from hailuo_batch.mock.contracts.registry import contracts
from hailuo_batch.mock.handlers import CallHandler
from hailuo_batch.mock.hooks import HookListener
from hailuo_batch.mock.journal import CallbackEntry, ChargeEntry, Journal, RequestEntry
from hailuo_batch.mock.kept_tasks import KeptTasks
from hailuo_batch.mock.responder import Responder
from hailuo_batch.mock.router import Router
from hailuo_batch.mock.rule import FaultChooser, Script
from hailuo_batch.mock.script import read_script
from hailuo_batch.mock.service import OTHER_HOST_PATH, Service, ServiceParts
from hailuo_batch.mock.state import MockState
from hailuo_batch.mock.task import Task
from hailuo_batch.mock.webhooks import CallbackSender, is_loopback

_MAX_REQUEST_BYTES = 80 * 1024 * 1024  # bytes of a request: two frames of 20 MB in base64
_SHUTDOWN_SECONDS = 1.0  # seconds for answers on their way when the mock ends


class Mock:
    """All gateways at one port; an async context manager. Equal seeds and calls give equal tasks and faults.

    `speed` is how many of its seconds pass in one of the world's; `clip` is delivered in place of drawn cards; `log`
    gets a line for each request and charge; `callback_to` gets all callbacks, wherever a client wants them; another
    `salt` gives tasks other ids. `kept` has the tasks of earlier mocks, which go on here. `find_clip` may have a clip
    of its own for a task.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        speed: float = 1.0,
        clip: bytes | None = None,
        log: Path | None = None,
        callback_to: str = "",
        allow_outside: bool = False,
        salt: str = "",
        kept: KeptTasks | None = None,
        find_clip: ClipFinder | None = None,
    ) -> None:
        _check_host(host, allow_outside=allow_outside)
        self.clock = Clock(speed)
        self.listeners: list[HookListener] = []
        self._host, self._port, self._log = host, port, log
        self._script = script or Script()
        self._journal = Journal()
        self._kept = kept
        self._state = MockState(self._script, self.clock.now, self._journal, salt, kept)
        self._clips = ClipRenderer(clip, find_clip)
        self._callbacks = CallbackSender(
            self._state, self.clock, self._journal, to=callback_to, allow_outside=allow_outside
        )
        self._closing = asyncio.Event()
        self._service = self._new_service()
        self._runner: web.ServerRunner | None = None

    async def __aenter__(self) -> Self:
        """Listens from here on."""
        if self._log:
            self._journal.open(self._log)
        if self._kept is not None:
            for kept in self._kept.open(self.clock):
                self._state.restore(kept)
        # Handlers end with their client: one that hangs would wait for nobody.
        server = web.Server(
            self._service.handle, request_factory=_new_request, handler_cancellation=True, access_log=None
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_SECONDS)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port, backlog=1024).start()
        except OSError as error:
            await self._runner.cleanup()
            raise InputError(
                f"cannot listen on {self._host}:{self._port}",
                why=error.strerror or "",
                remedy="Choose another port, or 0 for any.",
            ) from error
        self._port = self._runner.addresses[0][1]
        self._state.base_url = self.base_url
        other = "127.0.0.1" if self._host == "localhost" else "localhost"
        self._service.other_host_url = f"http://{other}:{self._port}{OTHER_HOST_PATH}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        """Ends what hangs, and everything else."""
        self._closing.set()
        await self._callbacks.close()
        if self._runner:
            await self._runner.cleanup()
        await self._clips.close()
        self._journal.close()
        if self._kept is not None:
            self._kept.close()

    @property
    def base_url(self) -> str:
        """The address that all others begin with."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def url(self, gateway: str) -> str:
        """A gateway's base address."""
        return f"{self.base_url}/{gateway}"

    @property
    def urls(self) -> dict[str, str]:
        """Every gateway's base address."""
        return {name: self.url(name) for name in contracts()}

    @property
    def log(self) -> Sequence[RequestEntry]:
        """Every request, in the order they were answered."""
        return self._journal.requests

    @property
    def charges(self) -> Sequence[ChargeEntry]:
        """Every order that was booked."""
        return self._journal.charges

    @property
    def callbacks(self) -> Sequence[CallbackEntry]:
        """Every callback that was sent, or would have been."""
        return self._journal.callbacks

    def charge_counts(self, gateway: str | None = None) -> Counter[str]:
        """How often each payload was charged, at one gateway or at all."""
        return Counter(charge.payload for charge in self.charges if gateway in {None, charge.gateway})

    def tasks(self, gateway: str) -> Sequence[Task]:
        """A gateway's tasks."""
        return self._state.tasks(gateway)

    def refunded_tasks(self, gateway: str) -> Sequence[Task]:
        """The tasks whose charge was given back because they failed."""
        return self._state.refunded_tasks(gateway)

    def _new_service(self) -> Service:
        every = contracts()
        parts = ServiceParts(
            contracts=every,
            clock=self.clock,
            journal=self._journal,
            state=self._state,
            handler=CallHandler(self._state, self._script.keys),
            chooser=FaultChooser(self._script),
            router=Router(every),
            clips=self._clips,
            callbacks=self._callbacks,
            responder=Responder(self.clock, self._closing),
        )
        return Service(parts, self.listeners)


async def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    script: Path | Script | None = None,
    log: Path | None = None,
    speed: float = 1.0,
    clip: bytes | None = None,
    callback_to: str = "",
    allow_outside: bool = False,
    ready: Callable[[Mock], None] | None = None,
) -> None:
    """Serves until it is cancelled; `ready` is called when it listens."""
    read = read_script(script) if isinstance(script, Path) else script
    mock = Mock(
        read,
        host=host,
        port=port,
        speed=speed,
        clip=clip,
        log=log,
        callback_to=callback_to,
        allow_outside=allow_outside,
    )
    async with mock:
        if ready:
            ready(mock)
        await asyncio.Event().wait()


def _check_host(host: str, *, allow_outside: bool) -> None:
    if not (allow_outside or is_loopback(host)):
        raise RefusedError(
            f"the mock listens on this machine only, not on {host}",
            why="Everything sent to it, prompts and pictures, could be reached by others.",
            remedy="Leave the host out, or allow it.",
        )


def _new_request(message: Any, payload: Any, protocol: Any, writer: Any, task: "asyncio.Task[None]") -> web.BaseRequest:
    """A request that may be as large as two frames."""
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=_MAX_REQUEST_BYTES)
