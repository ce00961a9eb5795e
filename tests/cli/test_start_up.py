"""A command pays only for what it uses: what is loaded, in a process of its own.

The figures stand in docs/performance.md; here it is the cause of them that is held.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Say = Callable[..., Any]

HEAVY = {"aiohttp", "av", "PIL", "jinja2", "rich", "asyncio", "aiosqlite", "jsonschema", "logging"}
LOADED = """\
import json, os, sys
from hailuo_batch.cli.main import run_command_line
code = run_command_line(sys.argv[2:])
names = {name.partition(".")[0] for name in sys.modules}
ours = sorted(name for name in sys.modules if name.startswith("hailuo_batch."))
json.dump({"code": code, "top": sorted(names), "ours": ours}, open(sys.argv[1], "w"))
"""


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """What a command line leaves in `sys.modules`."""

    def run(*args: str) -> dict[str, Any]:
        told = tmp_path / "told.json"
        subprocess.run([sys.executable, "-c", LOADED, str(told), *args], check=True, capture_output=True)
        found: dict[str, Any] = json.loads(told.read_text())
        return found

    return run


def test_the_list_would_notice(film: Path, loaded: Callable[..., dict[str, Any]]) -> None:
    """Each name is really what the heavy commands load; a list of misspelt names would hold nothing."""
    sketched = loaded("run", "--sketch", "--only", "open")
    assert sketched["code"] == 0
    assert {"asyncio", "aiosqlite", "yaml", "jsonschema_rs", "sqlite3"} <= set(sketched["top"])
    assert not {"procrastinate", "psycopg", "obstore", "distributed"} & set(sketched["top"]), "nothing is shared here"
    assert "jinja2" in loaded("report", "--sketch")["top"]
    assert "av" in loaded("export", "--sketch", "--format", "rough-cut", "--out", "film.mp4")["top"]
    assert "PIL" in loaded("init", "elsewhere")["top"]
    assert "rich" in loaded("run", "--sketch", "--progress", "live")["top"]
    film.write_text("version: 1\nshots: []\n")
    assert "jsonschema" in loaded("validate")["top"], "words about a wrong manifest come from it"


@pytest.mark.parametrize(
    "args",
    [("--help",), ("--version",), ("completion", "bash"), ("schema",), ("pln",)],
    ids=" ".join,
)
def test_little_commands_load_little(args: tuple[str, ...], loaded: Callable[..., dict[str, Any]]) -> None:
    top = set(loaded(*args)["top"])
    assert not top & HEAVY
    assert "yaml" not in top or args == ("schema",)


def test_the_help_loads_no_command(loaded: Callable[..., dict[str, Any]]) -> None:
    ours = loaded("--help")["ours"]
    light = {"main", "streams", "trace_options"}
    others = {"hailuo_batch.cli", "hailuo_batch.core", "hailuo_batch.core.pages", "hailuo_batch.errors"}
    assert set(ours) <= {*others, *(f"hailuo_batch.cli.{name}" for name in light)}


@pytest.mark.parametrize(
    "args", [("validate",), ("plan",), ("plan", "--sketch"), ("plan", "--format", "json")], ids=" ".join
)
def test_looking_at_a_shot_loads_nothing_that_renders_or_waits(
    args: tuple[str, ...], film: Path, loaded: Callable[..., dict[str, Any]]
) -> None:
    film.write_text("version: 1\ncampaign: teaser\nshots: [{id: open, prompt: a bottle in mist}]\n")
    found = loaded(*args)
    assert found["code"] == 0
    assert not set(found["top"]) & HEAVY


@pytest.mark.parametrize("args", [("run", "--sketch"), ("plan", "--sketch")], ids=" ".join)
def test_nothing_to_do_loads_next_to_nothing(
    args: tuple[str, ...],
    film: Path,
    say: Say,
    loaded: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert say("run", "--sketch", "--progress", "none").code == 0
    later = time.time_ns() + 10_000_000_000  # what is remembered in the moment of a change is not trusted
    with monkeypatch.context() as patched:
        patched.setattr(time, "time_ns", lambda: later)
        assert say("plan", "--sketch", "--format", "json").code == 0, "the long way, which remembers"
    assert say(*args).out.startswith("Nothing to do: "), "the short way"
    found = loaded(*args)
    assert found["code"] == 0
    assert not set(found["top"]) & (HEAVY | {"yaml", "jsonschema_rs", "sqlite3"})
