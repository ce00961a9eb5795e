"""What it costs to wait: memory and CPU with many takes in the making.

    python benchmarks/waiting.py [flight] [polling] [http] [--takes 10000] [--tasks 50000] [--seconds 20]

`flight`: the whole command with so many takes at a gateway on loopback that never finishes one. `polling`: the driver's
own wait loop for so many tasks, whose gateway is a function call, so that what is measured is ours alone; the HTTP of a
look comes on top, and `flight` tells how much that is. `http`: the same loop for so many tasks at a gateway on loopback
that never finishes one, with the transport that a run uses: once with a poll every ten seconds, and once by the
schedule learnt from clips of 150 s (spread 15 %), with tasks of every age up to that. Each runs in a process of its
own.
"""

import argparse
import asyncio
import gc
import json
import math
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.request import urlopen

from bare import look
from buying import HEAD, SETTINGS, SHOT
from loopback import NEVER, gateway
from measure import table, use_own_machine

from hailuo_batch.core.models import DEFAULT_MODEL
from hailuo_batch.core.pacing.slow_start import begin_slow_start
from hailuo_batch.core.request.request import Request
from hailuo_batch.ports import DriverRequest, ProviderTask

EVERY = 10.0  # seconds between two looks at a task, where nothing is learnt
BARE_LOOKS = 5000
LEARNT = 150.0  # seconds that clips take where the schedule is learnt
PARTS = ("flight", "polling", "http")


def report(
    folder: Path, *, parts: Sequence[str] = PARTS, takes: int = 10_000, tasks: int = 50_000, seconds: float = 20.0
) -> str:
    """The tables of what waiting costs."""
    tables = []
    if "flight" in parts:
        tables.append(flight(folder, takes, seconds))
    if "polling" in parts:
        tables.append(polling(tasks, seconds))
    if "http" in parts:
        tables.append(over_http(tasks, seconds))
    return "\n\n".join(tables)


def flight(folder: Path, takes: int, seconds: float) -> str:
    """Memory and CPU of a run whose takes are all in the making."""
    with gateway(looks=NEVER) as base:
        bare = _child("bare", base, str(BARE_LOOKS))
    with gateway(looks=NEVER) as base:
        (folder / "hailuo.yaml").write_text(SETTINGS.format(base=base, at_once=takes, keeps="false"))
        use_own_machine(folder)
        (folder / "bench.yaml").write_text(HEAD + "".join(SHOT.format(n=n) for n in range(takes)))
        told = _child("flight", str(folder / "bench.yaml"), base, str(takes), str(seconds))
    row = (
        "ours",
        f"{takes:,}",
        f"{told['megabytes']:.0f}",
        f"{1e3 * (told['megabytes'] - told['before']) / takes:.1f}",
        f"{told['looks'] / told['wall']:,.0f}",
        f"{1e6 * told['cpu'] / told['looks']:.0f}",
        f"{100 * told['cpu'] / told['wall']:.0f} %",
    )
    plain = ("bare aiohttp", "1", f"{bare['megabytes']:.0f}", "", "", f"{1e6 * bare['cpu'] / BARE_LOOKS:.0f}", "")
    head = (
        "what",
        "takes",
        "MB in all (target 300)",
        "kB a take beside the plan",
        "looks/s",
        "CPU us a look",
        "of a core",
    )
    return f"In flight: a whole run, each take looked at every {EVERY:.0f} s\n\n" + table(head, [plain, row])


def polling(tasks: int, seconds: float) -> str:
    """CPU of the wait loop alone."""
    told = _child("polling", str(tasks), str(seconds))
    row = (
        f"{tasks:,}",
        f"{told['megabytes']:.0f}",
        f"{told['looks'] / told['wall']:,.0f}",
        f"{1e6 * told['cpu'] / told['looks']:.0f}",
        f"{100 * told['cpu'] / told['wall']:.0f} %",
        f"{1e3 * told['late']:.0f}",
    )
    head = ("tasks", "MB", "polls/s", "CPU us per poll", "of a core (target 50 %)", "99 of 100 late by less than, ms")
    return f"The wait loop alone, without HTTP, a look every {EVERY:.0f} s\n\n" + table(head, [row])


def over_http(tasks: int, seconds: float) -> str:
    """CPU of the wait loop with its transport, beside bare calls to the same gateway before and after."""
    rows = [_http_row(tasks, seconds, learnt=learnt) for learnt in ("", "learnt")]
    head = ("polls", "tasks", "MB", "polls/s", "CPU us per poll", "bare aiohttp", "ratio", "of a core (target 60 %)")
    return "The wait loop over HTTP\n\n" + table(head, rows)


