"""The command line in this process (`say`) and in one of its own (`spawn`), with golden files in `tests/goldens/cli`.

With UPDATE_GOLDENS=1 in the environment the files are written anew; read them aloud before committing them.
"""

import os
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cli_samples import FILM, PROGRAM

from hailuo_batch.cli.main import run_command_line
from hailuo_batch.core.models import SKETCH_MODEL
from hailuo_batch.load.user_state import STATE_VARIABLE
from hailuo_batch.ports import Driver
from hailuo_batch.testing.driver import ScriptedDriver

GOLDENS = Path(__file__).parent.parent / "goldens" / "cli"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project's folder, and nothing of the caller's terminal."""
    root = tmp_path / "project"
    root.mkdir()
    (root / ".git").mkdir()  # a root, wherever the temporary folder is
    monkeypatch.chdir(root)
    monkeypatch.delenv("TERM", raising=False)
    for name in [name for name in os.environ if name.endswith("_API_KEY") or "HAILUO" in name]:
        if name != STATE_VARIABLE:  # the user's own folder is that of the test
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("hailuo_batch.core.money.OLD_PRICE_DAYS", 36_500)  # no golden changes as our tables grow old
    return root


@pytest.fixture
def film(surroundings: Path) -> Path:
    """A manifest of two shots, the second of which goes on from the first; small, and sold by nobody."""
    file = surroundings / "manifests" / "film.yaml"
    file.parent.mkdir()
    file.write_text(FILM, encoding="utf-8")
    return file


@pytest.fixture
def priced(film: Path) -> Path:
    """The same shots as somebody sells them; sketches of it take longer to draw."""
    film.write_text(FILM.replace("duration: 1, resolution: 512p", "duration: 6, resolution: 768p"), encoding="utf-8")
    return film


@pytest.fixture
def quick_sketches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider in memory makes the sketches of this process: what is said of a clip does not depend on its pictures.

    Tests of the driver and those that start a process of their own draw for real.
    """

    @asynccontextmanager
    async def drivers(*_: object, **__: object) -> AsyncIterator[Mapping[str, Driver]]:
        yield {SKETCH_MODEL: ScriptedDriver()}

    monkeypatch.setattr("hailuo_batch.app.running.context.open_drivers", drivers)


@pytest.fixture
def say(capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs a command line here."""

    def run(*args: str) -> Said:
        capfd.readouterr()
        code = run_command_line(args)
        out, err = capfd.readouterr()
        return Said(code=code, out=out, err=err)

    return run


@pytest.fixture
def spawn() -> Callable[..., Said]:
    """Runs a command line in a process of its own."""

    def run(*args: str, program: tuple[str, ...] = PROGRAM, **env: str) -> Said:
        ended = subprocess.run(
            [*program, *args], capture_output=True, env={**os.environ, **env}, stdin=subprocess.DEVNULL, check=False
        )
        coded = env.get("PYTHONIOENCODING", "utf-8")
        return Said(code=ended.returncode, out=ended.stdout.decode(coded), err=ended.stderr.decode(coded))

    return run


@pytest.fixture
def golden(surroundings: Path) -> Callable[[str, str], None]:
    """Compares a text with the golden file of this name; the project's folder is called /film there."""

    def compare(text: str, name: str) -> None:
        text = text.replace(str(surroundings), "/film")
        file = GOLDENS / name
        if os.environ.get("UPDATE_GOLDENS"):
            file.write_text(text, encoding="utf-8", newline="\n")
        assert text == file.read_text(encoding="utf-8"), f"not as in {file.name}"

    return compare
