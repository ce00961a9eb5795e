"""The shared store against a real S3 server on this machine (SeaweedFS):

    python benchmarks/team_store.py [--clips 10000] [--runs 200]

CPU time is of this process alone, the lowest of several. The anchor is the library's own call. Listing counts the
requests that reach the server.
"""

import argparse
import asyncio
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "tests")]

from counted_line import CountedLine  # noqa: E402
from trusting import trust_project  # noqa: E402
from weed_server import BUCKET, share_weed  # noqa: E402

from hailuo_batch.app.planning.plan import plan  # noqa: E402
from hailuo_batch.core.plan.lockfile import LockedShot, LockedTake, Lockfile  # noqa: E402
from hailuo_batch.load.lockfile import write_lock  # noqa: E402
from hailuo_batch.store.listing import list_digests  # noqa: E402
from hailuo_batch.store.local import LocalStore  # noqa: E402
from hailuo_batch.store.object_listing import object_name  # noqa: E402
from hailuo_batch.store.object_store import ObjectStore  # noqa: E402
from hailuo_batch.store.shared import SharedStore, open_shared_store  # noqa: E402
from hailuo_batch.testing.clips import make_clip  # noqa: E402

CLIP_BYTES = 5_000_000
ROUNDS = 30
_USER = """
import hashlib, sys
from pathlib import Path
from hailuo_batch.store.object_store import ObjectStore
store, file = ObjectStore(sys.argv[1]), Path(sys.argv[2])
digest = "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()
store.put_new(sys.argv[3], file, digest)
list(store.read_parts(sys.argv[3]))
"""


def report(folder: Path, *, clips: int = 10_000, runs: int = 200) -> str:
    """Every figure as a table."""
    with share_weed(folder / "server") as weed:
        os.environ.update(weed.environment)
        rows = [
            *asyncio.run(_measure_transfers(folder)),
            *_measure_listing(folder, weed.endpoint, clips),
            *_measure_clone(folder, weed.endpoint, clips),
            _race_processes(folder),
            _count_endings(folder, runs),
        ]
    lines = ["| shared store | measured | anchor |", "|---|---|---|"]
    return "\n".join((*lines, *(f"| {what} | {figure} | {anchor} |" for what, figure, anchor in rows)))


def _open(folder: Path, address: str) -> SharedStore:
    cache = LocalStore(folder / "store", trusted=folder)
    return open_shared_store(address, cache, state=folder, memory=folder / "memory", trusted=folder)


async def _measure_transfers(folder: Path) -> list[tuple[str, str, str]]:
    import obstore
    from obstore.store import from_url

    address = f"s3://{BUCKET}/transfers"
    one, two, plain = (
        _open(folder / "one", address),
        _open(folder / "two", address),
        from_url(f"{address}/plain", client_options={"allow_http": True}),
    )
    puts, keeps, gets, bare_puts, bare_gets = [], [], [], [], []
    for number in range(ROUNDS):
        data = os.urandom(CLIP_BYTES)
        begin = time.process_time()
        obstore.put(plain, str(number), data, mode="create")
        bare_puts.append(time.process_time() - begin)
        file = one.temporary_path()
        file.write_bytes(data)
        begin = time.process_time()
        digest = await one.keep(file)
        keeps.append(time.process_time() - begin)
        begin = time.process_time()
        one.objects.put_new(f"again/{number}", await one.local_copy(digest), digest)
        puts.append(time.process_time() - begin)
        begin = time.process_time()
        bytes(obstore.get(plain, str(number)).bytes())
        bare_gets.append(time.process_time() - begin)
        two.list_digests()
        begin = time.process_time()
        await two.local_copy(digest)
        gets.append(time.process_time() - begin)
    assert not one.list_owed()
    return [
        ("put a clip of 5 MB, checked, CPU", _milliseconds(puts), f"bare put {_milliseconds(bare_puts)}"),
        ("keep a clip of 5 MB, here and there, CPU", _milliseconds(keeps), ""),
        ("bring a clip of 5 MB, checked, CPU", _milliseconds(gets), f"bare get {_milliseconds(bare_gets)}"),
    ]


def _measure_listing(folder: Path, endpoint: str, clips: int) -> list[tuple[str, str, str]]:
    address, line = f"s3://{BUCKET}/many", CountedLine(endpoint)
    here = folder / "many"
    objects, cache = ObjectStore(address), here / "store"
    for number in range(clips):
        digest = "sha256:" + hashlib.sha256(str(number).encode()).hexdigest()
        objects.create(object_name(digest), b"x")
        (cache / digest[7:9]).mkdir(parents=True, exist_ok=True)
        (cache / object_name(digest)).touch()
    objects.overwrite("changes", b"1")
    os.environ["AWS_ENDPOINT_URL"] = line.endpoint
    cold = _cpu(lambda: _require(len(_open(here, address).list_shared().digests), clips))
    cold_requests = len(line.seen)
    line.seen.clear()
    warm = min(_cpu(lambda: _require(len(_open(here, address).list_digests()), clips)) for _ in range(5))
    warm_requests = len(line.seen) / 5
    local = min(_cpu(lambda: _require(len(list_digests(cache)), clips)) for _ in range(5))
    os.environ["AWS_ENDPOINT_URL"] = endpoint
    line.close()
    return [
        (f"list {clips:,} clips", f"{cold_requests} requests, {cold * 1000:.0f} ms CPU", ""),
        (
            f"learn that {clips:,} clips have not changed",
            f"{warm_requests:g} request, {warm * 1000:.0f} ms CPU",
            f"local listing {local * 1000:.0f} ms",
        ),
    ]


