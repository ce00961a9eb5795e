"""Sketches a manifest while killing the run with SIGKILL again and again, and counts what is there in the end.

    python benchmarks/kills.py [--manifest manifests/vbench-946.yaml] [--kills 10] [--seed 1]

After each kill, every file under a final name must be a whole video; in the end `verify --deep` must find nothing, and
no request may have two attempts in the ledger.
"""

import argparse
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

from measure import tool

from hailuo_batch.media.probe import VideoFacts, probe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = Path(__file__).resolve().parent.parent
    parser.add_argument("--manifest", type=Path, default=here / "manifests" / "vbench-946.yaml")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hailuo-kills-") as folder:
        root = Path(folder)
        shutil.copy(given.manifest, root / "campaign.yaml")
        (root / "hailuo.yaml").write_text("version: 1\n")
        begin = time.perf_counter()
        for number, (clips, pause) in enumerate(_moments(root, given.kills, given.seed), start=1):
            _killed_run(root, clips, pause)
            print(f"kill {number}: {_whole(root)} whole clips")
        subprocess.run(tool("run", "--sketch", "--progress", "none", "campaign.yaml"), cwd=root, check=True)
        took = time.perf_counter() - begin
        print(_sums(root) + f", {took:.0f} s in all")


def _moments(root: Path, kills: int, seed: int) -> list[tuple[int, float]]:
    """For each kill, how many clips must be there, and how many seconds to wait after that."""
    shown = subprocess.run(
        tool("plan", "--sketch", "--format", "json", "campaign.yaml"), cwd=root, capture_output=True, check=True
    )
    clips = len({take["fingerprint"] for take in json.loads(shown.stdout)["takes"]})
    chance = random.Random(seed)
    return [(clips * n // (kills + 1), chance.uniform(0, 0.5)) for n in range(kills)]


def _killed_run(root: Path, clips: int, pause: float) -> None:
    command = tool("run", "--sketch", "--progress", "none", "campaign.yaml")
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and _stored(root) <= clips:
        time.sleep(0.01)
    time.sleep(pause)
    if process.poll() is not None:
        raise SystemExit("the run ended before it was killed")
    process.send_signal(signal.SIGKILL)
    process.wait()


def _stored(root: Path) -> int:
    return sum(1 for _ in (root / ".hailuo" / "store").glob("??/*.mp4"))


def _whole(root: Path) -> int:
    """How many clips are there under final names; a file that is none ends the script."""
    clips = [*(root / "renders").glob("*.mp4"), *(root / ".hailuo" / "store").glob("??/*.mp4")]
    broken = [path for path in clips if not isinstance(probe(path), VideoFacts)]
    if broken:
        raise SystemExit(f"half a file under a final name: {broken[0]}")
    return _stored(root)


def _sums(root: Path) -> str:
    found = subprocess.run(
        tool("verify", "--sketch", "--deep", "--format", "json", "campaign.yaml"),
        cwd=root,
        capture_output=True,
        text=True,
        check=False,  # findings are read below
    )
    verified = json.loads(found.stdout)
    if verified["findings"]:
        raise SystemExit(found.stdout)
    with sqlite3.connect(root / ".hailuo" / "ledger.db") as ledger:
        attempts, requests = ledger.execute("SELECT count(*), count(DISTINCT fingerprint) FROM attempts").fetchone()
        runs, ended = ledger.execute("SELECT count(*), count(ended_at) FROM runs").fetchone()
    return (
        f"{verified['names']} names of {verified['clips']} verified clips; "
        f"{attempts} attempts for {requests} requests; {runs} runs, {ended} of them ended by themselves"
    )


if __name__ == "__main__":
    main()