def _http_row(tasks: int, seconds: float, *, learnt: str) -> tuple[str, ...]:
    with gateway(looks=NEVER) as base:
        bare = [_child("bare", base, str(BARE_LOOKS))["cpu"]]
        told = _child("polling", str(tasks), str(seconds), base, learnt)
        bare.append(_child("bare", base, str(BARE_LOOKS))["cpu"])
    each, plain = told["cpu"] / told["looks"], min(bare) / BARE_LOOKS
    return (
        learnt or f"every {EVERY:.0f} s",
        f"{tasks:,}",
        f"{told['megabytes']:.0f}",
        f"{told['looks'] / told['wall']:,.0f}",
        f"{1e6 * each:.0f}",
        f"{1e6 * plain:.0f}",
        f"{each / plain:.2f}",
        f"{100 * told['cpu'] / told['wall']:.0f} %",
    )


def _child(*args: str) -> dict[str, float]:
    environment = {**os.environ, "MINDVIDEO_API_KEY": "sk-bench"}
    command = [sys.executable, __file__, "--child", *args]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    try:
        told: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        raise SystemExit(f"{args[0]} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}") from None
    return told


def child_bare(base: str, looks: str) -> None:
    """Looks at one task, with nothing of ours."""
    cpu = _cpu()
    asyncio.run(look(base, looks=int(looks)))
    print(json.dumps({"cpu": _cpu() - cpu, "megabytes": _megabytes()}))


def child_flight(manifest: str, base: str, takes: str, seconds: str) -> None:
    """`hailuo-batch run` in this process, until all is submitted and was watched for a while."""
    import hailuo_batch.app.run as rendering
    import hailuo_batch.app.running.context as equipping
    from hailuo_batch.cli.main import run_command_line
    from hailuo_batch.runner.runner import run_plan

    async def watched(*args: Any, **rest: Any) -> Any:
        watch = asyncio.create_task(_watched(base, int(takes), float(seconds)))
        await asyncio.wait({watch, asyncio.create_task(run_plan(*args, **rest))}, return_when="FIRST_COMPLETED")
        print(json.dumps(watch.result()), flush=True)
        os._exit(0)  # ten thousand takes are left as they are

    patch.object(rendering, "run_plan", watched).start()
    # As if a clip had come within a day: no clip ever comes here, and only the first takes would be bought.
    trusted = partial(begin_slow_start, int(takes), delivered_within_a_day=True)
    patch.object(equipping, "begin_slow_start", lambda *_, **__: trusted()).start()
    os.chdir(Path(manifest).parent)
    gc.disable()  # as the entry point does
    run_command_line(["run", Path(manifest).name, "--yes", "--progress", "none", "-j", takes])


async def _watched(base: str, takes: int, seconds: float) -> dict[str, float]:
    before = _megabytes()
    while (await asyncio.to_thread(_told, base))["tasks"] < takes:
        await asyncio.sleep(0.5)
    await asyncio.sleep(EVERY * 3.5)  # until then, the gaps between their first polls double
    begun, cpu, seen = time.perf_counter(), _cpu(), (await asyncio.to_thread(_told, base))["looks"]
    await asyncio.sleep(seconds)
    looks = (await asyncio.to_thread(_told, base))["looks"] - seen
    wall, cpu = time.perf_counter() - begun, _cpu() - cpu
    return {"before": before, "megabytes": _megabytes(), "looks": looks, "wall": wall, "cpu": cpu}


def _told(base: str) -> dict[str, int]:
    with urlopen(f"{base}/count") as answer:
        told: dict[str, int] = json.load(answer)
    return told


