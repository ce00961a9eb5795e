"""A line between a program and its PostgreSQL that can be cut, hung, reset, or robbed of one answer."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

_RESET = struct.pack("ii", 1, 0)  # a close that is a reset


class LoopThread:
    """A loop on a thread of its own, with a server in it."""

    def __init__(self) -> None:
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._start)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._stop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError

    def _call(self, act: Callable[[], Any]) -> None:
        async def do() -> None:
            found = act()
            if asyncio.iscoroutine(found):
                await found

        asyncio.run_coroutine_threadsafe(do(), self._loop).result(10)

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class LineProxy(LoopThread):
    """Listens on a free port of 127.0.0.1 and passes everything on to another."""

    def __init__(self, target: int) -> None:
        super().__init__()
        self.lost_answers = 0
        self.lines = 0  # how many came so far
        self._target = target
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._is_away = False
        self._hang_at = 0
        self._lose_at = 0  # messages until the answer to one is lost; 0: none

    def cut(self, *, reset: bool = False) -> None:
        """Ends every line that stands, at both ends."""
        self._call(lambda: self._end_all(reset))

    def go_away(self) -> None:
        """Cuts, and lets nobody in until `come_back`."""
        self._is_away = True
        self.cut()

    def come_back(self) -> None:
        """Lets everybody in again."""
        self._is_away = False

    @property
    def is_flowing(self) -> bool:
        """Whether anything is passed on."""
        return self._flow.is_set()

    def hang(self, *, after: int = 0) -> None:
        """Holds every line open and passes nothing on, until `resume`; at once, or after so many more messages."""
        self._hang_at = after
        if not after:
            self._call(lambda: self._set_flow(flows=False))

    def resume(self) -> None:
        """Passes on again what was held."""
        self._call(lambda: self._set_flow(flows=True))

    def lose_answer(self, *, after: int = 1) -> None:
        """Passes on so many more messages; the answer to the last never comes, and the line is cut instead."""
        self._lose_at = after

    async def _start(self) -> None:
        self._flow = asyncio.Event()
        self._flow.set()
        await super()._start()

    async def _stop(self) -> None:
        self._set_flow(flows=True)
        self._end_all(reset=False)
        await super()._stop()

    def _set_flow(self, *, flows: bool) -> None:
        (self._flow.set if flows else self._flow.clear)()

    def _end_all(self, reset: bool) -> None:
        for pair in list(self._pairs):
            self._end(pair, reset=reset)

    def _end(self, pair: tuple[asyncio.StreamWriter, asyncio.StreamWriter], *, reset: bool) -> None:
        self._pairs.discard(pair)
        for writer in pair:
            if reset:
                with suppress(OSError):
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines += 1
        if self._is_away:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, far_writer)
        self._pairs.add(pair)
        losing = [False]
        pumps = [self._pump(reader, far_writer, pair, losing, answers=False)]
        pumps += [self._pump(far_reader, writer, pair, losing, answers=True)]
        await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        pair: Any,
        losing: list[bool],
        *,
        answers: bool,
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                if not answers and self._hang_at:
                    self._hang_at -= 1
                    if not self._hang_at:
                        self._flow.clear()
                await self._flow.wait()
                if answers and losing[0]:
                    self.lost_answers += 1
                    break
                if not answers and self._lose_at:
                    self._lose_at -= 1
                    losing[0] = self._lose_at == 0
                writer.write(data)
                await writer.drain()
        self._end(pair, reset=False)
