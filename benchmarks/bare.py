"""The anchor of buying: the least that an honest program of one file does, by aiohttp and sqlite3 alone.

For each clip: POST, two polls, GET, SHA-256, write and fsync in a thread, rename; three moves (intended, submitted,
stored), each on the disk before the next step, many in one commit with `synchronous=FULL`. It checks nothing, plans
nothing, tells nothing and knows no failure.
"""

import asyncio
import hashlib
import os
import sqlite3
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import aiohttp

PAUSE = 0.01  # seconds between two looks
DOWNLOADS = 16  # at once, as ours: the buffers of more fill the memory
TABLE = "CREATE TABLE attempts (id INTEGER PRIMARY KEY, prompt TEXT, stage TEXT, task TEXT, digest TEXT)"
INTEND = "INSERT INTO attempts (id, prompt, stage) VALUES (?, ?, 'intended')"
ACCEPT = "UPDATE attempts SET task = ?, stage = 'submitted' WHERE id = ?"
KEEP = "UPDATE attempts SET digest = ?, stage = 'stored' WHERE id = ?"


class Ledger:
    """A thread that writes whatever waits in one commit."""

    def __init__(self, file: Path) -> None:
        self.commits = 0
        self._queue: SimpleQueue[Any] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._write, args=(file,))
        self._thread.start()

    async def write(self, query: str, *row: object) -> None:
        done = self._loop.create_future()
        self._queue.put((query, row, done))
        await done

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def _write(self, file: Path) -> None:
        connection = sqlite3.connect(file, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(TABLE)
        while (first := self._queue.get()) is not None:
            batch = [first]
            while not self._queue.empty() and len(batch) < 1000:
                batch.append(self._queue.get())
            last = batch[-1] is None
            connection.execute("BEGIN IMMEDIATE")
            for query, row, _ in filter(None, batch):
                connection.execute(query, row)
            connection.execute("COMMIT")
            self.commits += 1
            self._loop.call_soon_threadsafe(_wake, [each[2] for each in batch if each])
            if last:
                break
        connection.close()


def _wake(waiting: list["asyncio.Future[None]"]) -> None:
    for each in waiting:
        each.set_result(None)


async def buy(base: str, folder: Path, *, shots: int, at_once: int, fresh: bool = False) -> int:
    """Buys so many clips into a folder; how many commits that took. With `fresh`, each POST has a new connection."""
    folder.mkdir(parents=True, exist_ok=True)
    ledger, seats, hands = Ledger(folder / "ledger.db"), asyncio.Semaphore(at_once), asyncio.Semaphore(DOWNLOADS)
    headers = {"Authorization": "Bearer key"}
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=headers) as session,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True), headers=headers) as once,
    ):

        async def ask(method: str, path: str, body: object = None) -> Any:
            own = once if fresh and method == "POST" else session
            async with own.request(method, base + path, json=body) as response:
                return await response.json()

        async def shot(number: int) -> None:
            prompt = f"take {number}: a frosted glass bottle with a copper cap rises out of mist"
            async with seats:
                await ledger.write(INTEND, number, prompt)
                body = {"model": "minimax-hailuo-02", "input": {"prompt": prompt, "duration": 5, "resolution": "768p"}}
                task = (await ask("POST", "/api/v1/tasks", body))["task_id"]
                await ledger.write(ACCEPT, task, number)
                while True:
                    await asyncio.sleep(PAUSE)
                    seen = await ask("GET", f"/api/v1/tasks/{task}")
                    if seen["status"] == "succeeded":
                        break
                async with hands:
                    async with session.get(seen["output"]["videos"][0]["url"]) as response:
                        data = await response.read()
                    digest = hashlib.sha256(data).hexdigest()
                    await asyncio.to_thread(_keep, data, folder / f"{digest}.mp4")
                await ledger.write(KEEP, digest, number)

        await asyncio.gather(*(shot(number) for number in range(shots)))
    ledger.close()
    return ledger.commits


async def look(base: str, *, looks: int, at_once: int = 20) -> None:
    """Orders one clip and looks at it so many times."""
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer key"}) as session:
        async with session.post(f"{base}/api/v1/tasks", json={}) as response:
            task = (await response.json())["task_id"]

        async def once() -> None:
            async with session.get(f"{base}/api/v1/tasks/{task}") as response:
                if (await response.json())["status"] != "processing":
                    raise AssertionError("it never ends")

        for _ in range(looks // at_once):
            await asyncio.gather(*(once() for _ in range(at_once)))


def _keep(data: bytes, final: Path) -> None:
    part = final.with_suffix(".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.rename(final)