def _measure_clone(folder: Path, endpoint: str, shots: int) -> list[tuple[str, str, str]]:
    """A clone with a lock and nobody's clips: it pulls, and runs. Its gateway is an address that nobody answers at."""
    clone, line = folder / "clone", CountedLine(endpoint)
    address = f"s3://{BUCKET}/clone"
    os.environ |= {"HAILUO_STATE": str(folder / "user"), "MINIMAX_API_KEY": "sk-nobody"}
    _make_clone(clone, address, shots)
    os.environ["AWS_ENDPOINT_URL"] = line.endpoint
    pulled = _measure_command(clone, "pull")
    requests = len(line.seen)
    ran = _measure_command(clone, "run", "--yes", "--progress", "none", "film.yaml")
    line.seen.clear()
    idle = min(_measure_command(clone, "run", "film.yaml") for _ in range(3))
    idle_requests = len(line.seen) / 3
    for file in (clone / ".hailuo" / "store").glob("??/*.mp4"):
        file.unlink()
    line.seen.clear()
    bare = min(_measure_command(clone, "run", "film.yaml") for _ in range(3))
    bare_requests = len(line.seen) / 3
    os.environ["AWS_ENDPOINT_URL"] = endpoint
    line.close()
    return [
        (f"pull {shots:,} clips into an empty clone", f"{pulled:.1f} s CPU, {requests:,} requests", ""),
        ("then run: names, ledger, nothing bought", f"{ran:.1f} s CPU", ""),
        ("no-op run, every clip here", f"{idle:.2f} s CPU, {idle_requests:g} requests", ""),
        ("no-op run, no clip here", f"{bare:.2f} s CPU, {bare_requests:g} requests", f"{idle:.2f} s CPU"),
    ]


def _make_clone(clone: Path, address: str, shots: int) -> None:
    clone.mkdir()
    lines = [f"  - {{id: s{number}, prompt: shot {number}}}" for number in range(shots)]
    head = "version: 1\ncampaign: film\nproviders: [minimax]\ndefaults: {duration: short, resolution: 768p}\nshots:\n"
    (clone / "film.yaml").write_text(head + "\n".join(lines) + "\n")
    (clone / "hailuo.yaml").write_text("version: 1\nregions: {minimax: 'http://127.0.0.1:9'}\n")
    trust_project(clone)
    planned = asyncio.run(plan(clone / "film.yaml"))
    objects, locked = ObjectStore(address), {}
    for number, step in enumerate(planned.plan.steps):
        clip = make_clip(str(number))
        digest = "sha256:" + hashlib.sha256(clip).hexdigest()
        objects.create(object_name(digest), clip)
        take = LockedTake(fingerprint=step.fingerprint, digest=digest, provider="minimax")
        locked[step.uses[0].shot.id] = LockedShot(version=1, takes={1: take})
    objects.overwrite("changes", b"1")
    write_lock(clone / "film.lock.yaml", Lockfile(campaign="film", shots=locked, source=""))
    with (clone / "hailuo.yaml").open("a") as settings:
        settings.write(f"store: {address}\n")
    trust_project(clone)


def _measure_command(folder: Path, *words: str) -> float:
    """The CPU time of a command and of what it starts, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    line = [sys.executable, "-m", "hailuo_batch.cli.main", *words]
    subprocess.run(line, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _race_processes(folder: Path) -> tuple[str, str, str]:
    file, name = folder / "raced", "ab/raced"
    file.write_bytes(os.urandom(CLIP_BYTES))
    address = f"s3://{BUCKET}/race"
    racers = [_start(address, file, name) for _ in range(16)]
    _require([racer.wait() for racer in racers], [0] * 16)
    return "16 processes that put one digest", f"{len(list(ObjectStore(address).list_all()))} object", ""


def _count_endings(folder: Path, runs: int) -> tuple[str, str, str]:
    file = folder / "small"
    file.write_bytes(os.urandom(100_000))
    codes: Counter[int] = Counter()
    for number in range(0, runs, 4):
        some = [_start(f"s3://{BUCKET}/endings", file, f"ab/{number}-{each}") for each in range(min(4, runs - number))]
        codes.update(run.wait() for run in some)
    by_signal = runs - codes[0]
    return f"{runs} processes that put and get", f"{by_signal} ended by a signal or an error", ""


def _start(address: str, file: Path, name: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", _USER, address, str(file), name])


def _cpu(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def _require(found: object, wanted: object) -> None:
    assert found == wanted, (found, wanted)


def _milliseconds(seconds: list[float]) -> str:
    return f"{min(seconds) * 1000:.1f} ms (median {sorted(seconds)[len(seconds) // 2] * 1000:.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=200)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hailuo-team-store-") as folder:
        print(report(Path(folder), clips=given.clips, runs=given.runs))


if __name__ == "__main__":
    main()
