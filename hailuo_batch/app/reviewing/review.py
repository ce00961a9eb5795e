"""The review page: a server on this machine, or on its network for a client who may only see it."""

from collections.abc import Callable
from pathlib import Path

from hailuo_batch.app.reviewing.room import ReviewRoom
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.core.world import World
from hailuo_batch.drivers.review_access import SHORTEST_PASSWORD, ReviewAccess, is_loopback
from hailuo_batch.drivers.review_server import ReviewServer
from hailuo_batch.drivers.small_server import ListenAddress, parse_listen_address
from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOptions:
    """Where to listen (HOST:PORT, port 0 is any that is free), for whom, and who decides.

    With a `password` the page is read-only: it shows clips and what was chosen, and no money.
    """

    world: World = World.REAL
    listen: str = "127.0.0.1:0"
    password: str | None = None
    by: str = ""


async def review(manifest: Path, options: ReviewOptions, *, show: Callable[[str], None]) -> None:
    """Serves the review page until it is cancelled; `show` gets its address. Nothing is ever bought here."""
    listen, guest = parse_listen_address(options.listen, purpose="the review page"), options.password is not None
    _require_safe_options(listen, options.password)
    room = ReviewRoom(manifest, options.world, for_client=guest, by=options.by)
    await room.start()
    access = ReviewAccess(now=SystemClock().elapsed, password=options.password)
    async with ReviewServer(room, access, listen, writes=not guest) as server:
        show(server.url)
        await room.watch()


def _require_safe_options(listen: ListenAddress, password: str | None) -> None:
    if password is None and not is_loopback(listen.host):
        raise RefusedError(
            "the page was not opened",
            why=f"Anyone who reaches {listen} could decide there. A page for the network is read-only.",
            remedy="Add --read-only, and choose a password. To decide on this machine, leave out --listen.",
        )
    if password is not None and len(password) < SHORTEST_PASSWORD:
        raise InputError("the password is too short", why=f"It needs {SHORTEST_PASSWORD} characters or more.")
