"""A run whose n-th system call of a kind ends in its death, or in an error of the disk: strace does it.

strace counts the calls of each thread apart. The run works in two threads only, its own and the ledger's, and only the
ledger's knows `pwrite64` and `fdatasync`: so n counts all calls of a kind. Nothing here knows what is expected.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import forking


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Calls that write. `ledger`: the ledger's thread is watched too; `most`: how many of them are of interest."""

    calls: tuple[str, ...]
    ledger: bool = False
    most: int = 1000

    def __str__(self) -> str:
        return self.calls[0] + (" of the ledger" if self.ledger else "")


PLACES = (
    Place(calls=("pwrite64",), ledger=True),
    Place(calls=("fdatasync",), ledger=True),
    Place(calls=("fsync",), ledger=True, most=3),  # the folders of a new ledger; the others come below
    Place(calls=("fsync",)),
    Place(calls=("rename", "renameat", "renameat2")),
    Place(calls=("link", "linkat")),
    Place(calls=("unlink", "unlinkat")),
    Place(calls=("mkdir", "mkdirat")),
    Place(calls=("chmod", "fchmod", "fchmodat")),
    Place(calls=("ftruncate",)),
    Place(calls=("write",)),
)


@cache
def why_not() -> str:
    """Why nothing can be traced here; empty when it can."""
    if not shutil.which("strace"):
        return "strace is not installed"
    tried = subprocess.run(
        ["strace", "-qq", "-o", os.devnull, "-e", "inject=fsync:error=EIO", "true"], capture_output=True, check=False
    )
    return "" if tried.returncode == 0 else f"strace may not trace here: {tried.stderr.decode().strip()}"


async def traced(folder: Path, base: str, place: Place, fate: str) -> tuple[int, str]:
    """One cold run that meets `fate` (`signal=SIGKILL:when=3`) at a place: its exit code, and what it said."""
    calls = ",".join(f"?{call}" for call in place.calls)  # not every processor has all of them
    process = await asyncio.create_subprocess_exec(
        "strace",
        "-qq",
        *(("-f",) if place.ledger else ()),
        *("-o", os.devnull),
        *("-e", f"trace={calls}", "-e", f"inject={calls}:{fate}"),
        *(sys.executable, forking.__file__, "once", str(folder), base),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    said, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode is not None
    return process.returncode, said.decode()