class Answers:
    """A wire to nowhere: every task is running, and how late each look is gets remembered."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self._due: dict[str, float] = {}

    async def run_conversation(self, conversation: Any) -> Any:
        from hailuo_batch.gateways.dialect import Reply

        call = next(conversation)
        name, now = call.path.rpartition("/")[2], time.perf_counter()
        self.late.append(now - self._due.get(name, now))
        self._due[name] = now + EVERY
        try:
            conversation.send(Reply(status=200, body={"task_id": name, "status": "processing"}))
        except StopIteration as end:
            return end.value


def _counted_transport() -> Any:
    """The transport of a run, which also remembers that there was a poll."""
    from hailuo_batch.drivers.transport import Transport

    class Counted(Transport):
        late: list[float] = []  # noqa: RUF012 - one for the process

        async def run_conversation(self, conversation: Any) -> Any:
            self.late.append(0.0)
            return await super().run_conversation(conversation)

    return Counted


def child_polling(tasks: str, seconds: str, base: str = "", learnt: str = "") -> None:
    """Waits for so many tasks at once, over HTTP where there is an address."""
    count, watched = int(tasks), float(seconds)
    told = asyncio.run(_polled_over_http(count, watched, base, learnt) if base else _polled(count, watched))
    print(json.dumps(told), flush=True)
    os._exit(0)


async def _polled_over_http(tasks: int, seconds: float, base: str, learnt: str) -> dict[str, float]:
    from hailuo_batch.drivers.transport import open_sessions

    await look(base, looks=0)  # so that the gateway knows the first task, which all of them poll
    async with open_sessions(loopback=True) as (reading, paying, _):
        wire = _counted_transport()(session=reading, paying=paying, base_url=base, key="sk-bench", seconds=120.0)
        return await _polled(tasks, seconds, wire=wire, name="task_00000000", learnt=bool(learnt))


async def _polled(
    tasks: int, seconds: float, *, wire: Any = None, name: str = "", learnt: bool = False
) -> dict[str, float]:
    from hailuo_batch.drivers.http import HttpDriver
    from hailuo_batch.drivers.poll_scheduler import PollScheduler
    from hailuo_batch.load.provider_tables import load_dialect, read_provider
    from hailuo_batch.runner.shutdown import Stop

    stop, wire = Stop(), wire or Answers()
    provider, chance = read_provider("mindvideo", DEFAULT_MODEL), random.Random(3)
    past = [(("768p", 5), LEARNT * math.exp(chance.gauss(0, 0.15))) for _ in range(200 * learnt)]
    driver = HttpDriver(
        transport=wire,
        dialect=load_dialect("mindvideo"),
        provider=provider,
        data_plane=None,  # type: ignore[arg-type]
        scheduler=PollScheduler(every=EVERY, elapsed=time.monotonic, sleep=stop.waits.sleep, past=past),
        sleep=stop.waits.sleep,
        is_stopping=lambda: stop.waits.is_triggered,
    )
    gc.freeze()
    gc.set_threshold(20_000)  # as a run does
    waiting = set()
    for number in range(tasks):
        # Where nothing is learnt, as if they had been submitted within the last ten seconds.
        age = chance.uniform(0, LEARNT - seconds) if learnt else None
        waiting.add(asyncio.create_task(driver.wait(_order(), _task(name or f"task_{number}", age))))
        if number % (tasks // 100) == 0:
            await asyncio.sleep(EVERY / 100)
    await asyncio.sleep(EVERY if learnt else 3 * EVERY)  # until then, the gaps between their first polls double
    wire.late.clear()
    begun, cpu = time.perf_counter(), _cpu()
    await asyncio.sleep(seconds)
    wall, cpu, late = time.perf_counter() - begun, _cpu() - cpu, sorted(wire.late)
    return {
        "megabytes": _megabytes(),
        "looks": len(late),
        "wall": wall,
        "cpu": cpu,
        "late": late[int(0.99 * len(late))],
    }


def _task(name: str, age: float | None) -> ProviderTask:
    return ProviderTask(id=name, is_new=age is None, age=age)


def _order() -> DriverRequest:
    request = Request(
        model=DEFAULT_MODEL,
        prompt="a bottle",
        duration=5,
        resolution="768p",
        first=None,
        last=None,
        switches=(),
        take=1,
    )
    return DriverRequest(request=request, fingerprint="", campaign="bench", shot="shot", images={})


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


CHILDREN: dict[str, Callable[..., None]] = {"bare": child_bare, "flight": child_flight, "polling": child_polling}


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        CHILDREN[sys.argv[2]](*sys.argv[3:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    parser.add_argument("--takes", type=int, default=10_000)
    parser.add_argument("--tasks", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="of watching, in whole intervals of ten")
    given = parser.parse_args()
    given.seconds = EVERY * max(1, round(given.seconds / EVERY))  # takes are looked at in waves, as they were sent
    with tempfile.TemporaryDirectory(prefix="hailuo-bench-") as folder:
        parts, seconds = given.parts or PARTS, given.seconds
        print(report(Path(folder), parts=parts, takes=given.takes, tasks=given.tasks, seconds=seconds))


if __name__ == "__main__":
    main()
