"""One machine of a team, as a process that tests kill: it buys takes through the ports, as a run does.

intend → POST → accept → produce → keep. It ends with 0 when nothing is left for it to do, and with 9 when its ledger is
away for too long.
"""

import asyncio
import random
import sys
import time
from typing import Any

from hailuo_batch.core.attempt.attempt import Clip, Move, Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.spending.budget import Cap
from hailuo_batch.errors import CapReachedError, Exit, HeldElsewhereError, LedgerError
from hailuo_batch.ledger.postgres.holders import HolderCard
from hailuo_batch.ledger.postgres.writer import PostgresLedger, open_shared_ledger
from hailuo_batch.ports import Facts
from hailuo_batch.testing.ledger_samples import make_intent, usd

_TRIES, _PAUSE = 50, 0.05  # the first line must stand at once; who runs it tries again
_UNKNOWN = Failure(kind=FailureKind.UNKNOWN_OUTCOME, why="no answer")


class SystemClock:
    def now(self) -> float:
        return time.time()

    def elapsed(self) -> float:
        return time.monotonic()


async def buy(given: dict[str, Any], begun: Any) -> None:
    card = HolderCard(host=given["name"], person=given["name"], command="run", place=f"/{given['name']}")
    seconds = given.get("answer_seconds", 2.0)
    async with open_shared_ledger(
        given["url"], clock=SystemClock(), card=card, patience=given.get("patience", 60.0), answer_seconds=seconds
    ) as ledger:
        if given.get("cap"):
            await ledger.register_caps([Cap(description="the team's cap", limit=usd(given["cap"]))])
        begun.value = 1
        buyer = Buyer(ledger, given["gateway"])
        await buyer.follow()
        known = await ledger.standings()
        takes = [n for n in range(given["takes"]) if make_intent(n).fingerprint not in known]
        random.Random(given["name"] + str(time.time_ns())).shuffle(takes)  # noqa: S311 - no secret
        await asyncio.gather(*(buyer.work(iter_of(takes)) for _ in range(given["flight"])))
        # What others were making when this began is theirs, or comes when they have ended.


def iter_of(takes: list[int]) -> Any:
    """Takes one after the other from a list that workers share."""
    while takes:
        yield takes.pop()


class Buyer:
    """What a run does with each take."""

    def __init__(self, ledger: PostgresLedger, gateway: int) -> None:
        self._ledger, self._gateway = ledger, gateway

    async def follow(self) -> None:
        """Brings home what holders that are gone had submitted."""
        held = {each.attempt: each.holder for each in (await self._ledger.standings()).values()}
        for each in await self._ledger.open_attempts():
            if each.stage in {Stage.SUBMITTED, Stage.PRODUCED} and held.get(each.id) is None:
                await self._finish(each.id, each.take, each.stage)

    async def work(self, takes: Any) -> None:
        for take in takes:
            try:
                await self._buy(take)
            except HeldElsewhereError:
                continue
            except CapReachedError:
                return
            except LedgerError:
                continue  # it was given up, and may be written; the next take goes on by itself

    async def _buy(self, take: int) -> None:
        intent = make_intent(take)
        attempt = await self._ledger.record_intent(intent)
        task = await self._post(intent.fingerprint)
        if task is None:
            await self._ledger.move(attempt, Move.LOSE_SIGHT, Facts(failure=_UNKNOWN))
            return
        await self._ledger.move(attempt, Move.ACCEPT, Facts(task=task))
        await self._finish(attempt, take, Stage.SUBMITTED)

    async def _finish(self, attempt: int, take: int, stage: Stage) -> None:
        try:
            if stage is Stage.SUBMITTED:
                await self._ledger.move(attempt, Move.PRODUCE, Facts(cost=usd("0.28")))
            digest = f"sha256:{take:064x}"
            clip = Clip(digest=digest, size=1, width=1, height=1, seconds=6.0, frames=1, codec="h264")
            await self._ledger.keep_clip(attempt, clip)
        except HeldElsewhereError:
            return  # another machine follows it by now

    async def _post(self, fingerprint: str) -> str | None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._gateway)
            writer.write(f"{fingerprint}\n".encode())
            answer = (await asyncio.wait_for(reader.readline(), 60)).decode().strip()
            writer.close()
        except OSError:
            return None
        return answer or None


def run_machine(given: dict[str, Any], begun: Any) -> None:
    """The whole life of the process; `begun` gets 1 when it is about to buy."""
    for _ in range(_TRIES):
        try:
            asyncio.run(buy(given, begun))
        except LedgerError:
            time.sleep(_PAUSE)
        else:
            return
    sys.exit(Exit.LEDGER)
