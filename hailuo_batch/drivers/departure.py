"""Whether it is proved that nothing of a request has left this machine: its connection does not stand yet.

Until then (name, TCP, TLS) no byte of the request was written. Without word from aiohttp, nothing is proved.
"""

import aiohttp


class Departure:
    """One request on its way; handed to aiohttp as its `trace_request_ctx`."""

    __slots__ = ("is_held",)

    def __init__(self) -> None:
        self.is_held = True  # it waits for its turn

    def hand_over(self) -> None:
        """aiohttp has it now, and has said nothing of it."""
        self.is_held = False


def make_departure_trace() -> aiohttp.TraceConfig:
    """What a session needs so that it says of each request with a `Departure` when its connection stands."""
    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(_hold)
    trace.on_connection_queued_start.append(_hold)  # also when one that was used before turned out to be closed
    trace.on_connection_create_end.append(_let_go)
    trace.on_connection_reuseconn.append(_let_go)
    return trace


async def _hold(_: aiohttp.ClientSession, context: object, __: object) -> None:
    _mark(context, is_held=True)


async def _let_go(_: aiohttp.ClientSession, context: object, __: object) -> None:
    _mark(context, is_held=False)


def _mark(context: object, *, is_held: bool) -> None:
    departure = getattr(context, "trace_request_ctx", None)
    if isinstance(departure, Departure):
        departure.is_held = is_held
