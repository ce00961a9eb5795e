"""Which listener draws a run: the live table, lines, JSON lines, or none."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from hailuo_batch.core.plan.event import Listener
from hailuo_batch.views.progress.clocks import SYSTEM_CLOCKS, Clocks
from hailuo_batch.views.style import TextStyle


@contextmanager
def progress_listener(
    mode: str, stream: TextIO, style: TextStyle, clocks: Clocks = SYSTEM_CLOCKS
) -> Iterator[Listener]:
    """A listener that draws on `stream` until the block is left; `mode` is live, lines, json or none."""
    match mode:
        case "live":
            from hailuo_batch.views.progress.live import live_table, open_console

            with live_table(open_console(stream, style), clocks) as listener:
                yield listener
        case "lines":
            from hailuo_batch.views.progress.lines import LineListener

            yield LineListener(stream, style, clocks)
        case "json":
            from hailuo_batch.views.progress.json_lines import JsonListener

            yield JsonListener(stream, clocks)
        case _:
            yield lambda _: None
